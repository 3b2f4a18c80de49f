#include "assay/stats/heterogeneity.h"

#include <array>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

Contrast segment(double control, double treatment, double variance, std::int64_t nc,
                 std::int64_t nt) {
  return {.control = control,
          .treatment = treatment,
          .control_variance = variance / 2,
          .treatment_variance = variance / 2,
          .n_control = nc,
          .n_treatment = nt};
}

TEST(Heterogeneity, AgreesWithStatsmodelsAndR) {
  testing::GoldenTable table("heterogeneity");
  for (std::size_t row = 0; row < table.size(); ++row) {
    std::vector<Contrast> family;
    for (std::size_t i = 0; i < table.size(); ++i) {
      if (table.text(i, "family") != table.text(row, "family")) continue;
      const double error = table.number(i, "std_error");
      family.push_back(segment(0, table.number(i, "effect"), error * error, 10, 10));
    }
    const auto test = heterogeneity(family);
    ASSERT_TRUE(test);
    table.compare(row, "q", test->q);
    table.compare(row, "p_value", test->p_value);
    table.compare(row, "i_squared", test->i_squared);
    table.compare(row, "common_effect", test->common_effect);
  }
}

TEST(Heterogeneity, CochransQ) {
  // statsmodels.stats.meta_analysis.combine_effects([0.1, 0.3, -0.05], [0.01, 0.02, 0.015]).
  const std::array three{segment(0, 0.1, 0.01, 10, 10), segment(0, 0.3, 0.02, 10, 10),
                         segment(0, -0.05, 0.015, 10, 10)};
  const auto out = heterogeneity(three);
  ASSERT_TRUE(out);
  EXPECT_NEAR(out->q, 3.5, 1e-13);
  EXPECT_NEAR(out->common_effect, 0.1, 1e-13);
  EXPECT_NEAR(out->i_squared, 0.42857142857142855, 1e-13);
}

TEST(Heterogeneity, PartsAddUpAndARampIsSeen) {
  const std::array days{segment(0.02, 0.023, 1e-6, 990000, 10000),
                        segment(0.01, 0.012, 1e-6, 500000, 500000)};
  const auto out = heterogeneity(days);
  const double pooled =
      (10000 * 0.023 + 500000 * 0.012) / 510000 - (990000 * 0.02 + 500000 * 0.01) / 1490000;
  EXPECT_NEAR(out->rate_part + out->mix_part, pooled, 1e-15);
  EXPECT_GT(out->rate_part, 0);
  EXPECT_TRUE(out->reversed);
}

TEST(Heterogeneity, NothingToCompareSaysWhy) {
  const std::array one{segment(0, 1, 1, 5, 5)};
  EXPECT_EQ(heterogeneity(one).error().code, Undefined::kNoData);
  const std::array flat{segment(0, 1, 0, 5, 5), segment(0, 1, 1, 5, 5)};
  EXPECT_EQ(heterogeneity(flat).error().code, Undefined::kNoVariance);
}

}  // namespace
}  // namespace assay::stats
