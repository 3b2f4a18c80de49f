// Planned power against measured, at one look: experiments of exactly the size that `assay plan`
// asks for, with exactly the effect that it was asked to find. (Looking often:
// planned_power_studies.cc.) Where a plan takes the control's standard deviation for both variants
// and the treatment's is larger, as with counts, its power falls short; said in the plan, it holds.
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "assay/sim/claims.h"
#include "assay/sim/planned.h"
#include "assay/sim/studies.h"

namespace assay::sim {
namespace {

using stats::MeanBaseline;
using stats::SizingOptions;

struct Plan {
  std::string name;
  Population people;
  Planned plan;
  Method<TwoSample> method = fixed_method("welch_t", stats::mean_contrast, Promise::kExactly);
};

Study power_study(Plan plan) {
  plan.method.head.power = plan.plan.sizing.power;
  return make_study<TwoSample>(head_of(plan.name, plan.plan), simulate_plan(plan.people, plan.plan),
                               {plan.method});
}

Population normal(double lift) {
  return population_of({.law = Law::kNormal, .baseline = 1, .lift = lift});
}

Population proportion(double baseline, double lift) {
  return population_of({.baseline = baseline, .lift = lift});
}

// A count's variance is mean + mean²/2: its rate has a gamma law of shape 2.
double count_sd(double mean) { return std::sqrt(mean + mean * mean / 2); }

std::vector<Plan> plans_of_means() {
  const MeanBaseline unit{.mean = 1, .sd = 1};
  const Method<TwoSample> cuped = fixed_method("cuped", stats::cuped_contrast, Promise::kExactly);
  const Population before = population_with_covariates({.correlation = 0.7, .effect = 0.1});
  const Population counts = population_of({.law = Law::kCount, .baseline = 1.5, .lift = 0.1});
  const MeanBaseline count{.mean = 1.5, .sd = count_sd(1.5)};
  MeanBaseline both_counts = count;
  both_counts.treatment_sd = count_sd(1.65);
  return {
      {"mean", normal(0.1), planned_mean(unit, {.effect = {.relative = 0.1}})},
      {"mean.small", normal(1), planned_mean(unit, {.effect = {.relative = 1.0}})},
      {"mean.share0.2", normal(0.1),
       planned_mean(unit, {.effect = {.relative = 0.1}, .weights = {0.8, 0.2}})},
      {"count", counts, planned_mean(both_counts, {.effect = {.relative = 0.1}})},
      {"count.one_sd", counts, planned_mean(count, {.effect = {.relative = 0.1}}),
       fixed_method("welch_t", stats::mean_contrast, Promise::kNone)},
      {"cuped", before, planned_mean(unit, {.effect = {.relative = 0.1}, .correlation = 0.7}),
       cuped},
      {"cuped.share0.2", before,
       planned_mean(unit, {.effect = {.relative = 0.1}, .weights = {0.8, 0.2}, .correlation = 0.7}),
       cuped}};
}

std::vector<Plan> plans_of_shares() {
  const Method<TwoSample> z{{.name = "two_proportion_z"}, [](const TwoSample& data) {
                              return two_proportions_claim(data,
                                                           stats::ProportionInterval::kNewcombe);
                            }};
  return {{"proportion", proportion(0.1, 0.2),
           planned_proportion(0.1, {.effect = {.relative = 0.2}}), z},
          {"proportion.rare", proportion(0.01, 0.5),
           planned_proportion(0.01, {.effect = {.relative = 0.5}, .power = 0.9}), z},
          {"proportion.share0.2", proportion(0.1, 0.2),
           planned_proportion(0.1, {.effect = {.relative = 0.2}, .weights = {0.8, 0.2}}), z}};
}

// The moments that `assay plan` reads from a table of the past, here those of the population's law.
// What follows the taste grows with the lift, the clicks' noise of variance 1 does not.
Plan plan_of_ratios(double lift) {
  const auto moments = [](double factor) -> stats::RatioMoments {
    return {.numerator_mean = 4 * factor,
            .denominator_mean = 5,
            .numerator_variance = 1537.0 / 150 * factor * factor + 1,
            .denominator_variance = 7,
            .covariance = 7.9 * factor};
  };
  const MeanBaseline baseline{.mean = 0.8,
                              .sd = stats::ratio_unit_sd(moments(1)).value(),
                              .treatment_sd = stats::ratio_unit_sd(moments(1 + lift)).value(),
                              .estimator = "ratios"};
  return {"ratio", population_of_ratio(lift),
          planned_mean(baseline, {.effect = {.relative = lift}, .test = stats::MeanTest::kNormal}),
          fixed_method("ratio_delta", stats::ratio_contrast, Promise::kExactly)};
}

// One value per unit: the density of N(1, 1) at its 90th percentile is known.
Study quantile_study() {
  constexpr double kShare = 0.9;
  constexpr double kEffect = 0.05;
  const double z = stats::normal_quantile(kShare);
  const double density = std::exp(-z * z / 2) / std::sqrt(2 * std::acos(-1.0));
  const Planned plan =
      planned_mean({.mean = 1 + z,
                    .sd = stats::quantile_unit_sd(kShare, density).value(),
                    .treatment_sd = {},
                    .estimator = "quantiles"},
                   {.effect = {.absolute = kEffect}, .test = stats::MeanTest::kNormal});
  using Arms = std::array<stats::ClusteredSample, 2>;
  const auto simulate = [sizing = plan.sizing](const Random& base, const Show<Arms>& show) {
    Random random = base;
    Arms arms;
    for (std::int64_t i = 0; i < sizing.n_total; ++i) {
      const bool treated = i >= sizing.n_control;
      arms[treated].add(static_cast<std::uint64_t>(i),
                        1 + (treated ? kEffect : 0) + random.normal());
    }
    show(arms);
  };
  const auto claim = [](const Arms& arms) -> Claim {
    const auto control = stats::estimate_quantile(arms[0], kShare);
    const auto treatment = stats::estimate_quantile(arms[1], kShare);
    if (!control || !treatment) return {};
    const auto contrast = stats::quantile_contrast(*control, *treatment);
    return contrast ? claim_of(fixed(*contrast), kEffect, 0.05) : Claim{};
  };
  return make_study<Arms>(head_of("quantile", plan, "the 90th percentile"), simulate,
                          {{{.name = "quantile", .power = plan.sizing.power}, claim}});
}

// Clusters of 5 to 35 rows, a tenth of the variance between them.
Study cluster_study() {
  constexpr double kBetween = 0.1;
  constexpr double kEffect = 0.25;
  const double size_cv = std::sqrt((31 * 31 - 1) / 12.0) / 20;
  const Planned plan = planned_mean(
      {.mean = 0, .sd = 1},
      {.effect = {.absolute = kEffect},
       .clusters = stats::ClusterDesign{.size = 20, .icc = kBetween, .size_cv = size_cv}});
  using Arms = std::array<std::vector<stats::Cluster>, 2>;
  const std::int64_t clusters = plan.sizing.clusters_per_variant.value();
  const auto simulate = [clusters](const Random& base, const Show<Arms>& show) {
    Random random = base;
    Arms arms;
    for (std::int64_t i = 0; i < 2 * clusters; ++i) {
      const bool treated = i % 2 == 1;
      const double level = (treated ? kEffect : 0) + std::sqrt(kBetween) * random.normal();
      stats::Cluster cluster{.rows = 5 + static_cast<std::int64_t>(random.below(31))};
      for (std::int64_t row = 0; row < cluster.rows; ++row) {
        cluster.sum += level + std::sqrt(1 - kBetween) * random.normal();
      }
      arms[treated].push_back(cluster);
    }
    show(arms);
  };
  const auto claim = [](const Arms& arms) -> Claim {
    const auto contrast = stats::cluster_contrast(arms[0], arms[1]);
    return contrast ? claim_of(fixed(*contrast), kEffect, 0.05) : Claim{};
  };
  return make_study<Arms>(
      head_of("clusters", plan, fmt::format("{} clusters of 5 to 35 rows each", clusters)),
      simulate, {{{.name = "CR2, Satterthwaite", .power = plan.sizing.power}, claim}});
}

// Not worse than 10 % below the control's mean of 1, and within ± 0.1 of it; in truth the same.
std::vector<Study> margin_studies() {
  const MeanBaseline unit{.mean = 1, .sd = 1};
  const Planned safe =
      planned_mean(unit, {.aim = stats::Aim::kNonInferiority, .effect = {.relative = -0.1}});
  const auto safe_claim = [](const TwoSample& data) -> Claim {
    const auto contrast = stats::mean_contrast(data.control(), data.treatment());
    if (!contrast) return {};
    const auto safety = stats::not_lower(*contrast, 0.1, {.alpha = data.alpha, .fixed_look = true});
    return {.rejects = safety && safety->status == stats::SafetyStatus::kSafe};
  };
  const Planned same =
      planned_mean(unit, {.aim = stats::Aim::kEquivalence, .effect = {.absolute = 0.1}});
  const auto same_claim = [](const TwoSample& data) -> Claim {
    const auto contrast = stats::mean_contrast(data.control(), data.treatment());
    if (!contrast) return {};
    const auto answer = stats::equivalence(*contrast, {.low = -0.1, .high = 0.1}, data.alpha);
    return {.rejects = answer && answer->equivalent};
  };
  return {make_study<TwoSample>(
              head_of("noninferiority", safe, "margin -10 %, no effect"),
              simulate_plan(normal(0), safe),
              {{{.name = "not_lower, one look", .power = safe.sizing.power}, safe_claim}}),
          make_study<TwoSample>(head_of("equivalence", same, "margins ± 10 %, no effect"),
                                simulate_plan(normal(0), same),
                                {{{.name = "tost", .power = same.sizing.power}, same_claim}})};
}

// A control and three treatments, of which the first has the effect.
Study treatments_study(const std::string& name, stats::SharedAlpha shared) {
  constexpr double kEffect = 0.2;
  const Planned plan = planned_mean(
      {.mean = 0, .sd = 1},
      {.effect = {.absolute = kEffect}, .weights = {1, 1, 1, 1}, .shared_alpha = shared});
  using Arms = std::array<stats::Summary, 4>;
  const auto simulate = [n = plan.sizing.n_control](const Random& base, const Show<Arms>& show) {
    Random random = base;
    Arms arms;
    for (std::size_t arm = 0; arm < arms.size(); ++arm) {
      const double mean = arm == 1 ? kEffect : 0;
      for (std::int64_t i = 0; i < n; ++i) arms[arm].add(std::array{mean + random.normal()});
    }
    show(arms);
  };
  const auto dunnett_claim = [](const Arms& arms) -> Claim {
    const auto answer = stats::dunnett(arms[0], std::span(arms).subspan(1));
    return answer ? claim_of(stats::Stat<stats::Estimate>(answer->comparisons[0]), kEffect, 0.05)
                  : Claim{};
  };
  const auto bonferroni_claim = [](const Arms& arms) -> Claim {
    const auto contrast = stats::mean_contrast(arms[0], arms[1]);
    return contrast ? claim_of(fixed(*contrast, {.alpha = 0.05 / 3}), kEffect, 0.05 / 3) : Claim{};
  };
  const bool dunnett = shared == stats::SharedAlpha::kDunnett;
  Method<Arms> method{{.name = "bonferroni", .rate = 0.05 / 3, .power = plan.sizing.power},
                      bonferroni_claim};
  // The interval of one comparison misses less often than any of the three.
  if (dunnett) {
    method = {{.name = "dunnett", .power = plan.sizing.power},
              [dunnett_claim](const Arms& arms) -> Claim {
                Claim claim = dunnett_claim(arms);
                claim.misses.reset();
                return claim;
              }};
  }
  return make_study<Arms>(head_of(name, plan, "three treatments, the first better"), simulate,
                          {method});
}

// Three metrics with correlation 0.5 and an effect each: is the first found, are all?
Study metrics_study(bool all) {
  constexpr double kEffect = 0.2;
  constexpr int kMetrics = 3;
  const Planned plan =
      planned_mean({.mean = 0, .sd = 1}, {.effect = {.absolute = kEffect},
                                          .shared_alpha = stats::SharedAlpha::kBonferroni,
                                          .metrics = kMetrics,
                                          .all_metrics = all});
  Population people{.columns = {.covariates = kMetrics - 1}, .treatment = kEffect};
  people.behave = [](Random& random, Arm arm, std::span<double> row) {
    const double shared = random.normal();
    for (double& value : row) {
      value = std::sqrt(0.5) * (shared + random.normal());
      if (arm == Arm::kTreatment) value += kEffect;
    }
  };
  const auto claim = [all](const TwoSample& data) -> Claim {
    std::vector<std::optional<double>> p_values;
    for (int i = 0; i < kMetrics; ++i) {
      const auto column = [i](const stats::Summary& arm) {
        return stats::Summary::of_mean(arm.n(), arm.mean(i), arm.variance(i).value()).value();
      };
      const auto contrast = stats::mean_contrast(column(data.control()), column(data.treatment()));
      p_values.push_back(fixed(*contrast)->difference.p_value);
    }
    const auto adjusted =
        stats::adjust(p_values, all ? stats::Correction::kNone : stats::Correction::kBonferroni);
    bool found = true;
    for (int i = 0; i < (all ? kMetrics : 1); ++i) {
      found &= *adjusted[static_cast<std::size_t>(i)] < data.alpha;
    }
    return {.rejects = found};
  };
  // The plan adds the misses of the metrics, which is a bound on missing any.
  const Promise promise = all ? Promise::kAtLeast : Promise::kExactly;
  return make_study<TwoSample>(
      head_of(all ? "metrics3.all" : "metrics3.bonferroni", plan,
              all ? "all of three metrics must show" : "one of three metrics"),
      simulate_plan(std::move(people), plan),
      {{{.name = all ? "welch_t of each" : "welch_t, bonferroni",
         .promise = promise,
         .power = plan.sizing.power},
        claim}});
}

}  // namespace

std::vector<Study> power_studies() {
  std::vector<Study> made;
  for (Plan& plan : plans_of_shares()) made.push_back(power_study(std::move(plan)));
  for (Plan& plan : plans_of_means()) made.push_back(power_study(std::move(plan)));
  made.push_back(power_study(plan_of_ratios(0.05)));
  made.push_back(quantile_study());
  made.push_back(cluster_study());
  for (Study& study : margin_studies()) made.push_back(std::move(study));
  made.push_back(treatments_study("treatments3.dunnett", stats::SharedAlpha::kDunnett));
  made.push_back(treatments_study("treatments3.bonferroni", stats::SharedAlpha::kBonferroni));
  made.push_back(metrics_study(false));
  made.push_back(metrics_study(true));
  return made;
}

}  // namespace assay::sim
