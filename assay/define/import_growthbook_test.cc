// What of GrowthBook's payloads needs more than conditions and weights: namespaces, filters,
// ranges, prerequisites on features that draw, fallback attributes, saved groups. Answers are
// compared in deliver/import_vectors_test.cc and by tools/sdks.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/define/import.h"
#include "assay/define/parse.h"

namespace assay::define {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Imported import(const std::string& features, const std::string& groups = "{}") {
  const auto read = import_growthbook(
      R"({"features": {)" + features + R"(}, "savedGroups": )" + groups + "}", "f.json");
  EXPECT_TRUE(read) << to_text(read.error());
  return read ? *read : Imported{};
}

// The file of the last flag; it must read back to the same plan.
std::string file_of(const Imported& read) {
  EXPECT_TRUE(read.refused.empty()) << to_text(read.refused);
  if (read.flags.empty()) return {};
  const Experiment& plan = read.flags.back().experiment;
  std::string file = experiment_file(plan);
  const auto again = parse(
      file + "  metrics: {primary: [{name: c, type: count, event: c, direction: increase}]}\n",
      {.file = "again.yaml"});
  EXPECT_TRUE(again) << to_text(again.error()) << file;
  if (again) {
    EXPECT_EQ(again->experiment.assignment, plan.assignment) << file;
  }
  return file;
}

std::string feature(const std::string& rules, const std::string& value = "0",
                    const std::string& groups = "{}") {
  return file_of(
      import(R"("f": {"defaultValue": )" + value + R"(, "rules": [)" + rules + "]}", groups));
}

TEST(ImportGrowthbookNamespace, IsARangeOfTheFirstHash) {
  EXPECT_THAT(
      feature(R"({"variations": [0, 1], "hashVersion": 2, "namespace": ["pricing", 0.2, 0.6]})"),
      HasSubstr(
          R"(- {"hash":"growthbook_v1","salt":"__pricing","unit":"user","ranges":[[0.2,0.6]]})"));
  const std::string device = feature(
      R"({"variations": [0, 1], "hashAttribute": "device", "namespace": ["n", 0, 0.33333]})");
  EXPECT_THAT(device, HasSubstr(R"("salt":"__n","unit":"device","ranges":[[0,0.33333]])"));
  EXPECT_THAT(device, HasSubstr(R"(targeting: {"attribute":"device","exists":true})"));
  EXPECT_THAT(feature(R"({"variations": [0, 1], "namespace": ["n", 0, 1]})"),
              Not(HasSubstr("namespaces")));
  EXPECT_THAT(feature(R"({"force": 1, "condition": {"a": 1}, "namespace": ["n", 0, 0.1]})"),
              Not(HasSubstr("namespaces")))
      << "the SDKs ask experiments only";
}

TEST(ImportGrowthbookNamespace, OutsideOfItTheLastRuleCounts) {
  EXPECT_THAT(
      feature(R"({"variations": [0, 1], "namespace": ["n", 0, 0.5]}, {"force": 3})"),
      AllOf(HasSubstr("control: \"forced\""), HasSubstr(R"("forced": {"weight":0,"payload":3})")));
  EXPECT_THAT(
      to_text(import(R"("f": {"defaultValue": 0, "rules": [
          {"variations": [0, 1], "namespace": ["n", 0, 0.5]},
          {"condition": {"x": 1}, "force": 3}]})")
                  .refused),
      HasSubstr(
          "f.json:3:11: error: features.f.rules[1]: gives some of those whom the draw above"));
}

TEST(ImportGrowthbookFilter, IsANamespaceBySeed) {
  const std::string file = feature(R"({"variations": [0, 1], "namespace": ["ignored", 0, 0.1],
      "filters": [{"seed": "s", "ranges": [[0.2, 0.4], [0, 0.1]]},
                  {"seed": "t", "attribute": "device", "hashVersion": 1, "ranges": [[0.5, 1]]},
                  {"seed": "u", "ranges": [[0, 1]]}]})");
  EXPECT_THAT(
      file,
      AllOf(HasSubstr(R"("growthbook_v2","salt":"s","unit":"user","ranges":[[0,0.1],[0.2,0.4]]})"),
            HasSubstr(R"({"hash":"growthbook_v1","salt":"t","unit":"device","ranges":[[0.5,1]]})"),
            HasSubstr(R"(targeting: {"attribute":"device","exists":true})"),
            Not(HasSubstr("ignored")), Not(HasSubstr("\"u\""))));
  EXPECT_THAT(
      feature(R"({"force": 1, "filters": [{"seed": "s", "ranges": [[0, 0.1]]}]})"),
      AllOf(HasSubstr(R"("forced": {"weight":1,"payload":1})"),
            HasSubstr(R"("default": {"weight":0,"payload":0})"), HasSubstr(R"("salt":"s")")));
  EXPECT_THAT(feature(R"({"variations": [1, 2], "filters": [{"seed": "s", "ranges": [[1, 1]]}]},
                         {"variations": [0, 3]})"),
              AllOf(HasSubstr("payload\":3"), Not(HasSubstr("payload\":2"))))
      << "nobody meets the first rule";
  EXPECT_THAT(feature(R"({"variations": [0, 1],
                          "filters": [{"seed": "s", "attribute": "device", "ranges": [[0, 1]]}]})"),
              HasSubstr(R"("salt":"s","unit":"device","ranges":[[0,1]])"))
      << "everyone who has a device";
  EXPECT_THAT(to_text(import(R"("f": {"defaultValue": 0, "rules": [
      {"force": 1, "filters": [{"seed": "s", "ranges": [[0, 0.1]]}]},
      {"variations": [0, 2]}]})")
                          .refused),
              HasSubstr("draws a second time"));
  std::string many;
  for (int i = 0; i < 21; ++i) {
    many += std::string(i == 0 ? "" : ",") + R"({"seed": "s", "ranges": [[0, 0.5]]})";
  }
  EXPECT_THAT(to_text(import(R"("f": {"defaultValue": 0, "rules": [{"variations": [0, 1],
                             "filters": [)" +
                             many + "]}]}")
                          .refused),
              HasSubstr("too many filters"));
}

