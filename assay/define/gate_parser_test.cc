#include "assay/define/gate_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/define/define.h"
#include "assay/define/testing.h"

namespace assay::define {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Experiment with_catalogue(const std::string& plan_lines, std::string_view catalogue_text) {
  const auto catalogue = parse_catalogue(catalogue_text, "holdouts.yaml");
  EXPECT_TRUE(catalogue) << to_text(catalogue.error());
  const auto parsed = parse(plan_with(plan_lines),
                            {.file = "exp.yaml", .catalogue = catalogue.value_or(Catalogue{})});
  EXPECT_TRUE(parsed) << to_text(parsed.error());
  return parsed ? parsed->experiment : Experiment{};
}

std::vector<std::string> names(const Experiment& plan) {
  std::vector<std::string> all;
  for (const Holdout& one : plan.assignment.holdouts) all.push_back(one.name);
  return all;
}

constexpr std::string_view kHoldouts =
    "holdouts:\n"
    "  global: {share: 1%}\n"
    "  search: {share: 0.05, layers: [search, ranking], unit: device}\n";

TEST(Holdouts, ApplyWhereTheirLayersAre) {
  using testing::ElementsAre;
  EXPECT_THAT(names(with_catalogue("", kHoldouts)), ElementsAre("global"));
  const Experiment plan = with_catalogue("layer: search", kHoldouts);
  EXPECT_THAT(names(plan), ElementsAre("global", "search"));
  EXPECT_EQ(plan.assignment.holdouts[0], (Holdout{"global", "user", 10'000}));
  EXPECT_EQ(plan.assignment.holdouts[1], (Holdout{"search", "device", 50'000}));
  EXPECT_THAT(names(with_catalogue("holdouts: none", kHoldouts)), ElementsAre());
  EXPECT_THAT(names(with_catalogue("holdouts: [search]", kHoldouts)), ElementsAre("search"));
}

TEST(Holdouts, TheOneBesideTheExperimentCountsFirst) {
  const auto catalogue = parse_catalogue(kHoldouts, "h.yaml");
  const auto parsed = parse(
      "holdouts: {global: {share: 7%}}\nexperiment:\n  id: x\n"
      "  allocation: {control: 1, treatment: 1}\n"
      "  metrics: {primary: [{name: m, type: proportion, event: e}]}\n",
      {.file = "exp.yaml", .catalogue = *catalogue});
  ASSERT_TRUE(parsed) << to_text(parsed.error());
  ASSERT_EQ(parsed->experiment.assignment.holdouts.size(), 1U);
  EXPECT_EQ(parsed->experiment.assignment.holdouts[0].share_ppm, 70'000U);
}

TEST(Holdouts, WhatIsWrongIsNamed) {
  EXPECT_THAT(complaints(plan_with("holdouts: [globl]")), HasSubstr("holdout of the catalogue"));
  const auto bad =
      parse_catalogue("holdouts:\n  a: {share: 0}\n  b: {}\n  c: {share: 200%}\n", "h");
  ASSERT_FALSE(bad);
  const std::string text = to_text(bad.error());
  EXPECT_THAT(text, HasSubstr("holds nobody out"));
  EXPECT_THAT(text, HasSubstr("share"));
  EXPECT_THAT(text, HasSubstr("more than everyone"));
  EXPECT_FALSE(parse_catalogue("{}", "h"));
}

TEST(Prerequisites, AreReadAndChecked) {
  const Experiment plan =
      must_parse(plan_with("prerequisites: [{experiment: y, variants: [a, b]}]"));
  EXPECT_EQ(plan.assignment.prerequisites, (std::vector<Prerequisite>{{"y", {"a", "b"}}}));
  EXPECT_THAT(complaints(plan_with("prerequisites: [{experiment: x, variants: [a]}]")),
              HasSubstr("cannot be its own prerequisite"));
  EXPECT_THAT(complaints(plan_with("prerequisites: [{experiment: y}]")), HasSubstr("variants"));
  EXPECT_THAT(complaints(plan_with("prerequisites: [{experiment: y, variants: [a, a]}]")),
              HasSubstr("appears twice"));
}

TEST(Prerequisites, MayTakeInWhoIsOutside) {
  const Experiment plan =
      must_parse(plan_with("prerequisites: [{experiment: y, variants: [a], or_outside: true}]"));
  EXPECT_TRUE(plan.assignment.prerequisites.at(0).or_outside);
  EXPECT_NE(canonical_json(plan).find("or_outside"), std::string::npos);
  EXPECT_EQ(from_canonical_json(canonical_json(plan)).value(), plan);
}

TEST(Prerequisites, OfForcedVariants) {
  const Experiment plan = must_parse(
      plan_with("forced:\n  - {variant: control, prerequisites: [{experiment: y, variants: [a]}]}\n"
                "  - {variant: control, when: {countries: [IN]},\n"
                "     prerequisites: [{experiment: y, variants: [b], or_outside: true}]}"));
  ASSERT_EQ(plan.assignment.forced.size(), 2U);
  EXPECT_EQ(plan.assignment.forced[0].when.op, Op::kAlways);
  EXPECT_EQ(plan.assignment.forced[1].prerequisites,
            (std::vector<Prerequisite>{{"y", {"b"}, true}}));
  EXPECT_EQ(from_canonical_json(canonical_json(plan)).value(), plan);
  EXPECT_THAT(complaints(plan_with("forced: [{variant: control}]")), HasSubstr("when"));
  EXPECT_THAT(complaints(plan_with(
                  "forced: [{variant: control, prerequisites: [{experiment: x, variants: [a]}]}]")),
              HasSubstr("cannot be its own prerequisite"));
}

TEST(Namespaces, AreReadAndChecked) {
  const Experiment plan = must_parse(
      plan_with("unit: device\nnamespaces:\n"
                "  - {hash: growthbook_v1, salt: __n, ranges: [[0, 40%], [0.6, 0.999999]]}\n"
                "  - {salt: s, unit: user, ranges: [[0.25, 1]]}"));
  EXPECT_EQ(plan.assignment.namespaces,
            (std::vector<Namespace>{
                {HashScheme::kGrowthbookV1, "__n", "device", {{0, 400'000}, {600'000, 999'999}}},
                {HashScheme::kGrowthbookV2, "s", "user", {{250'000, 1'000'000}}}}));
  EXPECT_EQ(from_canonical_json(canonical_json(plan)).value(), plan);
  const auto complaint = [](const std::string& one) {
    return complaints(plan_with("namespaces: [{" + one + "}]"));
  };
  EXPECT_THAT(complaint("ranges: [[0, 1]]"), HasSubstr("salt"));
  EXPECT_THAT(complaint("salt: s"), HasSubstr("ranges"));
  EXPECT_THAT(complaint("salt: s, hash: eppo, ranges: [[0, 1]]"), HasSubstr("only GrowthBook"));
  EXPECT_THAT(complaint("salt: s, ranges: [[0.5, 0.5]]"), HasSubstr("is empty"));
  EXPECT_THAT(complaint("salt: s, ranges: [[0, 0.5], [0.4, 1]]"),
              HasSubstr("begins before the range in front of it ends"));
  EXPECT_THAT(complaint("salt: s, ranges: [[0.5]]"), HasSubstr("is not a range"));
  EXPECT_THAT(complaint("salt: s, ranges: [[0, 2]]"), HasSubstr("more than everyone"));
}

TEST(Switchbacks, AreReadAndChecked) {
  const Experiment plan =
      must_parse(plan_with("switchback: {period: 4h, burn_in: 30m, start: 2026-12-01T00:00:00Z}"));
  ASSERT_TRUE(plan.assignment.switchback);
  EXPECT_EQ(plan.assignment.switchback->period_seconds, 14'400);
  EXPECT_EQ(plan.assignment.switchback->burn_in_seconds, 1'800);
  EXPECT_EQ(to_text(plan.assignment.switchback->start), "2026-12-01T00:00:00Z");
  EXPECT_THAT(complaints(plan_with("switchback: {period: 1h, burn_in: 1h}")),
              HasSubstr("leaves nothing of the period"));
  EXPECT_THAT(complaints(plan_with("switchback: {burn_in: 1h}")), HasSubstr("period"));
  EXPECT_THAT(complaints("experiment: {id: x, allocation: {a: 1, b: 1}, switchback: {period: 1h},"
                         " metrics: {primary: [{name: m, type: count, event: e, window: 1d}]},"
                         " covariates: {before: {event: e, aggregate: count, lookback: 7d}},"
                         " analysis: {variance_reduction: cuped, cuped_covariate: before}}"),
              AllOf(HasSubstr("m has a window after the first exposure"),
                    HasSubstr("no time before the first exposure")));
  EXPECT_THAT(complaints(plan_with("switchback: {period: 0s}")), HasSubstr("no time at all"));
}

TEST(FallbackUnit, IsAnotherKindOfUnit) {
  EXPECT_EQ(must_parse(plan_with("fallback_unit: device")).assignment.fallback_unit, "device");
  EXPECT_EQ(must_parse(plan_with("")).assignment.fallback_unit, "");
  EXPECT_THAT(complaints(plan_with("unit: device\nfallback_unit: device")),
              HasSubstr("is the same as unit"));
}

TEST(Sticky, IsReadAndChecked) {
  EXPECT_TRUE(must_parse(plan_with("sticky: true")).assignment.sticky);
  EXPECT_FALSE(must_parse(plan_with("")).assignment.sticky);
  EXPECT_THAT(complaints(plan_with("sticky: true\nswitchback: {period: 1h}")),
              HasSubstr("changes from period to period"));
  EXPECT_THAT(complaints(plan_with("sticky: maybe")), HasSubstr("sticky"));
  EXPECT_THAT(complaints(plan_with("hash: eppo\nswitchback: {period: 1h}")),
              HasSubstr("hash: splits each unit once and for all"));
}

TEST(LayerShares, TakeThePlaceOfSlots) {
  const Experiment plan = must_parse(plan_with("layer: {name: home, share: 20%}"));
  EXPECT_EQ(plan.assignment.share_ppm, 200'000U);
  EXPECT_TRUE(plan.assignment.slots.empty());
  EXPECT_THAT(complaints(plan_with("layer: {name: home, share: 20%, slots: \"0-9\"}")),
              HasSubstr("the slots are named already"));
  EXPECT_THAT(complaints(plan_with("layer: {name: home, share: 0}")), HasSubstr("no share"));
}

// Plans of before keep their fingerprints; what is new survives the way there and back.
TEST(Gates, InCanonicalJson) {
  const std::string plain = canonical_json(must_parse(plan_with("")));
  for (const char* key : {"holdouts", "prerequisites", "namespaces", "switchback", "share_ppm",
                          "fallback_unit", "sticky", "forced"}) {
    EXPECT_EQ(plain.find(key), std::string::npos) << key;
  }
  Experiment plan = with_catalogue(
      "layer: {name: search, share: 5%}\nprerequisites: [{experiment: y, variants: [a]}]\n"
      "switchback: {period: 4h, burn_in: 30m}\nfallback_unit: device\n"
      "forced: [{variant: control, when: {countries: [IN]}}]",
      kHoldouts);
  EXPECT_EQ(from_canonical_json(canonical_json(plan)).value(), plan);
  plan = must_parse(plan_with("sticky: true"));
  EXPECT_EQ(from_canonical_json(canonical_json(plan)).value(), plan);
}

}  // namespace
}  // namespace assay::define
