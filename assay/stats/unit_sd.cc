#include "assay/stats/unit_sd.h"

#include <cmath>

#include <fmt/format.h>

namespace assay::stats {

Stat<double> ratio_unit_sd(const RatioMoments& moments) {
  for (const double each :
       {moments.numerator_mean, moments.denominator_mean, moments.numerator_variance,
        moments.denominator_variance, moments.covariance}) {
    ASSAY_TRY_VOID(require_finite("a moment", each));
  }
  if (moments.numerator_variance < 0 || moments.denominator_variance < 0) {
    return undefined(Undefined::kOutOfRange, "a variance is negative");
  }
  if (std::abs(moments.covariance) > std::sqrt(moments.numerator_variance) *
                                         std::sqrt(moments.denominator_variance) * (1 + 1e-9)) {
    return undefined(Undefined::kOutOfRange, "the covariance is larger than the variances allow");
  }
  if (moments.denominator_mean == 0) {
    return undefined(Undefined::kZeroDenominator, "the denominator's mean is zero: no ratio");
  }
  const double ratio = moments.numerator_mean / moments.denominator_mean;
  const double variance = moments.numerator_variance - 2 * ratio * moments.covariance +
                          ratio * ratio * moments.denominator_variance;
  if (!(variance > 0)) {
    return undefined(Undefined::kNoVariance,
                     fmt::format("these moments give the ratio a variance of {:g}", variance));
  }
  return std::sqrt(variance) / std::abs(moments.denominator_mean);
}

Stat<double> quantile_unit_sd(double quantile, double density) {
  ASSAY_TRY_VOID(require_share("quantile", quantile));
  if (!(density > 0) || !std::isfinite(density)) {
    return undefined(Undefined::kOutOfRange,
                     fmt::format("the density must be positive, not {:g}", density));
  }
  return std::sqrt(quantile * (1 - quantile)) / density;
}

Stat<double> history_unit_sd(double std_error, double units) {
  if (!(std_error > 0) || !std::isfinite(std_error) || !(units >= 1) || !std::isfinite(units)) {
    return undefined(Undefined::kOutOfRange,
                     fmt::format("needs a positive standard error and at least one unit, not {:g} "
                                 "and {:g}",
                                 std_error, units));
  }
  return std_error * std::sqrt(units);
}

double design_effect(double size, double icc, double size_cv) {
  return 1 + ((1 + size_cv * size_cv) * size - 1) * icc;
}

}  // namespace assay::stats
