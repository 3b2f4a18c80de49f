// The one formula behind sizing.cc: how likely a design misses an effect with n_control units.
// Internal to stats; sizing.h is the front.
#pragma once

#include <functional>
#include <optional>

#include "assay/stats/sizing.h"

namespace assay::stats::internal {

// Variances of one unit's value in each arm.
struct UnitVariances {
  double control = 0;
  double treatment = 0;
};

// What is measured: the planner asks only this of a metric.
struct Target {
  double baseline = 0;
  double lowest = 0;  // Bounds of the difference treatment - control.
  double highest = 0;
  std::function<UnitVariances(double difference)> variances;
  std::function<double(double difference)> pooled;    // Unit variance under the null; may be empty.
  std::function<double(double difference)> distance;  // Where not the difference itself (arcsine).
  bool t_test = false;
};

class Planner {
 public:
  // `options` must have passed the checks of sizing.cc.
  Planner(Target target, const SizingOptions& options);

  // 1 - power of one comparison for one metric. The effect has its sign; a margin too.
  double miss(double effect, double n_control) const;
  // None where no n below 10^15 suffices, or no effect within the target's bounds.
  std::optional<double> required_n(double effect) const;
  std::optional<double> smallest_effect(double n_control) const;

  double power(double effect, double n_control) const;  // Of all metrics where all must show.
  double alpha_comparison(double n_control) const;
  double ratio() const { return ratio_; }  // n_treatment / n_control of the smallest treatment.
  double all_units() const { return all_units_; }  // Of all variants, per unit of the control.
  std::optional<SequentialCost> sequential_cost(double effect, double n_control) const;

 private:
  struct Signal {
    double drift;  // Distance over its standard error.
    double ratio;  // Null over alternative standard error.
  };
  Signal signal(double distance, double form, double difference, double n_control) const;
  Signal main_signal(double effect, double n_control) const;
  double lean(double effect) const;
  double miss_of(const Signal& signal, double difference, double n_control) const;
  double degrees_of_freedom(double difference, double n_control) const;
  double critical(double df, double n_control) const;
  std::optional<GroupSequential> bounds(double n_control) const;
  double shares() const;
  double target_miss() const;
  double excess(double effect, double n_control) const;
  Sides sides() const;

  Target target_;
  SizingOptions options_;
  double ratio_ = 1;
  double all_units_ = 2;
  double scale_ = 1;  // On every variance: CUPED and clusters.
  std::optional<GroupSequential> planned_looks_;
};

}  // namespace assay::stats::internal
