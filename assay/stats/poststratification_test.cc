#include "assay/stats/poststratification.h"

#include <array>
#include <cmath>

#include <gtest/gtest.h>

#include "assay/base/random.h"
#include "assay/stats/golden_test.h"
#include "assay/stats/inference.h"

namespace assay::stats {
namespace {

// The rows behind spec/golden/poststratification.csv.
std::vector<Stratum> strata_of(std::int64_t seed, std::int64_t strata, std::int64_t n) {
  std::vector<Stratum> out(static_cast<std::size_t>(strata));
  std::int64_t state = seed;
  const auto next = [&] { return state = state * 48271 % 2147483647; };
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t s = next() % strata;
    const std::int64_t w = next() % 2;
    const auto stratum = static_cast<double>(s);
    const double y = static_cast<double>(next() % 100) / 10 + 3 * stratum +
                     0.5 * static_cast<double>(w) * stratum;
    Stratum& to = out[static_cast<std::size_t>(s)];
    (w == 1 ? to.treatment : to.control).add(std::array{y});
  }
  return out;
}

TEST(Poststratification, IsTheSaturatedRegressionWithHc2Errors) {
  testing::GoldenTable table("poststratification");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const auto answer = poststratified(strata_of(
        table.integer(row, "seed"), table.integer(row, "strata"), table.integer(row, "n")));
    ASSERT_TRUE(answer);
    table.compare(row, "difference", answer->contrast.difference());
    table.compare(row, "std_error", std::sqrt(answer->contrast.variance()));
    EXPECT_TRUE(answer->merges.empty());
  }
}

Summary arm(std::initializer_list<double> values) {
  Summary summary;
  for (const double each : values) summary.add(std::array{each});
  return summary;
}

TEST(Poststratification, ThinStrataJoinTheirNeighbourByName) {
  const auto answer = poststratified({{arm({1, 2, 4}), arm({2, 3})},
                                      {arm({5}), arm({6, 7})},
                                      {arm({8, 9, 9}), arm({9, 12})},
                                      {arm({1, 1, 5}), arm({4})}});
  ASSERT_TRUE(answer);
  ASSERT_EQ(answer->merges.size(), 2u);
  EXPECT_EQ(answer->merges[0].from, 1u);
  EXPECT_EQ(answer->merges[0].into, 2u);
  EXPECT_EQ(answer->merges[1].from, 3u);
  EXPECT_EQ(answer->merges[1].into, 2u);
  EXPECT_EQ(answer->contrast.n_control, 10);
  EXPECT_EQ(answer->contrast.n_treatment, 7);
  const auto by_hand = poststratified(
      {{arm({1, 2, 4}), arm({2, 3})}, {arm({5, 8, 9, 9, 1, 1, 5}), arm({6, 7, 9, 12, 4})}});
  EXPECT_NEAR(answer->contrast.difference(), by_hand->contrast.difference(), 1e-12);
}

TEST(Poststratification, TooLittleSaysWhy) {
  EXPECT_EQ(poststratified({}).error().code, Undefined::kNoData);
  EXPECT_EQ(poststratified({{arm({1}), arm({2})}}).error().code, Undefined::kTooFewUnits);
  EXPECT_EQ(poststratified({{arm({}), arm({2, 3})}}).error().code, Undefined::kNoData);
}

// Strata that matter: the error shrinks, and the interval still covers the truth as promised.
TEST(Poststratification, CoversTheTruthWithASmallerError) {
  constexpr int kRuns = 600;
  int covered = 0;
  int smaller = 0;
  for (int run = 0; run < kRuns; ++run) {
    Random random = Random(77).split(static_cast<std::uint64_t>(run));
    std::vector<Stratum> strata(4);
    Summary control;
    Summary treatment;
    for (int i = 0; i < 400; ++i) {
      const auto s = static_cast<std::size_t>(random.uniform() * 4);
      const bool treated = random.uniform() < 0.5;
      const double y = 5 * static_cast<double>(s) + random.normal() + (treated ? 0.3 : 0);
      (treated ? strata[s].treatment : strata[s].control).add(std::array{y});
      (treated ? treatment : control).add(std::array{y});
    }
    const auto answer = poststratified(strata);
    covered += fixed(answer->contrast)->difference.interval.contains(0.3);
    smaller += answer->contrast.variance() < mean_contrast(control, treatment)->variance();
  }
  EXPECT_EQ(smaller, kRuns);
  EXPECT_GE(covered, 550);  // 0.95 · 600 = 570; 550 is 3.7 standard errors below.
  EXPECT_LE(covered, 588);
}

}  // namespace
}  // namespace assay::stats
