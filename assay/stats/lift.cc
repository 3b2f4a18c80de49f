#include "assay/stats/lift.h"

#include <cmath>

#include "assay/stats/distributions.h"
#include "assay/stats/inference.h"

namespace assay::stats {
namespace {

double two_sided(double statistic, double df) {
  const double size = std::abs(statistic);
  return 2 * (df > 0 ? t_sf(size, df) : normal_sf(size));
}

// Both tests are of "no lift"; the standard error of the estimate's own scale decides.
Stat<Estimate> by_delta(const Contrast& contrast, Estimate estimate, double critical) {
  estimate.method = "delta";
  if (!(*estimate.std_error > 0)) {
    return undefined(Undefined::kNoVariance, "both variants are constant");
  }
  const double reach = critical * *estimate.std_error;
  estimate.interval = {estimate.value - reach, estimate.value + reach};
  estimate.statistic = estimate.value / *estimate.std_error;
  estimate.p_value = two_sided(*estimate.statistic, contrast.df);
  return estimate;
}

Stat<Estimate> by_log(const Contrast& contrast, Estimate estimate, double critical) {
  if (!(contrast.control > 0 && contrast.treatment > 0)) {
    return undefined(Undefined::kOutOfRange, "the logarithm needs two positive values");
  }
  estimate.method = "log";
  const double ratio = contrast.treatment / contrast.control;
  const double log_error = *estimate.std_error / ratio;
  if (!(log_error > 0)) return undefined(Undefined::kNoVariance, "both variants are constant");
  const double log_ratio = std::log1p(estimate.value);
  const double reach = critical * log_error;
  estimate.interval = {std::expm1(log_ratio - reach), std::expm1(log_ratio + reach)};
  if (!std::isfinite(*estimate.interval.high)) estimate.interval.high.reset();
  estimate.statistic = log_ratio / log_error;
  estimate.p_value = two_sided(*estimate.statistic, contrast.df);
  return estimate;
}

}  // namespace

Stat<Estimate> lift(const Contrast& contrast, LiftMethod method, double alpha) {
  // The test of the difference brings its checks and, with Fieller's interval, its p-value.
  ASSAY_TRY(const Inference test, fixed(contrast, {.alpha = alpha}));
  if (method == LiftMethod::kFieller || !test.relative) return test.relative;
  Estimate estimate = *test.relative;
  estimate.p_value.reset();
  const double critical = contrast.df > 0 ? t_isf(alpha / 2, contrast.df) : normal_isf(alpha / 2);
  return method == LiftMethod::kDelta ? by_delta(contrast, std::move(estimate), critical)
                                      : by_log(contrast, std::move(estimate), critical);
}

}  // namespace assay::stats
