#include "assay/define/growthbook_buckets.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace assay::define {
namespace {

constexpr HashScheme kFirst = HashScheme::kGrowthbookV1;
constexpr HashScheme kSecond = HashScheme::kGrowthbookV2;

// What the SDKs do for one bucket: the first range it is in, or none.
int chosen(const std::vector<NumberRange>& ranges, double number) {
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    if (number >= ranges[i].begin && number < ranges[i].end) return static_cast<int>(i);
  }
  return -1;
}

// What a plan with this split does: schemes.cc of assign, in the same order of sums.
int chosen(const RangeSplit& split, double number) {
  const auto holds = [&](const SlotRange& range) {
    return number >= range.begin / 1e6 && number < range.end / 1e6;
  };
  if (!split.inside.empty() && std::none_of(split.inside.begin(), split.inside.end(), holds)) {
    return -1;
  }
  double total = 0;
  for (const std::uint32_t weight : split.weights) total += weight;
  double before = 0;
  for (std::size_t i = 0; i < split.weights.size(); ++i) {
    const double share = split.weights[i] / total;
    if (number >= before && number < before + split.traffic_ppm / 1e6 * share) {
      return static_cast<int>(split.order[i]);
    }
    before += share;
  }
  return -1;
}

void expect_same(HashScheme hash, const std::vector<NumberRange>& ranges) {
  const auto split = split_by_ranges(hash, ranges);
  ASSERT_TRUE(split);
  const std::uint32_t all = bucket_count(hash);
  for (std::uint32_t bucket = 0; bucket < all; ++bucket) {
    const double number = bucket / double(all);
    ASSERT_EQ(chosen(*split, number), chosen(ranges, number)) << bucket;
  }
}

