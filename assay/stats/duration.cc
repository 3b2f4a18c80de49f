#include "assay/stats/duration.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace assay::stats {
namespace {

constexpr double kMostDays = 36500;

// The power between two neighbours; a single point stands for a straight line through 0.
double power_of(const std::vector<TrafficPoint>& curve, std::size_t to) {
  if (curve.size() == 1) return 1;
  const TrafficPoint& a = curve[to - 1];
  const TrafficPoint& b = curve[to];
  return std::log(b.units / a.units) / std::log(b.day / a.day);
}

}  // namespace

Stat<void> require_traffic(const Traffic& traffic) {
  if (!(traffic.share > 0 && traffic.share <= 1)) {
    return undefined(
        Undefined::kOutOfRange,
        fmt::format("the share of traffic is {}, not above 0 and at most 1", traffic.share));
  }
  if (traffic.curve.empty()) return undefined(Undefined::kNoData, "no traffic is given");
  TrafficPoint before{.day = 0, .units = 0};
  for (const TrafficPoint& point : traffic.curve) {
    const bool rises = point.day > before.day && point.units > before.units;
    if (!rises || !std::isfinite(point.day) || !std::isfinite(point.units)) {
      return undefined(Undefined::kOutOfRange,
                       fmt::format("cumulative units must rise: {:g} on day {:g} follow {:g} on "
                                   "day {:g}",
                                   point.units, point.day, before.units, before.day));
    }
    before = point;
  }
  return {};
}

double units_after(double days, const Traffic& traffic) {
  const std::vector<TrafficPoint>& curve = traffic.curve;
  const auto next = std::ranges::find_if(curve, [&](const auto& each) { return each.day >= days; });
  const auto at = static_cast<std::size_t>(next - curve.begin());
  if (at == 0) return traffic.share * curve[0].units * days / curve[0].day;
  const bool beyond = at == curve.size();
  const double power = power_of(curve, beyond ? at - 1 : at);
  const TrafficPoint& from = curve[at - 1];
  return traffic.share * from.units *
         std::pow(days / from.day, beyond ? std::min(1.0, power) : power);
}

Stat<std::int64_t> duration_days(double units, const Traffic& traffic) {
  ASSAY_TRY_VOID(require_traffic(traffic));
  // Rounded up, but not because of the last digits of a double.
  const auto enough = [&](double days) {
    return units_after(days, traffic) * (1 + 1e-12) >= units;
  };
  if (!enough(kMostDays)) {
    return undefined(Undefined::kOutOfRange,
                     fmt::format("{:.0f} units do not come in 100 years of this traffic", units));
  }
  double low = 0;
  double high = std::floor(kMostDays / 7) + 1;
  while (high - low > 1) {
    const double middle = std::floor((low + high) / 2);
    (enough(7 * middle) ? high : low) = middle;
  }
  return static_cast<std::int64_t>(7 * high);
}

}  // namespace assay::stats
