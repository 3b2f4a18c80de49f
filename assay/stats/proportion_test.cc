#include "assay/stats/proportion.h"

#include <cmath>

#include <gtest/gtest.h>

#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

TEST(Proportion, AgreesWithStatsmodels) {
  testing::GoldenTable table("proportion");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const Proportion c{table.integer(row, "x_c"), table.integer(row, "n_c")};
    const Proportion t{table.integer(row, "x_t"), table.integer(row, "n_t")};
    const double alpha = table.number(row, "alpha");
    const auto score = two_proportions(c, t, {.alpha = alpha});
    const auto wald =
        two_proportions(c, t, {.alpha = alpha, .interval = ProportionInterval::kWald});
    const auto one = wilson(t, alpha);
    ASSERT_TRUE(score && wald && one);
    table.compare(row, "z", *score->statistic);
    table.compare(row, "p_value", *score->p_value);
    const double scale = *score->std_error;
    table.compare(row, "newcombe_low", *score->interval.low, scale);
    table.compare(row, "newcombe_high", *score->interval.high, scale);
    table.compare(row, "wald_low", *wald->interval.low, scale);
    table.compare(row, "wald_high", *wald->interval.high, scale);
    table.compare(row, "wilson_low", *one->low, scale);
    table.compare(row, "wilson_high", *one->high, scale);
  }
}

TEST(Proportion, TheGuidesExampleIsNotSignificant) {
  // 3,200 against 3,350 of 100,000: a posterior of 0.97 and yet p = 0.0595.
  EXPECT_NEAR(*two_proportions({3200, 100000}, {3350, 100000})->p_value, 0.0595, 5e-5);
}

TEST(Proportion, NobodyOrEverybodyConverted) {
  for (const std::int64_t x : {0, 50}) {
    const auto answer = two_proportions({x, 50}, {x, 50});
    ASSERT_TRUE(answer);
    EXPECT_EQ(*answer->p_value, 1);
    EXPECT_LT(*answer->interval.low, 0);
    EXPECT_GT(*answer->interval.high, 0);
  }
  EXPECT_EQ(*wilson({0, 10})->low, 0);
  EXPECT_EQ(*wilson({10, 10})->high, 1);
}

TEST(Proportion, ImpossibleCountsSayWhy) {
  EXPECT_EQ(two_proportions({0, 0}, {1, 2}).error().code, Undefined::kNoData);
  EXPECT_EQ(two_proportions({3, 2}, {1, 2}).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(two_proportions({-1, 2}, {1, 2}).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(two_proportions({1, 2}, {1, 2}, {.alpha = 1}).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(wilson({1, 2}, NAN).error().code, Undefined::kOutOfRange);
}

}  // namespace
}  // namespace assay::stats
