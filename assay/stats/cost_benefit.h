// Is the treatment worth what it costs to serve? Turns the posterior of an effect into money.
//
//   net value per year = effect · units · value per unit of the metric - running cost
//
// With the effect ~ N(m, S²) after a N(prior_mean, prior_sd²) prior (none: flat), the net value is
// normal too: the probability that it is positive, what shipping may lose, what not shipping may
// lose, and E[max(0, net)] - max(0, E[net]): the most that perfect knowledge, hence any more data,
// could be worth. Break-even effect = cost/(units · value): the smallest effect worth detecting.
// Golden: spec/golden/cost_benefit.csv (mpmath)
//
//   const auto worth = cost_benefit(0.004, 0.002, {.units = 5e6, .unit_value = 1.5, .cost = 9000});
//   worth->probability_positive;
#pragma once

#include <optional>

#include "assay/stats/estimate.h"

namespace assay::stats {

struct CostBenefitOptions {
  double units = 1;       // Exposed per year.
  double unit_value = 1;  // Of one more in the metric, for one unit; negative for a cost metric.
  double cost = 0;        // Of running the treatment rather than the control, per year.
  double alpha = 0.05;
  double prior_mean = 0;
  std::optional<double> prior_sd;  // None: flat.
};

struct CostBenefit {
  double net_value = 0;  // Expected, per year.
  double net_value_sd = 0;
  Interval interval;  // Credible, 1 - alpha.
  double probability_positive = 0;
  double loss_of_shipping = 0;    // E[max(0, -net)].
  double loss_of_waiting = 0;     // E[max(0, net)]: of not shipping.
  double value_of_more_data = 0;  // At most.
  double break_even_effect = 0;
  bool ship = false;  // The expected net value is positive.
};

Stat<CostBenefit> cost_benefit(double effect, double std_error, const CostBenefitOptions& options);

}  // namespace assay::stats
