#include "assay/stats/unit_sd.h"

#include <array>
#include <cmath>

#include <gtest/gtest.h>

#include "assay/base/random.h"
#include "assay/stats/contrast.h"
#include "assay/stats/distributions.h"

namespace assay::stats {
namespace {

// The analysis of the same units gives the same standard error.
TEST(UnitSd, OfARatioIsThatOfItsAnalysis) {
  Random random(5);
  Summary units({.denominator = true});
  for (int i = 0; i < 500; ++i) {
    const double views = 1 + static_cast<double>(random.poisson(3));
    units.add(std::array{0.2 * views + random.normal(), views});
  }
  const auto sd = ratio_unit_sd({.numerator_mean = units.mean(0),
                                 .denominator_mean = units.mean(1),
                                 .numerator_variance = *units.variance(0),
                                 .denominator_variance = *units.variance(1),
                                 .covariance = *units.covariance(0, 1)});
  const auto contrast = ratio_contrast(units, units);
  ASSERT_TRUE(sd && contrast);
  EXPECT_NEAR(*sd, std::sqrt(contrast->control_variance * 500), 1e-12);
}

TEST(UnitSd, OfAQuantileByItsDensityOrItsPast) {
  // The median of N(0, 1) has the asymptotic variance π/2 · 1/n.
  EXPECT_NEAR(*quantile_unit_sd(0.5, normal_pdf(0)), std::sqrt(std::acos(-1.0) / 2), 1e-14);
  EXPECT_NEAR(*history_unit_sd(0.5, 400), 10, 1e-12);
}

TEST(UnitSd, ClustersMultiplyTheUnits) {
  EXPECT_NEAR(design_effect(30, 0.05, 0), 2.45, 1e-12);
  EXPECT_NEAR(design_effect(30, 0.05, 0.5), 1 + (1.25 * 30 - 1) * 0.05, 1e-12);
  EXPECT_EQ(design_effect(1, 0.9, 0), 1);
}

TEST(UnitSd, ImpossibleMomentsSayWhy) {
  EXPECT_EQ(ratio_unit_sd({.numerator_mean = 1, .numerator_variance = 1}).error().code,
            Undefined::kZeroDenominator);
  EXPECT_EQ(ratio_unit_sd({.denominator_mean = 1}).error().code, Undefined::kNoVariance);
  EXPECT_EQ(ratio_unit_sd({.numerator_mean = NAN, .denominator_mean = 1}).error().code,
            Undefined::kNotFinite);
  EXPECT_FALSE(quantile_unit_sd(1, 1));
  EXPECT_FALSE(quantile_unit_sd(0.5, 0));
  EXPECT_FALSE(history_unit_sd(0, 10));
  EXPECT_FALSE(history_unit_sd(1, 0));
}

}  // namespace
}  // namespace assay::stats
