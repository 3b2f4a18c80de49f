// Notation: k = n_treatment / n_control, se(n) = √(V / n_control), drift = distance / se.
//
// V, the variance of the estimator times n_control, is (v_t / k + c² v_c)·(1 - ρ²)·deff with the
// unit variances v, c = 1 (difference), 1 + lift (plain test of the lift) or 1 + margin (margins
// relative to the control, judged as treatment - (1 + margin)·control).
//
// One look misses with probability
//   Φ(a·se_0/se_1 - drift),  a = z(1 - alpha/2),  or  F_t(t(1 - alpha/2); df, drift)
// (Chow, Shao & Wang, Sample Size Calculations in Clinical Research, ch. 3; Fleiss, Levin & Paik,
// Statistical Methods for Rates and Proportions, 4.2 for the pooled se_0). TOST misses with at most
// the sum of both sides (Schuirmann 1987; exact where the standard error is known). Planned looks:
// sequential_power.h. Everything else — n, the effect, the margin — is a root of this function.
#include "assay/stats/planner.h"

#include <algorithm>
#include <cmath>

#include <boost/math/tools/toms748_solve.hpp>

#include "assay/stats/distributions.h"
#include "assay/stats/dunnett.h"
#include "assay/stats/sequential_power.h"
#include "assay/stats/unit_sd.h"

