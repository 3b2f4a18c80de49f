#include "assay/define/import.h"

#include <gmock/gmock.h>
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

// flagd's evaluator compares with JavaScript's `==`, and takes what is missing for 0 before it.
TEST(ImportFlagd, EqualityIsLoose) {
  const auto text_of = [](const std::string& condition) {
    const auto read = import_flagd_condition(condition, "c");
    return read ? to_text(*read) : to_text(read.error());
  };
  EXPECT_EQ(text_of(R"({"==": [{"var": "x"}, false]})"), "x exists false or x in [false, 0, 0, ]");
  EXPECT_EQ(text_of(R"({"!=": [{"var": "x"}, 0]})"),
            "not (x exists false or x in [0, false, 0, ])");
  EXPECT_EQ(text_of(R"({"==": [false, {"var": "x"}]})"), "x in [false, 0, 0, ]");
  EXPECT_EQ(text_of(R"({"==": [{"var": "x"}, true]})"), "x in [true, 1, 1]");
  EXPECT_EQ(text_of(R"({"==": [{"var": "x"}, 7]})"), "x in [7, 7]");
  EXPECT_EQ(text_of(R"({"==": [{"var": "x"}, "7"]})"), "x in [7, 7]");
  EXPECT_EQ(text_of(R"({"==": [{"var": "x"}, " 1"]})"), "x in [ 1, true, 1]");
  EXPECT_EQ(text_of(R"({"==": [{"var": "x"}, ""]})"), "x in [, false, 0]");
  EXPECT_EQ(text_of(R"({"==": [{"var": "x"}, "US"]})"), "x equals US");
  EXPECT_EQ(text_of(R"({"==": [{"var": "targetingKey"}, "7"]})"), "targetingKey equals 7");
  EXPECT_EQ(text_of(R"({"===": [{"var": "x"}, false]})"), "x equals false");
  EXPECT_EQ(text_of(R"({"!==": [{"var": "x"}, 0]})"), "not (x equals 0)");
  const std::string everyone = text_of("true");
  for (const char* known : {R"({"==": [1, "1"]})", R"({"==": [0, ""]})", R"({"==": [true, 1]})",
                            R"({"!==": [1, "1"]})", R"({"!=": ["a", "b"]})"}) {
    EXPECT_EQ(text_of(known), everyone) << known;
  }
  EXPECT_NE(text_of(R"({"==": ["a", 1]})").find("flagd's evaluator fails"), std::string::npos);
}

