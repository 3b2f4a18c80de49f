#include "assay/stats/equivalence.h"

#include <cmath>

#include <gtest/gtest.h>

#include "assay/stats/golden_test.h"
#include "assay/stats/summary.h"

namespace assay::stats {
namespace {

Contrast means(double control, double treatment, double variance, std::int64_t n = 100) {
  return *mean_contrast(*Summary::of_mean(n, control, variance),
                        *Summary::of_mean(n, treatment, variance));
}

TEST(Equivalence, AgreesWithStatsmodels) {
  testing::GoldenTable table("equivalence");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const auto arm = [&](const std::string& suffix) {
      return *Summary::of_mean(table.integer(row, "n_" + suffix),
                               table.number(row, "mean_" + suffix),
                               table.number(row, "variance_" + suffix));
    };
    const Contrast contrast = *mean_contrast(arm("c"), arm("t"));
    const auto answer =
        equivalence(contrast, {table.number(row, "low"), table.number(row, "high")});
    ASSERT_TRUE(answer);
    table.compare(row, "p_low", answer->p_low);
    table.compare(row, "p_high", answer->p_high);
    table.compare(row, "p_value", answer->p_value);
    table.compare(row, "interval_low", *answer->interval.low, 1);
    table.compare(row, "interval_high", *answer->interval.high, 1);
  }
}

TEST(Equivalence, TheIntervalLiesWithinExactlyWhenTheTestSaysSo) {
  for (double shift = -0.6; shift <= 0.6; shift += 0.01) {
    const auto answer = equivalence(means(10, 10 + shift, 2), {-0.5, 0.4});
    ASSERT_TRUE(answer);
    const bool inside = *answer->interval.low > -0.5 && *answer->interval.high < 0.4;
    EXPECT_EQ(answer->equivalent, inside) << shift;
  }
}

TEST(Equivalence, RelativeAgreesWithFiellerAndMirrorsForNegativeControls) {
  for (double shift = -1; shift <= 1; shift += 0.02) {
    const auto answer = equivalence_relative(means(10, 10 + shift, 4), 0.07);
    ASSERT_TRUE(answer);
    const bool inside = *answer->interval.low > -0.07 && *answer->interval.high < 0.07;
    EXPECT_EQ(answer->equivalent, inside) << shift;
    const auto mirrored = equivalence_relative(means(-10, -10 - shift, 4), 0.07);
    ASSERT_TRUE(mirrored);
    EXPECT_NEAR(mirrored->p_low, answer->p_high, 1e-12);
    EXPECT_NEAR(mirrored->p_value, answer->p_value, 1e-12);
  }
}

TEST(Equivalence, BadInputSaysWhy) {
  EXPECT_EQ(equivalence(means(1, 1, 1), {0.5, -0.5}).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(equivalence(means(1, 1, 1), {-1, INFINITY}).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(equivalence(means(1, 1, 1), {-1, 1}, 0.5).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(equivalence(means(1, 1, 0), {-1, 1}).error().code, Undefined::kNoVariance);
  EXPECT_EQ(equivalence_relative(means(0, 1, 1), 0.1).error().code, Undefined::kZeroControl);
  EXPECT_EQ(equivalence_relative(means(1, 1, 1), 0).error().code, Undefined::kOutOfRange);
}

}  // namespace
}  // namespace assay::stats
