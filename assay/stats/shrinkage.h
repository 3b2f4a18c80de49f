// The winner's curse: of many experiments the largest effects are partly luck. Effects are shrunk
// toward a common mean by their noise relative to the spread of true effects.
//
// Normal–Normal empirical Bayes with DerSimonian & Laird's moment estimate of the spread
// (Controlled Clinical Trials 1986); below ten effects give the spread yourself.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "assay/stats/estimate.h"

namespace assay::stats {

struct Effect {
  double value = 0;
  double std_error = 0;  // Positive.
};

struct ShrinkageOptions {
  double mean = 0;            // Of the true effects; 0 for lifts.
  std::optional<double> tau;  // Their standard deviation; none: estimated.
};

struct Shrinkage {
  double tau = 0;
  std::vector<Effect> effects;  // Posterior means and standard deviations, in the order given.
};

Stat<Shrinkage> shrink(std::span<const Effect> effects, const ShrinkageOptions& options = {});

}  // namespace assay::stats
