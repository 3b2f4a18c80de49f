#include "assay/define/layers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay::define {
namespace {

Experiment owner(std::string id, std::string layer, std::vector<SlotRange> slots) {
  Experiment experiment;
  experiment.id = std::move(id);
  experiment.assignment.layer = std::move(layer);
  experiment.assignment.slots = std::move(slots);
  return experiment;
}

TEST(Layers, DisjointSlotsAndOtherLayersAreFine) {
  const std::vector<Experiment> plans = {owner("a", "l", {{0, 10}}), owner("b", "l", {{10, 20}}),
                                         owner("c", "m", {{0, kLayerSlots}})};
  EXPECT_TRUE(layer_conflicts(plans).empty());
  EXPECT_TRUE(layer_conflicts({}).empty());
}

TEST(Layers, AConflictNamesBothAndWhatIsFree) {
  const std::vector<Experiment> plans = {owner("a", "l", {{0, 600000}}),
                                         owner("b", "l", {{100, 200}, {500000, 700000}})};
  const Problems problems = layer_conflicts(plans);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].message, "a and b both own slots 100-199, 500000-599999 of layer l");
  EXPECT_EQ(problems[0].hint, "free slots: 700000-999999");
}

TEST(Layers, AFullLayerHasNoFreeSlot) {
  const std::vector<Experiment> plans = {owner("a", "l", {{0, kLayerSlots}}),
                                         owner("b", "l", {{0, kLayerSlots}}),
                                         owner("c", "l", {{5, 6}})};
  const Problems problems = layer_conflicts(plans);
  ASSERT_EQ(problems.size(), 3U);
  EXPECT_THAT(problems[0].hint, testing::HasSubstr("no slot is free"));
}

}  // namespace
}  // namespace assay::define