TEST(ImportGrowthbookRanges, SharesHaveNoExponents) {
  EXPECT_THAT(feature(R"({"variations": [0, 1], "coverage": 1.5})"), HasSubstr("traffic: 1\n"));
  EXPECT_THAT(feature(R"({"variations": [0, 1], "coverage": 0.000005, "hashVersion": 2,
                          "filters": [{"seed": "s", "ranges": [[0.00001, 1]]}]})"),
              AllOf(HasSubstr("traffic: 0.000005\n"), HasSubstr("[[0.00001,1]]")));
}

TEST(ImportGrowthbookRanges, AreWeightsTrafficAndNamespaces) {
  EXPECT_THAT(feature(R"({"variations": ["a", "b"], "ranges": [[0.99, 1], [0, 0.99]]})"),
              HasSubstr("\"1\": {\"weight\":99,\"payload\":\"b\"}\n    \"0\": {\"weight\":1,"));
  EXPECT_THAT(feature(R"({"variations": [0, 1], "ranges": [[0, 0.1], [0.5, 0.6]]})"),
              AllOf(HasSubstr("traffic: 0.2"), Not(HasSubstr("namespaces"))));
  EXPECT_THAT(feature(R"({"key": "k", "variations": [0, 1], "ranges": [[0, 0.1], [0.9, 1]]})"),
              HasSubstr(R"("salt":"k","unit":"user","ranges":[[0,0.1],[0.9,1]])"));
  EXPECT_THAT(feature(R"({"force": 1, "seed": "z", "range": [0.2, 0.5]})"),
              HasSubstr(R"("salt":"z","unit":"user","ranges":[[0.2,0.5]])"));
}

// As assay's own payload says weights of 1 and 2.
TEST(ImportGrowthbookWeights, MayBeThirds) {
  EXPECT_THAT(
      feature(R"({"variations": [0, 1],
                          "weights": [0.3333333333333333, 0.6666666666666666]})"),
      AllOf(HasSubstr(R"({"weight":1,"payload":0})"), HasSubstr(R"({"weight":2,"payload":1})")));
}

constexpr const char* kParent = R"("p": {"defaultValue": "off", "rules": [
    {"variations": ["off", "on", "max"], "meta": [{"key": "c"}, {"key": "t"}, {"key": "u"}]}]},)";

std::string child(const std::string& wanted, const std::string& rules = R"("variations": [0, 1])",
                  const std::string& more = "") {
  return file_of(import(std::string(kParent) + R"("f": {"defaultValue": 0, "rules": [
      {"parentConditions": [{"id": "p", )" +
                        wanted + "}]" + (rules.empty() ? "" : ", ") + rules + "}" + more + "]}"));
}

TEST(ImportGrowthbookPrerequisite, OnADrawAsksForVariants) {
  EXPECT_THAT(child(R"("condition": {"value": {"$ne": "off"}})"),
              HasSubstr(R"(prerequisites: [{"experiment":"p","variants":["t","u"]}])"));
  EXPECT_THAT(
      child(R"("condition": {"value": {"$in": ["off", "max"]}})"),
      HasSubstr(R"(prerequisites: [{"experiment":"p","variants":["c","u"],"or_outside":true}])"));
  EXPECT_THAT(child(R"("condition": {"value": {"$exists": true}})"),
              Not(HasSubstr("prerequisites")));
  EXPECT_THAT(child(R"("condition": {"value": "on"})", R"("force": 1)"),
              HasSubstr(R"(prerequisites: [{"experiment":"p","variants":["t"]}])"));
  const Imported read = import(std::string(kParent) + R"("f": {"defaultValue": 0, "rules": [
      {"parentConditions": [{"id": "p", "condition": {"value": "on"}}], "variations": [0, 1]}]})");
  EXPECT_THAT(to_text(read.warnings), HasSubstr("needs variants of 'p' (take that over as well"));
  EXPECT_THAT(to_text(import(std::string(kParent) + R"("f": {"defaultValue": 0, "rules": [
      {"parentConditions": [{"id": "p", "condition": {"value": "no"}}], "force": 1}]})")
                          .refused),
              HasSubstr("one value only"))
      << "no variant has that value";
}

