#include "assay/define/freeze.h"

#include <gmock/gmock.h>

#include "assay/define/testing.h"

namespace assay::define {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

Experiment parsed(std::string_view more = "") { return must_parse(plan_with(more)); }

TEST(Freeze, AllowsANameAndOverrides) {
  Experiment wanted = parsed();
  wanted.name = "Other";
  wanted.assignment.overrides.push_back({"tester", "treatment"});
  const PlanChange change = compare_plans(parsed(), wanted);
  EXPECT_THAT(change.frozen, IsEmpty());
  EXPECT_FALSE(change.opens_epoch);
}

TEST(Freeze, NamesEveryFrozenField) {
  Experiment wanted = parsed();
  wanted.hypothesis = "Other";
  wanted.analysis.alpha = 0.1;
  wanted.variants[1].weight += 1;
  EXPECT_THAT(compare_plans(parsed(), wanted).frozen,
              UnorderedElementsAre("hypothesis", "analysis.alpha", "allocation.treatment"));
}

TEST(Freeze, NamesFieldsAsTheFileDoes) {
  const Experiment running = parsed("layer: {name: page, slots: 0-99999}\n");
  Experiment wanted = running;
  wanted.assignment.traffic_ppm /= 2;
  wanted.assignment.salt = "other";
  wanted.assignment.layer = "search";
  wanted.assignment.slots = {{.begin = 5, .end = 90'000}, {.begin = 95'000, .end = 96'000}};
  EXPECT_THAT(compare_plans(running, wanted).frozen,
              UnorderedElementsAre("traffic", "salt", "layer.name", "layer.slots"));
  wanted = parsed("layer: {name: page, share: 10%}\n");
  EXPECT_THAT(compare_plans(running, wanted).frozen, testing::Contains("layer.share"));
}

TEST(Freeze, WeightsMoveOnlyWhereThePlanReshuffles) {
  Experiment running = parsed();
  running.assignment.reshuffle = true;
  Experiment wanted = running;
  wanted.variants[1].weight += 1;
  const PlanChange change = compare_plans(running, wanted);
  EXPECT_THAT(change.frozen, IsEmpty());
  EXPECT_TRUE(change.opens_epoch);
}

// Who is in stays: remembered, or by the split of the slot, which only our own hash has.
TEST(Freeze, WeightsChangeWhereNobodyMoves) {
  Experiment running = parsed();
  running.assignment.traffic_ppm = 500'000;
  const auto change_of = [](const Experiment& before, std::uint32_t traffic_ppm) {
    Experiment wanted = before;
    wanted.variants[1].weight += 1;
    wanted.assignment.traffic_ppm = traffic_ppm;
    return compare_plans(before, wanted);
  };
  EXPECT_THAT(change_of(running, 500'000).frozen, ElementsAre("allocation.treatment"));
  const PlanChange raised = change_of(running, 600'000);
  EXPECT_THAT(raised.frozen, IsEmpty());
  EXPECT_TRUE(raised.opens_epoch);
  running.assignment.hash = HashScheme::kGrowthbookV2;
  EXPECT_THAT(change_of(running, 600'000).frozen, ElementsAre("allocation.treatment"));
  running.assignment.sticky = true;
  EXPECT_THAT(change_of(running, 500'000).frozen, IsEmpty());
  EXPECT_THAT(change_of(running, 400'000).frozen, ElementsAre("traffic"));
}

TEST(Freeze, WhatIsOnlyWantedFreesNothing) {
  Experiment wanted = parsed();
  wanted.assignment.sticky = true;
  wanted.variants[1].weight += 1;
  EXPECT_THAT(compare_plans(parsed(), wanted).frozen,
              UnorderedElementsAre("sticky", "allocation.treatment"));
}

TEST(Freeze, APayloadDoesNotChangeWithTheWeights) {
  Experiment running = parsed();
  running.assignment.sticky = true;
  running.variants[1].payload_json = "1";
  Experiment wanted = running;
  wanted.variants[1].weight += 1;
  wanted.variants[1].payload_json = "2";
  EXPECT_THAT(compare_plans(running, wanted).frozen, ElementsAre("variants[1].payload"));
}

TEST(Freeze, AShareKeepsTheSlotsThatWereFoundForIt) {
  Experiment running = parsed("layer: {name: page, share: 10%}");
  const Experiment file = running;
  running.assignment.slots = {{.begin = 200'000, .end = 300'000}};
  Experiment wanted = file;
  EXPECT_THAT(compare_plans(running, wanted).frozen, testing::Not(IsEmpty()));
  keep_slots(running, wanted);
  EXPECT_THAT(compare_plans(running, wanted).frozen, IsEmpty());
  Experiment larger = parsed("layer: {name: page, share: 20%}");
  keep_slots(running, larger);
  EXPECT_THAT(larger.assignment.slots, IsEmpty());
  const Experiment written = parsed("layer: {name: page, slots: 0-99}");
  Experiment moved = parsed("layer: {name: page, slots: 200-299}");
  keep_slots(written, moved);
  EXPECT_THAT(compare_plans(written, moved).frozen, ElementsAre("layer.slots"));
}

}  // namespace
}  // namespace assay::define
