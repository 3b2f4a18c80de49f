#include "assay/io/duckdb/condition_sql.h"

#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/define/parse.h"
#include "assay/io/duckdb/connection.h"

namespace assay::io::duckdb {
namespace {

using define::Condition;
using define::Op;
using define::Scalar;

// Does the condition hold for an event with these properties?
bool holds(const Condition& condition, const std::string& properties,
           const std::string& value = "NULL") {
  static const auto connection = Database::open("", {}).value()->connect().value();
  Sql sql("SELECT ");
  sql.append(condition_sql(condition).value());
  sql.text(" FROM (SELECT ").bind(properties).text(" AS properties, ").text(value);
  sql.text("::DOUBLE AS value) e");
  auto rows = connection->query(sql);
  EXPECT_TRUE(rows) << to_text(rows.error()) << "\n" << sql.explained();
  if (!rows || !rows->next()) return false;
  EXPECT_FALSE(rows->is_null(0, 0)) << sql.explained();
  return rows->boolean(0, 0);
}

Condition compare(Op op, std::vector<Scalar> values) {
  return {.op = op, .attribute = "x", .values = std::move(values)};
}

std::string text(const char* value) { return value; }

TEST(ConditionSql, EqualityKnowsTypes) {
  const Condition number = compare(Op::kEqual, {30.0});
  EXPECT_TRUE(holds(number, R"({"x":30})"));
  EXPECT_TRUE(holds(number, R"({"x":30.0})"));
  EXPECT_FALSE(holds(number, R"({"x":"30"})"));
  EXPECT_FALSE(holds(number, R"({})"));
  EXPECT_FALSE(holds(number, R"({"x":null})"));
  EXPECT_TRUE(holds(compare(Op::kEqual, {text("é\"'")}), R"({"x":"é\"'"})"));
  EXPECT_TRUE(holds(compare(Op::kEqual, {true}), R"({"x":true})"));
  EXPECT_FALSE(holds(compare(Op::kEqual, {true}), R"({"x":"true"})"));
  EXPECT_TRUE(holds(compare(Op::kIn, {1.0, text("a")}), R"({"x":"a"})"));
}

// The cases that every engine runs; semver is for targeting only.
TEST(ConditionSql, MeansWhatTheConformanceCasesSay) {
  std::ifstream file(ASSAY_SOURCE_DIR "/spec/conformance/conditions.json");
  ASSERT_TRUE(file);
  int tried = 0;
  const nlohmann::json cases = nlohmann::json::parse(file)["cases"];
  for (const auto& one : cases) {
    const nlohmann::json plan = {
        {"id", "x"},
        {"allocation", {{"a", 1}, {"b", 1}}},
        {"metrics",
         {{"primary",
           {{{"name", "m"}, {"type", "count"}, {"event", "e"}, {"where", one["condition"]}}}}}}};
    const auto parsed = define::parse(plan.dump());
    if (one.contains("only")) {
      EXPECT_FALSE(parsed) << one;
      continue;
    }
    ASSERT_TRUE(parsed) << one << to_text(parsed.error());
    const Condition& where = parsed->experiment.metrics[0].definition->numerator.where;
    EXPECT_EQ(holds(where, one["attributes"].dump()), one["expect"].get<bool>()) << one;
    ++tried;
  }
  EXPECT_GT(tried, 50);
}

TEST(ConditionSql, OrderIsForNumbers) {
  EXPECT_TRUE(holds(compare(Op::kGreaterEqual, {30.0}), R"({"x":30})"));
  EXPECT_FALSE(holds(compare(Op::kGreater, {30.0}), R"({"x":30})"));
  EXPECT_TRUE(holds(compare(Op::kLess, {30.0}), R"({"x":-1.5e3})"));
  EXPECT_FALSE(holds(compare(Op::kLess, {30.0}), R"({"x":"1"})"));
  EXPECT_FALSE(holds(compare(Op::kLessEqual, {30.0}), R"({})"));
}

TEST(ConditionSql, TheAttributeValueIsTheEventsNumberUnlessThereIsAProperty) {
  const Condition large{.op = Op::kGreater, .attribute = "value", .values = {10.0}};
  EXPECT_TRUE(holds(large, "{}", "11"));
  EXPECT_FALSE(holds(large, R"({"value":1})", "11"));
  EXPECT_FALSE(holds(large, "{}"));
}

TEST(ConditionSql, TextPatternsAndLists) {
  EXPECT_TRUE(holds(compare(Op::kPrefix, {text("b"), text("a")}), R"({"x":"abc"})"));
  EXPECT_TRUE(holds(compare(Op::kSuffix, {text("bc")}), R"({"x":"abc"})"));
  EXPECT_FALSE(holds(compare(Op::kSuffix, {text("ab")}), R"({"x":"abc"})"));
  EXPECT_TRUE(holds(compare(Op::kContains, {text("%")}), R"({"x":"a%c"})"));
  EXPECT_FALSE(holds(compare(Op::kContains, {text("%")}), R"({"x":"abc"})"));
  EXPECT_TRUE(holds(compare(Op::kContains, {text("b")}), R"({"x":["a","b"]})"));
  EXPECT_FALSE(holds(compare(Op::kContains, {text("b")}), R"({"x":["ab"]})"));
  EXPECT_FALSE(holds(compare(Op::kPrefix, {text("1")}), R"({"x":12})"));
}

TEST(ConditionSql, ExistsAndDots) {
  const Condition deep{.op = Op::kExists, .attribute = "a.b", .values = {true}};
  EXPECT_TRUE(holds(deep, R"({"a":{"b":0}})"));
  EXPECT_TRUE(holds(deep, R"({"a.b":0})"));
  EXPECT_FALSE(holds(deep, R"({"a.b":null})"));
  EXPECT_FALSE(holds(deep, R"({"a":1})"));
  EXPECT_TRUE(
      holds({.op = Op::kExists, .attribute = "a/~'\"$", .values = {true}}, R"({"a/~'\"$":1})"));
  EXPECT_TRUE(holds(compare(Op::kExists, {false}), "{}"));
}

// As for targeting: the longest name leads, null is missing, and a list has no members.
TEST(ConditionSql, EveryWayToAnAttribute) {
  const auto is_yes = [](const std::string& name, const std::string& properties) {
    return holds({.op = Op::kEqual, .attribute = name, .values = {text("yes")}}, properties);
  };
  const std::vector<std::string> longest_last = {R"("a":{"b":{"c":"?"}})", R"("a":{"b.c":"?"})",
                                                 R"("a.b":{"c":"?"})", R"("a.b.c":"?")"};
  const auto with = [&](std::size_t way, const std::string& value) {
    std::string member = longest_last[way];
    return member.replace(member.find("\"?\""), 3, value);
  };
  for (std::size_t i = 0; i < longest_last.size(); ++i) {
    EXPECT_TRUE(is_yes("a.b.c", "{" + with(i, "\"yes\"") + "}")) << i;
    for (std::size_t shorter = 0; shorter < i; ++shorter) {
      if (shorter == 0 && i == 1) continue;  // Both are in "a".
      const std::string beside = "," + with(shorter, "\"no\"") + "}";
      EXPECT_TRUE(is_yes("a.b.c", "{" + with(i, "\"yes\"") + beside)) << i << shorter;
      const std::string there = "," + with(shorter, "\"yes\"") + "}";
      EXPECT_TRUE(is_yes("a.b.c", "{" + with(i, "null") + there)) << i << shorter;
    }
  }
  EXPECT_TRUE(is_yes("a.b.c", R"({"a":{"b":{"c":"no"},"b.c":"yes"}})"));
  EXPECT_FALSE(is_yes("a.0", R"({"a":["yes"]})"));
  EXPECT_TRUE(is_yes("a.0", R"({"a":{"0":"yes"}})"));
  EXPECT_TRUE(is_yes("0", R"({"0":"yes"})"));
  EXPECT_TRUE(is_yes("a..b", R"({"a":{"":{"b":"yes"}}})"));
  EXPECT_FALSE(is_yes(".a", R"({"":{"a":"yes"}})")) << "not beside it";
  EXPECT_TRUE(is_yes("a.b.c.d.e.f.g", R"({"a":{"b":{"c":{"d":{"e":{"f":{"g":"yes"}}}}}}})"));
  EXPECT_TRUE(is_yes("a.b.c.d.e.f.g", R"({"a":{"b":{"c.d.e.f.g":"yes"}}})"));
}

TEST(ConditionSql, VersionsAreRefused) {
  const auto refused = condition_sql(compare(Op::kSemver, {text("1.0.0")}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kInvalid);
}

TEST(ConditionSql, Trees) {
  const Condition yes = compare(Op::kEqual, {1.0});
  const Condition no = compare(Op::kEqual, {2.0});
  const auto tree = [](Op op, std::vector<Condition> children) {
    return Condition{.op = op, .children = std::move(children)};
  };
  const std::string one = R"({"x":1})";
  EXPECT_TRUE(holds({}, one));
  EXPECT_FALSE(holds(tree(Op::kAll, {yes, no}), one));
  EXPECT_TRUE(holds(tree(Op::kAny, {no, yes}), one));
  EXPECT_TRUE(holds(tree(Op::kAll, {}), one));
  EXPECT_FALSE(holds(tree(Op::kAny, {}), one));
  EXPECT_TRUE(holds(tree(Op::kNot, {no}), "{}")) << "not of a missing attribute holds";
  EXPECT_TRUE(holds(tree(Op::kNot, {tree(Op::kAny, {no, tree(Op::kNot, {yes})})}), one));
}

TEST(ConditionSql, AnAttributeNeedsAName) {
  EXPECT_FALSE(condition_sql({.op = Op::kEqual, .attribute = "", .values = {1.0}}));
}

}  // namespace
}  // namespace assay::io::duckdb