TEST(ImportGrowthbookPrerequisite, ForcesBeforeASplit) {
  EXPECT_THAT(child(R"("condition": {"value": "on"})",
                    R"("force": 5, "condition": {"x": {"$eq": 1}})", R"(, {"variations": [0, 1]})"),
              HasSubstr(R"(- {"variant":"forced","when":{"attribute":"x","equals":1.0},)"
                        R"("prerequisites":[{"experiment":"p","variants":["t"]}]})"));
  // Control's value is no variant to force: whoever would get it is not eligible.
  EXPECT_THAT(
      child(R"("condition": {"value": "on"})", R"("force": 0)", R"(, {"variations": [0, 1]})"),
      AllOf(HasSubstr(
                R"(prerequisites: [{"experiment":"p","variants":["c","u"],"or_outside":true}])"),
            Not(HasSubstr("forced:"))));
  EXPECT_THAT(child(R"("condition": {"value": "on"})",
                    R"("force": 0, "condition": {"x": {"$eq": 1}})", R"(, {"variations": [0, 1]})"),
              HasSubstr(R"(- {"variant":"0","when":{"attribute":"x","equals":1.0},)"));
  // A unit by its id is an override only where nothing else is asked.
  EXPECT_THAT(
      child(R"("condition": {"value": "on"})", R"("force": 5, "condition": {"id": {"$in": ["u"]}})",
            R"(, {"variations": [0, 1]})"),
      AllOf(HasSubstr("forced:"), Not(HasSubstr("overrides"))));
}

// Where the attribute is missing the targeting key would meet an override; a condition it does not.
TEST(ImportGrowthbook, IdsOfAnotherAttributeAreConditions) {
  const auto with_unit = [](const std::string& attribute) {
    return feature(R"({"condition": {"city": {"$in": ["pune"]}}, "force": 5},
                      {"variations": [0, 1], "hashAttribute": ")" +
                   attribute + R"("})");
  };
  const std::string when = R"(- {"variant":"forced","when":{"attribute":"city","in":["pune"]}})";
  for (const char* attribute : {"city", "id"}) {
    EXPECT_THAT(with_unit(attribute), AllOf(HasSubstr(when), Not(HasSubstr("overrides"))));
  }
}

TEST(ImportGrowthbookPrerequisite, AHoldoutIsAnExperiment) {
  const Imported read = import(R"("$holdout:h1": {"defaultValue": "genpop", "rules": [
      {"coverage": 0.1, "seed": "s", "hashVersion": 2, "variations": ["held", "open"]}]},
      "f": {"defaultValue": 0, "rules": [
      {"parentConditions": [{"id": "$holdout:h1", "condition": {"value": "held"}}], "force": 0},
      {"variations": [0, 1]}]})");
  ASSERT_EQ(read.flags.size(), 2U) << to_text(read.refused);
  EXPECT_EQ(read.flags[0].experiment.id, "holdout-h1");
  EXPECT_THAT(to_text(read.warnings), HasSubstr("becomes the experiment 'holdout-h1'"));
  EXPECT_THAT(file_of(read), HasSubstr(R"(prerequisites: [{"experiment":"holdout-h1",)"
                                       R"("variants":["1","genpop"],"or_outside":true}])"));
}

TEST(ImportGrowthbookPrerequisite, AGateGivesNull) {
  EXPECT_THAT(child(R"("condition": {"value": "on"}, "gate": true)", "", R"(, {"force": 1})"),
              AllOf(HasSubstr(R"("blocked": {"weight":)"), HasSubstr(R"("payload":null)"),
                    HasSubstr(R"("variants":["c","u"],"or_outside":true)")));
  EXPECT_THAT(child(R"("condition": {"value": {"$exists": true}}, "gate": true)", "",
                    R"(, {"variations": [0, 1]})"),
              Not(HasSubstr("blocked")))
      << "it stops nobody";
}

// What is asked of two experiments cannot be denied as a whole, but be forced.
TEST(ImportGrowthbookPrerequisite, OfTwoDraws) {
  const std::string two = std::string(kParent) + R"("q": {"defaultValue": 0, "rules": [
      {"variations": [0, 1]}]}, "f": {"defaultValue": 0, "rules": [{"parentConditions": [
      {"id": "p", "condition": {"value": "on"}},
      {"id": "q", "condition": {"value": 1})";
  EXPECT_THAT(file_of(import(two + R"(}], "force": 0}, {"variations": [0, 1]}]})")),
              AllOf(HasSubstr(R"(forced:)"), HasSubstr(R"({"experiment":"p","variants":["t"]},)"),
                    Not(HasSubstr("  prerequisites:"))));
  EXPECT_THAT(file_of(import(two + R"(, "gate": true}]}, {"force": 1, "condition": {"x": 1}}]})")),
              HasSubstr(R"("prerequisites":[{"experiment":"p","variants":["t"]},)"
                        R"({"experiment":"q","variants":["0"],"or_outside":true}]})"));
}

TEST(ImportGrowthbookPrerequisite, AfterASplitIsRefused) {
  EXPECT_THAT(to_text(import(std::string(kParent) + R"("f": {"defaultValue": 0, "rules": [
      {"parentConditions": [{"id": "p", "condition": {"value": "on"}}], "variations": [0, 1]},
      {"variations": [0, 1]}]})")
                          .refused),
              HasSubstr("draws a second time"));
  const Imported read = import(std::string(kParent) + R"("f": {"defaultValue": 0, "rules": [
      {"parentConditions": [{"id": "p", "condition": {"value": "on"}}], "variations": [0, 1]},
      {"condition": {"x": {"$eq": 1}}, "force": 2}]})");
  EXPECT_EQ(read.flags.size(), 1U);
  EXPECT_THAT(to_text(read.refused), HasSubstr("features.f.rules[1]: gives some of those"));
}