namespace assay::stats::internal {
namespace {

constexpr double kMostUnits = 1e15;

// The x in [low, high] where `excess` falls through 0; none where it never does.
std::optional<double> root(const std::function<double(double)>& excess, double guess, double low,
                           double high) {
  double a = std::clamp(guess / 1.3, low, high);
  double b = std::clamp(guess * 1.3, low, high);
  double at_a = excess(a);
  double at_b = excess(b);
  while (at_a <= 0) {
    if (a <= low) return low;
    b = a, at_b = at_a;
    a = std::max(low, a / 4), at_a = excess(a);
  }
  while (at_b > 0) {
    if (b >= high) return std::nullopt;
    a = b, at_a = at_b;
    b = std::min(high, b * 4), at_b = excess(b);
  }
  if (at_b == 0) return b;
  std::uintmax_t steps = 200;
  const auto ends = boost::math::tools::toms748_solve(
      excess, a, b, at_a, at_b, boost::math::tools::eps_tolerance<double>(52), steps);
  return 0.5 * (ends.first + ends.second);
}

// A probability as a normal deviate: nearly linear in the drift, and finite.
double deviate(double probability) {
  return normal_quantile(std::clamp(probability, 1e-300, 1 - 1e-16));
}

}  // namespace

Planner::Planner(Target target, const SizingOptions& options)
    : target_(std::move(target)), options_(options) {
  const std::vector<double>& weights = options_.weights;
  double sum = 0;
  for (const double weight : weights) sum += weight;
  ratio_ = *std::min_element(weights.begin() + 1, weights.end()) / weights[0];
  all_units_ = sum / weights[0];
  scale_ = 1 - options_.correlation * options_.correlation;
  if (const auto& clusters = options_.clusters) {
    scale_ *= stats::design_effect(clusters->size, clusters->icc, clusters->size_cv);
  }
  if (options_.rule.rule == Rule::kGroupSequential) {
    const auto design = group_sequential(equal_looks(options_.rule.looks),
                                         {.alpha = alpha_comparison(0),
                                          .spending = options_.rule.spending,
                                          .parameter = options_.rule.spending_parameter,
                                          .sides = sides()});
    if (design) planned_looks_ = *design;
  }
}

Sides Planner::sides() const {
  return options_.aim == Aim::kSuperiority ? options_.sides : Sides::kOne;
}

double Planner::critical(double df, double n_control) const {
  const double tails = sides() == Sides::kTwo ? 2 : 1;
  const double metrics = options_.all_metrics ? 1 : options_.metrics;
  const auto treatments = static_cast<double>(options_.weights.size() - 1);
  if (options_.rule.rule == Rule::kPosterior) {
    return normal_isf(1 - options_.rule.ship_probability);
  }
  const bool known = !std::isfinite(df);
  if (options_.shared_alpha == SharedAlpha::kDunnett && treatments > 1) {
    std::vector<double> lambdas;
    for (std::size_t i = 1; i < options_.weights.size(); ++i) {
      const double weight = options_.weights[i];
      lambdas.push_back(std::sqrt(weight / (weight + options_.weights[0])));
    }
    const double pooled = all_units_ * n_control - treatments - 1;
    return dunnett_critical(options_.alpha / metrics, lambdas, known ? 1e9 : pooled);
  }
  const double tail = options_.alpha / shares() / tails;
  return known ? normal_isf(tail) : t_isf(tail, df);
}

double Planner::alpha_comparison(double n_control) const {
  const double tails = sides() == Sides::kTwo ? 2 : 1;
  const double known = std::numeric_limits<double>::infinity();
  if (options_.rule.rule == Rule::kPosterior) return 1 - options_.rule.ship_probability;
  if (options_.shared_alpha != SharedAlpha::kDunnett) return options_.alpha / shares();
  const double df = all_units_ * n_control - static_cast<double>(options_.weights.size());
  if (!target_.t_test || !(df > 0)) return tails * normal_sf(critical(known, n_control));
  return tails * t_sf(critical(df, n_control), df);
}

// Into how many parts alpha is cut.
double Planner::shares() const {
  if (options_.shared_alpha == SharedAlpha::kNone) return 1;
  return static_cast<double>(options_.weights.size() - 1) *
         (options_.all_metrics ? 1 : options_.metrics);
}

double Planner::degrees_of_freedom(double difference, double n_control) const {
  if (const auto& clusters = options_.clusters) {
    return n_control * (1 + ratio_) / clusters->size - 2;
  }
  if (!target_.t_test) return std::numeric_limits<double>::infinity();
  if (options_.shared_alpha == SharedAlpha::kDunnett) {
    return all_units_ * n_control - static_cast<double>(options_.weights.size());
  }
  const UnitVariances unit = target_.variances(difference);
  const double vc = unit.control;
  const double vt = unit.treatment / ratio_;
  const double nc = n_control - 1;
  const double nt = ratio_ * n_control - 1;
  return nc > 0 && nt > 0 ? (vc + vt) * (vc + vt) / (vc * vc / nc + vt * vt / nt) : 0;
}

// `form`: the comparison is treatment - form·control.
Planner::Signal Planner::signal(double distance, double form, double difference,
                                double n_control) const {
  const UnitVariances unit = target_.variances(difference);
  const double own = unit.treatment / ratio_ + form * form * unit.control;
  const bool at_once = options_.rule.rule == Rule::kFixed && options_.aim == Aim::kSuperiority &&
                       options_.scale == EffectScale::kDifference;
  const double null =
      target_.pooled && at_once ? (1 + 1 / ratio_) * target_.pooled(difference) : own;
  return {distance * std::sqrt(n_control / (own * scale_)), std::sqrt(null / own)};
}

std::optional<GroupSequential> Planner::bounds(double n_control) const {
  const RuleOptions& rule = options_.rule;
  if (rule.rule == Rule::kGroupSequential) return planned_looks_;
  if (rule.rule == Rule::kConfidenceSequence) {
    const double both = n_control * (1 + ratio_);
    const auto design = always_valid_bounds(rule.looks, alpha_comparison(0),
                                            rule.target_n ? both / *rule.target_n : 1, sides());
    return design ? std::optional(*design) : std::nullopt;
  }
  const UnitVariances unit = target_.variances(0);
  const double variance = (unit.control + unit.treatment / ratio_) * scale_ / n_control;
  const double prior = rule.prior_sd ? *rule.prior_sd * *rule.prior_sd / variance
                                     : std::numeric_limits<double>::infinity();
  const auto design = posterior_bounds(rule.looks, rule.ship_probability, prior);
  return design ? std::optional(*design) : std::nullopt;
}

double Planner::miss_of(const Signal& signal, double difference, double n_control) const {
  if (options_.rule.rule != Rule::kFixed) {
    const auto design = bounds(n_control);
    return design ? 1 - operating_at(*design, std::max(0.0, signal.drift)).power : 1;
  }
  // An effect beyond what a double holds is not missed.
  if (!std::isfinite(signal.drift)) return signal.drift > 0 ? 0 : 1;
  const double df = degrees_of_freedom(difference, n_control);
  if (!(df > 0)) return 1;
  if (df > 1e8) {
    const double a = critical(std::numeric_limits<double>::infinity(), n_control);
    return normal_cdf(a * signal.ratio - signal.drift);
  }
  return noncentral_t_cdf(critical(df, n_control) * signal.ratio, df, signal.drift);
}

// Of a margin relative to the control: by how much of the control it lies off.
double Planner::lean(double effect) const {
  const bool relative = options_.effect.relative.has_value() && target_.baseline != 0;
  return relative ? effect / target_.baseline : 0;
}

// Of the effect against the null, or of the truth against the margin.
Planner::Signal Planner::main_signal(double effect, double n_control) const {
  const double truth = options_.true_difference;
  if (options_.aim != Aim::kSuperiority) {
    const bool one_sided = options_.aim == Aim::kNonInferiority;
    const double distance = one_sided ? std::abs(effect - truth) : effect - truth;
    return signal(distance, 1 + lean(effect), truth, n_control);
  }
  const double form = options_.scale == EffectScale::kLift ? 1 + effect / target_.baseline : 1;
  const double distance = target_.distance ? target_.distance(effect) : std::abs(effect);
  return signal(distance, form, effect, n_control);
}

double Planner::miss(double effect, double n_control) const {
  const double truth = options_.true_difference;
  const double difference = options_.aim == Aim::kSuperiority ? effect : truth;
  const double miss = miss_of(main_signal(effect, n_control), difference, n_control);
  if (options_.aim != Aim::kEquivalence) return miss;
  const Signal low = signal(effect + truth, 1 - lean(effect), truth, n_control);
  return std::min(1.0, miss + miss_of(low, truth, n_control));
}

double Planner::target_miss() const {
  return (1 - options_.power.value_or(0.8)) / (options_.all_metrics ? options_.metrics : 1);
}

double Planner::power(double effect, double n_control) const {
  return std::max(0.0, 1 - miss(effect, n_control) * (options_.all_metrics ? options_.metrics : 1));
}

double Planner::excess(double effect, double n_control) const {
  return deviate(miss(effect, n_control)) - deviate(target_miss());
}

std::optional<double> Planner::required_n(double effect) const {
  const double sum = normal_isf(options_.alpha / 2) - deviate(target_miss());
  const UnitVariances unit = target_.variances(0);
  const double variance = (unit.control + unit.treatment / ratio_) * scale_;
  const double distance =
      std::max(std::abs(effect) - std::abs(options_.true_difference), std::abs(effect) / 100);
  const double guess = std::max(1.0, sum * sum) * variance / (distance * distance);
  return root([&](double n) { return excess(effect, n); }, guess, 1e-6, kMostUnits);
}

std::optional<double> Planner::smallest_effect(double n_control) const {
  // As a distance from the true difference; a margin for "not worse" lies below it if downward.
  const bool superiority = options_.aim == Aim::kSuperiority;
  const bool both = options_.aim == Aim::kEquivalence;
  const double sign = options_.downward && !both ? -1 : 1;
  const double start = superiority ? 0
                       : both      ? std::abs(options_.true_difference)
                                   : options_.true_difference;
  const double end = both       ? std::min(-target_.lowest, target_.highest)
                     : sign > 0 ? target_.highest
                                : target_.lowest;
  const double limit = sign * (end - start) * (1 - 1e-12);
  const UnitVariances unit = target_.variances(0);
  const double variance = (unit.control + unit.treatment / ratio_) * scale_ / n_control;
  const auto distance = root([&](double x) { return excess(start + sign * x, n_control); },
                             2.8 * std::sqrt(variance), limit * 1e-15, limit);
  if (!distance) return std::nullopt;
  return start + sign * *distance;
}

std::optional<SequentialCost> Planner::sequential_cost(double effect, double n_control) const {
  if (options_.rule.rule == Rule::kFixed) return std::nullopt;
  const auto design = bounds(n_control);
  if (!design) return std::nullopt;
  const double drift = main_signal(effect, n_control).drift;
  const Operating under_effect = operating_at(*design, drift);
  const Operating under_null = operating_at(*design, 0);
  if (!std::isfinite(drift) || !std::isfinite(under_effect.power)) return std::nullopt;
  const double one_look = critical(std::numeric_limits<double>::infinity(), n_control) -
                          deviate(1 - under_effect.power);
  return SequentialCost{
      .inflation = one_look > 0 ? drift * drift / (one_look * one_look) : 1,
      .expected_n_null = under_null.expected_information * n_control * all_units_,
      .expected_n_effect = under_effect.expected_information * n_control * all_units_,
      .false_alarms = under_null.power + under_null.false_direction};
}

}  // namespace assay::stats::internal
