#include "assay/stats/equivalence.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "assay/stats/distributions.h"
#include "assay/stats/inference.h"

namespace assay::stats {
namespace {

double tail(double statistic, double df) {
  return df > 0 ? t_sf(statistic, df) : normal_sf(statistic);
}

Stat<void> require_usable(const Contrast& contrast, double alpha) {
  ASSAY_TRY_VOID(tail_share(alpha, Alternative::kGreater));
  if (contrast.variance() > 0) return {};
  return undefined(Undefined::kNoVariance, "every unit has the same value, so there is no test");
}

double critical_value(const Contrast& contrast, double alpha) {
  return contrast.df > 0 ? t_isf(alpha, contrast.df) : normal_isf(alpha);
}

void conclude(Equivalence& out, double alpha) {
  out.p_value = std::max(out.p_low, out.p_high);
  out.equivalent = out.p_value < alpha;
}

}  // namespace

Stat<Equivalence> equivalence(const Contrast& contrast, const Margins& margins, double alpha) {
  ASSAY_TRY_VOID(require_usable(contrast, alpha));
  if (!(margins.low < margins.high) || !std::isfinite(margins.high - margins.low)) {
    return undefined(Undefined::kOutOfRange, "the low margin must be below the high one");
  }
  const double se = std::sqrt(contrast.variance());
  const double reach = critical_value(contrast, alpha) * se;
  Equivalence out{.value = contrast.difference()};
  out.p_low = tail((out.value - margins.low) / se, contrast.df);
  out.p_high = tail((margins.high - out.value) / se, contrast.df);
  out.interval = {out.value - reach, out.value + reach};
  conclude(out, alpha);
  return out;
}

Stat<Equivalence> equivalence_relative(const Contrast& contrast, double margin, double alpha) {
  ASSAY_TRY_VOID(require_usable(contrast, alpha));
  ASSAY_TRY_VOID(require_share("the margin", margin));
  if (contrast.control == 0) {
    return undefined(Undefined::kZeroControl, "the control is zero, so no share of it is a margin");
  }
  // The statistic of treatment - factor · control in units of its own standard error.
  const auto statistic = [&](double factor) -> Stat<double> {
    const double variance = contrast.treatment_variance +
                            factor * factor * contrast.control_variance -
                            2 * factor * contrast.covariance;
    if (variance > 0) {
      return (contrast.treatment - factor * contrast.control) / std::sqrt(variance);
    }
    return undefined(Undefined::kNoVariance, "at the margin there is no variance, so no test");
  };
  const double share = std::copysign(margin, contrast.control);
  ASSAY_TRY(const double above_low, statistic(1 - share));
  ASSAY_TRY(const double above_high, statistic(1 + share));
  ASSAY_TRY(const Estimate lift, relative_lift(contrast, critical_value(contrast, alpha)));
  Equivalence out{.value = lift.value, .interval = lift.interval};
  out.p_low = tail(above_low, contrast.df);
  out.p_high = tail(-above_high, contrast.df);
  conclude(out, alpha);
  return out;
}

}  // namespace assay::stats
