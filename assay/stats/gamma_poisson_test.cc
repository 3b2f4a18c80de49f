#include "assay/stats/gamma_poisson.h"

#include <cmath>

#include <gtest/gtest.h>

#include "assay/base/random.h"
#include "assay/stats/distributions.h"
#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

TEST(GammaPoisson, AgreesWithMpmath) {
  testing::GoldenTable table("gamma_poisson");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const Gamma c{table.number(row, "shape_c"), table.number(row, "rate_c")};
    const Gamma t{table.number(row, "shape_t"), table.number(row, "rate_t")};
    table.compare(row, "probability_better", probability_better(c, t));
    table.compare(row, "expected_loss", expected_loss(c, t));
    table.compare(row, "lift_median", lift_quantile(c, t, 0.5));
    table.compare(row, "lift_high", lift_quantile(c, t, 0.975));
  }
}

TEST(GammaPoisson, IdentitiesHold) {
  const Gamma c{0.5, 12};
  const Gamma t{7, 90};
  EXPECT_NEAR(probability_better(c, t) + probability_better(t, c), 1, 1e-14);
  EXPECT_NEAR(probability_better(c, c), 0.5, 1e-14);
  // loss(ship control) - loss(ship treatment) = E(λ_t) - E(λ_c).
  EXPECT_NEAR(expected_loss(t, c) - expected_loss(c, t), t.mean() - c.mean(), 1e-13);
  EXPECT_NEAR(lift_quantile(c, t, 0.3), 1 / (1 + lift_quantile(t, c, 0.7)) - 1, 1e-12);
}

// The limits of the difference against draws: an independent way, good to about 1 %.
TEST(GammaPoisson, LimitsOfTheDifferenceHoldTheirShares) {
  const auto answer = gamma_poisson({3, 50}, {9, 60});
  ASSERT_TRUE(answer);
  Random random(11);
  int below = 0;
  int above = 0;
  constexpr int kDraws = 200'000;
  for (int i = 0; i < kDraws; ++i) {
    const double d = random.gamma(10, 1.0 / 60) - random.gamma(4, 1.0 / 50);
    below += d < *answer->difference.interval.low;
    above += d > *answer->difference.interval.high;
  }
  EXPECT_NEAR(below, kDraws * 0.025, 4 * std::sqrt(kDraws * 0.025));
  EXPECT_NEAR(above, kDraws * 0.025, 4 * std::sqrt(kDraws * 0.025));
}

TEST(GammaPoisson, ScalingTheExposureScalesTheRatesOnly) {
  const auto hours = gamma_poisson({30, 100}, {42, 110});
  const auto minutes = gamma_poisson({30, 6000}, {42, 6600});
  ASSERT_TRUE(hours);
  ASSERT_TRUE(minutes);
  EXPECT_NEAR(hours->relative.value, minutes->relative.value, 1e-12);
  EXPECT_NEAR(hours->difference.value, 60 * minutes->difference.value, 1e-12);
  EXPECT_NEAR(*hours->difference.interval.low, 60 * *minutes->difference.interval.low, 1e-10);
  EXPECT_NEAR(*hours->difference.expected_loss, 60 * *minutes->difference.expected_loss, 1e-12);
}

TEST(GammaPoisson, NoEventsAndVeryManyWork) {
  const auto none = gamma_poisson({0, 1000}, {0, 1000});
  ASSERT_TRUE(none);
  EXPECT_NEAR(*none->difference.probability_better, 0.5, 1e-12);
  EXPECT_NEAR(*none->difference.interval.low, -*none->difference.interval.high, 1e-10);
  const auto many = gamma_poisson({1e9, 1e9}, {1.0001e9, 1e9});
  ASSERT_TRUE(many);
  EXPECT_NEAR(many->relative.value, 1e-4, 1e-9);
  EXPECT_NEAR(*many->relative.interval.low, 1e-4 - 1.95996 * std::sqrt(2e-9), 1e-8);
  EXPECT_NEAR(*many->difference.interval.low, 1e-4 - 1.95996 * std::sqrt(2e-9), 1e-8);
}

TEST(GammaPoisson, AnExtremePriorGivesNoInfinity) {
  const auto answer = gamma_poisson({0, 1}, {5, 1}, {.alpha = 1e-6, .prior = {0.01, 1}});
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->relative.interval.high);
  EXPECT_TRUE(std::isfinite(*answer->relative.interval.low));
  EXPECT_TRUE(std::isfinite(answer->relative.value));
}

TEST(GammaPoisson, BadInputSaysWhy) {
  EXPECT_EQ(gamma_poisson({1, 0}, {1, 1}).error().code, Undefined::kNoData);
  EXPECT_EQ(gamma_poisson({-1, 1}, {1, 1}).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(gamma_poisson({1, NAN}, {1, 1}).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(gamma_poisson({1, 1}, {1, 1}, {.prior = {0, 1}}).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(gamma_poisson({1, 1}, {1, 1}, {.alpha = 1}).error().code, Undefined::kOutOfRange);
}

TEST(GammaPoisson, LimitsAgreeWithMpmath) {
  testing::GoldenTable table("posterior_limits");
  for (std::size_t row = 0; row < table.size(); ++row) {
    if (table.text(row, "family") != "gamma") continue;
    const auto rate = [&](const char* shape, const char* exposure) {
      return EventRate{table.number(row, shape) - 0.5, table.number(row, exposure)};
    };
    const auto answer =
        gamma_poisson(rate("a_c", "b_c"), rate("a_t", "b_t"), {.prior = {.shape = 0.5}});
    ASSERT_TRUE(answer);
    table.compare(row, "low", *answer->difference.interval.low);
    table.compare(row, "high", *answer->difference.interval.high);
    table.compare(row, "lift_low", *answer->relative.interval.low);
    table.compare(row, "lift_median", answer->relative.value);
    table.compare(row, "lift_high", *answer->relative.interval.high);
  }
}

// A rate known to twelve digits is a constant: the limits are those of the other alone.
TEST(GammaPoisson, AKnownRateMovesTheLimits) {
  const auto answer = gamma_poisson({1, 1}, {1e12, 1e12});
  ASSERT_TRUE(answer);
  EXPECT_NEAR(*answer->difference.interval.low, 1 - gamma_quantile(0.975, 2, 1), 1e-5);
  EXPECT_NEAR(*answer->difference.interval.high, 1 - gamma_quantile(0.025, 2, 1), 1e-5);
  const auto swapped = gamma_poisson({1e12, 1e12}, {1, 1});
  EXPECT_DOUBLE_EQ(*swapped->difference.interval.low, -*answer->difference.interval.high);
  // Very many events on both sides are normal.
  const auto many = gamma_poisson({1e13, 1e13}, {1e13, 1e13});
  EXPECT_NEAR(*many->difference.interval.low / (std::sqrt(2e13) / 1e13), -1.959963984540054, 1e-8);
}

}  // namespace
}  // namespace assay::stats
