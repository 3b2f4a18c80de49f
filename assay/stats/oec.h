// An overall evaluation criterion: one weighted sum of several metrics' effects, with the variance
// that their correlation gives it, Var = w'Σw. Standardize the effects first (divide by each
// metric's standard deviation), and fix the weights before the experiment.
//
//   const auto overall = weighted_sum(effects, weights, covariance);   // row by row
#pragma once

#include <span>

#include "assay/stats/estimate.h"

namespace assay::stats {

// `covariance` is that of the effects' estimators: symmetric, positive semidefinite, row by row.
Stat<Estimate> weighted_sum(std::span<const double> effects, std::span<const double> weights,
                            std::span<const double> covariance, double alpha = 0.05);

}  // namespace assay::stats
