#include "assay/stats/group_sequential.h"

#include <array>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "assay/base/random.h"
#include "assay/stats/distributions.h"
#include "assay/stats/golden_test.h"
#include "assay/stats/quadrature.h"
#include "assay/stats/sequential_power.h"

namespace assay::stats {
namespace {

Spending spending_of(const std::string& word) {
  if (word == "obrien_fleming") return Spending::kObrienFleming;
  if (word == "pocock") return Spending::kPocock;
  if (word == "power") return Spending::kPower;
  return Spending::kHwangShihDecani;
}

TEST(GroupSequential, AgreesWithMultivariateNormalIntegrals) {
  testing::GoldenTable table("group_sequential");
  for (std::size_t row = 0; row < table.size(); ++row) {
    std::vector<double> looks;
    for (const char* column : {"t1", "t2", "t3"}) {
      if (!table.text(row, column).empty()) looks.push_back(table.number(row, column));
    }
    const auto design = group_sequential(
        looks, {.alpha = table.number(row, "alpha"),
                .spending = spending_of(table.text(row, "spending")),
                .parameter = table.number(row, "parameter"),
                .sides = table.text(row, "sides") == "two" ? Sides::kTwo : Sides::kOne});
    ASSERT_TRUE(design);
    for (std::size_t k = 0; k < looks.size(); ++k) {
      table.compare(row, "z" + std::to_string(k + 1), design->looks[k].z);
    }
  }
}

TEST(GroupSequential, PublishedBounds) {
  // Lan–DeMets O'Brien–Fleming, two-sided 0.05, five equal looks (Jennison & Turnbull 2000; the
  // same in rpact and gsDesign): 4.877, 3.357, 2.680, 2.290, 2.031.
  const std::array looks{0.2, 0.4, 0.6, 0.8, 1.0};
  const auto design = group_sequential(looks);
  const std::array wanted{4.877, 3.357, 2.680, 2.290, 2.031};
  for (std::size_t k = 0; k < 5; ++k) EXPECT_NEAR(design->looks[k].z, wanted[k], 5.1e-4);
}

TEST(GroupSequential, ExactlyAlphaIsSpent) {
  std::vector<double> looks;
  for (int k = 1; k <= 100; ++k) looks.push_back(k / 100.0);
  for (const Spending spending : {Spending::kObrienFleming, Spending::kPocock}) {
    const auto design = group_sequential(looks, {.spending = spending});
    const auto exits = exit_probabilities(*design, 0);
    EXPECT_NEAR(std::accumulate(exits.begin(), exits.end(), 0.0), 0.05, 1e-9);
    EXPECT_NEAR(design->looks.back().alpha_spent, 0.05, 1e-15);
  }
}

TEST(GroupSequential, OneLookIsTheFixedTest) {
  const std::array once{1.0};
  const auto design = group_sequential(once);
  EXPECT_NEAR(design->looks[0].z, normal_isf(0.025), 1e-12);
  EXPECT_NEAR(*stagewise_p(*design, 2.5), 2 * normal_sf(2.5), 1e-15);
  const auto exits = exit_probabilities(*design, normal_isf(0.025) + normal_isf(0.2));
  EXPECT_NEAR(exits[0], 0.8, 1e-4);
}

TEST(GroupSequential, BrownianPathsLeaveAsPlanned) {
  const std::array looks{0.1, 0.35, 0.6, 1.0};
  const auto design = group_sequential(looks, {.alpha = 0.1, .spending = Spending::kPocock});
  const double drift = 2;
  const auto planned = exit_probabilities(*design, drift);
  std::array<int, 4> exits{};
  Random random(20);
  constexpr int kPaths = 40000;
  for (int path = 0; path < kPaths; ++path) {
    double score = 0;
    double before = 0;
    for (std::size_t k = 0; k < looks.size(); ++k) {
      const double step = looks[k] - before;
      score += drift * step + std::sqrt(step) * random.normal();
      before = looks[k];
      if (std::abs(score) < design->looks[k].z * std::sqrt(looks[k])) continue;
      ++exits[k];
      break;
    }
  }
  for (std::size_t k = 0; k < looks.size(); ++k) {
    const double error = std::sqrt(planned[k] * (1 - planned[k]) / kPaths);
    EXPECT_NEAR(static_cast<double>(exits[k]) / kPaths, planned[k], 4 * error) << k;
  }
}

TEST(GroupSequential, ImpossibleDesignsSayWhy) {
  const auto code = [](std::vector<double> looks, GroupSequentialOptions options = {}) {
    return group_sequential(looks, options).error().code;
  };
  EXPECT_EQ(code({}), Undefined::kNoData);
  EXPECT_EQ(code({0.5, 0.5}), Undefined::kOutOfRange);
  EXPECT_EQ(code({0.5, 1.5}), Undefined::kOutOfRange);
  EXPECT_EQ(code({-0.5}), Undefined::kOutOfRange);
  EXPECT_EQ(code({NAN}), Undefined::kOutOfRange);
  EXPECT_EQ(code({1}, {.alpha = 2}), Undefined::kOutOfRange);
  EXPECT_EQ(code({1}, {.spending = Spending::kPower, .parameter = 0}), Undefined::kOutOfRange);
}

TEST(GroupSequential, VeryEarlyLooksSpendNothing) {
  const std::array looks{0.001, 0.5, 1.0};
  const auto design = group_sequential(looks);
  EXPECT_GE(design->looks[0].z, 8);
  EXPECT_TRUE(std::isfinite(design->looks[2].z));
}

TEST(Quadrature, IntegratesPolynomialsExactly) {
  for (const int count : {1, 2, 5, 48, 301}) {
    const Quadrature rule = gauss_legendre(count);
    double area = 0;
    double square = 0;
    for (std::size_t i = 0; i < rule.nodes.size(); ++i) {
      area += rule.weights[i];
      square += rule.weights[i] * rule.nodes[i] * rule.nodes[i];
    }
    EXPECT_NEAR(area, 2, 1e-13);
    EXPECT_NEAR(square, count > 1 ? 2.0 / 3 : 0, 1e-13);
  }
}

TEST(Stagewise, AgreesWithScipyAtTheSecondLook) {
  testing::GoldenTable table("stagewise");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const std::array looks{table.number(row, "information_1"), table.number(row, "information_2")};
    const auto design = group_sequential(looks);
    ASSERT_TRUE(design);
    const auto answer =
        stagewise_estimate(*design, table.number(row, "z"), table.number(row, "std_error"));
    ASSERT_TRUE(answer);
    table.compare(row, "estimate", answer->value);
    table.compare(row, "low", *answer->interval.low, 0.01);
    table.compare(row, "high", *answer->interval.high, 0.01);
  }
}

TEST(Stagewise, OneLookIsTheOrdinaryIntervalAndEarlyStopsShrink) {
  const auto once = group_sequential(std::array{1.0});
  const auto plain = stagewise_estimate(*once, 2.4, 0.5);
  ASSERT_TRUE(plain);
  EXPECT_NEAR(plain->value, 1.2, 1e-9);
  EXPECT_NEAR(*plain->interval.low, 1.2 - 1.959963984540054 * 0.5, 1e-9);
  const auto looks = group_sequential(std::array{0.3, 0.6, 0.9});
  const auto late = stagewise_estimate(*looks, 2.5, 0.5);
  ASSERT_TRUE(late);
  EXPECT_LT(late->value, 1.25);
  EXPECT_NEAR(stagewise_estimate(*looks, -2.5, 0.5)->value, -late->value, 1e-9);
  EXPECT_EQ(stagewise_estimate(*looks, 2.5, 0).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(stagewise_estimate(*looks, 1e9, 1).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(stagewise_estimate(*looks, 2, 1, 2).error().code, Undefined::kOutOfRange);
}

// A look right after another spends next to nothing: the rest of the design stays as it was.
TEST(GroupSequential, LooksMayLieCloseTogether) {
  const std::vector<double> plain = {0.5, 1};
  const double wanted = group_sequential(plain)->looks[1].z;
  for (const double gap : {1e-6, 1e-5, 1e-4, 1e-3}) {
    const std::vector<double> close = {0.5, 0.5 + gap, 1};
    const auto design = group_sequential(close);
    ASSERT_TRUE(design);
    EXPECT_NEAR(design->looks[2].z, wanted, 0.2 * gap) << gap;
    const double power = operating_at(*design, 2.8).power;
    EXPECT_NEAR(power, operating_at(*group_sequential(plain), 2.8).power, 0.2 * gap) << gap;
  }
}

}  // namespace
}  // namespace assay::stats
