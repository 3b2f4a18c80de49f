#include "assay/stats/mixture.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "assay/stats/distributions.h"

namespace assay::stats {

Stat<Mixture> mixture_sprt(double difference, double std_error, const MixtureOptions& options) {
  ASSAY_TRY_VOID(require_share("alpha", options.alpha));
  ASSAY_TRY_VOID(require_finite("the difference", difference));
  ASSAY_TRY_VOID(require_finite("null_value", options.null_value));
  for (const double each : {std_error, options.tau}) {
    if (each > 0 && std::isfinite(each)) continue;
    return undefined(Undefined::kOutOfRange,
                     fmt::format("std_error and tau must be positive, and one is {}", each));
  }
  // In units of the standard error: q = tau²/V is all that matters.
  const double z = (difference - options.null_value) / std_error;
  const double ratio = options.tau / std_error;
  const double q = ratio * ratio;
  const double keep = std::isfinite(q) ? q / (1 + q) : 1;
  const double log_widening = std::isfinite(q) ? std::log1p(q) : 2 * std::log(ratio);
  Mixture mixture{.log_e = 0.5 * (z * z * keep - log_widening)};
  const double half = std_error * std::sqrt((log_widening - 2 * std::log(options.alpha)) / keep);
  mixture.estimate.value = difference;
  mixture.estimate.interval = {difference - half, difference + half};
  mixture.estimate.std_error = std_error;
  mixture.estimate.statistic = z;
  mixture.estimate.p_value = std::min({1.0, options.running_p, std::exp(-mixture.log_e)});
  mixture.estimate.method = "msprt";
  return mixture;
}

Stat<double> conversion_log_e(std::int64_t control, std::int64_t treatment,
                              double treatment_share) {
  ASSAY_TRY_VOID(require_share("treatment_share", treatment_share));
  if (control < 0 || treatment < 0) {
    return undefined(Undefined::kOutOfRange,
                     fmt::format("{} and {} conversions", control, treatment));
  }
  const double c = static_cast<double>(control);
  const double t = static_cast<double>(treatment);
  const double rest = 1 - treatment_share;
  return std::log(treatment_share) + std::log1p(-treatment_share) -
         log_beta_kernel(1 + t, 1 + c, treatment_share, rest);
}

}  // namespace assay::stats
