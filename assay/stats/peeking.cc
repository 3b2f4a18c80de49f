#include "assay/stats/peeking.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "assay/stats/distributions.h"
#include "assay/stats/group_sequential.h"

namespace assay::stats {
namespace {

Stat<void> require_looks(int looks) {
  if (looks >= 1 && looks <= kMostPeeks) return {};
  return undefined(Undefined::kOutOfRange,
                   fmt::format("looks must be 1 to {}, and is {}", kMostPeeks, looks));
}

// P(|Z_k| >= z·√(1 + noise·K/k) at some look k) under the null; one-sided without the bars.
double ever_crosses(int looks, double z, double noise_to_prior, Sides sides) {
  GroupSequential design{.sides = sides};
  for (int k = 1; k <= looks; ++k) {
    const double share = static_cast<double>(k) / looks;
    design.looks.push_back({.information = share, .z = z * std::sqrt(1 + noise_to_prior / share)});
  }
  const auto exits = exit_probabilities(design, 0);
  return std::min(1.0, std::accumulate(exits.begin(), exits.end(), 0.0));
}

}  // namespace

Stat<double> peeking_error(int looks, double alpha) {
  ASSAY_TRY_VOID(require_looks(looks));
  ASSAY_TRY_VOID(require_share("alpha", alpha));
  return ever_crosses(looks, normal_isf(alpha / 2), 0, Sides::kTwo);
}

Stat<OperatingCharacteristics> operating_characteristics(const PosteriorRule& rule) {
  ASSAY_TRY_VOID(require_looks(rule.looks));
  if (!(rule.ship_at > 0.5 && rule.ship_at < 1)) {
    return undefined(Undefined::kOutOfRange,
                     fmt::format("ship_at must lie between 0.5 and 1, and is {}", rule.ship_at));
  }
  if (!(rule.noise_to_prior >= 0) || !std::isfinite(rule.noise_to_prior)) {
    return undefined(Undefined::kOutOfRange,
                     fmt::format("noise_to_prior is {}", rule.noise_to_prior));
  }
  const double z = normal_isf(1 - rule.ship_at);
  return OperatingCharacteristics{
      .false_ship_rate = ever_crosses(rule.looks, z, rule.noise_to_prior, Sides::kOne),
      .false_verdict_rate = ever_crosses(rule.looks, z, rule.noise_to_prior, Sides::kTwo)};
}

}  // namespace assay::stats
