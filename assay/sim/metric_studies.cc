// Metrics beyond the mean at one look: ratios, quantiles of clustered rows, adjustment for
// covariates, and effects put together over epochs of a ramp.
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "assay/sim/claims.h"
#include "assay/sim/studies.h"

namespace assay::sim {
namespace {

Study ratio_study(int units, double lift, bool with_covariate) {
  const Promise promise = units >= 500 ? Promise::kExactly : Promise::kNone;
  std::vector<Method<TwoSample>> methods{
      fixed_method("ratio_delta", stats::ratio_contrast, promise)};
  if (with_covariate) {
    methods.push_back(fixed_method("cuped of a ratio", stats::cuped_contrast, promise));
  }
  return make_study<TwoSample>(
      {.id = fmt::format("ratio.n{}{}{}", units, with_covariate ? ".covariate" : "",
                         lift > 0 ? ".effect" : ""),
       .world = fmt::format("clicks over views, {} units{}{}", units,
                            with_covariate ? ", clicks and views of the time before" : "",
                            lift > 0 ? fmt::format(", lift {:g} %", 100 * lift) : ""),
       .effect = lift > 0,
       .runs = 5000,
       .units = units},
      filling_of({.people = population_of_ratio(lift, with_covariate), .units = units}),
      std::move(methods));
}

struct CupedDesign {
  std::string name;
  Before before;
  int units = 1000;
  double share = 0.5;
};

Study cuped_study(const CupedDesign& design) {
  return make_study<TwoSample>(
      {.id = "cuped." + design.name,
       .world =
           fmt::format("correlation {:g} with {} covariate{}, {} units, {:g} % treated{}",
                       design.before.correlation, design.before.covariates,
                       design.before.covariates > 1 ? "s" : "", design.units, 100 * design.share,
                       design.before.slope != 0 ? ", the effect follows the covariate" : ""),
       .effect = design.before.effect != 0,
       .runs = 5000,
       .units = design.units},
      filling_of({.people = population_with_covariates(design.before),
                  .units = design.units,
                  .treatment_share = design.share}),
      {{{.name = "welch_t"},
        [](const TwoSample& data) {
          const auto plain = [](const stats::Summary& s) {
            return stats::Summary::of_mean(s.n(), s.mean(0), s.variance().value_or(0)).value();
          };
          return claim_of(
              fixed(*stats::mean_contrast(plain(data.control()), plain(data.treatment())),
                    {.alpha = data.alpha}),
              data.difference, data.alpha);
        }},
       fixed_method("cuped", stats::cuped_contrast, Promise::kExactly),
       // Refuses where the covariates differ at 0.001: once in a thousand honest runs.
       fixed_method(
           "augmentation",
           [](const stats::Summary& control, const stats::Summary& treatment) {
             return stats::augmented_contrast(control, treatment);
           },
           Promise::kExactly)});
}

// Requests of units with a level of their own: latencies, exp(level + noise).
struct Requests {
  std::array<stats::ClusteredSample, 2> arms;
};

Study quantile_study(double quantile, int units, Promise promise) {
  const auto simulate = [units](const Random& base, const Show<Requests>& show) {
    Random random = base;
    Requests requests;
    for (int unit = 0; unit < units; ++unit) {
      const double level = random.normal();
      const auto rows = 1 + random.poisson(4);
      stats::ClusteredSample& arm = requests.arms[static_cast<std::size_t>(random.below(2))];
      for (std::int64_t i = 0; i < rows; ++i) {
        arm.add(static_cast<std::uint64_t>(unit), std::exp(0.5 * (level + random.normal())));
      }
    }
    show(requests);
  };
  const auto method = [quantile](bool clustered) {
    return [quantile, clustered](const Requests& requests) -> Claim {
      std::array<stats::ClusteredSample, 2> arms = requests.arms;
      if (!clustered) {  // Each row as if it were a unit.
        for (std::size_t arm = 0; arm < 2; ++arm) {
          arms[arm] = {};
          std::uint64_t row = 0;
          for (const auto& each : requests.arms[arm].data()) arms[arm].add(++row, each.value);
        }
      }
      const auto c = stats::estimate_quantile(arms[0], quantile);
      const auto t = stats::estimate_quantile(arms[1], quantile);
      if (!c || !t) return {};
      const auto contrast = stats::quantile_contrast(*c, *t);
      if (!contrast) return {};
      return claim_of(fixed(*contrast), 0, 0.05);
    };
  };
  return make_study<Requests>(
      {.id = fmt::format("quantile.q{:g}.n{}", quantile, units),
       .world = fmt::format("requests of {} units, quantile {:g}", units, quantile),
       .runs = units > 1000 ? 500 : 2000,
       .units = 5 * units},
      simulate,
      {{{.name = "quantile, clustered", .promise = promise}, method(true)},
       {{.name = "quantile, rows as units", .promise = Promise::kNone}, method(false)}});
}

// A ramp: 10 % treated in the first epoch, 50 % in the second, whose units spend 1 more.
struct Ramp {
  std::array<std::array<stats::Summary, 2>, 2> epochs;  // Epoch, variant.
};

Study ramp_study() {
  const auto simulate = [](const Random& base, const Show<Ramp>& show) {
    Random random = base;
    Ramp ramp;
    for (int unit = 0; unit < 2000; ++unit) {
      const std::size_t epoch = unit < 1000 ? 0 : 1;
      const bool treated = random.chance(epoch == 0 ? 0.1 : 0.5);
      const std::array row{static_cast<double>(epoch) + random.normal()};
      ramp.epochs[epoch][treated].add(row);
    }
    show(ramp);
  };
  const auto pooled = [](const Ramp& ramp) -> Claim {
    std::array<stats::Summary, 2> arms = ramp.epochs[0];
    for (std::size_t arm = 0; arm < 2; ++arm) arms[arm].merge(ramp.epochs[1][arm]);
    return claim_of(fixed(*stats::mean_contrast(arms[0], arms[1])), 0, 0.05);
  };
  const auto stratified = [](const Ramp& ramp) -> Claim {
    std::vector<stats::Contrast> strata;
    for (const auto& epoch : ramp.epochs) {
      strata.push_back(*stats::mean_contrast(epoch[0], epoch[1]));
    }
    return claim_of(fixed(*stats::stratified_contrast(strata)), 0, 0.05);
  };
  return make_study<Ramp>({.id = "epochs.ramp",
                           .world = "10 % treated, then 50 % in a better week, 2000 units",
                           .runs = 5000,
                           .units = 2000},
                          simulate,
                          {{{.name = "stratified by epoch"}, stratified},
                           {{.name = "pooled over epochs", .promise = Promise::kNone}, pooled}});
}

}  // namespace

std::vector<Study> metric_studies() {
  std::vector<Study> made;
  made.push_back(ratio_study(50, 0, false));
  made.push_back(ratio_study(1000, 0, false));
  made.push_back(ratio_study(1000, 0.1, false));
  made.push_back(ratio_study(1000, 0, true));
  made.push_back(ratio_study(1000, 0.1, true));
  for (const CupedDesign& design : std::vector<CupedDesign>{
           {"rho0", {.correlation = 0}},
           {"rho0.5", {.correlation = 0.5}},
           {"rho0.9", {.correlation = 0.9}},
           {"rho0.9.effect", {.correlation = 0.9, .effect = 0.1}},
           {"three_covariates", {.correlation = 0.7, .covariates = 3}},
           {"unequal", {.correlation = 0.7}, 1000, 0.1},
           {"slopes.effect", {.correlation = 0.7, .effect = 0.2, .slope = 0.4}, 1000, 0.25},
           {"small", {.correlation = 0.7}, 100},
       }) {
    made.push_back(cuped_study(design));
  }
  made.push_back(quantile_study(0.5, 400, Promise::kExactly));
  made.push_back(quantile_study(0.99, 400, Promise::kNone));
  made.push_back(quantile_study(0.99, 4000, Promise::kExactly));
  made.push_back(ramp_study());
  return made;
}

}  // namespace assay::sim