TEST(ImportGrowthbookFallback, IsAFallbackUnit) {
  const auto with = [](const std::string& more) {
    return import(R"("f": {"defaultValue": 0, "rules": [{"variations": [0, 1], )" + more + "}]}");
  };
  const Imported device = with(R"("fallbackAttribute": "device")");
  EXPECT_THAT(file_of(device), HasSubstr("fallback_unit: \"device\""));
  EXPECT_THAT(to_text(device.warnings), HasSubstr("needs no sticky bucket service"));
  for (const char* none : {R"("fallbackAttribute": "device", "disableStickyBucketing": true)",
                           R"("fallbackAttribute": "id")", R"("fallbackAttribute": "")",
                           R"("hashAttribute": "device", "fallbackAttribute": "session")"}) {
    EXPECT_THAT(file_of(with(none)), Not(HasSubstr("fallback_unit"))) << none;
  }
  EXPECT_THAT(
      to_text(with(R"("hashAttribute": "device", "fallbackAttribute": "session")").warnings),
      HasSubstr("`fallbackAttribute` is left out"));
  // The id is the targeting key.
  const std::string id = file_of(with(R"("hashAttribute": "device", "fallbackAttribute": "id")"));
  EXPECT_THAT(id, AllOf(HasSubstr("unit: \"device\""), Not(HasSubstr("exists")),
                        HasSubstr("fallback_unit: \"user\"")));
  for (const char* own : {R"("namespace": ["n", 0, 0.5])", R"("ranges": [[0, 0.1], [0.9, 1]])"}) {
    EXPECT_THAT(to_text(with(std::string(R"("fallbackAttribute": "device", )") + own).refused),
                HasSubstr("together with `fallbackAttribute` it has no equal"));
  }
  EXPECT_THAT(to_text(with(R"("minBucketVersion": 3)").warnings),
              HasSubstr("features.f.rules[0].minBucketVersion: "));
  EXPECT_THAT(to_text(with(R"("minBucketVersion": 0)").warnings), Not(HasSubstr("minBucket")));
}

std::string refusal(const std::string& rules, const std::string& value = "0") {
  const Imported read =
      import(R"("f": {"defaultValue": )" + value + R"(, "rules": )" + rules + "}");
  EXPECT_TRUE(read.flags.empty()) << rules;
  EXPECT_EQ(read.refused.size(), 1U) << rules << to_text(read.refused);
  return to_text(read.refused);
}

// The unit `user` is GrowthBook's `id`, and a context's `user` would be that unit.
TEST(ImportGrowthbookUnit, AnAttributeUserIsRefused) {
  for (const char* rule :
       {R"("hashAttribute": "user")", R"("fallbackAttribute": "user")",
        R"("condition": {"user": "x"})", R"("condition": {"user.name": {"$exists": true}})",
        R"("hashAttribute": "user", "namespace": ["n", 0, 0.5])",
        R"("filters": [{"seed": "s", "attribute": "user", "ranges": [[0, 0.5]]}])"}) {
    EXPECT_THAT(refusal(std::string(R"([{"variations": [0, 1], )") + rule + "}]"),
                AllOf(HasSubstr("the attribute `user`"), HasSubstr("rename the attribute")));
  }
  EXPECT_THAT(refusal(R"([{"force": 1, "condition": {"user": "x"}}, {"variations": [0, 1]}])"),
              HasSubstr("compares the attribute `user`, which is the unit (`id`) here"));
  EXPECT_THAT(refusal(R"([{"variations": [0, 1], "hashAttribute": "device.id"}])"),
              HasSubstr("'device.id', whose name has a dot"));
}

TEST(ImportGrowthbookRule, FieldsOfAnotherFormAreRefusedWithOneReason) {
  EXPECT_THAT(refusal(R"([{"variations": [0, 1], "coverage": null}])"),
              HasSubstr("which the SDKs take for 0: nobody"));
  EXPECT_THAT(refusal(R"([{"force": 1, "coverage": null}])"), HasSubstr("take for 0: nobody"));
  EXPECT_THAT(refusal(R"([{"variations": [0, 1], "filters": {}}])"), HasSubstr("list of filters"));
  EXPECT_THAT(refusal(R"([{"variations": [0, 1], "weights": 1}])"), HasSubstr("list of weights"));
  EXPECT_THAT(refusal(R"([{"variations": [0, 1], "parentConditions": {}}])"),
              HasSubstr("list of prerequisites"));
  EXPECT_THAT(refusal("{}"), HasSubstr("list of rules"));
  EXPECT_THAT(refusal(R"([{"variations": [0, 1], "ranges": []}])"), HasSubstr("is an empty list"));
  EXPECT_THAT(refusal(R"([{"force": 1, "range": []}])"), HasSubstr("is an empty list"));
  EXPECT_THAT(refusal(R"([{"variations": [0, 1], "filters": [{"seed": "s", "ranges": []}]}])"),
              HasSubstr("is an empty list"));
  EXPECT_THAT(refusal(R"([{"variations": [0, 1], "namespace": []}])"),
              HasSubstr("a namespace is [NAME, FROM, TO]"));
  EXPECT_THAT(refusal(R"([{"variations": [0, 1], "namespace": 5}])"),
              HasSubstr("a namespace is [NAME, FROM, TO]"));
  EXPECT_THAT(refusal(R"([{"variations": [0, 1], "namespace": [[1], 0, 1]}])"),
              HasSubstr("a namespace is [NAME, FROM, TO]"));
  EXPECT_THAT(refusal(R"([{"variations": [0, 1], "hashVersion": "2"}])"),
              HasSubstr("neither 1 nor 2"));
  EXPECT_THAT(child(R"("condition": {"value": "on"}, "gate": 1)", "", R"(, {"force": 1})"),
              HasSubstr("\"blocked\""));
}

