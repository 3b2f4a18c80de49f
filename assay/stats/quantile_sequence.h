// Quantiles at every look: between which values does the 99th percentile lie, whenever one asks?
//
// For independent values and a fixed quantile p, the number of values at or below the true quantile
// is a sum of coin flips that succeed with p; mixing over wrong success chances gives a martingale,
// and inverting it in the count gives ranks that hold at all sample sizes together (Howard &
// Ramdas, "Sequential estimation of quantiles", Bernoulli 2022). The beta-binomial mixture has its
// prior Beta(p·m, (1-p)·m) cut at p, one half per side at alpha/2, with m tuned to `target_n`;
// exact for any distribution, discrete ones too. The closed form is simpler and wider:
//   f = 1.5·√(p(1-p)l) + 0.8·l,  l = (1.4·ln ln(2.1 n) + ln(10/alpha))/n,  ranks n(p ∓ f).
// Requests of one user are not independent: sample one per user, or use clustered quantiles with
// the confidence sequence of inference.h. Golden: spec/golden/quantile_sequence.csv
//
//   ASSAY_TRY(const Estimate p99, quantile_sequence(latencies, 0.99));
//   ASSAY_TRY(const double log_e, over_limit_log_e(within_500ms, n, 0.99));  // > ln(1/alpha):
//   alarm
#pragma once

#include <cstdint>
#include <span>

#include "assay/stats/estimate.h"

namespace assay::stats {

enum class QuantileBounds { kBetaBinomial, kClosedForm };

struct QuantileSequenceOptions {
  double alpha = 0.05;     // Two-sided.
  double target_n = 5000;  // Where the interval is tightest; fixed before looking.
  QuantileBounds bounds = QuantileBounds::kBetaBinomial;
};

// Ranks count from 1 to n; low 0 or high n + 1: that side has no end yet.
struct RankInterval {
  std::int64_t low = 0;
  std::int64_t high = 0;
};

Stat<RankInterval> quantile_ranks(std::int64_t n, double quantile,
                                  const QuantileSequenceOptions& options = {});

// Type-1 quantile with its interval.
Stat<Estimate> quantile_sequence(std::span<const double> values, double quantile,
                                 const QuantileSequenceOptions& options = {});

// Treatment minus control: both sequences at alpha/2. It excludes 0 where they are disjoint.
Stat<Estimate> quantile_sequence_difference(std::span<const double> control,
                                            std::span<const double> treatment, double quantile,
                                            const QuantileSequenceOptions& options = {});

// ln of the evidence that the quantile lies above a limit which `within` of `n` values keep;
// one-sided, at any look: alarm from ln(1/alpha).
Stat<double> over_limit_log_e(std::int64_t within, std::int64_t n, double quantile,
                              double target_n = 5000);

}  // namespace assay::stats
