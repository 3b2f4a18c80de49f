// Augmentation: a smaller error from statistics that have expectation zero by the randomization,
// in-experiment ones included.
//
// With the estimate tau, auxiliary differences d (treatment minus control) and their joint
// covariance, tau - Cov(tau, d) Var(d)^-1 d has the smallest variance of all combinations (Deng,
// Hagar, Stevens, Xifara, Yuan & Gandhi 2023). CUPED is the case of a covariate from before; data
// of the experiment itself may serve only where the treatment cannot move it (events before the
// first exposure, units that were never triggered). That is for a person to declare; here d = 0 is
// tested jointly (chi-square), and a rejection at `balance_alpha` refuses the adjustment. Passing
// is no proof: a small move of d is subtracted from the effect. Golden:
// spec/golden/augmentation.csv
//
//   const Auxiliary pageviews = {.differences = {0.02}, .covariances = {3e-5}, .variances =
//   {4e-5}}; ASSAY_TRY(const Augmentation better, augment(0.031, 0.01, pageviews));
#pragma once

#include <vector>

#include "assay/stats/contrast.h"
#include "assay/stats/estimate.h"

namespace assay::stats {

struct Auxiliary {
  std::vector<double> differences;
  std::vector<double> covariances;  // With the estimate.
  std::vector<double> variances;    // Covariance matrix of the differences, row by row.
};

struct AugmentationOptions {
  double alpha = 0.05;
  double balance_alpha = 0.001;
};

struct Augmentation {
  Estimate estimate;
  std::vector<double> weights;  // What of each difference was subtracted.
  double variance_reduction = 0;
  double balance_statistic = 0;
  double balance_p = 1;
};

// kUnsupported where the differences are not zero; kSingular where they determine each other or the
// covariances fit no distribution.
Stat<Augmentation> augment(double estimate, double std_error, const Auxiliary& auxiliary,
                           const AugmentationOptions& options = {});

// The same from summaries whose covariates are the auxiliaries: cuped_contrast after the test.
Stat<Contrast> augmented_contrast(const Summary& control, const Summary& treatment,
                                  double balance_alpha = 0.001);

}  // namespace assay::stats