TEST(ImportGrowthbookRule, WeightsBeyondEightDigitsAreRounded) {
  const auto file = [](const char* weights) {
    return import(R"("f": {"defaultValue": 0, "rules": [{"variations": [0, 1], "coverage": 0.5,
                   "weights": )" +
                  std::string(weights) + "}]}");
  };
  const Imported read = file("[0.123456789, 0.876543211]");
  EXPECT_THAT(file_of(read), HasSubstr("\"0\": {\"weight\":123456789"));
  EXPECT_THAT(to_text(read.warnings), HasSubstr("its weights are rounded to parts of 2 * 10^9"));
  EXPECT_THAT(to_text(file("[0.5, 0.5]").warnings), Not(HasSubstr("rounded")));
  EXPECT_THAT(to_text(file("[0.495, 0.5]").refused), HasSubstr("do not add up to exactly 1"));
}

// A test of A against A says nothing of which is control.
TEST(ImportGrowthbookRule, AShareOfEverybodyNeedsAnId) {
  EXPECT_THAT(feature(R"({"force": 1, "coverage": 1, "hashAttribute": "company",
                          "condition": {"x": {"$eq": 2}}})"),
              HasSubstr(R"({"not":{"attribute":"company","in":["",0.0,false]}})"));
}

TEST(ImportGrowthbookRule, AFilterOfEverybodyNeedsItsOwnId) {
  const char* const filter = R"("filters": [{"seed": "f", "ranges": [[0, 1]]}])";
  EXPECT_THAT(feature(R"({"force": 1, "coverage": 0.5, "hashAttribute": "company",
                          "filters": [{"seed": "f", "attribute": "id", "ranges": [[0, 1]]}]})"),
              HasSubstr(R"("salt":"f","unit":"user","ranges":[[0,1]])"));
  EXPECT_THAT(feature(fmt::format(R"({{"variations": [0, 1], {}}})", filter)),
              Not(HasSubstr("namespaces")));
  EXPECT_THAT(feature(fmt::format(R"({{"variations": [0, 1], "fallbackAttribute": "device", {}}})",
                                  filter)),
              HasSubstr(R"("salt":"f","unit":"user","ranges":[[0,1]])"));
}

TEST(ImportGrowthbookRule, ControlOfVariantsThatAreTheSame) {
  const auto control = [](const char* first, const char* second) {
    const Imported read =
        import(R"("f": {"defaultValue": 0, "rules": [{"variations": [0, 0], "meta": [{"key": ")" +
               std::string(first) + R"("}, {"key": ")" + second + R"("}]}]})");
    EXPECT_THAT(to_text(read.warnings), HasSubstr("several variants have the value of those out"));
    return read.flags.at(0).experiment.control;
  };
  EXPECT_EQ(control("a", "control"), "control");
  EXPECT_EQ(control("a", "b"), "a");
}

// What `assay define` would not read is refused here.
TEST(ImportGrowthbookRule, WhatNoFileCanHoldIsRefused) {
  EXPECT_THAT(
      refusal(R"([{"force": "a", "filters": [{"seed": "s", "ranges": [[0, 0.5]]}]}])", "\"a\""),
      HasSubstr("cannot be an experiment: experiment.variants: one variant is no test"));
  EXPECT_THAT(refusal(R"([{"variations": [0, 1], "meta": [{"key": "x y"}, {"key": "é"}]}])"),
              HasSubstr("variant 'x y' has an unusable name"));
  EXPECT_THAT(refusal(R"([{"variations": [0, 1], "seed": ")" + std::string(1025, 's') + R"("}])"),
              HasSubstr("experiment.salt: is 1025 bytes long; at most 1024 are allowed"));
  EXPECT_THAT(refusal(R"([{"variations": [0, 1], "condition": {"a": {"$gt": 1e308}}}])"),
              HasSubstr("1e+308 is not at most 1e+300"));
  std::string many = "0";
  for (int i = 1; i <= 100; ++i) many += "," + std::to_string(i);
  EXPECT_THAT(refusal(R"([{"variations": [)" + many + "]}]"), HasSubstr("at most 100 are allowed"));
}