TEST(ImportFlagd, NamesThePlaceAndTheReasonOfWhatHasNoEqual) {
  const auto says = [](const std::string& targeting, const char* text,
                       const std::string& evaluators = "{}") {
    const std::string refusal = refusal_of_flagd(targeting, evaluators);
    EXPECT_NE(refusal.find(text), std::string::npos) << refusal;
    EXPECT_EQ(refusal.rfind("flags.json:", 0), 0U) << refusal;
  };
  says(R"({"if": [{"<": [{"var": "$flagd.timestamp"}, 5]}, "b"]})", "do not depend on the time");
  says(R"({"if": [{"+": [{"var": "x"}, 1]}, "b"]})", "the operator '+' has no equal");
  says(R"({"if": [{"missing": [{"var": "x"}]}, "b"]})", "'missing' takes names");
  says(R"({"fractional": [{"var": ["x", "y"]}, ["a"], ["b"]]})", "has a default here");
  says(R"({"if": [{"==": [{"var": ["x", 1]}, {"var": ["y", 1]}]}, "b"]})", "are compared with");
  says(R"({"if": [{"some": [{"var": "x"}, {">": [{"var": ""}, 1]}]}, "b"]})", "'some' looks into");
  says(R"({"if": [{"none": [{"var": "x"}, {"in": [{"var": ""}, [[1]]]}]}, "b"]})",
       "elements are compared with");
  says(R"({"if": [{"var": "x"}, {"fractional": [["a", 1], ["b", 1]]},
          {"fractional": [["a", 1], ["b", 2]]}]})",
       "draws a second time");
  says(R"({"fractional": [{"substr": [{"var": "mail"}, 3]}, ["a", 1], ["b", 1]]})",
       "is not a salt and an attribute");
  says(R"({"fractional": [{"cat": [{"var": "x"}, {"var": "y"}]}, ["a", 1], ["b", 1]]})",
       "the attribute comes last");
  says(R"({"fractional": [{"var": "user"}, ["a", 1], ["b", 1]]})", "the attribute `user` cannot");
  says(R"({"if": [{"===": [{"var": "user.a"}, "x"]}, "b", {"fractional": [["a", 1], ["b", 1]]}]})",
       "compares the attribute `user`, which is the unit (`targetingKey`) here");
  says(R"({"fractional": [["a", {"+": [1, 2]}], ["b", 1]]})", "weights are written down");
  says(R"({"fractional": [["a", -1], ["b", 1]]})", "-1");
  says(R"({"fractional": [["a", 0], ["b", 0]]})", "add up to 0");
  says(R"({"fractional": [["a", 2147483647], ["b", 1]]})", "add up to 2147483648");
  says(R"({"fractional": [["a", 1], ["z", 1]]})", "no variant 'z'");
  says(R"({"fractional": [["a", 1], ["b", 1], ["a", 1]]})", "two shares");
  says(R"({"if": [{"$ref": "x"}, "b"]})", "$evaluators has no 'x'");
  says(R"({"if": [{"$ref": "x"}, "b"]})", "lead in circles", R"({"x": {"!": {"$ref": "x"}}})");
  says(R"({"if": [{"$ref": "x"}, "b"]})", "lead in circles", R"({"x": {"$ref": "x"}})");
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
  says(R"({"variations": [0, 1], "namespace": ["n", 0]})", "a namespace is [NAME, FROM, TO]");
  says(R"({"variations": [0, 1], "namespace": ["n", 0, "x"]})", "expected a number");
  says(R"({"variations": [0, 1], "filters": [{"ranges": [[0, 1]]}]})", "a seed and ranges");
  says(R"({"variations": [0, 1], "filters": [{"seed": "s", "ranges": [[0]]}]})",
       "a range is [FROM, TO]");
  says(
      R"({"variations": [0, 1], "filters": [{"seed": "s", "hashVersion": 3, "ranges": [[0, 1]]}]})",
      "neither 1 nor 2");
  says(R"({"variations": [0, 1], "hashVersion": 3})", "neither 1 nor 2");
  says(R"({"variations": [0, 1], "weights": [0.5, 0.495]})", "do not add up to exactly 1");
  says(R"({"variations": [0, 1], "ranges": [[0, 1]]})", "not as many ranges");
  says(R"({"variations": [0, 1], "coverage": 0.5}, {"condition": {"a": 1}, "force": 1})",
       "whom the draw above leaves out");
  says(R"({"condition": {"a": 1}, "variations": [0, 1]}, {"variations": [1, 2]})",
       "draws a second time");
  says(R"({"force": 1, "range": [0.2]})", "a range is [FROM, TO]");
  says(R"({"force": 1, "condition": {"a": {"$elemMatch": {"b": 1}}}})", "looks into elements");
  says(R"({"force": 1, "condition": {"a": {"$type": "array"}}})", "the type 'array'");
  says(R"({"force": 1, "condition": {"a": {"$regex": "(a+)+$"}}})", "regular expression");
  says(R"({"variations": [0, 1], "coverage": 0.12345678})", "whole millionths");
  says(R"({"variations": [0, 1], "ranges": [[0, 0.5], [0.4, 1]]})", "ranges that overlap");
  says(R"({"variations": [0, 1], "ranges": [[0, 0.1], [0.1, 0.2]]})", "out of proportion");
  says(R"({"variations": [0]})", "one value only");
  says(R"({"force": 1, "condition": {"a": {"$size": 1}}})", "the list's length as a number");
  says(R"({"force": 1, "condition": {"a": {"$regex": "a.*b"}}})", "regular expression");
  says(R"({"force": 1, "condition": {"a": {"b": 1}}})", "whole list or object");
  says(R"({"force": 1, "condition": {"a": {"$vgt": "1-2"}}})", "is not a version");
  says(R"({"force": 1, "condition": {"a": {"$vgt": "0.0"}}})", "is not a version");
  says(R"({"force": 1, "condition": {"a": {"$ini": ["germany-west"]}}})", "too many spellings");
  says(R"({"force": 1, "condition": {"a": {"$regexi": "österreich"}}})", "in small letters");
  says(R"({"force": 1, "condition": {"a": {"$gt": "2024-01-01"}}})", "as days or seconds");
}

