// With S successes of n and a Beta(1/2, 1/2) mixture, the martingale at a hypothetical share θ is
//   ln Λ(θ) = ln B(1/2 + S, 1/2 + n - S) - ln B(1/2, 1/2) - S ln θ - (n - S) ln(1 - θ),
// convex in θ with its minimum at S/n; the interval is where it stays below ln(1/α).
#include "assay/stats/proportion_sequence.h"

#include <cmath>

#include <fmt/format.h>

#include "assay/stats/distributions.h"

namespace assay::stats {
namespace {

constexpr double kPrior = 0.5;
constexpr int kBisections = 200;

struct Martingale {
  double successes = 0;
  double failures = 0;
  double constant = 0;

  double log_value(double share) const {
    const double won = successes > 0 ? successes * std::log(share) : 0;
    const double lost = failures > 0 ? failures * std::log1p(-share) : 0;
    return constant - won - lost;
  }
};

// The share between `inside` (below the limit) and `outside` (at or above it) where the limit is
// crossed; returned on the outer side, so that rounding never shortens the interval.
double crossing(const Martingale& martingale, double limit, double inside, double outside) {
  for (int i = 0; i < kBisections && inside != outside; ++i) {
    const double middle = inside + (outside - inside) / 2;
    if (middle == inside || middle == outside) break;
    (martingale.log_value(middle) < limit ? inside : outside) = middle;
  }
  return outside;
}

}  // namespace

Stat<Interval> proportion_sequence(std::int64_t successes, std::int64_t n, double alpha) {
  if (n <= 0) return undefined(Undefined::kNoData, "no unit has been seen");
  if (successes < 0 || successes > n) {
    return undefined(Undefined::kOutOfRange,
                     fmt::format("{} successes of {} units are impossible", successes, n));
  }
  ASSAY_TRY_VOID(require_share("alpha", alpha));
  const double s = static_cast<double>(successes), f = static_cast<double>(n - successes);
  const Martingale martingale{s, f, log_beta(kPrior + s, kPrior + f) - log_beta(kPrior, kPrior)};
  const double limit = -std::log(alpha), estimate = s / (s + f);
  Interval interval{0.0, 1.0};
  if (successes > 0) interval.low = crossing(martingale, limit, estimate, 0.0);
  if (successes < n) interval.high = crossing(martingale, limit, estimate, 1.0);
  return interval;
}

}  // namespace assay::stats
