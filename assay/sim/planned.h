// An experiment of exactly the size that `assay plan` asks for: the product's own sizing plans it,
// and says how likely whole units of that size find the effect.
//
//   const Planned plan = planned_mean({.mean = 1, .sd = 1}, {.effect = {.relative = 0.1}});
//   plan.sizing.n_control;    // 1571
//   plan.sizing.power;        // 0.80005, of these units
//   make_study<TwoSample>(head_of("mean", plan), simulate_plan(people, plan), methods);
#pragma once

#include <string>

#include "assay/sim/two_sample.h"
#include "assay/stats/sizing.h"

namespace assay::sim {

struct Planned {
  stats::SizingOptions options;
  stats::Sizing sizing;
};

// The options must hold an effect and no size.
Planned planned_proportion(double baseline, stats::SizingOptions options);
Planned planned_mean(const stats::MeanBaseline& baseline, stats::SizingOptions options);

// "power.NAME", with its units, and as many runs as they allow.
StudyHead head_of(const std::string& name, const Planned& plan, const std::string& remark = {});

// Both variants fill up together to their planned sizes; looks are equally spaced.
Simulate<TwoSample> simulate_plan(Population people, const Planned& plan, int looks = 1);

}  // namespace assay::sim
