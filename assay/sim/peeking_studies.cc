// Every way of inference at many looks: who may be looked at daily, and what peeking does to those
// who may not. Sequential methods promise at most alpha over all looks at once; group-sequential
// bounds promise alpha over their planned looks; the rest promise one look.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "assay/sim/claims.h"
#include "assay/sim/studies.h"

namespace assay::sim {
namespace {

// tau, fixed before looking: three standard errors of the planned end.
Claim mixture_claim(const TwoSample& data) {
  const auto contrast = stats::mean_contrast(data.control(), data.treatment());
  if (!contrast || std::min(contrast->n_control, contrast->n_treatment) < 100) return {};
  const double error = std::sqrt(contrast->variance());
  const double n = static_cast<double>(contrast->n_control + contrast->n_treatment);
  const auto answer =
      stats::mixture_sprt(contrast->difference(), error,
                          {.alpha = data.alpha, .tau = 3 * error * std::sqrt(n / data.units)});
  return answer ? without_p(claim_of(answer->estimate, data.difference, data.alpha)) : Claim{};
}

Claim sequentialized_claim(const TwoSample& data) {
  const auto contrast = stats::mean_contrast(data.control(), data.treatment());
  if (!contrast || std::min(contrast->n_control, contrast->n_treatment) < 100) return {};
  const double n = static_cast<double>(contrast->n_control + contrast->n_treatment);
  const auto answer = stats::sequentialized(*contrast, {.information = n / data.units});
  if (!answer) return {};
  return without_p(
      claim_of(stats::Stat<stats::Inference>(answer->inference), data.difference, data.alpha));
}

enum class Posterior { kOneDirection, kEitherDirection, kSceptical };

Method<TwoSample> posterior_method(std::string name, Posterior kind) {
  return {{.name = std::move(name), .promise = Promise::kNone},
          [kind](const TwoSample& data) -> Claim {
            const auto contrast = stats::mean_contrast(data.control(), data.treatment());
            if (!contrast) return {};
            stats::BayesianOptions options{.alpha = data.alpha};
            if (kind == Posterior::kSceptical) options.prior_sd_relative = 0.05;
            const auto answer = stats::bayesian(*contrast, options);
            if (!answer) return {};
            Claim claim{.misses = !answer->difference.interval.contains(data.difference)};
            const double better = *answer->difference.probability_better;
            claim.rejects = better > 1 - data.alpha;
            if (kind == Posterior::kEitherDirection) *claim.rejects |= better < data.alpha;
            return claim;
          }};
}

// Bounds planned for the study's looks; stops at the first crossing.
Method<TwoSample> planned_method(std::string name, stats::Spending spending, int looks,
                                 Promise promise) {
  std::vector<double> information;
  for (int look = 1; look <= looks; ++look) {
    information.push_back(static_cast<double>(look) / looks);
  }
  const auto design = stats::group_sequential(information, {.spending = spending});
  return {
      {.name = std::move(name), .promise = promise}, [design](const TwoSample& data) -> Claim {
        const auto contrast = stats::mean_contrast(data.control(), data.treatment());
        if (!contrast || !design) return {};
        const auto fixed_answer = fixed(*contrast);
        const auto look = static_cast<std::size_t>(data.look);
        if (!fixed_answer || look >= design->looks.size()) return {};
        const stats::Look& planned = design->looks[look];
        const double error = *fixed_answer->difference.std_error;
        const double missed = std::abs(contrast->difference() - data.difference);
        // The repeated interval: the bound times the standard error.
        return {
            .rejects =
                *fixed_answer->difference.p_value<planned.nominal_p, .misses = missed> planned.z *
                error};
      }};
}

std::vector<Method<TwoSample>> ways(int looks, Promise sequences, Promise planned) {
  return {
      fixed_method("fixed, peeked at", stats::mean_contrast, Promise::kNone),
      sequential_method("confidence_sequence", stats::mean_contrast, sequences),
      {{.name = "msprt", .promise = sequences}, mixture_claim},
      {{.name = "sequentialized", .promise = sequences}, sequentialized_claim},
      planned_method("group_sequential, obrien_fleming", stats::Spending::kObrienFleming, looks,
                     planned),
      planned_method("group_sequential, pocock", stats::Spending::kPocock, looks, Promise::kNone),
      posterior_method("posterior, P(better) > 0.95", Posterior::kOneDirection),
      posterior_method("posterior, either way", Posterior::kEitherDirection),
      posterior_method("posterior, sceptical prior", Posterior::kSceptical)};
}

struct PeekDesign {
  std::string name;
  World world;
  int units = 5600;
  int looks = 28;
  double weather = 0;
  Promise sequences = Promise::kAtMost;
  Promise planned = Promise::kExactly;
};

Study peeking_study(const PeekDesign& design) {
  const bool effect = design.world.lift != 0;
  return make_study<TwoSample>(
      {.id = "peeking." + design.name,
       .world = fmt::format("{}, mean {:g}, {} units, {} looks{}{}", law_name(design.world.law),
                            design.world.baseline, design.units, design.looks,
                            design.weather > 0 ? ", shocks shared in time" : "",
                            effect ? fmt::format(", lift {:g} %", 100 * design.world.lift) : ""),
       .effect = effect,
       .runs = 2000,
       .units = design.units,
       .looks = design.looks},
      filling_of({.people = population_of(design.world),
                  .units = design.units,
                  .looks = design.looks,
                  .weather = design.weather}),
      ways(design.looks, design.sequences, design.planned));
}

// Sequential of everything that a Contrast can be made of.
Study product_study(std::string name, std::string world, Population people, MakeContrast make) {
  const bool effect = people.difference() != 0;
  return make_study<TwoSample>(
      {.id = "peeking." + std::move(name),
       .world = std::move(world) + ", 5600 units, 28 looks",
       .effect = effect,
       .runs = 2000,
       .units = 5600,
       .looks = 28},
      filling_of({.people = std::move(people), .units = 5600, .looks = 28}),
      {sequential_method("confidence_sequence", make, Promise::kAtMost),
       fixed_method("fixed, peeked at", make, Promise::kNone)});
}

// Rates of rare events, held exactly: one share's sequence and the conversions of two.
Study rare_study() {
  const auto share_claim = [](const TwoSample& data) -> Claim {
    const auto [successes, n] = share_of(data.treatment());
    const auto interval = stats::proportion_sequence(successes, n, data.alpha);
    if (!interval) return {};
    return {.misses = !interval->contains(0.002)};
  };
  const auto e_claim = [](const TwoSample& data) -> Claim {
    const auto log_e = stats::conversion_log_e(share_of(data.control()).successes,
                                               share_of(data.treatment()).successes, 0.5);
    return {.rejects = log_e && *log_e >= std::log(1 / data.alpha)};
  };
  return make_study<TwoSample>(
      {.id = "peeking.rare",
       .world = "proportion, mean 0.002, 5600 units, 28 looks",
       .runs = 2000,
       .units = 5600,
       .looks = 28},
      filling_of({.people = population_of({.baseline = 0.002}), .units = 5600, .looks = 28}),
      {{{.name = "proportion_sequence", .promise = Promise::kAtMost}, share_claim},
       {{.name = "conversion_e_value", .promise = Promise::kAtMost}, e_claim},
       sequential_method("confidence_sequence", stats::mean_contrast, Promise::kNone),
       fixed_method("fixed, peeked at", stats::mean_contrast, Promise::kNone)});
}

// Latencies of units: is the 90th percentile's interval right at every look?
Study quantile_study(double effect) {
  const auto claim = [](const TwoSample& data) -> Claim {
    const auto answer = stats::quantile_sequence_difference(data.values[0], data.values[1], 0.9,
                                                            {.alpha = data.alpha});
    if (!answer) return {};
    const stats::Interval& interval = answer->interval;
    return {.rejects = !interval.contains(0), .misses = !interval.contains(data.difference)};
  };
  const auto one_claim = [](const TwoSample& data) -> Claim {
    const auto answer = stats::quantile_sequence(data.values[0], 0.9, {.alpha = data.alpha});
    if (!answer) return {};
    return {.misses = !answer->interval.contains(1 + stats::normal_quantile(0.9))};
  };
  return make_study<TwoSample>(
      {.id = effect > 0 ? "peeking.quantile.effect" : "peeking.quantile",
       .world = fmt::format("normal, 90th percentile, 5600 units, 28 looks{}",
                            effect > 0 ? fmt::format(", lift {:g} %", 100 * effect) : ""),
       .effect = effect > 0,
       .runs = 400,
       .units = 5600,
       .looks = 28},
      filling_of({.people = population_of({.law = Law::kNormal, .baseline = 1, .lift = effect}),
                  .units = 5600,
                  .looks = 28,
                  .keep_values = true}),
      {{{.name = "quantile_sequence_difference", .promise = Promise::kAtMost}, claim},
       {{.name = "quantile_sequence", .promise = Promise::kAtMost}, one_claim}});
}

}  // namespace

std::vector<Study> peeking_studies() {
  constexpr Promise kNo = Promise::kNone;
  constexpr Promise kMost = Promise::kAtMost;
  std::vector<Study> made;
  for (const PeekDesign& design : std::vector<PeekDesign>{
           {"normal", {Law::kNormal, 1, 0}},
           {"normal.effect", {Law::kNormal, 1, 0.08}},
           {"normal.weather", {Law::kNormal, 1, 0}, 5600, 28, 1},
           {"normal.looks100", {Law::kNormal, 1, 0}, 10'000, 100},
           {"count", {Law::kCount, 1.5, 0}},
           {"count.effect", {Law::kCount, 1.5, 0.1}},
           {"proportion", {Law::kProportion, 0.1, 0}},
           {"proportion.effect", {Law::kProportion, 0.1, 0.2}},
           {"revenue", {Law::kRevenue, 2, 0}, 5600, 28, 0, kNo, kNo},
           {"revenue.effect", {Law::kRevenue, 2, 0.5}, 5600, 28, 0, kNo, kNo},
           {"small", {Law::kNormal, 1, 0}, 280, 28, 0, kMost, kNo},
       }) {
    made.push_back(peeking_study(design));
  }
  made.push_back(rare_study());
  made.push_back(quantile_study(0));
  made.push_back(quantile_study(0.2));
  for (const double effect : {0.0, 0.1}) {
    const std::string tail = effect > 0 ? ".effect" : "";
    made.push_back(product_study("ratio" + tail, "clicks over views", population_of_ratio(effect),
                                 stats::ratio_contrast));
    made.push_back(product_study("ratio.cuped" + tail, "clicks over views with those before",
                                 population_of_ratio(effect, true), stats::cuped_contrast));
    made.push_back(product_study("cuped" + tail, "correlation 0.7 with one covariate",
                                 population_with_covariates({.correlation = 0.7, .effect = effect}),
                                 stats::cuped_contrast));
  }
  return made;
}

}  // namespace assay::sim
