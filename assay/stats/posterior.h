// What two posteriors say about each other: shared by beta_binomial.h and gamma_poisson.h.
#pragma once

#include "assay/stats/estimate.h"

namespace assay::stats {

template <typename Prior>
struct PosteriorOptions {
  double alpha = 0.05;  // Credible level 1 - alpha, equal tails.
  Prior prior;
};

struct PosteriorComparison {
  Estimate difference;
  Estimate relative;  // treatment / control - 1: the median, and equal-tailed limits.
};

}  // namespace assay::stats
