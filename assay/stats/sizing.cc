// Checks a person's numbers, describes the metric, and lets the planner solve (planner.cc has the
// formulas).
//
// Pooled null variance of unequal arms: p̄ = (p1 + k p2) / (1 + k) (Fleiss, Levin & Paik, 4.2).
// Arcsine: J. Cohen, Statistical Power Analysis (1988), ch. 6.
#include "assay/stats/sizing.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "assay/stats/planner.h"
#include "assay/stats/unit_sd.h"

namespace assay::stats {
namespace {

using internal::Planner;
using internal::Target;
using internal::UnitVariances;

constexpr double kMostUnits = 1e15;
constexpr double kLeastWeight = 1e-9;
constexpr double kLeastValue = 1e-100;  // And its inverse: squares stay numbers.
constexpr double kLeastRate = 1e-15;
constexpr double kFewConversions = 10;
constexpr double kFewClusters = 20;
constexpr int kMostLooks = 100;
constexpr std::int64_t kLongDays = 364;

void complain(Problems& problems, std::string field, std::string message, std::string hint = {}) {
  problems.push_back({.place = {},
                      .field = std::move(field),
                      .message = std::move(message),
                      .hint = std::move(hint)});
}

bool inside(double x, double low, double high) { return x > low && x < high; }

bool usable_size(double x) { return inside(std::abs(x), kLeastValue, 1 / kLeastValue); }

void check_level(const SizingOptions& options, Problems& problems) {
  if (!require_share("alpha", options.alpha)) {
    complain(problems, "alpha", "is not between 1e-15 and 1", "0.05 is the usual choice");
  }
  const double least = options.rule.rule == Rule::kPosterior ? 1 - options.rule.ship_probability
                       : options.aim == Aim::kSuperiority && options.sides == Sides::kTwo
                           ? options.alpha / 2
                           : options.alpha;
  if (options.power && !(*options.power > least && *options.power < 1)) {
    complain(problems, "power", fmt::format("is not between {:g} and 1", least),
             "0.8 is the usual choice");
  }
  if (options.metrics < 1 || options.metrics > 10000) {
    complain(problems, "metrics", "is not between 1 and 10000");
  }
}

void check_weights(const SizingOptions& options, Problems& problems) {
  const std::vector<double>& weights = options.weights;
  if (weights.size() < 2 || weights.size() > 101) {
    complain(problems, "weights", "needs a control and 1 to 100 treatments");
  }
  for (const double weight : weights) {
    if (inside(weight, kLeastWeight, kMostUnits)) continue;
    complain(problems, "weights", fmt::format("{:g} is not above {:g}", weight, kLeastWeight),
             "every variant needs units; a share lies between 0 and 1");
  }
}

void check_effect(const SizingOptions& options, Problems& problems) {
  const EffectSize& effect = options.effect;
  const bool margin = options.aim != Aim::kSuperiority;
  const double size = effect.absolute.value_or(effect.relative.value_or(1));
  if (effect.absolute && effect.relative) {
    complain(problems, "effect", "is given twice", "absolute or relative");
  } else if (!usable_size(size)) {
    complain(problems, "effect", "is not a finite number other than 0",
             "no sample is large enough to find nothing");
  } else if (options.aim == Aim::kEquivalence && size < 0) {
    complain(problems, "effect", "is not above 0", "equivalence means within ± this margin");
  }
  const bool has_effect = effect.absolute || effect.relative;
  if (!has_effect && !options.n_per_variant) {
    complain(problems, "effect", "is missing",
             margin ? "give the margin as mde_relative or mde_absolute, or n_per_variant"
                    : "give mde_relative, mde_absolute or n_per_variant");
  } else if (has_effect && options.n_per_variant && options.power) {
    complain(problems, "power", "effect, n_per_variant and power are all given",
             "leave out the one to solve for");
  }
  if (options.n_per_variant && *options.n_per_variant < 2) {
    complain(problems, "n_per_variant", "is less than 2");
  }
  if (!(std::abs(options.true_difference) < 1 / kLeastValue)) {
    complain(problems, "true_difference", "is not a number below 1e100");
  } else if (!margin && options.true_difference != 0) {
    complain(problems, "true_difference", "belongs to noninferiority and equivalence",
             "the effect to find is mde_relative or mde_absolute");
  }
}

void check_variance(const SizingOptions& options, Problems& problems) {
  if (!inside(options.correlation, -1, 1)) {
    complain(problems, "correlation", "is not between -1 and 1");
  }
  if (const auto& clusters = options.clusters) {
    if (!(clusters->size >= 1 && clusters->size < kMostUnits)) {
      complain(problems, "cluster_size", "is not at least 1");
    }
    if (!(clusters->icc >= 0 && clusters->icc <= 1)) {
      complain(problems, "icc", "is not between 0 and 1");
    }
    if (!(clusters->size_cv >= 0 && clusters->size_cv < 1000)) {
      complain(problems, "cluster_size_cv", "is not at least 0");
    }
  }
  if (!options.traffic) return;
  if (const auto sound = require_traffic(*options.traffic); !sound) {
    complain(problems, "traffic", sound.error().text, "--daily-units 5000, or day=units points");
  }
}

void check_rule(const SizingOptions& options, Problems& problems) {
  const RuleOptions& rule = options.rule;
  if (rule.rule == Rule::kFixed) return;
  if (rule.looks < 1 || rule.looks > kMostLooks) {
    complain(problems, "looks", fmt::format("is not between 1 and {}", kMostLooks));
  }
  if (options.aim == Aim::kEquivalence) {
    complain(problems, "rule", "equivalence is planned for one look",
             "rule fixed, or noninferiority with the same margin");
  }
  if (rule.rule == Rule::kPosterior) {
    if (!(rule.ship_probability >= 0.5 && rule.ship_probability < 1)) {
      complain(problems, "ship_probability", "is not between 0.5 and 1");
    }
    if (rule.prior_sd && !inside(*rule.prior_sd, 0, kMostUnits)) {
      complain(problems, "prior_sd", "is not above 0");
    }
    if (options.aim != Aim::kSuperiority) {
      complain(problems, "rule", "the posterior rule asks only whether the treatment is better");
    }
  }
  const double gamma = rule.spending_parameter;
  const bool power_family =
      rule.rule == Rule::kGroupSequential && rule.spending == Spending::kPower;
  if (!(std::abs(gamma) <= 100) || (power_family && gamma <= 0)) {
    complain(problems, "spending_parameter",
             power_family ? "is not between 0 and 100" : "is not between -100 and 100");
  }
  if (rule.target_n && !inside(*rule.target_n, 0, kMostUnits)) {
    complain(problems, "target_n", "is not above 0");
  }
}

void check_combination(const SizingOptions& options, Problems& problems) {
  const bool at_once = options.rule.rule == Rule::kFixed;
  const bool superiority = options.aim == Aim::kSuperiority;
  if (options.shared_alpha == SharedAlpha::kDunnett &&
      !(at_once && superiority && options.sides == Sides::kTwo)) {
    complain(problems, "shared_alpha", "Dunnett's critical value is for two-sided tests, one look",
             "bonferroni holds for every rule");
  }
  if (options.variance == ProportionVariance::kArcsine && !(at_once && superiority)) {
    complain(problems, "variance", "the arcsine test is for an effect at one look", "unpooled");
  }
  if (options.scale == EffectScale::kLift && !superiority) {
    complain(problems, "scale", "a margin relative to the control says the same: mde_relative");
  }
}

Problems check(const SizingOptions& options) {
  Problems problems;
  check_level(options, problems);
  check_effect(options, problems);
  check_weights(options, problems);
  check_variance(options, problems);
  check_rule(options, problems);
  check_combination(options, problems);
  return problems;
}

// Rounded up, but not because of the last digits of a double.
std::int64_t round_up(double n) { return static_cast<std::int64_t>(std::ceil(n * (1 - 1e-12))); }

struct Solved {
  double effect = 0;
  double n_control = 0;
  double power = 0;
};

Checked<Solved> solve(const Planner& planner, std::optional<double> effect,
                      const SizingOptions& options) {
  Problems problems;
  if (!options.n_per_variant) {
    const auto n = planner.required_n(*effect);
    if (n && *n * planner.all_units() < 2 * kMostUnits) {
      return Solved{*effect, *n, options.power.value_or(0.8)};
    }
    complain(problems, "effect", "is too small: more than 10^15 units");
    return unexpected(std::move(problems));
  }
  const auto n = static_cast<double>(*options.n_per_variant);
  if (!(n * planner.all_units() < 100 * kMostUnits)) {
    complain(problems, "n_per_variant", "is more than 10^17 units in all variants");
    return unexpected(std::move(problems));
  }
  if (effect) return Solved{*effect, n, planner.power(*effect, n)};
  if (const auto smallest = planner.smallest_effect(n)) {
    return Solved{*smallest, n, options.power.value_or(0.8)};
  }
  complain(problems, "n_per_variant",
           fmt::format("{} units find no possible effect with this power", *options.n_per_variant),
           "more units, or less power");
  return unexpected(std::move(problems));
}

// Units of one variant; whole clusters where those are randomized.
std::int64_t units_of(double n, const SizingOptions& options) {
  const std::int64_t least = std::max<std::int64_t>(2, round_up(n));
  if (!options.clusters) return least;
  const double size = options.clusters->size;
  return std::max(least, round_up(std::ceil(n * (1 - 1e-12) / size) * size));
}

void count_units(double n_control, const SizingOptions& options, Sizing& sizing) {
  for (std::size_t i = 0; i < options.weights.size(); ++i) {
    const double n = n_control * (options.weights[i] / options.weights[0]);
    const std::int64_t units = units_of(n, options);
    if (i == 0) sizing.n_control = units;
    if (i > 0) sizing.n_treatment = i == 1 ? units : std::min(sizing.n_treatment, units);
    sizing.n_per_variant = std::max(sizing.n_per_variant, units);
    sizing.n_total += units;
  }
  if (!options.clusters) return;
  const double size = options.clusters->size;
  sizing.clusters_per_variant = round_up(static_cast<double>(sizing.n_per_variant) / size);
  sizing.design_effect = design_effect(size, options.clusters->icc, options.clusters->size_cv);
  const double both = static_cast<double>(sizing.n_control + sizing.n_treatment) / size;
  if (both < 2 * kFewClusters) {
    sizing.warnings.push_back(fmt::format(
        "Only about {:.0f} clusters in the comparison: their number, not that of units, decides.",
        both));
  }
}

std::string named(const SizingOptions& options) {
  std::string text;
  const auto add = [&](std::string part) { text += ", " + std::move(part); };
  if (options.aim == Aim::kNonInferiority) add("non-inferiority (one-sided)");
  if (options.aim == Aim::kEquivalence) add("equivalence (two one-sided tests)");
  if (options.aim == Aim::kSuperiority && options.sides == Sides::kOne) add("one-sided");
  if (options.scale == EffectScale::kLift) add("test of the lift (delta method)");
  if (options.correlation != 0)
    add(fmt::format("CUPED with correlation {:g}", options.correlation));
  if (const auto& clusters = options.clusters) {
    add(fmt::format("clusters of {:g} with ICC {:g}", clusters->size, clusters->icc));
  }
  const std::size_t treatments = options.weights.size() - 1;
  if (options.shared_alpha != SharedAlpha::kNone && (treatments > 1 || options.metrics > 1)) {
    const bool dunnett = options.shared_alpha == SharedAlpha::kDunnett;
    add(fmt::format("{} over {} treatments and {} metrics", dunnett ? "Dunnett" : "Bonferroni",
                    treatments, options.all_metrics ? 1 : options.metrics));
  }
  if (options.all_metrics) add(fmt::format("all of {} metrics", options.metrics));
  const RuleOptions& rule = options.rule;
  if (rule.rule == Rule::kGroupSequential) add(fmt::format("{} planned looks", rule.looks));
  if (rule.rule == Rule::kConfidenceSequence)
    add(fmt::format("always valid, {} looks", rule.looks));
  if (rule.rule == Rule::kPosterior) {
    add(fmt::format("P(better) of {:g} at any of {} looks", rule.ship_probability, rule.looks));
  }
  return text;
}

void add_duration(const SizingOptions& options, Sizing& sizing) {
  if (!options.traffic) return;
  const auto days = duration_days(static_cast<double>(sizing.n_total), *options.traffic);
  if (!days) {
    sizing.warnings.push_back("No duration: " + days.error().text + ".");
    return;
  }
  sizing.duration_days = *days;
  if (*days > kLongDays) {
    sizing.warnings.push_back(
        "Longer than a year: look for a larger effect, a metric closer to the change, more "
        "traffic, or less variance (CUPED).");
  }
}

Checked<Sizing> answer(const Target& target, std::optional<double> effect,
                       const SizingOptions& options, std::string formula) {
  const Planner planner(target, options);
  ASSAY_TRY(const Solved solved, solve(planner, effect, options));
  Sizing sizing{.power = solved.power, .alpha = options.alpha, .mde_absolute = solved.effect};
  sizing.alpha_comparison = planner.alpha_comparison(solved.n_control);
  if (target.baseline != 0) sizing.mde_relative = solved.effect / std::abs(target.baseline);
  count_units(solved.n_control, options, sizing);
  sizing.sequential = planner.sequential_cost(solved.effect, solved.n_control);
  sizing.formula = std::move(formula) + named(options);
  if (options.rule.rule == Rule::kPosterior && sizing.sequential) {
    sizing.warnings.push_back(
        fmt::format("Without any effect this rule ships with probability {:.3g} over its {} looks.",
                    sizing.sequential->false_alarms, options.rule.looks));
  }
  add_duration(options, sizing);
  return sizing;
}

std::optional<double> absolute(const EffectSize& effect, double baseline) {
  if (effect.relative) return *effect.relative * std::abs(baseline);
  return effect.absolute;
}

// The truth must lie on the good side of the margin.
void check_margin(std::optional<double> margin, const SizingOptions& options, Problems& problems) {
  if (!margin || options.aim == Aim::kSuperiority) return;
  const double truth = options.true_difference;
  const bool within = options.aim == Aim::kEquivalence ? std::abs(truth) < *margin
                      : *margin < 0                    ? truth > *margin
                                                       : truth < *margin;
  if (within) return;
  complain(
      problems, "effect",
      fmt::format("a true difference of {:g} is not within the margin of {:g}", truth, *margin),
      "no sample shows what is not so: a wider margin, or a better treatment");
}

Target proportion_target(double baseline, const SizingOptions& options) {
  Target target{.baseline = baseline, .lowest = -baseline, .highest = 1 - baseline};
  const double treatment = *std::min_element(options.weights.begin() + 1, options.weights.end());
  const double k = treatment / options.weights[0];
  if (options.variance == ProportionVariance::kArcsine) {
    target.variances = [](double) { return UnitVariances{1, 1}; };
    target.distance = [=](double effect) {
      return std::abs(2 * std::asin(std::sqrt(baseline + effect)) -
                      2 * std::asin(std::sqrt(baseline)));
    };
    return target;
  }
  target.variances = [=](double effect) {
    const double p2 = baseline + effect;
    return UnitVariances{baseline * (1 - baseline), p2 * (1 - p2)};
  };
  if (options.variance == ProportionVariance::kPooled) {
    target.pooled = [=](double effect) {
      const double mean = (baseline + k * (baseline + effect)) / (1 + k);
      return mean * (1 - mean);
    };
  }
  return target;
}

std::string proportion_formula(const SizingOptions& options) {
  const bool at_once = options.rule.rule == Rule::kFixed && options.aim == Aim::kSuperiority &&
                       options.scale == EffectScale::kDifference;
  if (options.variance == ProportionVariance::kArcsine) {
    return "two proportions, arcsine transformation (as R pwr.2p.test)";
  }
  return options.variance == ProportionVariance::kPooled && at_once
             ? "two proportions, pooled null variance (as R power.prop.test)"
             : "two proportions, unpooled variance";
}

void warn_of_few_conversions(double baseline, const SizingOptions& options, Sizing& sizing) {
  const double moved =
      options.aim == Aim::kSuperiority ? sizing.mde_absolute : options.true_difference;
  const auto fewest = [](double n, double p) { return n * std::min(p, 1 - p); };
  const double expected =
      std::min(fewest(static_cast<double>(sizing.n_control), baseline),
               fewest(static_cast<double>(sizing.n_treatment), baseline + moved));
  if (expected >= kFewConversions) return;
  sizing.warnings.push_back(fmt::format(
      "Only {:.2g} conversions or non-conversions are expected in a variant: the normal "
      "approximation is rough below {:g}.",
      expected, kFewConversions));
}

}  // namespace

Checked<Sizing> size_proportion(double baseline, const SizingOptions& options) {
  Problems problems = check(options);
  const auto effect = absolute(options.effect, baseline);
  const double moved =
      options.aim == Aim::kSuperiority ? effect.value_or(0) : options.true_difference;
  if (!inside(baseline, kLeastRate, 1 - kLeastRate)) {
    complain(problems, "baseline", "is not between 0 and 1", "a rate such as 0.032");
  } else if (!inside(baseline + moved, kLeastRate, 1 - kLeastRate)) {
    complain(problems, options.aim == Aim::kSuperiority ? "effect" : "true_difference",
             fmt::format("the treatment's rate would be {:.6g}", baseline + moved),
             "a rate lies between 0 and 1");
  }
  check_margin(effect, options, problems);
  if (!problems.empty()) return unexpected(std::move(problems));
  auto sizing =
      answer(proportion_target(baseline, options), effect, options, proportion_formula(options));
  if (sizing) warn_of_few_conversions(baseline, options, *sizing);
  return sizing;
}

Checked<Sizing> size_mean(const MeanBaseline& baseline, const SizingOptions& options) {
  Problems problems = check(options);
  const double treatment_sd = baseline.treatment_sd.value_or(baseline.sd);
  const auto effect = absolute(options.effect, baseline.mean);
  if (!(std::abs(baseline.mean) < 1 / kLeastValue)) {
    complain(problems, "baseline", "is not a number below 1e100");
  }
  if (!(baseline.sd > 0) || !usable_size(baseline.sd)) complain(problems, "sd", "is not above 0");
  if (!(treatment_sd > 0) || !usable_size(treatment_sd)) {
    complain(problems, "treatment_sd", "is not above 0");
  }
  if (effect && !usable_size(*effect) && problems.empty()) {
    complain(problems, "effect", "is too small or too large a number");
  }
  if (options.effect.relative && baseline.mean == 0) {
    complain(problems, "effect", "a relative effect needs a baseline other than 0");
  } else if (options.scale == EffectScale::kLift && baseline.mean == 0) {
    complain(problems, "scale", "a lift needs a baseline other than 0");
  }
  check_margin(effect, options, problems);
  if (!problems.empty()) return unexpected(std::move(problems));
  const double bound = 1e6 * std::max(baseline.sd, treatment_sd);
  Target target{.baseline = baseline.mean, .lowest = -bound, .highest = bound};
  target.variances = [=](double) {
    return UnitVariances{baseline.sd * baseline.sd, treatment_sd * treatment_sd};
  };
  target.t_test = options.test == MeanTest::kT && options.rule.rule == Rule::kFixed;
  const bool by_clusters = options.clusters && options.rule.rule == Rule::kFixed;
  return answer(target, effect, options,
                fmt::format("two {}, {}", baseline.estimator,
                            by_clusters     ? "t over clusters"
                            : target.t_test ? "Welch's t"
                                            : "normal approximation"));
}

double best_control_share(int treatments) { return 1 / (1 + std::sqrt(treatments)); }

}  // namespace assay::stats
