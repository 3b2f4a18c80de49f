// Means of rows when whole clusters were randomized (or a user has many rows): errors that know
// it.
//
// The estimate is the difference of the row means; its variance sums over clusters the squared
// sums of residuals (CR0), times G/(G-1) per variant (CR1), or with each cluster's leverage m/N
// taken out (CR2; Bell & McCaffrey, Survey Methodology 2002), whose degrees of freedom are
// Satterthwaite's. For a comparison of two variants all have closed forms, so a cluster is just its
// number of rows and its sum. Golden: spec/golden/cluster.csv
//
//   const auto contrast = cluster_contrast(control, treatment);   // CR2
//   const auto answer = fixed(*contrast);                         // t with Satterthwaite's df
#pragma once

#include <cstdint>
#include <span>

#include "assay/stats/contrast.h"

namespace assay::stats {

struct Cluster {
  std::int64_t rows = 0;
  double sum = 0;
};

enum class ClusterVariance { kCr0, kCr1, kCr2 };

// The contrast's n counts clusters. Clusters without rows are left out.
Stat<Contrast> cluster_contrast(std::span<const Cluster> control,
                                std::span<const Cluster> treatment,
                                ClusterVariance variance = ClusterVariance::kCr2);

// The intraclass correlation of clusters, one Summary each, by analysis of variance:
// (MSB - MSW)/(MSB + (m0-1)·MSW) with m0 = (N - Σm²/N)/(G-1). May be negative by chance.
struct ClusterCorrelation {
  double icc = 0;
  double mean_size = 0;      // Rows per cluster.
  double size_cv = 0;        // Their coefficient of variation (divisor G).
  double design_effect = 1;  // 1 + ((1 + cv²)·mean size - 1)·max(0, icc).
};
Stat<ClusterCorrelation> cluster_correlation(std::span<const Summary> clusters);

}  // namespace assay::stats
