// Every key an experiment file may hold, in one table: the parser asks it which keys are known, and
// the JSON Schema for editors is printed from it. So the two cannot disagree.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::define {

struct Key {
  std::string_view name;
  // What the value may be: a kind ("text", "share"), an enumeration ("@method"), a section
  // ("#layer"), a list or map of these ("[#metric]", "{share}"), or alternatives ("text|#layer").
  std::string_view type;
  std::string_view description;
  bool required = false;
};

// The keys of one kind of map ("analysis", "metric", …), in up to three groups that sections share.
struct Section {
  std::string_view name;
  std::string_view description;
  std::array<std::span<const Key>, 3> groups;

  std::vector<Key> keys() const;
};

std::span<const Section> sections();
const Section& section(std::string_view name);  // Must exist.

// The JSON Schema (draft 2020-12) of an experiment file, indented.
std::string json_schema();

}  // namespace assay::define
