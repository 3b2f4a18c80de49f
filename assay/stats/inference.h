// From a Contrast to an answer: fixed horizon, sequential, or Bayesian. Each gives the difference
// and the relative lift with one decision between them: the relative interval excludes 0 exactly
// when the absolute one does.
#pragma once

#include <cstdint>
#include <optional>

#include "assay/stats/contrast.h"

namespace assay::stats {

struct Inference {
  Estimate difference;
  Stat<Estimate> relative = undefined(Undefined::kZeroControl, "");  // Lift over |control|.
};

// Treatment over |control| - 1 with Fieller's interval at `critical` standard errors. Where the
// control may be zero the interval has no end on that side (or none at all); it excludes 0 exactly
// when the difference's interval does. E. C. Fieller, JRSS B 16 (1954).
Stat<Estimate> relative_lift(const Contrast& contrast, double critical);

struct FixedOptions {
  double alpha = 0.05;
  Alternative alternative = Alternative::kTwoSided;
};
// Welch's t (or z where df is 0); relative by Fieller (1954).
Stat<Inference> fixed(const Contrast& contrast, FixedOptions options = {});

struct SequentialOptions {
  double alpha = 0.05;
  double target_n = 5000;  // Total units at which the interval is tightest; fixed before looking.
  double running_p = 1.0;  // The smallest p seen at earlier looks: the always-valid p never rises.
  std::int64_t burn_in = 100;  // Units per arm before anything is said (kNotYet).
};
// Asymptotic confidence sequence (Waudby-Smith et al. 2024) with its always-valid p-value: valid
// however often and whenever one looks. Relative by Fieller at the same critical value.
Stat<Inference> sequential(const Contrast& contrast, SequentialOptions options = {});

// The k/n of the mixture that is tightest near target_n: k = n·mixture_precision(alpha, target_n).
double mixture_precision(double alpha, double target_n);

struct BayesianOptions {
  double alpha = 0.05;                      // Credible level 1 - alpha.
  std::optional<double> prior_sd_relative;  // N(0, sd²) on the relative lift; none: flat.
};
// Normal–Normal on the difference: probability of being better (above 0), expected loss, credible
// interval.
Stat<Inference> bayesian(const Contrast& contrast, BayesianOptions options = {});

}  // namespace assay::stats
