// The standard deviation of one unit's contribution to an estimate, which sizing needs: of a ratio
// metric and of a quantile, from history; and what clusters multiply the units by.
#pragma once

#include "assay/stats/estimate.h"

namespace assay::stats {

// Of one unit: numerator N and denominator D.
struct RatioMoments {
  double numerator_mean = 0;
  double denominator_mean = 0;
  double numerator_variance = 0;
  double denominator_variance = 0;
  double covariance = 0;
};
// sd of (N - R·D) / mean(D), R the ratio of the means (delta method).
Stat<double> ratio_unit_sd(const RatioMoments& moments);

// √(q (1 - q)) / density, the density of the metric at its q-quantile; for one row per unit.
Stat<double> quantile_unit_sd(double quantile, double density);
// √n times the standard error that a past sample of n units had.
Stat<double> history_unit_sd(double std_error, double units);

// 1 + ((1 + cv²)·size - 1)·icc: by how much clusters multiply the units that are needed; see
// cluster_correlation in cluster.h.
double design_effect(double size, double icc, double size_cv);

}  // namespace assay::stats
