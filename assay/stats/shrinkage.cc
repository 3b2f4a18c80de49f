#include "assay/stats/shrinkage.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace assay::stats {
namespace {

constexpr std::size_t kLeastEffects = 10;

double der_simonian_laird(std::span<const Effect> effects) {
  double w = 0;
  double w2 = 0;
  double wx = 0;
  for (const Effect& each : effects) {
    const double weight = 1 / (each.std_error * each.std_error);
    w += weight;
    w2 += weight * weight;
    wx += weight * each.value;
  }
  double q = 0;
  for (const Effect& each : effects) {
    const double z = (each.value - wx / w) / each.std_error;
    q += z * z;
  }
  const double k = static_cast<double>(effects.size());
  return std::max(0.0, (q - (k - 1)) / (w - w2 / w));
}

}  // namespace

Stat<Shrinkage> shrink(std::span<const Effect> effects, const ShrinkageOptions& options) {
  if (effects.empty()) return undefined(Undefined::kNoData, "no effect");
  ASSAY_TRY_VOID(require_finite("mean", options.mean));
  for (const Effect& each : effects) {
    ASSAY_TRY_VOID(require_finite("an effect", each.value));
    if (each.std_error > 1e-150 && each.std_error < 1e150) continue;
    return undefined(Undefined::kOutOfRange,
                     fmt::format("a standard error must lie between 1e-150 and 1e150, and is {}",
                                 each.std_error));
  }
  if (options.tau && !(*options.tau >= 0 && *options.tau < 1e150)) {
    return undefined(Undefined::kOutOfRange, fmt::format("tau is {}", *options.tau));
  }
  if (!options.tau && effects.size() < kLeastEffects) {
    return undefined(Undefined::kTooFewUnits,
                     fmt::format("{} effects cannot tell their spread: give tau, or {} effects",
                                 effects.size(), kLeastEffects));
  }
  const double tau2 = options.tau ? *options.tau * *options.tau : der_simonian_laird(effects);
  Shrinkage out{.tau = std::sqrt(tau2)};
  for (const Effect& each : effects) {
    const double keep = tau2 / (tau2 + each.std_error * each.std_error);
    out.effects.push_back(
        {options.mean + keep * (each.value - options.mean), std::sqrt(keep) * each.std_error});
  }
  return out;
}

}  // namespace assay::stats
