#include "assay/stats/proportion.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "assay/stats/distributions.h"

namespace assay::stats {
namespace {

Stat<double> share_of(const Proportion& x) {
  if (x.n < 0 || x.successes < 0 || x.successes > x.n) {
    return undefined(Undefined::kOutOfRange, fmt::format("{} successes of {}", x.successes, x.n));
  }
  if (x.n == 0) return undefined(Undefined::kNoData, "no unit");
  return static_cast<double>(x.successes) / static_cast<double>(x.n);
}

// Wilson's limits as distances below and above the share: without the cancellation that p - low
// has near 0.
struct Reach {
  double below = 0;
  double above = 0;
};

Reach wilson_reach(double p, double n, double z) {
  const double z2 = z * z / n;
  const double half = z * std::sqrt(p * (1 - p) / n + z2 / (4 * n));
  const double shift = z2 * (0.5 - p);
  return {std::clamp((half - shift) / (1 + z2), 0.0, p),
          std::clamp((half + shift) / (1 + z2), 0.0, 1 - p)};
}

double p_value_of(double z, Alternative alternative) {
  if (alternative == Alternative::kTwoSided) return std::min(1.0, 2 * normal_sf(std::abs(z)));
  return normal_sf(alternative == Alternative::kGreater ? z : -z);
}

}  // namespace

Stat<Interval> wilson(const Proportion& share, double alpha) {
  ASSAY_TRY_VOID(require_share("alpha", alpha));
  ASSAY_TRY(const double p, share_of(share));
  const Reach reach = wilson_reach(p, static_cast<double>(share.n), normal_isf(alpha / 2));
  return Interval{p - reach.below, p + reach.above};
}

Stat<Estimate> two_proportions(const Proportion& control, const Proportion& treatment,
                               ProportionOptions options) {
  ASSAY_TRY(const double share, tail_share(options.alpha, options.alternative));
  ASSAY_TRY(const double pc, share_of(control));
  ASSAY_TRY(const double pt, share_of(treatment));
  const double nc = static_cast<double>(control.n);
  const double nt = static_cast<double>(treatment.n);
  const double pooled =
      (static_cast<double>(control.successes) + static_cast<double>(treatment.successes)) /
      (nc + nt);
  const double null_error = std::sqrt(pooled * (1 - pooled) * (1 / nc + 1 / nt));
  const double critical = normal_isf(share);

  Estimate estimate;
  estimate.value = pt - pc;
  estimate.std_error = std::sqrt(pc * (1 - pc) / nc + pt * (1 - pt) / nt);
  estimate.method = "two_proportion_z";
  // Everyone or nobody converted: the arms are equal, and no test is needed to say so.
  estimate.statistic = null_error > 0 ? estimate.value / null_error : 0;
  estimate.p_value = null_error > 0 ? p_value_of(*estimate.statistic, options.alternative) : 1;
  if (options.interval == ProportionInterval::kWald) {
    const double half = critical * *estimate.std_error;
    estimate.interval =
        Interval{estimate.value - half, estimate.value + half}.toward(options.alternative);
    return estimate;
  }
  const Reach c = wilson_reach(pc, nc, critical);
  const Reach t = wilson_reach(pt, nt, critical);
  const Interval both{estimate.value - std::hypot(t.below, c.above),
                      estimate.value + std::hypot(t.above, c.below)};
  estimate.interval = both.toward(options.alternative);
  return estimate;
}

}  // namespace assay::stats