Experiment only_flag(const Checked<Imported>& read) {
  EXPECT_TRUE(read && read->refused.empty() && read->flags.size() == 1U)
      << (read ? to_text(read->refused) : to_text(read.error()));
  return read && !read->flags.empty() ? read->flags[0].experiment : Experiment{};
}

Experiment growthbook_feature(const std::string& value, const std::string& rules) {
  return only_flag(import_growthbook(
      "{\"features\": {\"f\": {\"defaultValue\": " + value + ", \"rules\": [" + rules + "]}}}",
      "f.json"));
}

// "on 1, off 9, control off; on where x equals 1; eligible y equals 2"
std::string outline(const Experiment& plan) {
  std::string text;
  for (const Variant& one : plan.variants) {
    text += one.key + " " + std::to_string(one.weight) + ", ";
  }
  text += "control " + plan.control;
  for (const Forced& one : plan.assignment.forced) {
    text += "; " + one.variant + " where " + to_text(one.when);
  }
  const Condition& targeting = plan.assignment.targeting;
  return text + (targeting.op == Op::kAlways ? "" : "; eligible " + to_text(targeting));
}

TEST(ImportGrowthbook, ARolloutIsASplitIntoWholeBuckets) {
  EXPECT_EQ(outline(growthbook_feature("false", R"({"force": true, "coverage": 0.1})")),
            "on 101, off 899, control off");
  EXPECT_EQ(outline(growthbook_feature("false", R"({"force": true, "coverage": 0.1,
                                                     "hashVersion": 2})")),
            "on 1001, off 8999, control off");
  EXPECT_EQ(outline(growthbook_feature(R"("a")", R"({"force": "b", "range": [0, 0.25]})")),
            "b 250, a 750, control a");
  // Who is left out goes on to the rule below.
  EXPECT_EQ(outline(growthbook_feature("1", R"({"force": 2, "coverage": 0.5}, {"force": 3})")),
            "forced 501, forced_2 499, control forced_2");
  EXPECT_EQ(growthbook_feature("false", R"({"force": true, "coverage": 0.1, "key": "k"})")
                .assignment.salt,
            "f");
}

