// Shares of units as Beta posteriors: which variant is better, by how much, and what a wrong choice
// costs.
//
// No Monte Carlo: integrals of products of Beta densities and distribution functions on the logit
// scale, where they are smooth for any shapes and the trapezoid rule converges geometrically.
// Posterior statements are calibrated under optional stopping only averaged over the prior in
// force; they do not bound the long-run rate of false alarms (see inference.h's sequential for
// that). Golden: spec/golden/beta_binomial.csv (mpmath)
//
//   const Beta control = posterior({3200, 100000}), treatment = posterior({3350, 100000});
//   const double better = probability_better(control, treatment);   // 0.9703
#pragma once

#include <span>
#include <vector>

#include "assay/stats/estimate.h"
#include "assay/stats/posterior.h"
#include "assay/stats/proportion.h"

namespace assay::stats {

struct Beta {
  double a = 1;  // Both above 0.
  double b = 1;
  double mean() const { return a / (a + b); }
};

// The prior (uniform by default) updated by the counts.
Stat<Beta> posterior(const Proportion& counts, const Beta& prior = {});

double probability_better(const Beta& control, const Beta& treatment);
// E[max(0, control - treatment)]: what shipping the treatment costs where it is worse.
double expected_loss(const Beta& control, const Beta& treatment);
// For each arm, the probability that its share is the largest; they add up to 1.
std::vector<double> probability_best(std::span<const Beta> arms);

using BetaBinomialOptions = PosteriorOptions<Beta>;
using BetaBinomial = PosteriorComparison;
Stat<BetaBinomial> beta_binomial(const Proportion& control, const Proportion& treatment,
                                 const BetaBinomialOptions& options = {});

}  // namespace assay::stats
