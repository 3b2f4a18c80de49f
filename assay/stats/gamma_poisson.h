// Rates of events (orders per user, errors per hour) as Gamma posteriors: which variant's rate is
// higher, by how much, and what a wrong choice costs.
//
// Events are Poisson given the exposure; a Gamma prior stays a Gamma. The probability of being
// better is an incomplete beta function and the ratio's quantiles are those of an F distribution,
// both exact; only tiny losses and the difference's limits need quadrature. Events of one unit must
// not excite each other: for overdispersed counts compare means per unit (contrast.h). Golden:
// spec/golden/gamma_poisson.csv (mpmath)
//
//   const auto answer = gamma_poisson({120, 4000}, {151, 4100});
//   answer->relative.value;    // the median of the posterior lift
#pragma once

#include "assay/stats/estimate.h"
#include "assay/stats/posterior.h"

namespace assay::stats {

struct Gamma {
  double shape = 1;
  double rate = 0;  // 0 only in a prior: a flat one.
  double mean() const { return shape / rate; }
};

struct EventRate {
  double events = 0;
  double exposure = 0;  // Units, hours, page views: what the rate is per.
};

// The prior (flat by default) updated by the counts; kNoData while its rate is still 0.
Stat<Gamma> posterior(const EventRate& counts, const Gamma& prior = {});

double probability_better(const Gamma& control, const Gamma& treatment);
// E[max(0, control - treatment)]: what shipping the treatment costs where it is worse.
double expected_loss(const Gamma& control, const Gamma& treatment);
// treatment / control - 1 at a share of its posterior, 0 < share < 1.
double lift_quantile(const Gamma& control, const Gamma& treatment, double share);

using GammaPoissonOptions = PosteriorOptions<Gamma>;
using GammaPoisson = PosteriorComparison;
Stat<GammaPoisson> gamma_poisson(const EventRate& control, const EventRate& treatment,
                                 const GammaPoissonOptions& options = {});

}  // namespace assay::stats