std::string condition(const std::string& text, const std::string& groups = "") {
  const auto read = import_growthbook_condition(text, groups, "c");
  return read ? to_text(*read) : to_text(read.error());
}

TEST(ImportGrowthbookCondition, OperandsAreTrueAsInJavaScript) {
  for (const char* is_false : {"0", "null", "\"\"", "false"}) {
    EXPECT_EQ(condition(std::string(R"({"a": {"$exists": )") + is_false + "}}"), "a exists false");
  }
  for (const char* is_true : {"1", "\"false\"", "[]", "{}", "true"}) {
    EXPECT_EQ(condition(std::string(R"({"a": {"$exists": )") + is_true + "}}"), "a exists true");
  }
  EXPECT_EQ(condition(R"({"a": {"$type": "null"}})"), "a exists false");
  EXPECT_EQ(condition(R"({"a": {"$type": "undefined"}})"), condition(R"({"a": {"$in": []}})"));
}

TEST(ImportGrowthbookCondition, WithoutCaseIsEverySpelling) {
  EXPECT_EQ(condition(R"({"a": {"$ini": ["us", 5]}})"), "a in [us, uS, Us, US, 5]");
  EXPECT_EQ(condition(R"({"a": {"$nini": ["b1"]}})"), "not (a in [b1, B1])");
  EXPECT_EQ(condition(R"({"a": {"$ini": ["k"]}})"), "a in [k, K, \u212a]") << "toLowerCase";
  EXPECT_EQ(condition(R"({"a": {"$alli": ["x"]}})"), "a in [x, X] and not (a starts_with )");
  EXPECT_EQ(condition(R"({"a": {"$regexi": "^ab"}})"), "a starts_with [ab, aB, Ab, AB]");
  EXPECT_EQ(condition(R"({"a": {"$regexi": "^k"}})"), "a starts_with [k, K]");
  EXPECT_EQ(condition(R"({"a": {"$nini": 1}})"), condition(R"({"a": {"$in": 1}})")) << "nobody";
  EXPECT_THAT(condition(R"-({"a": {"$regexi": "(mobile|tablet|android|tv)"}})-"),
              HasSubstr("error"));
}

// The SDKs match the text of whatever there is, and "null" where there is nothing.
TEST(ImportGrowthbookCondition, RegularExpressionsMatchOtherTypes) {
  EXPECT_EQ(condition(R"({"a": {"$regex": "^true$|^7$"}})"),
            "a equals true or a equals 7 or (a starts_with  and a in [true, 7])");
  EXPECT_EQ(condition(R"({"a": {"$regex": "^fa"}})"), "a equals false or a starts_with fa");
  EXPECT_EQ(condition(R"({"a": {"$regex": "ll$"}})"), "a exists false or a ends_with ll");
  EXPECT_EQ(condition(R"({"a": {"$regexi": "^NU"}})"),
            "a exists false or a starts_with [nu, nU, Nu, NU]");
  EXPECT_EQ(condition(R"({"a": {"$regex": "e"}})"),
            "a equals true or a equals false or a contains e");
  EXPECT_EQ(condition(R"({"a": {"$regex": "^07$"}})"), "a equals 07");
}

// As assay's own payload says it; a round trip of all is in deliver/growthbook_round_trip_test.cc.
TEST(ImportGrowthbookCondition, WithItsTypeNothingIsConverted) {
  EXPECT_EQ(condition(R"-({"a": {"$type": "string", "$regex": "^(?:e|t)"}})-"),
            "a starts_with [e, t]");
  EXPECT_EQ(condition(R"({"a": {"$eq": 7, "$type": "number"}})"), "a equals 7");
  EXPECT_EQ(condition(R"({"a": {"$type": "number", "$lte": 7}})"), "a at_most 7");
  EXPECT_EQ(condition(R"({"a": {"$type": "boolean", "$eq": true}})"), "a equals true");
  EXPECT_EQ(condition(R"({"a": {"$type": "string", "$eq": 7}})"),
            condition(R"({"a": {"$in": []}})"));
  EXPECT_EQ(condition(R"({"a": {"$type": "string", "$in": ["x", 1]}})"),
            "a starts_with  and a in [x, 1]")
      << "not where a list holds it";
  EXPECT_EQ(condition(R"({"a": {"$type": "boolean", "$regex": "e"}})"),
            "a equals true or a equals false");
  EXPECT_EQ(condition(R"({"a": {"$type": "string", "$not": {"$eq": 7}}})"),
            "a starts_with  and not (a equals 7)");
  EXPECT_EQ(condition(R"({"a": {"$type": "array", "$in": ["x"]}})"),
            "a in [x] and not (a starts_with )");
  EXPECT_THAT(condition(R"({"a": {"$type": "array", "$eq": "x"}})"), HasSubstr("'array' has no"));
  EXPECT_THAT(condition(R"({"a": {"$type": "array", "$in": [[]]}})"),
              HasSubstr("lists to look in"));
  EXPECT_THAT(condition(R"({"a": {"$type": "array", "$in": "x"}})"), HasSubstr("'array' has no"));
}

