#include "assay/stats/quantile_sequence.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <fmt/format.h>

#include "assay/stats/distributions.h"

namespace assay::stats {
namespace {

// The mixture over success chances below p: large where few values are at or below the quantile.
// The other side is the same with p and the count turned round.
class Mixture {
 public:
  // The prior's weight m: the normal mixture of the same variance is tightest at target_n.
  Mixture(double p, double alpha, double target_n) : p_(p) {
    const double bits = 2 * std::log(1 / alpha);
    const double weight = std::max(target_n / (bits + std::log(bits + 1)) - 1, 1e-3);
    a_ = p * weight;
    b_ = (1 - p) * weight;
    base_ = log_mass(a_, b_);
  }

  double log_e(double count, double n) const {
    return log_mass(a_ + count, b_ + n - count) - base_;
  }

 private:
  // ln of B(a, b)·P(share <= p) over p^a (1-p)^b.
  double log_mass(double a, double b) const {
    const double share = beta_cdf(p_, a, b);
    if (!(share > 0)) return -std::numeric_limits<double>::infinity();
    return std::log(share) - log_beta_kernel(a, b, p_, 1 - p_);
  }

  double p_;
  double a_ = 0, b_ = 0;
  double base_ = 0;
};

// The smallest count that is no evidence of `log_bound` or more; log_e falls in the count.
std::int64_t smallest_usual(const Mixture& mixture, std::int64_t n, double log_bound) {
  std::int64_t low = 0, high = n;  // n values of n at or below are never too few.
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    const double log_e = mixture.log_e(static_cast<double>(middle), static_cast<double>(n));
    if (log_e < log_bound) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

Stat<void> check(std::int64_t n, double quantile, double alpha, double target_n) {
  ASSAY_TRY_VOID(require_share("alpha", alpha));
  ASSAY_TRY_VOID(require_share("quantile", quantile));
  if (!(target_n > 0) || !std::isfinite(target_n)) {
    return undefined(Undefined::kOutOfRange,
                     fmt::format("target_n must be positive, and is {}", target_n));
  }
  if (n < 1) return undefined(Undefined::kNoData, "no value");
  return {};
}

RankInterval closed_form(std::int64_t n, double p, double alpha) {
  const double t = static_cast<double>(n);
  const double l = (1.4 * std::log(std::max(1.0, std::log(2.1 * t))) + std::log(10 / alpha)) / t;
  const double f = 1.5 * std::sqrt(p * (1 - p) * l) + 0.8 * l;
  RankInterval ranks{.low = 0, .high = n + 1};
  if (p - f > 0) ranks.low = static_cast<std::int64_t>(std::ceil(t * (p - f) * (1 - 1e-14)));
  if (p + f < 1) ranks.high = static_cast<std::int64_t>(std::floor(t * (p + f))) + 1;
  return ranks;
}

Stat<std::vector<double>> sorted(std::span<const double> values, std::string_view name) {
  if (values.empty()) return undefined(Undefined::kNoData, fmt::format("{} has no value", name));
  for (const double each : values) ASSAY_TRY_VOID(require_finite(name, each));
  std::vector<double> all(values.begin(), values.end());
  std::sort(all.begin(), all.end());
  return all;
}

Stat<Estimate> sequence_of(const std::vector<double>& values, double quantile,
                           const QuantileSequenceOptions& options) {
  const auto n = static_cast<std::int64_t>(values.size());
  ASSAY_TRY(const RankInterval ranks, quantile_ranks(n, quantile, options));
  const auto at = [&](std::int64_t rank) { return values[static_cast<std::size_t>(rank - 1)]; };
  const double rank = std::ceil(static_cast<double>(n) * quantile * (1 - 1e-14));
  Estimate estimate;
  estimate.value = at(std::clamp<std::int64_t>(static_cast<std::int64_t>(rank), 1, n));
  if (ranks.low >= 1) estimate.interval.low = at(ranks.low);
  if (ranks.high <= n) estimate.interval.high = at(ranks.high);
  estimate.method = "quantile_sequence";
  return estimate;
}

}  // namespace

Stat<RankInterval> quantile_ranks(std::int64_t n, double quantile,
                                  const QuantileSequenceOptions& options) {
  ASSAY_TRY_VOID(check(n, quantile, options.alpha, options.target_n));
  if (options.bounds == QuantileBounds::kClosedForm) {
    return closed_form(n, quantile, options.alpha);
  }
  const double log_bound = std::log(2 / options.alpha);
  const Mixture below(quantile, options.alpha, options.target_n);
  const Mixture above(1 - quantile, options.alpha, options.target_n);
  return RankInterval{.low = smallest_usual(below, n, log_bound),
                      .high = n - smallest_usual(above, n, log_bound) + 1};
}

Stat<Estimate> quantile_sequence(std::span<const double> values, double quantile,
                                 const QuantileSequenceOptions& options) {
  ASSAY_TRY(const std::vector<double> all, sorted(values, "values"));
  return sequence_of(all, quantile, options);
}

Stat<Estimate> quantile_sequence_difference(std::span<const double> control,
                                            std::span<const double> treatment, double quantile,
                                            const QuantileSequenceOptions& options) {
  ASSAY_TRY_VOID(require_share("alpha", options.alpha));
  ASSAY_TRY(const std::vector<double> all_c, sorted(control, "control"));
  ASSAY_TRY(const std::vector<double> all_t, sorted(treatment, "treatment"));
  QuantileSequenceOptions half = options;
  half.alpha = options.alpha / 2;
  ASSAY_TRY(const Estimate c, sequence_of(all_c, quantile, half));
  ASSAY_TRY(Estimate t, sequence_of(all_t, quantile, half));
  const auto minus = [](std::optional<double> a, std::optional<double> b) {
    return a && b ? std::optional<double>(*a - *b) : std::nullopt;
  };
  t.value -= c.value;
  t.interval = {minus(t.interval.low, c.interval.high), minus(t.interval.high, c.interval.low)};
  t.method = "quantile_sequence_difference";
  ASSAY_TRY_VOID(require_finite("the difference", t.value));
  return t;
}

Stat<double> over_limit_log_e(std::int64_t within, std::int64_t n, double quantile,
                              double target_n) {
  constexpr double kTunedAlpha = 0.05;  // Only the tuning depends on it.
  ASSAY_TRY_VOID(check(n, quantile, kTunedAlpha, target_n));
  if (within < 0 || within > n) {
    return undefined(Undefined::kOutOfRange, fmt::format("{} of {} values", within, n));
  }
  return std::max(-700.0, Mixture(quantile, kTunedAlpha, target_n)
                              .log_e(static_cast<double>(within), static_cast<double>(n)));
}

}  // namespace assay::stats