TEST(ImportGrowthbook, FixedValuesAroundASplitAreForced) {
  EXPECT_EQ(
      outline(growthbook_feature(R"("a")",
                                 R"({"condition": {"id": {"$in": ["u1", "u2"]}}, "force": "c"},
                   {"condition": {"staff": {"$eq": true}}, "force": "b"},
                   {"condition": {"robot": {"$eq": true}}, "force": "a"},
                   {"condition": {"land": {"$eq": "IN"}}, "variations": ["a", "b"]},
                   {"condition": {"land": {"$eq": "US"}}, "force": "d"})")),
      "0 1, 1 1, c 0, d 0, control 0; 1 where staff equals true; 0 where robot equals true; "
      "d where not (land equals IN) and land equals US; eligible land equals IN");
  EXPECT_EQ(outline(growthbook_feature("0", R"({"condition": {"a": {"$eq": 1}}, "force": 1},
                                               {"condition": {"a": {"$eq": 2}}, "force": 2})")),
            "forced 1, default 0, forced_2 0, control default; forced_2 where a equals 1; "
            "eligible a equals 2");
  EXPECT_EQ(outline(growthbook_feature("0", R"({"force": 1})")),
            "forced 1, default 0, control forced");
}

Imported with_parent(const std::string& parent, const std::string& wanted,
                     const std::string& rest = "") {
  const auto read = import_growthbook(
      R"({"features": {"parent": )" + parent + R"(,
      "child": {"defaultValue": "a", "rules": [{"parentConditions": [)" +
          wanted + "]" + rest + R"(}, {"condition": {"x": {"$eq": 1}}, "force": "b"}]}}})",
      "f.json");
  EXPECT_TRUE(read);
  return read ? *read : Imported{};
}

TEST(ImportGrowthbook, APrerequisiteThatDrawsNothingIsACondition) {
  const char* parent = R"({"defaultValue": 0, "rules": [
      {"condition": {"land": {"$eq": "IN"}}, "force": 1},
      {"condition": {"land": {"$eq": "US"}}, "force": {"part": 2}}]})";
  const auto outline_of = [&](const char* wanted, const char* rest = "") {
    const Imported read = with_parent(parent, wanted, rest);
    EXPECT_TRUE(read.refused.empty()) << to_text(read.refused);
    return read.flags.size() == 2 ? outline(read.flags[1].experiment) : "";
  };
  EXPECT_EQ(
      outline_of(R"({"id": "parent", "condition": {"value": {"$eq": 1}}})", R"(, "force": "c")"),
      "b 1, a 0, c 0, control a; c where land equals IN; eligible x equals 1");
  EXPECT_EQ(outline_of(R"({"id": "parent", "condition": {"value.part": {"$gt": 1}}})",
                       R"(, "force": "c")"),
            "b 1, a 0, c 0, control a; c where not (land equals IN) and land equals US; "
            "eligible x equals 1");
  EXPECT_EQ(outline_of(R"({"id": "parent", "condition": {"value": {"$ne": 1}}, "gate": true})"),
            "b 1, a 0, blocked 0, control a; "
            "blocked where not ((not (land equals IN) and land equals US) or (not (land equals IN) "
            "and not (land equals US))); eligible x equals 1");
  EXPECT_EQ(outline_of(R"({"id": "nowhere", "condition": {"value": null}})", R"(, "force": "b")"),
            "b 1, a 0, control b");
}

TEST(ImportGrowthbook, APrerequisiteThatIsNotTakenOverIsNamed) {
  const auto refusal_of = [](const char* parent, const char* wanted) {
    const Imported read = with_parent(parent, wanted);
    for (const ImportedFlag& flag : read.flags) EXPECT_NE(flag.experiment.id, "child");
    return to_text(read.refused);
  };
  const auto says = [](const std::string& refusal, const char* text) {
    EXPECT_NE(refusal.find(text), std::string::npos) << refusal;
  };
  says(refusal_of(R"({"defaultValue": 0, "rules": [{"urlPatterns": [1]}]})",
                  R"({"id": "parent", "condition": {"value": 1}})"),
       "f.json:2:77: error: features.child.rules[0].parentConditions[0].id: the prerequisite "
       "'parent' cannot be taken over (`urlPatterns` has no equal here)");
  says(refusal_of(R"({"defaultValue": 0, "rules": [{"variations": [0, 1], "coverage": 0.5},
                      {"condition": {"x": 1}, "force": 3}]})",
                  R"({"id": "parent", "condition": {"value": 1}})"),
       "'parent' cannot be taken over (gives some of those");
  says(refusal_of(R"({"defaultValue": "0.1.0", "rules": [{"variations": ["0.1.0", "2.0.0"]}]})",
                  R"({"id": "parent", "condition": {"value": {"$vgt": "1.0.0"}}})"),
       "'parent' is compared as a version");
  says(refusal_of(
           R"({"defaultValue": "0.1.0", "rules": [{"condition": {"x": 1}, "force": "2.0.0"}]})",
           R"({"id": "parent", "condition": {"value": {"$vgt": "1.0.0"}}})"),
       "'parent' is compared as a version");
  says(refusal_of(R"({"defaultValue": 0, "rules": [{"parentConditions": [{"id": "child"}]}]})",
                  R"({"id": "parent"})"),
       "lead in circles");
  says(refusal_of(R"({"defaultValue": 0})", R"({"condition": {}})"), "names a feature");
}

