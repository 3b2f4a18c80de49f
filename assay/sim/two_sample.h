// Two variants filling up, unit by unit, and what a user holds of them at each look. The split is
// the product's own: each run has a salt, and units are assigned by hash.
//
//   const Population people = population_of({.law = Law::kNormal, .baseline = 1});
//   make_study<TwoSample>(head, filling_of({.people = people, .looks = 28}), methods);
#pragma once

#include <array>
#include <functional>
#include <span>
#include <vector>

#include "assay/sim/study.h"
#include "assay/sim/world.h"
#include "assay/stats/summary.h"

namespace assay::sim {

// How units behave, and the true values of the metric that results.
struct Population {
  stats::Columns columns;
  std::function<void(Random&, Arm, std::span<double> row)> behave;  // Fills one unit's row.
  double control = 0;
  double treatment = 0;
  double difference() const { return treatment - control; }
  double lift() const { return control == 0 ? 0 : treatment / control - 1; }
};

Population population_of(const World& world);
// The outcome beside what the unit did before: correlated normal columns. `slope` is how much more
// the outcome follows the first covariate in the treatment (an effect that differs by unit).
struct Before {
  double correlation = 0.5;  // Of the outcome with all covariates together.
  int covariates = 1;
  double effect = 0;
  double slope = 0;
};
Population population_with_covariates(const Before& before);
// Clicks over views of units with tastes: both columns are random and depend on each other; with
// covariates, the clicks and views of the time before.
Population population_of_ratio(double lift, bool with_covariate = false);

struct TwoSample {
  std::array<stats::Summary, 2> arms;         // Control, treatment.
  std::array<std::vector<double>, 2> values;  // Outcomes in order of arrival.
  int look = 0;                               // 0, 1, …
  double alpha = 0.05;
  double difference = 0;  // The truth.
  double lift = 0;
  int units = 0;  // Planned in all.

  const stats::Summary& control() const { return arms[0]; }
  const stats::Summary& treatment() const { return arms[1]; }
};

struct Filling {
  Population people;
  int units = 1000;  // Both variants together, at the end.
  double treatment_share = 0.5;
  int looks = 1;  // Equally spaced.
  double alpha = 0.05;
  // Weather: a shock of standard deviation `weather` that whoever arrives at that time shares,
  // with autocorrelation 0.99 from one unit to the next.
  double weather = 0;
  bool keep_values = false;
};
Simulate<TwoSample> filling_of(Filling filling);

}  // namespace assay::sim
