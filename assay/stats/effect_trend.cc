#include "assay/stats/effect_trend.h"

#include <algorithm>
#include <cmath>
#include <string>

#include <fmt/format.h>

#include "assay/stats/distributions.h"

namespace assay::stats {
namespace {

constexpr double kWeek = 7;

Estimate z_estimate(double value, double std_error, double alpha, std::string method) {
  const double half = normal_isf(alpha / 2) * std_error;
  const double z = value / std_error;
  return {.value = value,
          .interval = {value - half, value + half},
          .std_error = std_error,
          .statistic = z,
          .p_value = std::min(1.0, 2 * normal_sf(std::abs(z))),
          .method = std::move(method)};
}

// Σ effect/se² and Σ 1/se² over days in [from, to).
struct Weighted {
  double sum = 0;
  double weight = 0;
};
Weighted weighted(std::span<const DayEffect> days, double from, double to) {
  Weighted out;
  for (const DayEffect& each : days) {
    if (each.day < from || each.day >= to) continue;
    const double weight = 1 / (each.std_error * each.std_error);
    out.sum += weight * each.effect;
    out.weight += weight;
  }
  return out;
}

Stat<void> require_days(std::span<const DayEffect> days) {
  if (days.size() < 3) {
    return undefined(Undefined::kTooFewUnits,
                     fmt::format("{} days: a trend needs at least three", days.size()));
  }
  for (const DayEffect& each : days) {
    ASSAY_TRY_VOID(require_finite("a day", each.day));
    ASSAY_TRY_VOID(require_finite("an effect", each.effect));
    if (each.std_error > 1e-150 && each.std_error < 1e150) continue;
    return undefined(Undefined::kOutOfRange,
                     fmt::format("a standard error must lie between 1e-150 and 1e150, and is {}",
                                 each.std_error));
  }
  return {};
}

}  // namespace

Stat<EffectTrend> effect_trend(std::span<const DayEffect> days, double alpha) {
  ASSAY_TRY_VOID(require_share("alpha", alpha));
  ASSAY_TRY_VOID(require_days(days));
  double weights = 0;
  double mean_day = 0;
  double mean_effect = 0;
  for (const DayEffect& each : days) {
    const double weight = 1 / (each.std_error * each.std_error);
    weights += weight;
    mean_day += (each.day - mean_day) * weight / weights;
    mean_effect += (each.effect - mean_effect) * weight / weights;
  }
  double spread = 0;
  double product = 0;
  for (const DayEffect& each : days) {
    const double weight = 1 / (each.std_error * each.std_error);
    spread += weight * (each.day - mean_day) * (each.day - mean_day);
    product += weight * (each.day - mean_day) * (each.effect - mean_effect);
  }
  if (!(spread > 0)) return undefined(Undefined::kSingular, "all effects are of the same day");
  const double slope = product / spread;
  EffectTrend out;
  out.slope = z_estimate(slope, std::sqrt(1 / spread), alpha, "wls_trend");
  out.intercept =
      z_estimate(mean_effect - slope * mean_day,
                 std::sqrt(1 / weights + mean_day * mean_day / spread), alpha, "wls_trend");
  const auto [first, last] = std::minmax_element(
      days.begin(), days.end(), [](const auto& a, const auto& b) { return a.day < b.day; });
  if (last->day - first->day + 1 < 2 * kWeek) return out;
  const Weighted early = weighted(days, first->day, first->day + kWeek);
  const Weighted late = weighted(days, last->day - kWeek + 1, last->day + 1);
  out.last_minus_first_week =
      z_estimate(late.sum / late.weight - early.sum / early.weight,
                 std::sqrt(1 / late.weight + 1 / early.weight), alpha, "week_difference");
  return out;
}

}  // namespace assay::stats
