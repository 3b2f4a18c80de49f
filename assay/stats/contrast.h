// Contrast: a treatment against a control, reduced to what inference needs. The second waist.
// Whatever the metric (mean, proportion, ratio, quantile, cluster totals) and whatever was done to
// it (CUPED, strata of epochs), the result is two arm values and their sampling covariance; every
// way of inference (fixed, sequential, Bayesian, non-inferiority) reads only this. Thereby each
// combination works, and is written once.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "assay/stats/estimate.h"
#include "assay/stats/quantile.h"
#include "assay/stats/summary.h"

namespace assay::stats {

struct Contrast {
  double control = 0;           // Value of the control arm, in the metric's unit.
  double treatment = 0;         // Value of the treatment arm, after any adjustment.
  double control_variance = 0;  // Of the estimator, not of the units.
  double treatment_variance = 0;
  double covariance =
      0;          // Between the two values; not zero after an adjustment with a pooled covariate.
  double df = 0;  // Degrees of freedom of the variance; 0: treat as known (normal).
  std::int64_t n_control = 0;  // Units.
  std::int64_t n_treatment = 0;
  double variance_reduction = 0;  // Share of the variance removed by the adjustment, 0 … 1.

  double difference() const { return treatment - control; }
  double variance() const { return control_variance + treatment_variance - 2 * covariance; }
};

// Means per unit (counts, revenue, 0/1 too): s²/n each, Welch's degrees of freedom.
Stat<Contrast> mean_contrast(const Summary& control, const Summary& treatment);
// Sum of outcomes over sum of denominators, by the delta method.
Stat<Contrast> ratio_contrast(const Summary& control, const Summary& treatment);
// Adjusted for all covariates of the summaries (CUPED; Deng, Xu, Kohavi & Walker 2013), for means
// and ratios. A covariate that some units lack is two: its value, imputed by any one constant for
// all variants, and 1 where it is missing, else 0. The constant cancels, so no unit is dropped and
// shards need not agree on a mean.
Stat<Contrast> cuped_contrast(const Summary& control, const Summary& treatment);
// The same for units that are few, such as clusters: Welch's degrees of freedom for a ratio too.
Stat<Contrast> few_units_contrast(const Summary& control, const Summary& treatment);
// Quantiles of clustered rows.
Stat<Contrast> quantile_contrast(const QuantileEstimate& control,
                                 const QuantileEstimate& treatment);
// Contrasts of the same metric in strata (epochs, segments), weighted by each stratum's share of
// units; or in proportion to `weights`, one for each stratum, where several treatments are compared
// over the same mix of strata.
Stat<Contrast> stratified_contrast(std::span<const Contrast> strata);
Stat<Contrast> stratified_contrast(std::span<const Contrast> strata,
                                   std::span<const double> weights);

// Solves matrix·x = right for a symmetric, positive semidefinite matrix (row by row); columns that
// depend on others, or are constant, get the coefficient 0.
std::vector<double> solve_dropping_dependent(std::vector<double> matrix, std::vector<double> right);
// The same, with the number of columns that were kept.
struct Solution {
  std::vector<double> x;
  int rank = 0;
};
Solution solve_ranked(std::vector<double> matrix, std::vector<double> right);

}  // namespace assay::stats
