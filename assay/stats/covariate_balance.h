// Were the variants alike before the experiment began? One joint test of all pre-period means.
//
// Hotelling's T² with the pooled covariance: T² = d'[S(1/n_c + 1/n_t)]⁻¹d, and
// (N-p-1)/(p(N-2))·T² has an F distribution with p and N-p-1 degrees of freedom. Covariates that
// others determine are left out and p counts the rest. A p below 0.001 says, like a sample-ratio
// mismatch, that the assignment or the logging is broken: effects are not to be read. H. Hotelling,
// Annals of Mathematical Statistics 2 (1931). Golden: spec/golden/covariate_balance.csv
//
//   const auto balance = covariate_balance(control, treatment);   // summaries with covariates
#pragma once

#include <vector>

#include "assay/stats/summary.h"

namespace assay::stats {

struct CovariateBalance {
  double t_squared = 0;
  double f = 0;
  double df1 = 0;  // Covariates that count.
  double df2 = 0;
  double p_value = 1;
  std::vector<double> standardized;  // (x_t - x_c)/pooled sd of each covariate; 0 if constant.
};

// Reads the covariates of both summaries; kSingular where all are constant.
Stat<CovariateBalance> covariate_balance(const Summary& control, const Summary& treatment);

}  // namespace assay::stats
