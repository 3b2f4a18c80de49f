#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "assay/base/random.h"
#include "assay/stats/summary.h"

// What the summary promises about digits: NIST's reference data, and a billion values in any order.
namespace assay::stats {
namespace {

// A. A. Michelson's speed of light, 1879, in km/s above 299,000: 100 values (R's morley; the set
// "Michelson" of NIST's Statistical Reference Datasets, in thousands of km/s).
constexpr std::array<int, 100> kMichelson = {
    850,  740, 900, 1070, 930, 850, 950, 980, 980, 880, 1000, 980, 930, 650, 760, 810, 1000,
    1000, 960, 960, 960,  940, 960, 940, 880, 800, 850, 880,  900, 840, 830, 790, 810, 880,
    880,  830, 800, 790,  760, 800, 880, 880, 880, 860, 720,  720, 620, 860, 970, 950, 880,
    910,  850, 870, 840,  840, 850, 840, 840, 840, 890, 810,  810, 820, 800, 770, 760, 740,
    750,  760, 910, 920,  890, 860, 880, 720, 840, 850, 850,  780, 890, 840, 780, 810, 760,
    810,  790, 810, 820,  850, 870, 870, 810, 740, 810, 940,  950, 800, 810, 870};

TEST(SummaryDigits, MichelsonsSpeedOfLight) {
  Summary summary;
  for (const int each : kMichelson) summary.add(std::array{299 + each / 1000.0});
  EXPECT_NEAR(summary.mean(0) / 299.8524, 1, 1e-15);
  EXPECT_NEAR(std::sqrt(*summary.variance()) / 0.0790105478190518, 1, 1e-12);
}

// NIST's NumAcc1 to NumAcc4, whose certified standard deviations are 1 and 0.1. The data round when
// they become doubles, so 3 and 4 can be no nearer than the rounding of their steps allows.
TEST(SummaryDigits, NumericalAccuracySets) {
  Summary first;
  for (const double each : {10000001.0, 10000003.0, 10000002.0}) first.add(std::array{each});
  EXPECT_EQ(first.mean(0), 10000002.0);
  EXPECT_EQ(*first.variance(), 1.0);
  const auto alternating = [](double offset) {
    Summary summary;
    summary.add(std::array{offset + 0.2});
    for (int i = 0; i < 500; ++i) {
      summary.add(std::array{offset + 0.1});
      summary.add(std::array{offset + 0.3});
    }
    return summary;
  };
  const std::array<std::pair<double, double>, 3> sets = {
      {{1.0, 1e-14}, {1'000'000.0, 2e-9}, {10'000'000.0, 2e-8}}};
  for (const auto& [offset, within] : sets) {
    const Summary summary = alternating(offset);
    EXPECT_NEAR(summary.mean(0) / (offset + 0.2), 1, 1e-15);
    EXPECT_NEAR(std::sqrt(*summary.variance()) / 0.1, 1, within) << offset;
  }
}

TEST(SummaryDigits, AnOffsetOfABillionKeepsTenDigitsOfTheVariance) {
  Summary summary;
  for (int i = 0; i < 4000; ++i) summary.add(std::array{1e9 + (i % 2 == 0 ? -1.0 : 1.0)});
  EXPECT_NEAR(*summary.variance() / (4000.0 / 3999), 1, 1e-12);
}

// A billion values as a thousand shards of a million, with means near 1e9 and variance near 1.
TEST(SummaryDigits, ABillionValuesMergeInAnyOrder) {
  constexpr std::int64_t kRows = 1'000'000;
  std::vector<Summary> shards;
  for (int i = 0; i < 1000; ++i) {
    Random random = Random(3).split(static_cast<std::uint64_t>(i));
    const double mean = 1e9 + random.normal();
    const double m2 = static_cast<double>(kRows) * (1 + 0.01 * random.normal());
    shards.push_back(*Summary::of_moments({}, kRows, std::array{mean}, std::array{m2},
                                          1000 * random.normal(), 3 * m2));
  }
  const auto merged = [&](const std::vector<std::size_t>& order) {
    Summary all;
    for (const std::size_t i : order) all.merge(shards[i]);
    return all;
  };
  std::vector<std::size_t> order(shards.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const Summary forward = merged(order);
  EXPECT_EQ(forward.n(), 1'000'000'000);
  std::vector<Summary> others;
  std::reverse(order.begin(), order.end());
  others.push_back(merged(order));
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i * 619 % order.size();
  others.push_back(merged(order));
  std::vector<Summary> tree = shards;  // Pair by pair, as shards of a cluster do.
  while (tree.size() > 1) {
    std::vector<Summary> next;
    for (std::size_t i = 0; i < tree.size(); i += 2) {
      next.push_back(tree[i]);
      if (i + 1 < tree.size()) next.back().merge(tree[i + 1]);
    }
    tree = std::move(next);
  }
  others.push_back(tree[0]);
  for (const Summary& each : others) {
    EXPECT_EQ(each.n(), forward.n());
    EXPECT_NEAR(each.mean(0) / forward.mean(0), 1, 1e-15);
    EXPECT_NEAR(*each.variance() / *forward.variance(), 1, 1e-12);
    EXPECT_NEAR(each.m4() / forward.m4(), 1, 1e-12);
  }
}

}  // namespace
}  // namespace assay::stats
