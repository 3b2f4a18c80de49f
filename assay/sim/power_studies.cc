// Planned power against measured: experiments of exactly the size that `assay plan` asks for, with
// exactly the effect that it was asked to find. A plan of means takes one standard deviation for
// both variants; where the treatment's is larger, as with counts, its power falls short.
#include <cmath>

#include <fmt/format.h>

#include "assay/base/check.h"
#include "assay/sim/claims.h"
#include "assay/sim/studies.h"

namespace assay::sim {
namespace {

struct Plan {
  std::string name;
  Population people;
  stats::Sizing sizing;
  Method<TwoSample> method = fixed_method("welch_t", stats::mean_contrast, Promise::kExactly);
};

// Variants of exactly the planned sizes.
Simulate<TwoSample> simulate_plan(const Plan& plan) {
  return [people = plan.people, sizing = plan.sizing](const Random& base,
                                                      const Show<TwoSample>& show) {
    Random random = base;
    TwoSample data{.arms = {stats::Summary(people.columns), stats::Summary(people.columns)},
                   .difference = people.difference(),
                   .lift = people.lift(),
                   .units = static_cast<int>(sizing.n_total)};
    std::vector<double> row(static_cast<std::size_t>(people.columns.count()));
    for (std::int64_t i = 0; i < sizing.n_total; ++i) {
      const bool treated = i >= sizing.n_control;
      people.behave(random, treated ? Arm::kTreatment : Arm::kControl, row);
      data.arms[treated].add(row);
    }
    show(data);
  };
}

Study power_study(const Plan& plan) {
  Method<TwoSample> method = plan.method;
  method.head.power = plan.sizing.power;
  return make_study<TwoSample>(
      {.id = "power." + plan.name,
       .world = fmt::format("{} and {} units, as planned for {:g} % power", plan.sizing.n_control,
                            plan.sizing.n_treatment, 100 * plan.sizing.power),
       .effect = true,
       .runs = 2000,
       .units = static_cast<int>(plan.sizing.n_total)},
      simulate_plan(plan), {method});
}

stats::Sizing sized(const Checked<stats::Sizing>& sizing) {
  ASSAY_CHECK(sizing.has_value());
  return *sizing;
}

// By the normal approximation, with a sd of 1 where nothing else is said.
stats::Sizing sized_mean(double mean, stats::SizingOptions options, double sd = 1) {
  options.test = stats::MeanTest::kNormal;
  return sized(stats::size_mean({.mean = mean, .sd = sd}, options));
}

}  // namespace

std::vector<Study> power_studies() {
  const auto proportion = [](double baseline, double lift) {
    return population_of({.baseline = baseline, .lift = lift});
  };
  const auto normal = [](double lift) {
    return population_of({.law = Law::kNormal, .baseline = 1, .lift = lift});
  };
  // A count's variance is mean + mean²/2: its rate has a gamma law of shape 2.
  const double count_sd = std::sqrt(1.5 + 1.5 * 1.5 / 2);
  const Method<TwoSample> z{{.name = "two_proportion_z"}, [](const TwoSample& data) {
                              return two_proportions_claim(data,
                                                           stats::ProportionInterval::kNewcombe);
                            }};
  const std::vector<Plan> plans{
      {"proportion", proportion(0.1, 0.2),
       sized(stats::size_proportion(0.1, {.effect = {.relative = 0.2}})), z},
      {"proportion.rare", proportion(0.01, 0.5),
       sized(stats::size_proportion(0.01, {.effect = {.relative = 0.5}, .power = 0.9})), z},
      {"proportion.share0.2", proportion(0.1, 0.2),
       sized(stats::size_proportion(0.1, {.effect = {.relative = 0.2}, .weights = {0.8, 0.2}})), z},
      {"mean", normal(0.1), sized_mean(1, {.effect = {.relative = 0.1}})},
      {"mean.small", normal(1), sized_mean(1, {.effect = {.relative = 1.0}})},
      {"mean.share0.2", normal(0.1),
       sized_mean(1, {.effect = {.relative = 0.1}, .weights = {0.8, 0.2}})},
      {"count", population_of({.law = Law::kCount, .baseline = 1.5, .lift = 0.1}),
       sized_mean(1.5, {.effect = {.relative = 0.1}}, count_sd),
       fixed_method("welch_t", stats::mean_contrast, Promise::kNone)},
      {"cuped", population_with_covariates({.correlation = 0.7, .effect = 0.1}),
       sized_mean(1, {.effect = {.relative = 0.1}, .correlation = 0.7}),
       fixed_method("cuped", stats::cuped_contrast, Promise::kExactly)},
  };
  std::vector<Study> made;
  for (const Plan& plan : plans) made.push_back(power_study(plan));
  return made;
}

}  // namespace assay::sim
