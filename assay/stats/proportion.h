// Shares of units that converted: the two-proportion z test with intervals that behave at 0 and 1.
//
// The test pools both arms (its square is Pearson's chi-square without correction). The default
// interval is Newcombe's hybrid score (R. G. Newcombe, Statistics in Medicine 17 (1998), method
// 10), built from Wilson's; Wald's has zero width at shares of 0 and 1. Golden:
// spec/golden/proportion.csv
//
//   const auto lift = two_proportions({3200, 100000}, {3350, 100000}, {.alpha = 0.05});
#pragma once

#include <cstdint>

#include "assay/stats/estimate.h"

namespace assay::stats {

struct Proportion {
  std::int64_t successes = 0;
  std::int64_t n = 0;
};

enum class ProportionInterval { kNewcombe, kWald };

struct ProportionOptions {
  double alpha = 0.05;
  ProportionInterval interval = ProportionInterval::kNewcombe;
  Alternative alternative = Alternative::kTwoSided;
};

// Treatment minus control; method "two_proportion_z".
Stat<Estimate> two_proportions(const Proportion& control, const Proportion& treatment,
                               ProportionOptions options = {});

// Wilson's score interval for one share.
Stat<Interval> wilson(const Proportion& share, double alpha = 0.05);

}  // namespace assay::stats
