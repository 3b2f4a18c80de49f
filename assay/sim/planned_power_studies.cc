// Planned power against measured where one looks often: planned looks, always-valid intervals and
// mixtures, a posterior, with the units that `assay plan` asks for. Beside the power stands the
// average number of units at which the rule ended, against the plan's.
#include <cmath>

#include <fmt/format.h>

#include "assay/sim/claims.h"
#include "assay/sim/planned.h"
#include "assay/sim/studies.h"
#include "assay/stats/sequential_power.h"

namespace assay::sim {
namespace {

using stats::Rule;
using stats::RuleOptions;
using stats::Spending;

// Which way a look ends the experiment; it goes on where there is no claim.
enum class End { kNotYet, kFound, kWrongWay };
using Watch = std::function<End(const TwoSample&)>;

End end_of(bool above, bool below) {
  return above ? End::kFound : below ? End::kWrongWay : End::kNotYet;
}

// Of a z or a posterior's deviate against the bounds that the plan knows.
Watch planned_looks(stats::GroupSequential design, MakeContrast make) {
  return [design = std::move(design), make](const TwoSample& data) {
    const auto contrast = make(data.control(), data.treatment());
    if (!contrast) return End::kNotYet;
    const double z = contrast->difference() / std::sqrt(contrast->variance());
    const double bound = design.looks[static_cast<std::size_t>(data.look)].z;
    return end_of(z >= bound, z <= -bound);
  };
}

Watch always_valid(MakeContrast make) {
  return [make](const TwoSample& data) {
    const auto contrast = make(data.control(), data.treatment());
    if (!contrast) return End::kNotYet;
    const auto answer =
        stats::sequential(*contrast, {.alpha = data.alpha, .target_n = double(data.units)});
    if (!answer) return End::kNotYet;
    const stats::Interval& interval = answer->difference.interval;
    return end_of(interval.low.value_or(-1) > 0, interval.high.value_or(1) < 0);
  };
}

// The mixture whose bounds are those of the plan: tau² is the difference's variance at the end
// times the precision at which the confidence sequence is tightest there.
Watch mixture(const Planned& plan, double sd) {
  const stats::Sizing& sizing = plan.sizing;
  const double n_control = static_cast<double>(sizing.n_control);
  const double n_treatment = static_cast<double>(sizing.n_treatment);
  const double tau = sd * std::sqrt((1 / n_control + 1 / n_treatment) *
                                    stats::mixture_precision(plan.options.alpha, 1));
  return [tau](const TwoSample& data) {
    const auto contrast = stats::mean_contrast(data.control(), data.treatment());
    if (!contrast) return End::kNotYet;
    const double difference = contrast->difference();
    const auto answer = stats::mixture_sprt(difference, std::sqrt(contrast->variance()),
                                            {.alpha = data.alpha, .tau = tau});
    const bool ends = answer && answer->log_e >= std::log(1 / data.alpha);
    return end_of(ends && difference > 0, ends);
  };
}

Watch posterior(RuleOptions rule) {
  return [rule](const TwoSample& data) {
    const auto contrast = stats::mean_contrast(data.control(), data.treatment());
    if (!contrast) return End::kNotYet;
    const auto answer =
        stats::bayesian(*contrast, {.alpha = data.alpha, .prior_sd_relative = rule.prior_sd});
    if (!answer) return End::kNotYet;
    return end_of(*answer->difference.probability_better >= rule.ship_probability, false);
  };
}

// A guardrail that is watched at every look: proven not 10 % below the control.
End proven_safe(const TwoSample& data) {
  const auto contrast = stats::mean_contrast(data.control(), data.treatment());
  if (!contrast) return End::kNotYet;
  const auto safety =
      stats::not_lower(*contrast, 0.1, {.alpha = data.alpha, .target_n = double(data.units)});
  return end_of(safety && safety->status == stats::SafetyStatus::kSafe, false);
}

struct Ended {
  bool found = false;
  double used = 1;  // Share of the planned units.
};

Study watched_study(const std::string& name, const std::string& method, Population people,
                    const Planned& plan, const Watch& watch) {
  const int looks = plan.options.rule.looks;
  const auto simulate = [=, inner = simulate_plan(std::move(people), plan, looks)](
                            const Random& random, const Show<Ended>& show) {
    std::optional<Ended> ended;
    inner(random, [&](const TwoSample& data) {
      if (ended) return;
      const End end = watch(data);
      if (end == End::kNotYet) return;
      ended = Ended{end == End::kFound, static_cast<double>(data.look + 1) / looks};
    });
    show(ended.value_or(Ended{}));
  };
  const double planned_use =
      plan.sizing.sequential.value().expected_n_effect / static_cast<double>(plan.sizing.n_total);
  return make_study<Ended>(
      head_of(name, plan, fmt::format("{} looks", looks)), simulate,
      {{{.name = method, .power = plan.sizing.power},
        [](const Ended& ended) -> Claim { return {.rejects = ended.found}; }},
       {{.name = fmt::format("share of units used, less {:.3f} planned", planned_use)},
        [=](const Ended& ended) -> Claim { return {.error = ended.used - planned_use}; }}});
}

// With an effect of 0.1 standard deviations on a mean of 1.
Planned plan_of(RuleOptions rule, std::vector<double> weights = {1, 1}, double correlation = 0) {
  return planned_mean({.mean = 1, .sd = 1}, {.effect = {.relative = 0.1},
                                             .weights = std::move(weights),
                                             .correlation = correlation,
                                             .rule = std::move(rule)});
}

Population normal(double lift) {
  return population_of({.law = Law::kNormal, .baseline = 1, .lift = lift});
}

Watch looks_of(const Planned& plan, MakeContrast make) {
  const RuleOptions& rule = plan.options.rule;
  const auto design = stats::group_sequential(
      stats::equal_looks(rule.looks), {.alpha = plan.options.alpha, .spending = rule.spending});
  return planned_looks(design.value(), make);
}

std::vector<Study> planned_looks_studies() {
  const auto rule = [](Spending spending) {
    return RuleOptions{.rule = Rule::kGroupSequential, .looks = 5, .spending = spending};
  };
  const RuleOptions late = rule(Spending::kObrienFleming);
  const RuleOptions early = rule(Spending::kPocock);
  const Planned halves = plan_of(late);
  const Planned pocock = plan_of(early);
  const Planned uneven = plan_of(late, {0.8, 0.2});
  const Planned shares = planned_proportion(0.1, {.effect = {.relative = 0.2}, .rule = early});
  return {watched_study("obrien_fleming", "group_sequential, obrien_fleming", normal(0.1), halves,
                        looks_of(halves, stats::mean_contrast)),
          watched_study("pocock", "group_sequential, pocock", normal(0.1), pocock,
                        looks_of(pocock, stats::mean_contrast)),
          watched_study("obrien_fleming.share0.2", "group_sequential, obrien_fleming", normal(0.1),
                        uneven, looks_of(uneven, stats::mean_contrast)),
          watched_study("pocock.proportion", "group_sequential, pocock",
                        population_of({.baseline = 0.1, .lift = 0.2}), shares,
                        looks_of(shares, stats::mean_contrast))};
}

std::vector<Study> always_valid_studies() {
  const RuleOptions rule{.rule = Rule::kConfidenceSequence, .looks = 28};
  const Planned means = plan_of(rule);
  const Planned uneven = plan_of(rule, {0.8, 0.2});
  const Planned adjusted = plan_of(rule, {1, 1}, 0.7);
  const Planned safe = planned_mean(
      {.mean = 1, .sd = 1},
      {.aim = stats::Aim::kNonInferiority, .effect = {.relative = -0.1}, .rule = rule});
  return {watched_study("confidence_sequence", "confidence_sequence", normal(0.1), means,
                        always_valid(stats::mean_contrast)),
          watched_study("confidence_sequence.share0.2", "confidence_sequence", normal(0.1), uneven,
                        always_valid(stats::mean_contrast)),
          watched_study("confidence_sequence.cuped", "confidence_sequence",
                        population_with_covariates({.correlation = 0.7, .effect = 0.1}), adjusted,
                        always_valid(stats::cuped_contrast)),
          watched_study("msprt", "msprt", normal(0.1), means, mixture(means, 1)),
          watched_study("noninferiority.always_valid", "not_lower, always valid", normal(0), safe,
                        proven_safe)};
}

std::vector<Study> posterior_studies_of_plans() {
  RuleOptions rule{.rule = Rule::kPosterior, .looks = 28};
  const Planned flat = plan_of(rule);
  rule.prior_sd = 0.1;
  const Planned informed = plan_of(rule);
  return {watched_study("posterior", "P(better) > 0.95", normal(0.1), flat,
                        posterior(flat.options.rule)),
          watched_study("posterior.prior", "P(better) > 0.95, prior N(0, 0.1²)", normal(0.1),
                        informed, posterior(informed.options.rule))};
}

}  // namespace

std::vector<Study> planned_power_studies() {
  std::vector<Study> made;
  for (const auto part :
       {planned_looks_studies, always_valid_studies, posterior_studies_of_plans}) {
    for (Study& study : part()) made.push_back(std::move(study));
  }
  return made;
}

}  // namespace assay::sim