TEST(GrowthbookBuckets, CountAsTheSdksCompare) {
  EXPECT_EQ(buckets_below(kFirst, 0.1), 100U);
  EXPECT_EQ(buckets_up_to(kFirst, 0.1), 101U);
  EXPECT_EQ(buckets_below(kSecond, 0.33335), 3334U);
  EXPECT_EQ(buckets_below(kSecond, -1), 0U);
  EXPECT_EQ(buckets_up_to(kSecond, 2), 10'000U);
}

TEST(GrowthbookBuckets, MillionthsAreSortedAndDisjoint) {
  EXPECT_EQ(to_millionths(kSecond, {{0.5, 0.6}, {0, 0.1}, {0.1, 0.2}, {0.55, 1.5}, {0.9, 0.9}}),
            (std::vector<SlotRange>{{0, 200'000}, {500'000, 1'000'000}}));
  EXPECT_EQ(to_millionths(kFirst, {{0, 0.3333333333}}), (std::vector<SlotRange>{{0, 334'000}}))
      << "the same buckets where millionths do not suffice";
  EXPECT_EQ(to_millionths(kFirst, {{0, 0.333333}}), (std::vector<SlotRange>{{0, 333'333}}));
  EXPECT_EQ(to_millionths(kFirst, {{0, 0.9}, {0.1, 0.2}}), (std::vector<SlotRange>{{0, 900'000}}));
  EXPECT_TRUE(to_millionths(kFirst, {{0.3, 0.2}}).empty());
}

TEST(GrowthbookBuckets, RangesAreSplitsOfTheSameBuckets) {
  for (const HashScheme hash : {kFirst, kSecond}) {
    expect_same(hash, {{0, 0.5}, {0.5, 1}});
    expect_same(hash, {{0, 0.1}, {0.9, 1}});
    expect_same(hash, {{0.99, 1}, {0, 0.99}});
    expect_same(hash, {{0, 0.04}, {0.2, 0.26}, {0.5, 0.6}});
    expect_same(hash, {{0, 0.4}, {0.5, 1}});
    expect_same(hash, {{0.2, 0.3}, {0.5, 0.5}, {0.6, 0.7}});
    // 0.1 + 0.2 is more than 0.3, and 0.1 + 0.7 less than 0.8.
    expect_same(hash, {{0, 0.1}, {0.1, 0.3}, {0.3, 1}});
    expect_same(hash, {{0, 0.1}, {0.1, 0.8}, {0.8, 1}});
    for (int first = 1; first < 40; ++first) {
      for (int second = first + 1; second < 40; ++second) {
        expect_same(hash, {{0, first / 40.0}, {first / 40.0, second / 40.0}, {second / 40.0, 1}});
      }
    }
  }
}

// Shares are divided as the payload of a plan divides its weights, and come back as these.
TEST(GrowthbookBuckets, WeightsAreDecimalsOrFractions) {
  using Weights = std::vector<std::uint32_t>;
  EXPECT_EQ(whole_weights({0.4, 0.6}), (Weights{4, 6}));
  EXPECT_EQ(whole_weights({0.33333333, 0.66666667, 0}), (Weights{33333333, 66666667, 0}));
  EXPECT_EQ(whole_weights({1 / 3.0, 2 / 3.0}), (Weights{1, 2}));
  EXPECT_EQ(whole_weights({1 / 6.0, 0.5, 1 / 3.0}), (Weights{5, 15, 10}));
  EXPECT_EQ(whole_weights({12'345 / 66'666.0, 54'321 / 66'666.0}), (Weights{4115, 18107}));
  for (std::uint32_t total = 1; total < 3000; total += 7) {
    for (std::uint32_t one = 0; one <= total; one += 11) {
      const double a = one / static_cast<double>(total);
      const double b = (total - one) / static_cast<double>(total);
      const auto weights = whole_weights({a, b});
      ASSERT_TRUE(weights) << one << " of " << total;
      const double sum = (*weights)[0] + static_cast<double>((*weights)[1]);
      ASSERT_EQ((*weights)[0] / sum, a);
      ASSERT_EQ((*weights)[1] / sum, b);
    }
  }
  EXPECT_FALSE(whole_weights({0.5, 0.495}));
  EXPECT_FALSE(whole_weights({0.5, 0.500000000001}));
  EXPECT_FALSE(whole_weights({0.123456789, 0.876543211}));
  EXPECT_FALSE(whole_weights({1.5, -0.5}));
  EXPECT_FALSE(whole_weights({1 / 99'999'989.0, 99'999'988 / 99'999'989.0, 1e-8}));
}

TEST(GrowthbookBuckets, NearWeightsSplitAtTheSameBuckets) {
  using Weights = std::vector<std::uint32_t>;
  const double most = 2'147'483'647;
  EXPECT_EQ(near_weights(kSecond, {0.5, 0.5}, 1), (Weights{1, 1}));
  EXPECT_EQ(near_weights(kSecond, {1 / most, 1 - 1 / most}, 1), (Weights{1, 1'999'999'999}));
  EXPECT_FALSE(near_weights(kSecond, {0.5, 0.4999}, 1));
  EXPECT_FALSE(near_weights(kSecond, {1.5, -0.5}, 1));
  EXPECT_FALSE(near_weights(kSecond, {1e-10, 1 - 1e-10}, 1)) << "somebody is in the first bucket";
  EXPECT_FALSE(near_weights(kSecond, {0.5 + 2e-10, 0.5 - 2e-10}, 1)) << "bucket 5000";
  EXPECT_FALSE(near_weights(kSecond, {0.60025 + 2e-10, 0.39975 - 2e-10}, 0.4)) << "bucket 2401";
  EXPECT_TRUE(near_weights(kSecond, {0.55005 + 2e-10, 0.44995 - 2e-10}, 1));
}

TEST(GrowthbookBuckets, CoverageStaysTraffic) {
  const auto part = split_by_ranges(kSecond, {{0, 0.25}, {0.5, 0.75}});
  ASSERT_TRUE(part);
  EXPECT_EQ(part->traffic_ppm, 500'000U);
  EXPECT_EQ(part->weights, (std::vector<std::uint32_t>{1, 1}));
  EXPECT_TRUE(part->inside.empty());
  const auto ends = split_by_ranges(kSecond, {{0, 0.1}, {0.9, 1}});
  EXPECT_EQ(ends->traffic_ppm, 1'000'000U);
  EXPECT_EQ(ends->inside, (std::vector<SlotRange>{{0, 100'000}, {900'000, 1'000'000}}));
}

TEST(GrowthbookBuckets, WhatIsNoSplit) {
  EXPECT_FALSE(split_by_ranges(kSecond, {{0, 0.5}, {0.4, 1}}));
  EXPECT_FALSE(split_by_ranges(kSecond, {{0, 0.1}, {0.1, 0.2}}));
  EXPECT_FALSE(split_by_ranges(kSecond, {{0, 0}, {0.5, 0.5}}));
  EXPECT_FALSE(split_by_ranges(kSecond, {{0, 1}, {0.2, 0.4}, {0.5, 1}}));
  EXPECT_FALSE(split_by_ranges(kSecond, {}));
}

}  // namespace
}  // namespace assay::define
