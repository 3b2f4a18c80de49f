// Mann–Whitney U: is a value of the treatment more likely above one of the control than below?
//
// Mid-ranks for ties, the tie-corrected variance, and the continuity correction that R's
// wilcox.test uses by default. The estimate is A = U/(n_t·n_c) = P(t > c) + P(t = c)/2. It compares
// distributions, not means: under the null both are equal. Golden: spec/golden/mann_whitney.csv
//
//   const auto test = mann_whitney(control_values, treatment_values);
#pragma once

#include <span>

#include "assay/stats/estimate.h"

namespace assay::stats {

struct MannWhitney {
  double u = 0;         // Of the treatment.
  double estimate = 0;  // A; 0.5 is no difference.
  double z = 0;
  double p_value = 1;  // Normal approximation.
};

Stat<MannWhitney> mann_whitney(std::span<const double> control, std::span<const double> treatment,
                               Alternative alternative = Alternative::kTwoSided);

// The two-sided p-value over all ways to share out the (mid-)ranks, ties included: the probability
// of a U at least as far from its mean. At most 50 values in all; kOutOfRange beyond.
Stat<double> mann_whitney_exact_p(std::span<const double> control,
                                  std::span<const double> treatment);

}  // namespace assay::stats
