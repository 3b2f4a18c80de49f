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

std::vector<const Experiment*> pointers(const std::vector<Experiment>& plans) {
  std::vector<const Experiment*> all;
  for (const Experiment& plan : plans) all.push_back(&plan);
  return all;
}

Experiment asks(std::string id, std::uint32_t share_ppm) {
  Experiment experiment = owner(std::move(id), "l", {});
  experiment.assignment.share_ppm = share_ppm;
  return experiment;
}

TEST(Layers, DisjointSlotsAndOtherLayersAreFine) {
  const std::vector<Experiment> plans = {owner("a", "l", {{0, 10}}), owner("b", "l", {{10, 20}}),
                                         owner("c", "m", {{0, kLayerSlots}})};
  EXPECT_TRUE(layer_conflicts(pointers(plans)).empty());
  EXPECT_TRUE(layer_conflicts({}).empty());
}

TEST(Layers, AConflictNamesBothAndWhatIsFree) {
  const std::vector<Experiment> plans = {owner("a", "l", {{0, 600000}}),
                                         owner("b", "l", {{100, 200}, {500000, 700000}})};
  const Problems problems = layer_conflicts(pointers(plans));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].message, "a and b both own slots 100-199, 500000-599999 of layer l");
  EXPECT_EQ(problems[0].hint, "free for a: 0-99, 200-499999, 700000-999999");
}

TEST(Layers, NeighboursOfAConflictAreNotNamed) {
  const std::vector<Experiment> plans = {owner("a", "l", {{0, 10}}), owner("b", "l", {{10, 20}}),
                                         owner("c", "l", {{5, 6}})};
  const Problems problems = layer_conflicts(pointers(plans));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].message, "a and c both own slots 5-5 of layer l");
}

TEST(Layers, TheEarlierOwnerIsToldWhatTheOthersLeave) {
  const std::vector<Experiment> plans = {owner("a", "l", {{0, 10}}), owner("b", "l", {{10, 20}}),
                                         owner("c", "l", {{15, 16}})};
  EXPECT_EQ(layer_conflicts(pointers(plans)).at(0).hint, "free for b: 10-14, 16-999999");
}

TEST(Layers, WhoAsksForAllIsToldWhatTheOthersLeave) {
  const std::vector<Experiment> plans = {owner("new", "l", {}), owner("old", "l", {{0, 600000}})};
  EXPECT_EQ(layer_conflicts(pointers(plans)).at(0).hint, "free for new: 600000-999999");
}

TEST(Layers, AFullLayerHasNoFreeSlot) {
  const std::vector<Experiment> plans = {owner("a", "l", {{0, kLayerSlots}}),
                                         owner("b", "l", {{0, kLayerSlots}}),
                                         owner("c", "l", {{5, 6}})};
  const Problems problems = layer_conflicts(pointers(plans));
  ASSERT_EQ(problems.size(), 3U);
  EXPECT_THAT(problems[0].hint, testing::HasSubstr("no slot is free"));
}

// The example in the header.
TEST(Layers, FindsTheSmallestFreeRangeThatIsLargeEnough) {
  const std::vector<Experiment> running = {owner("a", "l", {{100'000, 200'000}}),
                                           owner("b", "l", {{350'000, 900'000}}),
                                           owner("c", "other", {{0, kLayerSlots}})};
  EXPECT_EQ(find_slots(asks("new", 150'000), pointers(running)),
            (std::vector<SlotRange>{{200'000, 350'000}}));
  EXPECT_EQ(find_slots(asks("new", 60'000), pointers(running)),
            (std::vector<SlotRange>{{0, 60'000}}));
  EXPECT_EQ(find_slots(asks("new", 300'000), pointers(running)),
            (std::vector<SlotRange>{{0, 100'000}, {200'000, 350'000}, {900'000, 950'000}}));
  EXPECT_EQ(find_slots(asks("a", 350'000), pointers(running)),
            (std::vector<SlotRange>{{0, 350'000}}))
      << "what it owns itself is free for it";
}

TEST(Layers, NoRoomNamesTheOwnersAndWhatIsFree) {
  const std::vector<Experiment> running = {owner("a", "l", {{0, 600'000}}),
                                           owner("b", "l", {{700'000, kLayerSlots}})};
  const auto none = find_slots(asks("new", 100'001), pointers(running));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error()[0].message,
            "new asks for 100001 slots of layer l, of which 100000 are free (600000-699999)");
  EXPECT_THAT(none.error()[0].hint, testing::HasSubstr("a owns 0-599999, b owns 700000-999999"));
  EXPECT_TRUE(find_slots(asks("new", 100'000), pointers(running)));
}

TEST(Layers, AShareWithoutSlotsOwnsNothingYet) {
  const std::vector<Experiment> plans = {owner("a", "l", {{0, kLayerSlots}}), asks("new", 10)};
  EXPECT_TRUE(layer_conflicts(pointers(plans)).empty());
  EXPECT_TRUE(slots_of(plans[1]).empty());
}

// Every way in which six experiments may own or not own a sixth of the layer each: what is found is
// as large as asked for, free, and there whenever enough is free.
TEST(Layers, FindsRoomExactlyWhenThereIs) {
  constexpr std::uint32_t kSixth = 1000;
  for (int code = 0; code < 64; ++code) {
    std::vector<Experiment> running = {owner("rest", "l", {{6 * kSixth, kLayerSlots}})};
    std::uint32_t free = 0;
    for (std::uint32_t i = 0; i < 6; ++i) {
      if ((code >> i) % 2 == 0) {
        free += kSixth;
        continue;
      }
      running.push_back(owner("e" + std::to_string(i), "l", {{i * kSixth, (i + 1) * kSixth}}));
    }
    for (std::uint32_t share = kSixth / 2; share <= 6 * kSixth; share += kSixth / 2) {
      Experiment wanted = asks("new", share);
      const auto found = find_slots(wanted, pointers(running));
      ASSERT_EQ(found.has_value(), share <= free) << code << " " << share;
      if (!found) continue;
      std::uint32_t size = 0;
      for (const SlotRange& range : *found) {
        ASSERT_LT(range.begin, range.end);
        size += range.end - range.begin;
      }
      ASSERT_EQ(size, share);
      wanted.assignment.slots = *found;
      std::vector<Experiment> together = running;
      together.push_back(wanted);
      ASSERT_TRUE(layer_conflicts(pointers(together)).empty());
    }
  }
}

}  // namespace
}  // namespace assay::define