TEST(ImportGrowthbook, WrongWeightsSplitEvenlyAsItsSdksDo) {
  const auto read = import_growthbook(R"({"features": {"f": {"defaultValue": 0, "rules": [
      {"variations": [0, 1], "weights": [0.5, 0.4]}]}}})",
                                      "f.json");
  EXPECT_EQ(outline(only_flag(read)), "0 1, 1 1, control 0");
  EXPECT_NE(to_text(read->warnings).find("split evenly"), std::string::npos);
}

TEST(ImportFlagd, NestedChoicesAreForced) {
  const auto outline_of = [](const std::string& targeting) {
    return outline(only_flag(import_flagd(R"({"flags": {"f": {"state": "ENABLED",
        "defaultVariant": "a", "variants": {"a": 1, "b": 2, "c": 3}, "targeting": )" +
                                              targeting + "}}}",
                                          "flags.json")));
  };
  EXPECT_EQ(outline_of(R"({"if": [{"===": [{"var": "x"}, 1]}, "b", "c"]})"),
            "b 1, c 0, control c; eligible x equals 1");
  EXPECT_EQ(outline_of(R"({"if": [{"===": [{"var": "x"}, 1]}, "b",
                                  {"===": [{"var": "x"}, 2]}, "c",
                                  {"fractional": [{"var": "mail"}, ["a", 1], ["b", 3]]}]})"),
            "a 1, b 3, c 0, control a; b where x equals 1; "
            "c where not (x equals 1) and x equals 2; "
            "eligible (not (x equals 1) and not (x equals 2)) and mail exists true");
  EXPECT_EQ(outline_of("null"), "a 1, b 0, c 0, control a");
}

TEST(ImportFlagd, DefaultsListsAndConstants) {
  const auto text_of = [](const char* condition) {
    const auto read = import_flagd_condition(condition, "c");
    return read ? to_text(*read) : to_text(read.error());
  };
  EXPECT_EQ(text_of(R"({"==": [{"var": ["x", "a"]}, "a"]})"),
            "(x exists true and x equals a) or x exists false");
  EXPECT_EQ(text_of(R"({"==": [{"var": ["x", "b"]}, "a"]})"), "x exists true and x equals a");
  EXPECT_EQ(text_of(R"({"<": [{"var": ["x", 7]}, 5]})"),
            "x exists true and (x less_than 5 or x exists false)");
  EXPECT_EQ(text_of(R"({"in": [{"var": ["x", "b"]}, ["a", "b"]]})"),
            "(x exists true and x in [a, b]) or x exists false");
  EXPECT_EQ(text_of(R"({"in": ["b", {"var": ["x", "abc"]}]})"),
            "(x exists true and x contains b) or x exists false");
  EXPECT_EQ(text_of(R"({"ends_with": [{"var": ["x", "abc"]}, "b"]})"),
            "x exists true and x ends_with b");
  EXPECT_EQ(text_of(R"({"starts_with": [{"var": ["x", "abc"]}, "a"]})"),
            "(x exists true and x starts_with a) or x exists false");
  EXPECT_EQ(text_of(R"({"==": [{"var": ["x", null]}, "a"]})"), "x equals a");
  EXPECT_EQ(text_of(R"({"==": [{"var": ["x", "1"]}, true]})"),
            "(x exists true and x in [true, 1, 1]) or x exists false");
  EXPECT_EQ(text_of(R"({"missing": ["x", "y"]})"), "x exists false or y exists false");
  EXPECT_EQ(text_of(R"({"some": [{"var": "x"}, {"==": [{"var": ""}, "a"]}]})"),
            "x in [a] and not (x starts_with )");
  EXPECT_EQ(text_of(R"({"none": [{"var": "x"}, {"in": [{"var": ""}, ["a", 1]]}]})"),
            "not (x in [a, 1] and not (x equals 1) and not (x starts_with ))");
  for (const char* everyone : {R"({"in": ["a", ["b", "a"]]})", R"({"in": ["pring", "Spring"]})",
                               R"({"!": {"in": [1, ["1"]]}})"}) {
    EXPECT_EQ(text_of(everyone), "everyone") << everyone;
  }
  EXPECT_THAT(text_of(R"({"sem_ver": [{"var": ["x", "1.0.0"]}, ">", "0.1.0"]})"),
              testing::HasSubstr("expected {\"var\": ATTRIBUTE} here"));
}

