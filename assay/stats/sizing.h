// How many units a plan needs, what it can see with those it gets, and how likely it is to see it.
//
//   const auto plan = size_proportion(0.032, {.effect = {.relative = 0.10}});
//   // plan->n_per_variant == 49777: 5 % alarms, 80 % power
//
// Give two of effect, power and sample size; the third is solved. One formula serves every design:
// a design says how far the effect lies from the null in standard errors of n_control units, a rule
// of decision says how likely it finds that (one look, planned looks, always-valid, a posterior).
// Power counts findings in the right direction only, as R's power.prop.test and power.t.test do.
// Formulas and sources: sizing.cc and docs/methods/sizing.md. Pure. Golden:
// spec/golden/sizing_*.csv
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "assay/base/expected.h"
#include "assay/stats/duration.h"
#include "assay/stats/group_sequential.h"

namespace assay::stats {

// One of the two, in the scale of the metric or relative to its baseline.
struct EffectSize {
  std::optional<double> absolute;
  std::optional<double> relative;
};

// superiority: is there an effect? non-inferiority: is the treatment not worse than the margin?
// equivalence: does the effect lie within ± the margin (two one-sided tests)? The margin is the
// `effect`, and both are one-sided at alpha.
enum class Aim { kSuperiority, kNonInferiority, kEquivalence };

// How the tests of several variants or metrics share alpha.
enum class SharedAlpha { kNone, kBonferroni, kDunnett };

// pooled: the null variance at the mean of both rates, as R's power.prop.test (the default).
// unpooled: both variances at their own rates, as in n = (a + b)² (p1 q1 + p2 q2) / δ².
// arcsine: the difference of 2 asin √p, as R's pwr.2p.test.
enum class ProportionVariance { kPooled, kUnpooled, kArcsine };

// Welch's t (the power is that of the noncentral t), or the normal distribution.
enum class MeanTest { kT, kNormal };

// difference: treatment - control. lift: the plain (delta-method) test of treatment / control - 1,
// whose standard error grows with the lift. Fieller's test of the lift is that of the difference.
enum class EffectScale { kDifference, kLift };

enum class Rule {
  kFixed,               // One look, at the planned size.
  kGroupSequential,     // Planned looks that spend alpha.
  kConfidenceSequence,  // An always-valid interval, looked at `looks` times up to the planned size.
  kPosterior,           // Ship when P(better) reaches ship_probability, at any of the looks.
};

struct RuleOptions {
  Rule rule = Rule::kFixed;
  int looks = 28;                                // Equally spaced, the last at the planned size.
  Spending spending = Spending::kObrienFleming;  // kGroupSequential.
  double spending_parameter = 1;
  std::optional<double> target_n;  // kConfidenceSequence: units of both variants at which it is
                                   // tightest; none: the planned size.
  double ship_probability = 0.95;  // kPosterior.
  std::optional<double>
      prior_sd;  // kPosterior: N(0, sd²) on the effect, metric's unit; none: flat.
};

// Whole clusters were randomized: `size` units in each on average, with coefficient of variation
// `size_cv` and intraclass correlation `icc`. Tests use t with clusters - 2 degrees of freedom.
struct ClusterDesign {
  double size = 1;
  double icc = 0;
  double size_cv = 0;
};

struct SizingOptions {
  double alpha = 0.05;
  Sides sides = Sides::kTwo;
  Aim aim = Aim::kSuperiority;
  EffectSize effect;                          // Empty: solve for the smallest detectable effect.
  std::optional<double> power;                // Empty: 0.8, or solved where both others are given.
  std::optional<std::int64_t> n_per_variant;  // Of the control, where weights differ.
  bool downward = false;       // Solving for the effect: below the baseline, not above.
  double true_difference = 0;  // Non-inferiority and equivalence: treatment - control in truth.
  std::vector<double> weights = {1, 1};           // Control first. The smallest treatment decides.
  SharedAlpha shared_alpha = SharedAlpha::kNone;  // Over treatments and metrics.
  int metrics = 1;
  bool all_metrics = false;  // Success needs every metric: power is shared instead of alpha.
  EffectScale scale = EffectScale::kDifference;
  double correlation = 0;  // CUPED: the variance shrinks by 1 - correlation².
  std::optional<ClusterDesign> clusters;
  RuleOptions rule;
  std::optional<Traffic> traffic;  // All variants together.
  ProportionVariance variance = ProportionVariance::kPooled;
  MeanTest test = MeanTest::kT;
};

// What a rule with several looks costs and saves.
struct SequentialCost {
  double inflation = 1;          // Units over those of one look with the same power.
  double expected_n_null = 0;    // Units in total when there is no effect …
  double expected_n_effect = 0;  // … and when there is the planned one.
  double false_alarms = 0;       // Chance that this comparison finds an effect where there is none.
};

struct Sizing {
  std::int64_t n_per_variant = 0;  // The largest variant, where weights differ.
  std::int64_t n_control = 0;
  std::int64_t n_treatment = 0;  // The smallest treatment.
  std::int64_t n_total = 0;      // All variants.
  double power = 0;              // Asked for, or solved; of all metrics where all must show.
  double alpha = 0;
  double alpha_comparison = 0;                       // Of one comparison, after sharing.
  double mde_absolute = 0;                           // The effect, or the margin.
  std::optional<double> mde_relative;                // None where the baseline is 0.
  double design_effect = 1;                          // Of clusters.
  std::optional<std::int64_t> clusters_per_variant;  // The largest variant.
  std::optional<SequentialCost> sequential;
  std::optional<std::int64_t> duration_days;  // Whole weeks, where traffic is given.
  std::string formula;                        // Which one was used, for people.
  std::vector<std::string> warnings;
};

// `baseline` is the control's rate, in (0, 1).
Checked<Sizing> size_proportion(double baseline, const SizingOptions& options);

struct MeanBaseline {
  double mean = 0;  // Of the control; relative effects need another than 0.
  double sd = 0;    // Of one unit's value; of a ratio or a quantile see unit_sd.h.
  std::optional<double> treatment_sd;  // None: the same.
  std::string estimator = "means";     // What is compared, for people: "ratios", "quantiles".
};
// MeanTest::kT holds for means; other estimators are asymptotic, hence normal.
Checked<Sizing> size_mean(const MeanBaseline& baseline, const SizingOptions& options);

// The control's share of all units that needs the fewest for `treatments` comparisons with it,
// 1 / (1 + √treatments).
double best_control_share(int treatments);

}  // namespace assay::stats
