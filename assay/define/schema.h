// Every key an experiment file may hold, in one table: the parser asks it which keys are known, and
// the JSON Schema for editors is printed from it. So the two cannot disagree.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::define {

struct Key {
  std::string name;
  std::string description;
  std::string schema;  // A JSON Schema for its value, as JSON text.
  bool required = false;
};

// The keys of one kind of map ("analysis", "metric", …).
struct Section {
  std::string name;
  std::string description;
  std::vector<Key> keys;
};

std::span<const Section> sections();
const Section& section(std::string_view name);  // Must exist.

// The JSON Schema (draft 2020-12) of an experiment file, indented.
std::string json_schema();

}  // namespace assay::define