TEST(ImportFlagd, WarnsWhereAMissingAttributeIsHashedOtherwise) {
  const auto read = import_flagd(kFlagd, "flags.json");
  ASSERT_TRUE(read);
  EXPECT_NE(to_text(read->warnings).find("where `device` is missing"), std::string::npos)
      << to_text(read->warnings);
}

TEST(ImportFlagd, AnAttributeAloneHasNoSalt) {
  const std::string text = R"({"flags": {"f": {"state": "ENABLED", "defaultVariant": "a",
      "variants": {"a": 1, "b": 2},
      "targeting": {"fractional": [{"var": "targetingKey"}, ["a", 1], ["b", 1]]}}}})";
  const auto read = import_flagd(text, "flags.json");
  const Experiment plan = only_flag(read);
  EXPECT_EQ(plan.assignment.salt, "");
  EXPECT_EQ(plan.assignment.unit, "user");
  EXPECT_NE(to_text(read->warnings).find("has no salt"), std::string::npos);
  const std::string metrics =
      "  metrics: {primary: [{name: c, type: count, event: c, direction: increase}]}\n";
  const auto again = parse(experiment_file(plan) + metrics, {.file = "again.yaml"});
  ASSERT_TRUE(again) << to_text(again.error());
  EXPECT_EQ(again->experiment.assignment, plan.assignment);
}

std::string pattern(const std::string& regex) {
  const auto read = import_growthbook_condition(R"({"a": {"$regex": ")" + regex + "\"}}", "", "c");
  return read ? to_text(*read) : "refused";
}

TEST(ImportGrowthbook, RegularExpressionsOfPlainTexts) {
  EXPECT_EQ(pattern("Mobile"), "a contains Mobile");
  EXPECT_EQ(pattern("(Mobile|Tablet)"), "a contains [Mobile, Tablet]");
  EXPECT_EQ(pattern("^/(cart|checkout)"), "a starts_with [/cart, /checkout]");
  EXPECT_EQ(pattern(".*@(acme|ex)\\\\.com$"), "a ends_with [@acme.com, @ex.com]");
  EXPECT_EQ(pattern("^https?://a$"), "a starts_with  and a in [https://a, http://a]");
  EXPECT_EQ(pattern("^a$|^b"), "a equals a or a starts_with b");
  EXPECT_EQ(pattern("über(ä|ö)?"), "a contains [überä, überö, über]");
  EXPECT_EQ(
      pattern("^[Mm]obil[a-c]$|x[|)]"),
      "(a starts_with  and a in [Mobila, Mobilb, Mobilc, mobila, mobilb, mobilc]) or a contains "
      "[x|, x)]");
  EXPECT_EQ(pattern("(?:a|b)(?![\\\\s\\\\S])"), "a ends_with [a, b]") << "the very end";
  EXPECT_EQ(pattern("^a(?![\\\\s\\\\S])|c"), "a equals a or a contains c");
  for (const char* regex : {"a+",
                            "a*",
                            "a\\\\(?![\\\\s\\\\S])",
                            "(?![\\\\s\\\\S])b",
                            "🦊?",
                            "[^ab]",
                            "[]",
                            "[b-a]",
                            "[ -~]",
                            "[a",
                            "[\\\\d]",
                            "^.*a$",
                            "a.b",
                            "(a|b",
                            "a)",
                            "a|",
                            "(?=a)",
                            "\\\\d",
                            "a{2}",
                            "()*",
                            "(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)(a|b)",
                            "((((((((((a))))))))))",
                            "a\\\\"}) {
    EXPECT_EQ(pattern(regex), "refused") << regex;
  }
}

