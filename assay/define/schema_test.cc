#include "assay/define/schema.h"

#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace assay::define {
namespace {

// Every reference leads to a section, and every section but those of other texts is reached.
void collect_references(const nlohmann::json& node, std::set<std::string>& found) {
  for (const auto& item : node.items()) {
    if (item.key() == "$ref") found.insert(item.value().get<std::string>().substr(8));
    if (item.value().is_structured()) collect_references(item.value(), found);
  }
}

TEST(Schema, HoldsTogether) {
  const auto schema = nlohmann::json::parse(json_schema());
  std::set<std::string> used;
  collect_references(schema, used);
  for (const std::string& name : used) EXPECT_TRUE(schema["$defs"].contains(name)) << name;
  used.insert({"catalogue", "reweighing"});
  for (const auto& item : schema["$defs"].items()) EXPECT_TRUE(used.contains(item.key()));
}

TEST(Schema, EveryKeyIsDescribedOnce) {
  for (const Section& one : sections()) {
    std::set<std::string_view> names;
    for (const Key& key : one.keys()) {
      EXPECT_TRUE(names.insert(key.name).second) << one.name << "." << key.name;
      EXPECT_TRUE(key.description.ends_with('.')) << one.name << "." << key.name;
    }
    EXPECT_FALSE(names.empty());
  }
}

}  // namespace
}  // namespace assay::define