TEST(ImportGrowthbookCondition, TwoTestsThatAreOneHere) {
  EXPECT_EQ(condition(R"({"a": {"$exists": true, "$not": {"$eq": 7}}})"), "a not_equals 7");
  EXPECT_EQ(condition(R"({"a": {"$exists": true, "$not": {"$in": [7]}}})"), "a not_in [7]");
  EXPECT_EQ(condition(R"({"a": {"$in": [7], "$not": {"$type": "boolean"}}})"), "a in [7]");
  EXPECT_EQ(condition(R"({"a": {"$in": [true], "$not": {"$type": "number"}}})"), "a in [true]");
  EXPECT_EQ(condition(R"({"a": {"$in": [7], "$not": {"$type": "number"}}})"),
            "a in [7] and not (a less_than 0 or a at_least 0)");
  const auto ending = [](const std::string& end, const std::string& other) {
    return condition(R"-({"a": {"$not": {"$regex": ")-" + other + R"-("}, "$type": "string",
                         "$regex": ")-" +
                     end + "\"}}");
  };
  EXPECT_EQ(ending("(?:x|yz)$", "(?:\\n|\\r)$"), "a ends_with [x, yz]") << "and with nothing else";
  EXPECT_EQ(ending("(?:x|yz)$", "z$"), "a ends_with [x, yz] and not (a ends_with z)");
  EXPECT_EQ(ending("(?:x|z)$", "yz$"), "a ends_with [x, z] and not (a ends_with yz)");
  EXPECT_EQ(ending("x$", "^y"), "a ends_with x and not (a starts_with y)");
  const auto either = [](const std::string& in_list) {
    return condition(R"-({"$or": [{"a": {"$type": "string", "$regex": "(?:x|y)"}}, )-" + in_list +
                     "]}");
  };
  EXPECT_EQ(either(R"({"a": {"$type": "array", "$in": ["x", "y"]}})"), "a contains [x, y]");
  for (const char* other :
       {R"({"b": {"$type": "array", "$in": ["x", "y"]}})",
        R"({"a": {"$type": "array", "$in": ["x"]}})", R"({"a": {"$in": ["x", "y"]}})"}) {
    EXPECT_THAT(either(other), HasSubstr("a starts_with  and a contains [x, y]")) << other;
  }
  const auto with_all_texts = [](const std::string& list) {
    return condition(R"({"$or": [{"a": {"$type": "string"}}, {"a": {"$type": "array", "$in": )" +
                     list + "}}]}");
  };
  EXPECT_EQ(with_all_texts(R"(["", "x"])"), "a contains [, x]");
  EXPECT_THAT(with_all_texts(R"(["", 5])"), HasSubstr("a starts_with  or (a in [, 5]"));
}

// A group stands for many values in few bytes.
TEST(ImportGrowthbookCondition, WhatIsWrittenOutIsBounded) {
  std::string group = R"({"g": [0)";
  for (int i = 1; i < 10'000; ++i) group += "," + std::to_string(i);
  group += "]}";
  std::string hundred = R"("a0": {"$inGroup": "g"})";
  for (int i = 1; i < 100; ++i) hundred += fmt::format(R"(, "a{}": {{"$notInGroup": "g"}})", i);
  EXPECT_THAT(condition("{" + hundred + "}", group), HasSubstr("a0 in [0, 1, "));
  for (const char* one_more : {R"({"$all": [5]})", R"({"$alli": ["x"]})", R"({"$in": [5]})",
                               R"({"$regex": "x"})", R"({"$elemMatch": {"$in": [5]}})"}) {
    EXPECT_THAT(condition("{" + hundred + R"(, "b": )" + one_more + "}", group),
                HasSubstr("has too many values to compare with once everything it refers to is "
                          "written out (at most 1000000 in one flag)"))
        << one_more;
  }
  std::string long_list = "[{}";
  for (int i = 0; i < 1000; ++i) long_list += ", {}";
  for (const std::string& rules :
       {long_list + "]", R"([{"force": 1, "condition": {"$or": )" + long_list + "]}}]",
        std::string(R"([{"force": 1, "condition": {"a": {"$inGroup": "g"}}}])"),
        R"([{"force": 1, "condition": {"a": {"$elemMatch": {"$in": )" + long_list + "]}}}}]"}) {
    const Imported read = import(R"("f": {"defaultValue": 0, "rules": )" + rules + "}",
                                 group.substr(0, group.size() - 2) + ",0]}");
    EXPECT_EQ(read.refused.size(), 1U) << to_text(read.refused);
  }
  std::string features;
  for (int i = 0; i <= 6; ++i) {
    features += fmt::format(R"({}"f{}": {{"defaultValue": 0, "rules": [{{"condition": {{{}}},
                            "force": 0}}]}})",
                            i == 0 ? "" : ", ", i, hundred);
  }
  const Imported read = import(features, group);
  ASSERT_EQ(read.refused.size(), 7U);
  EXPECT_THAT(to_text(Problems{read.refused[5]}), HasSubstr("has one value only"));
  EXPECT_THAT(to_text(Problems{read.refused[6]}),
              HasSubstr("features.f6: the flags before it have too many values to compare with (at "
                        "most 5000000 in one file"));
}

