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

}  // namespace assay::stats
