#include "assay/stats/winsorize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace assay::stats {

Stat<double> pooled_cap(std::span<const double> control, std::span<const double> treatment,
                        double share) {
  ASSAY_TRY_VOID(require_share("the share below the cap", share));
  std::vector<double> all(control.begin(), control.end());
  all.insert(all.end(), treatment.begin(), treatment.end());
  if (all.empty()) return undefined(Undefined::kNoData, "there is no value to find a cap from");
  for (const double each : all) ASSAY_TRY_VOID(require_finite("a value", each));
  // The guard keeps 0.9 · 10, which is a little above 9 in binary, at the ninth value.
  const double size = static_cast<double>(all.size());
  const auto rank = static_cast<std::size_t>(std::ceil(share * size * (1 - 1e-14)));
  const auto at = all.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
  std::nth_element(all.begin(), at, all.end());
  return *at;
}

Capped capped(std::span<const double> values, double cap) {
  Capped out;
  for (const double value : values) {
    out.capped_n += value > cap;
    out.summary.add(std::array{std::min(value, cap)});
  }
  return out;
}

}  // namespace assay::stats