// In lists as elsewhere: 7 is "7", and false is 0 and "".
TEST(ImportGrowthbookCondition, ElementsAreConvertedByAllOnly) {
  EXPECT_EQ(condition(R"({"a": {"$all": ["x"]}})"), "a in [x] and not (a starts_with )");
  EXPECT_EQ(condition(R"({"a": {"$all": [7]}})"),
            condition(R"({"a": {"$elemMatch": {"$in": [7, "7"]}}})"));
  EXPECT_EQ(condition(R"({"a": {"$all": ["7"]}})"),
            condition(R"({"a": {"$elemMatch": {"$in": ["7", 7]}}})"));
  EXPECT_EQ(condition(R"({"a": {"$all": [1]}})"),
            condition(R"({"a": {"$elemMatch": {"$in": [1, "1", true]}}})"));
  EXPECT_EQ(condition(R"({"a": {"$all": [false]}})"),
            condition(R"({"a": {"$elemMatch": {"$in": [false, 0, ""]}}})"));
  EXPECT_EQ(condition(R"({"a": {"$alli": ["true"]}})").substr(0, 12), "a in [true, ");
  EXPECT_THAT(condition(R"({"a": {"$all": [true]}})"), HasSubstr("true is whatever is not false"));
  EXPECT_EQ(condition(R"({"a": {"$regex": "^(b|c)$"}})"), "a starts_with  and a in [b, c]")
      << "not in lists";
}

TEST(ImportGrowthbookCondition, VersionsOfOneOrTwoNumbers) {
  EXPECT_EQ(condition(R"({"v": {"$vgte": "2.3"}})"), "v semver >=2.3.0-0");
  EXPECT_EQ(condition(R"({"v": {"$vgt": "2"}})"), "v semver >=2.0.0-0 and not (v in [2, v2])");
  EXPECT_EQ(condition(R"({"v": {"$vlt": "v2.3+b1"}})"), "v exists false or v semver <2.3.0-0");
  EXPECT_EQ(condition(R"({"v": {"$vlte": "2.3"}})"),
            "v exists false or v semver <2.3.0-0 or v in [2.3, v2.3]");
  EXPECT_EQ(condition(R"({"v": {"$veq": "2.3"}})"), "v in [2.3, v2.3]");
  EXPECT_EQ(condition(R"({"v": {"$vne": "2.3"}})"), "not (v in [2.3, v2.3])");
  EXPECT_THAT(condition(R"({"v": {"$vgx": "2.3"}})"), HasSubstr("'$vgx' has no equal"));
  EXPECT_THAT(condition(R"({"v": {"$vgx": "2.3.1"}})"), HasSubstr("'$vgx' has no equal"));
}

TEST(ImportGrowthbookCondition, WhatIsNoVersionDiffersFromEveryVersion) {
  EXPECT_EQ(condition(R"({"v": {"$vne": "2.3.0"}})"), "not (v semver =2.3.0)");
}

TEST(ImportGrowthbookCondition, SavedGroups) {
  const std::string groups = R"({"plain": ["a", "b"],
      "list": {"type": "list", "attributeKey": "mail", "values": ["c"]},
      "rule": {"type": "condition", "condition": {"$savedGroup": {"id": "list"}, "x": {"$eq": 1}}},
      "circle": {"type": "condition", "condition": {"$not": {"$savedGroup": {"id": "circle"}}}},
      "odd": {"type": "list", "values": "c"}, "later": {"type": "new"}})";
  const auto of = [&](const std::string& text) { return condition(text, groups); };
  const std::string nobody = of(R"({"a": {"$in": []}})");
  EXPECT_EQ(of(R"({"a": {"$inGroup": "plain"}})"), "a in [a, b]");
  EXPECT_EQ(of(R"({"a": {"$notInGroup": "list"}})"), "not (a in [c])");
  EXPECT_EQ(of(R"({"$savedGroup": {"id": "list"}})"), "mail in [c]");
  EXPECT_EQ(of(R"({"$savedGroup": {"id": "list", "attributeKey": "a"}})"), "a in [c]");
  EXPECT_EQ(of(R"({"$savedGroup": {"id": "rule"}})"), "mail in [c] and x equals 1");
  EXPECT_EQ(of(R"({"$savedGroup": {"id": "circle"}})"), "everyone");
  EXPECT_EQ(of(R"({"a": {"$notInGroup": "unknown"}})"), "everyone");
  for (const char* none :
       {R"({"a": {"$inGroup": "unknown"}})", R"({"a": {"$notInGroup": "odd"}})",
        R"({"a": {"$inGroup": "rule"}})", R"({"$savedGroup": {"id": "plain"}})",
        R"({"$savedGroup": {"id": "unknown"}})", R"({"$savedGroup": {"id": "odd"}})",
        R"({"$savedGroup": {"id": "later"}})", R"({"$savedGroup": 5})"}) {
    EXPECT_EQ(of(none), nobody) << none;
  }
  std::string many = "[1";
  for (int i = 2; i <= 10'000; ++i) many += "," + std::to_string(i);
  EXPECT_THAT(condition(R"({"a": {"$inGroup": "g"}})", R"({"g": )" + many + "]}"),
              HasSubstr("a in [1, 2, "));
  EXPECT_THAT(condition(R"({"a": {"$inGroup": "g"}})", R"({"g": )" + many + ",0]}"),
              HasSubstr("at most 10000"));
}

}  // namespace
}  // namespace assay::define