// As many texts as a list of a file may hold, and as long; whatever would be more is refused
// before it is written out.
TEST(ImportGrowthbook, RegularExpressionsAreBounded) {
  std::string many = "0";
  for (int i = 1; i < 1000; ++i) many += "|" + std::to_string(i);
  for (const std::string& all : {many, "(?:" + many + ")", "^(" + many + ")$"}) {
    EXPECT_THAT(pattern(all), testing::HasSubstr("998, 999]")) << all.substr(0, 20);
  }
  EXPECT_EQ(pattern(std::string(1024, 'x')), "a contains " + std::string(1024, 'x'));
  const auto times = [](int count, const std::string& part) {
    std::string all;
    while (count-- > 0) all += part;
    return all;
  };
  for (const std::string& regex :
       {many + "|x", "(?:" + many + "|x)", "(" + many + ")a?", times(400'000, "x|"),
        std::string(1025, 'x'), std::string(1'000'000, 'x'), "(a|bc)" + std::string(1023, 'x'),
        times(100'000, "(a|b)"), times(40, "a?"), times(3, "[a-z]"), times(500'000, "("),
        times(9, "(") + "a" + times(9, ")"), times(500'000, "["), times(150'000, "(?:a?|")}) {
    const auto read =
        import_growthbook_condition(R"({"a": {"$regex": ")" + regex + "\"}}", "", "c");
    ASSERT_FALSE(read) << regex.substr(0, 20);
    EXPECT_EQ(read.error().size(), 1U);
    EXPECT_NE(to_text(read.error()).find("before and $ after them; at most 1000, of 1024 bytes"),
              std::string::npos)
        << to_text(read.error());
  }
}

// References stand for many values in few bytes, and each case of an `if` repeats those before.
TEST(ImportFlagd, WhatIsWrittenOutIsBounded) {
  std::string list = "0";
  for (int i = 1; i < 10'000; ++i) list += "," + std::to_string(i);
  std::string texts = "\"0\"";
  for (int i = 1; i < 1000; ++i) texts += ",\"" + std::to_string(i) + "\"";
  const auto says = [&](const std::string& targeting) {
    const auto read = import_flagd(
        R"({"$evaluators": {"g": {"in": [{"var": "a"}, [)" + list + R"(]]},
            "h": {"some": [{"var": "a"}, {"in": [{"var": ""}, [)" +
            texts +
            R"(]]}]}}, "flags": {"f": {"state": "ENABLED", "variants": {"a": 1, "b": 2},
            "defaultVariant": "a", "targeting": )" +
            targeting + "}}}",
        "f");
    EXPECT_TRUE(read) << to_text(read.error());
    return read ? to_text(read->refused) : "";
  };
  const auto times = [](int count, const std::string& part) {
    std::string all;
    while (count-- > 0) all += (all.empty() ? "" : ", ") + part;
    return all;
  };
  const char* expected = "has too many values to compare with once everything it refers to";
  const std::string test = R"({"$ref": "g"})";
  EXPECT_EQ(says(R"({"if": [)" + test + R"(, "a", "b"]})"), "");
  for (const std::string& large :
       {R"({"if": [{"or": [)" + times(101, test) + R"(]}, "a", "b"]})",
        R"({"if": [{"or": [)" + times(10, R"({"or": [)" + times(120, R"({"$ref": "h"})") + "]}") +
            R"(]}, "a", "b"]})",
        R"({"if": [)" + times(60, test + R"(, "b")") + R"(, "a"]})",
        R"({"if": [{"if": [)" + times(60, test + ", true") + R"(]}, "b", "a"]})"}) {
    EXPECT_NE(says(large).find(expected), std::string::npos) << says(large).substr(0, 300);
  }
}

TEST(ImportGrowthbook, ListsAreToldFromTexts) {
  const auto text_of = [](const char* condition) {
    const auto read = import_growthbook_condition(condition, "", "c");
    return read ? to_text(*read) : to_text(read.error());
  };
  EXPECT_EQ(text_of(R"({"a": {"$elemMatch": {"$eq": "x"}}})"), "a in [x] and not (a starts_with )");
  EXPECT_EQ(text_of(R"({"a": {"$all": ["x", "y"]}})"),
            "(a in [x] and not (a starts_with )) and (a in [y] and not (a starts_with ))");
  EXPECT_EQ(text_of(R"({"a": {"$type": "number"}})"), "a less_than 0 or a at_least 0");
}

TEST(Import, WarnsOfWhatItsOwnerShouldKnow) {
  const auto read = import_growthbook(R"({"features": {"f": {"defaultValue": 0, "rules": [
      {"condition": {"id": {"$regex": "^x"}}, "force": 1, "minBucketVersion": 3}]}}})",
                                      "f.json");
  only_flag(read);
  const std::string warnings = to_text(read->warnings);
  for (const char* text : {"f.json:2:", "warning: features.f.rules[0].minBucketVersion: ",
                           "a condition compares `id`", "draws nothing"}) {
    EXPECT_NE(warnings.find(text), std::string::npos) << warnings;
  }
}

