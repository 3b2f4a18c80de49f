// Several treatments against one control: all comparisons at once, without paying Bonferroni's
// price, because they share the control (C. W. Dunnett, JASA 50 (1955)). Assumes one variance in
// all arms, which is pooled; where they differ use Welch's test and Holm (multiplicity.h).
//
//   const auto answer = dunnett(control, treatments, {.alpha = 0.05});
//   answer->comparisons[0].p_value;    // already adjusted
//
// Golden: spec/golden/dunnett.csv (SciPy quadrature, checked with its multivariate t)
#pragma once

#include <span>
#include <vector>

#include "assay/stats/estimate.h"
#include "assay/stats/summary.h"

namespace assay::stats {

// P(max |T_i| > critical) for T_i sharing a control: correlation λ_i λ_j, λ_i = √(n_i/(n_i+n_0)).
double dunnett_sf(double critical, std::span<const double> lambdas, double df);
// The critical value whose dunnett_sf is `alpha`, in (0, 1).
double dunnett_critical(double alpha, std::span<const double> lambdas, double df);

struct DunnettOptions {
  double alpha = 0.05;  // Two-sided, of the whole family.
};
struct Dunnett {
  std::vector<Estimate> comparisons;  // Adjusted p-values, simultaneous intervals.
  double critical = 0;
  double pooled_variance = 0;
};
Stat<Dunnett> dunnett(const Summary& control, std::span<const Summary> treatments,
                      const DunnettOptions& options = {});

}  // namespace assay::stats
