// How many units a plan needs, and what it can see with those it gets: closed forms for two
// variants, one function per design. Two-sided, fixed horizon; n is rounded up in each variant.
//
//   const auto plan = size_proportion(0.032, {.effect = {.relative = 0.10}});
//   // plan->n_per_variant == 49777: 5 % alarms, 80 % power
//
// Give two of effect, power and sample size; the third is solved. Pure. Golden:
// spec/golden/sizing_*.csv.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "assay/base/expected.h"

namespace assay::stats {

// One of the two, in the scale of the metric or relative to its baseline.
struct EffectSize {
  std::optional<double> absolute;
  std::optional<double> relative;
};

// pooled: the null variance at the mean of both rates, as R's power.prop.test (the default).
// unpooled: both variances at their own rates, as in n = (a + b)² (p1 q1 + p2 q2) / δ².
enum class ProportionVariance { kPooled, kUnpooled };

struct SizingOptions {
  double alpha = 0.05;
  EffectSize effect;                          // Empty: solve for the smallest detectable effect.
  std::optional<double> power;                // Empty: 0.8, or solved where both others are given.
  std::optional<std::int64_t> n_per_variant;  // Of the control, where shares differ.
  double treatment_share = 0.5;               // Of both variants' units.
  double correlation = 0;                     // CUPED: the variance shrinks by 1 - correlation².
  std::optional<double> daily_units;          // Both variants together.
  ProportionVariance variance = ProportionVariance::kPooled;
};

struct Sizing {
  std::int64_t n_per_variant = 0;  // The larger variant, where shares differ.
  std::int64_t n_control = 0;
  std::int64_t n_treatment = 0;
  std::int64_t n_total = 0;
  double power = 0;  // Asked for, or solved.
  double alpha = 0;
  double mde_absolute = 0;
  double mde_relative = 0;
  std::optional<std::int64_t> duration_days;  // Whole weeks, where daily_units is given.
  std::string formula;                        // Which one was used, for people.
};

// `baseline` is the control's rate, in (0, 1).
Checked<Sizing> size_proportion(double baseline, const SizingOptions& options);
// `baseline` is the control's mean (for relative effects), `sd` that of a unit's value.
Checked<Sizing> size_mean(double baseline, double sd, const SizingOptions& options);

}  // namespace assay::stats