// A key that is there twice, or text that is broken: one flag's problem, or the whole file's.
TEST(Import, RefusesAFlagThatTheFileBreaks) {
  const char* rule = R"("rules": [{"variations": [0, 1]}])";
  const auto read = import_growthbook(std::string(R"({"features": {
      "twice": {"defaultValue": 0, "defaultValue": 1, )") +
                                          rule + R"(},
      "text": {"defaultValue": "\_", )" + rule +
                                          R"(},
      "child": {"defaultValue": 0, "rules": [{"parentConditions": [{"id": "text"}], "force": 1}]},
      "twice2": {"defaultValue": 0, )" + rule +
                                          "}}}",
                                      "f.json");
  ASSERT_TRUE(read);
  ASSERT_EQ(read->flags.size(), 1U) << to_text(read->refused);
  EXPECT_EQ(read->flags[0].experiment.id, "twice2");
  EXPECT_EQ(read->refused.size(), 3U) << to_text(read->refused);
  EXPECT_FALSE(import_growthbook(std::string(R"({"features": {"f": {"defaultValue": 0, )") + rule +
                                     R"(}}, "savedGroups": {"g": ["\_"]}})",
                                 "f.json"));
  EXPECT_FALSE(import_flagd(R"({"flags": {}, "$evaluators": {"a": true, "a": false}})", "f.json"));
}

TEST(Import, AProblemOfWhatManyFlagsShareNamesTheFlag) {
  EXPECT_THAT(refusal_of_flagd(R"({"if": [{"$ref": "x"}, "b"]})", R"({"x": {"+": [1, 2]}})"),
              testing::HasSubstr("$evaluators.x: the operator '+' has no equal (for flags.f)"));
  const auto read = import_growthbook(R"({"features": {"g": {"defaultValue": 0, "rules": [
      {"condition": {"a": {"$inGroup": "x"}}, "force": 1}]}}, "savedGroups": {"x": [[1]]}})",
                                      "f.json");
  EXPECT_THAT(to_text(read->refused), testing::HasSubstr("(for features.g)"));
  const auto list = import_flagd(R"({"flags": [{"key": "k", "state": "ON"}]})", "f.json");
  EXPECT_THAT(to_text(list->refused), testing::HasSubstr("error: flags.k: `state`"));
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
