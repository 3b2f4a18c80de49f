#include "assay/define/import.h"

#include <gtest/gtest.h>

#include "assay/define/canonical.h"
#include "assay/define/parse.h"

namespace assay::define {
namespace {

constexpr const char* kFlagd = R"({"flags": {"ranker": {
  "state": "ENABLED", "defaultVariant": "old",
  "variants": {"old": {"model": 1}, "new": {"model": 2}, "newer": {"model": 3}},
  "targeting": {"if": [
    {"and": [{"$ref": "staff"}, {"sem_ver": [{"var": "app"}, "^", "2.1.0"]}]},
    {"fractional": [{"cat": [{"var": "$flagd.flagKey"}, {"var": "device"}]},
                    ["old", 50], ["new", 25], ["newer", 25]]}
  ]}}},
  "$evaluators": {"staff": {"ends_with": [{"var": "mail"}, "@example.com"]}}})";

constexpr const char* kGrowthbook = R"({"features": {"ranker": {"defaultValue": "a", "rules": [
  {"condition": {"id": {"$in": ["tester"]}}, "force": "b"},
  {"condition": {"country": "XX"}, "force": "a"},
  {"key": "exp", "seed": "s1", "hashVersion": 2, "coverage": 0.25, "weights": [0.4, 0.6],
   "condition": {"age": {"$gte": 18}}, "variations": ["a", "b"],
   "meta": [{"key": "control"}, {"key": "treatment"}]}]}}})";

TEST(ImportFlagd, TakesASplitWithItsHashAndConditions) {
  const auto read = import_flagd(kFlagd, "flags.json");
  ASSERT_TRUE(read) << to_text(read.error());
  EXPECT_TRUE(read->refused.empty()) << to_text(read->refused);
  ASSERT_EQ(read->flags.size(), 1U);
  const Experiment& plan = read->flags[0].experiment;
  EXPECT_EQ(plan.id, "ranker");
  EXPECT_EQ(plan.control, "old");
  ASSERT_EQ(plan.variants.size(), 3U);
  EXPECT_EQ(plan.variants[1].key, "new");
  EXPECT_EQ(plan.variants[1].weight, 25U);
  EXPECT_EQ(plan.variants[1].payload_json, R"({"model":2})");
  EXPECT_EQ(plan.assignment.hash, HashScheme::kFlagd);
  EXPECT_EQ(plan.assignment.salt, "ranker");
  EXPECT_EQ(plan.assignment.unit, "device");
  EXPECT_EQ(to_text(plan.assignment.targeting),
            "(mail ends_with @example.com and (app semver >=2.0.0-0 and app semver <3.0.0-0)) and "
            "device exists true");
}

TEST(ImportGrowthbook, TakesASplitWithItsHashOverridesAndConditions) {
  const auto read = import_growthbook(kGrowthbook, "features.json");
  ASSERT_TRUE(read) << to_text(read.error());
  EXPECT_TRUE(read->refused.empty()) << to_text(read->refused);
  ASSERT_EQ(read->flags.size(), 1U);
  const Experiment& plan = read->flags[0].experiment;
  EXPECT_EQ(plan.control, "control");
  EXPECT_EQ(plan.variants[0].weight * 3, plan.variants[1].weight * 2);
  EXPECT_EQ(plan.assignment.hash, HashScheme::kGrowthbookV2);
  EXPECT_EQ(plan.assignment.salt, "s1");
  EXPECT_EQ(plan.assignment.traffic_ppm, 250'000U);
  ASSERT_EQ(plan.assignment.overrides.size(), 1U);
  EXPECT_EQ(plan.assignment.overrides[0], (Override{"tester", "treatment"}));
  EXPECT_EQ(to_text(plan.assignment.targeting), "not (country equals XX) and age at_least 18");
}

TEST(ExperimentFile, ReadsBackToTheSamePlan) {
  for (const auto& read : {import_flagd(kFlagd, "f"), import_growthbook(kGrowthbook, "g")}) {
    ASSERT_TRUE(read);
    const Experiment& plan = read->flags[0].experiment;
    const std::string file = experiment_file(plan) +
                             "  metrics:\n    primary:\n"
                             "      - {name: c, type: count, event: c, direction: increase}\n";
    const auto again = parse(file, {.file = "again.yaml"});
    ASSERT_TRUE(again) << to_text(again.error()) << file;
    EXPECT_EQ(again->experiment.variants, plan.variants);
    EXPECT_EQ(again->experiment.assignment, plan.assignment) << file;
    EXPECT_EQ(again->experiment.control, plan.control);
  }
}

std::string refusal_of_flagd(const std::string& targeting, const std::string& evaluators = "{}") {
  const std::string text = R"({"flags": {"f": {"state": "ENABLED", "defaultVariant": "a",
    "variants": {"a": 1, "b": 2, "c": 3}, "targeting":
)" + targeting + R"(}}, "$evaluators": )" +
                           evaluators + "}";
  const auto read = import_flagd(text, "flags.json");
  if (!read) return to_text(read.error());
  EXPECT_TRUE(read->flags.empty()) << targeting;
  EXPECT_FALSE(read->refused.empty()) << targeting;
  return to_text(read->refused);
}

