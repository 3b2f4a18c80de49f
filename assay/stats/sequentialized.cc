#include "assay/stats/sequentialized.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "assay/stats/distributions.h"

namespace assay::stats {
namespace {

constexpr double kLeastTail = 1e-300;
constexpr double kInfinite = std::numeric_limits<double>::infinity();

// |Z| with the tail that |T| has: the tests of Z and T are one test.
double normal_score(double t, double df) {
  if (df <= 0) return t;
  const double tail = t_sf(t, df);
  return tail > kLeastTail ? normal_isf(tail) : normal_isf(kLeastTail);
}

// The inverse of it; infinite where the tail is beyond double precision.
double t_score(double z, double df) {
  if (df <= 0 || std::isinf(z)) return z;
  const double tail = normal_sf(z);
  return tail > kLeastTail ? t_isf(tail, df) : kInfinite;
}

double conditional_level(double z, double t, double alpha) {
  const double c = normal_isf(alpha / 2);
  if (t >= 1) return z >= c ? 1 : 0;
  const double rest = std::sqrt(1 - t);
  const double drift = z * std::sqrt(t);
  return normal_cdf((drift - c) / rest) + normal_cdf((-drift - c) / rest);
}

Stat<void> check(const SequentializedOptions& options) {
  if (!(options.information > 0) || !std::isfinite(options.information)) {
    return undefined(Undefined::kOutOfRange,
                     fmt::format("information must be positive, and is {}", options.information));
  }
  if (!(options.early_share >= 0 && options.early_share <= 0.5)) {
    return undefined(
        Undefined::kOutOfRange,
        fmt::format("early_share must lie between 0 and 0.5, and is {}", options.early_share));
  }
  return {};
}

}  // namespace

Stat<Sequentialized> sequentialized(const Contrast& contrast,
                                    const SequentializedOptions& options) {
  ASSAY_TRY_VOID(check(options));
  // The fixed answer checks the contrast, and is this one at the horizon.
  ASSAY_TRY(Inference answer, fixed(contrast, {.alpha = options.alpha}));
  const double t = std::min(1.0, options.information);
  const double g = options.early_share;
  const double z = normal_score(std::abs(answer.difference.statistic.value_or(0)), contrast.df);
  // How far beyond the horizon's bound an early look must be, in units of √t·Z.
  const double ahead = t >= 1 ? 0 : g > 0 ? std::sqrt(1 - t) * normal_isf(g) : kInfinite;
  const double bound = normal_isf(options.alpha * (1 - g) / 2) + ahead;
  const double critical = t_score(bound / std::sqrt(t), contrast.df);
  const double tail = std::isinf(ahead) ? 1 : normal_sf(z * std::sqrt(t) - ahead);
  Sequentialized look{.inference = std::move(answer),
                      .conditional_level = conditional_level(z, t, options.alpha)};
  Estimate& difference = look.inference.difference;
  difference.p_value = std::min({1.0, options.running_p, 2 * tail / (1 - g)});
  difference.method = "sequentialized";
  difference.interval = {};
  if (std::isfinite(critical)) {
    const double reach = critical * difference.std_error.value_or(0);
    difference.interval = {difference.value - reach, difference.value + reach};
  }
  if (!look.inference.relative) return look;
  Estimate& relative = *look.inference.relative;
  relative.p_value = difference.p_value;
  relative.method = "sequentialized+fieller";
  relative.interval = {};
  if (std::isfinite(critical)) {
    ASSAY_TRY(const Estimate lift, relative_lift(contrast, critical));
    relative.interval = lift.interval;
  }
  return look;
}

}  // namespace assay::stats
