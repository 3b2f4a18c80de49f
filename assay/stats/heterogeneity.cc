#include "assay/stats/heterogeneity.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "assay/stats/distributions.h"

namespace assay::stats {

Stat<Heterogeneity> heterogeneity(std::span<const Contrast> segments) {
  if (segments.size() < 2) {
    return undefined(Undefined::kNoData, fmt::format("{} segments", segments.size()));
  }
  double control_units = 0;
  double treatment_units = 0;
  double weights = 0;
  double weighted = 0;
  for (const Contrast& each : segments) {
    ASSAY_TRY_VOID(require_finite("a segment's effect", each.difference()));
    if (!(each.variance() > 0) || !std::isfinite(each.variance())) {
      return undefined(Undefined::kNoVariance, "a segment's effect has no variance");
    }
    control_units += static_cast<double>(each.n_control);
    treatment_units += static_cast<double>(each.n_treatment);
    weights += 1 / each.variance();
    weighted += each.difference() / each.variance();
  }
  if (control_units <= 0 || treatment_units <= 0) {
    return undefined(Undefined::kNoData, "an arm has no unit");
  }
  Heterogeneity out;
  out.common_effect = weighted / weights;
  for (const Contrast& each : segments) {
    const double distance = each.difference() - out.common_effect;
    out.q += distance * distance / each.variance();
    const double share_c = static_cast<double>(each.n_control) / control_units;
    const double share_t = static_cast<double>(each.n_treatment) / treatment_units;
    out.rate_part += 0.5 * (share_c + share_t) * each.difference();
    out.mix_part += (share_t - share_c) * 0.5 * (each.control + each.treatment);
  }
  out.df = static_cast<double>(segments.size() - 1);
  out.p_value = chi2_sf(out.q, out.df);
  out.i_squared = out.q > 0 ? std::max(0.0, 1 - out.df / out.q) : 0;
  out.reversed = (out.rate_part + out.mix_part) * out.rate_part < 0;
  return out;
}

}  // namespace assay::stats