TEST(ImportFlagd, NamesThePlaceAndTheReasonOfWhatHasNoEqual) {
  const auto says = [](const std::string& targeting, const char* text,
                       const std::string& evaluators = "{}") {
    const std::string refusal = refusal_of_flagd(targeting, evaluators);
    EXPECT_NE(refusal.find(text), std::string::npos) << refusal;
    EXPECT_EQ(refusal.rfind("flags.json:", 0), 0U) << refusal;
  };
  says(R"({"if": [{"<": [{"var": "$flagd.timestamp"}, 5]}, "b"]})", "do not depend on the time");
  says(R"({"if": [{"missing": ["x"]}, "b"]})", "the operator 'missing' has no equal");
  says(R"({"if": [{"==": [{"var": ["x", 1]}, 1]}, "b"]})", "has a default");
  says(R"({"if": [{"==": [{"var": "x"}, 1]}, "b", "c"]})", "chooses a second time");
  says(R"({"fractional": [{"var": "mail"}, ["a", 1], ["b", 1]]})",
       "is not a salt and an attribute");
  says(R"({"fractional": [["a", {"+": [1, 2]}], ["b", 1]]})", "weights are written down");
  says(R"({"fractional": [["a", -1], ["b", 1]]})", "-1");
  says(R"({"fractional": [["a", 0], ["b", 0]]})", "add up to 0");
  says(R"({"fractional": [["a", 2147483647], ["b", 1]]})", "add up to 2147483648");
  says(R"({"fractional": [["a", 1], ["z", 1]]})", "no variant 'z'");
  says(R"({"fractional": [["a", 1], ["b", 1], ["a", 1]]})", "two shares");
  says(R"({"if": [{"$ref": "x"}, "b"]})", "$evaluators has no 'x'");
  says(R"({"if": [{"$ref": "x"}, "b"]})", "lead in circles", R"({"x": {"!": {"$ref": "x"}}})");
  says(R"({"if": [{"$ref": "x"}, "b"]})", "lead in circles", R"({"x": {"$ref": "x"}})");
  says("null", "gives everybody the same value");
}

TEST(ImportFlagd, ExponentialReferencesEnd) {
  std::string constants = "{";
  std::string tests = "{";
  for (int i = 0; i < 60; ++i) {
    const std::string next = std::to_string(i + 1);
    const std::string both = R"([{"$ref": "r)" + next + R"("}, {"$ref": "r)" + next + R"("}])";
    constants += R"("r)" + std::to_string(i) + R"(": {"and": )" + both + "}, ";
    tests += R"("r)" + std::to_string(i) + R"(": {"or": )" + both + "}, ";
  }
  const std::string rule = R"({"if": [{"$ref": "r0"}, "b"]})";
  EXPECT_NE(refusal_of_flagd(rule, constants + R"("r60": true})").find("circles"),
            std::string::npos);
  EXPECT_NE(refusal_of_flagd(rule, tests + R"("r60": {"==": [{"var": "x"}, 1]}})").find("error"),
            std::string::npos);
}

TEST(ImportGrowthbook, NamesThePlaceAndTheReasonOfWhatHasNoEqual) {
  const auto says = [](const std::string& rule, const char* text) {
    const auto read = import_growthbook(
        "{\"features\": {\"f\": {\"defaultValue\": 0, \"rules\": [\n" + rule + "]}}}", "f.json");
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->flags.empty()) << rule;
    const std::string refusal = to_text(read->refused);
    EXPECT_NE(refusal.find(text), std::string::npos) << refusal;
    EXPECT_EQ(refusal.rfind("f.json:", 0), 0U) << refusal;
  };
  says(R"({"variations": [0, 1], "namespace": ["n", 0, 0.5]})", "`namespace` has no equal");
  says(R"({"variations": [0, 1], "hashVersion": 3})", "neither 1 nor 2");
  says(R"({"variations": [0, 1], "weights": [0.5, 0.4]})", "do not add up to exactly 1");
  says(R"({"variations": [0, 1], "weights": [1]})", "not as many shares");
  says(R"({"variations": [0, 1], "coverage": 0.12345678})", "whole millionths");
  says(R"({"variations": [0, 1], "ranges": [[0, 0.4], [0.5, 1]]})", "leave gaps");
  says(R"({"variations": [0]})", "two variations or more");
  says(R"({"force": 1, "coverage": 0.5})", "share of units");
  says(R"({"force": 1, "condition": {"a": {"$size": 1}}})", "'$size' has no equal");
  says(R"({"force": 1, "condition": {"a": {"$regex": "a.*b"}}})", "regular expression");
  says(R"({"force": 1, "condition": {"a": {"b": 1}}})", "whole list or object");
  says(R"({"force": 1, "condition": {"a": {"$vgt": "1.2"}}})", "not a whole version");
  says(R"({"force": 0})", "gives everybody the same value");
}

TEST(Import, RefusesWhatIsNoSuchFile) {
  for (const char* text : {"", "{", "[]", "{}", R"({"flags": 1})", R"({"features": []})", "\xff"}) {
    EXPECT_FALSE(import_flagd(text, "f")) << text;
    EXPECT_FALSE(import_growthbook(text, "f")) << text;
  }
  const auto deep = import_flagd("{\"flags\": " + std::string(10'000, '['), "f");
  EXPECT_FALSE(deep);
}

}  // namespace
}  // namespace assay::define
