// Two means at one look: what Welch's t, the lifts, ranks and resampling claim, from 20 units to
// 100,000, for tame and for wild outcomes. Welch and Fieller promise their level where means are
// nearly normal; revenue of a few buyers is not (skewness 90: about 3 million units a variant).
#include <fmt/format.h>

#include "assay/base/hash.h"
#include "assay/sim/claims.h"
#include "assay/sim/studies.h"

namespace assay::sim {
namespace {

struct MeanDesign {
  Law law;
  double baseline;
  int units;
  int runs = 5000;
  double lift = 0;
  double share = 0.5;
  double weather = 0;
  Promise welch = Promise::kExactly;
  Promise lifts = Promise::kNone;  // Delta and log: for large n.
  Promise ranks = Promise::kExactly;
};

Method<TwoSample> lift_method(std::string name, stats::LiftMethod way, Promise promise) {
  return {{.name = std::move(name), .promise = promise}, [way](const TwoSample& data) -> Claim {
            const auto contrast = stats::mean_contrast(data.control(), data.treatment());
            if (!contrast) return {};
            const auto answer = stats::lift(*contrast, way, data.alpha);
            if (!answer) return {};
            return {.rejects = !answer->interval.contains(0),
                    .misses = !answer->interval.contains(data.lift)};
          }};
}

Claim rank_claim(const TwoSample& data) {
  const auto answer = stats::mann_whitney(data.values[0], data.values[1]);
  if (!answer) return {};
  return {.rejects = answer->p_value < data.alpha, .p_value = answer->p_value};
}

Claim winsorized_claim(const TwoSample& data) {
  const auto cap = stats::pooled_cap(data.values[0], data.values[1], 0.99);
  if (!cap) return {};
  const auto contrast = stats::mean_contrast(stats::capped(data.values[0], *cap).summary,
                                             stats::capped(data.values[1], *cap).summary);
  if (!contrast) return {};
  return claim_of(fixed(*contrast, {.alpha = data.alpha}), 0, data.alpha);
}

Claim bootstrap_claim(const TwoSample& data) {
  std::array sums{stats::BootstrapSums({.replicates = 1000}),
                  stats::BootstrapSums({.replicates = 1000})};
  std::uint64_t unit = 0;
  for (std::size_t arm = 0; arm < 2; ++arm) {
    std::vector<stats::BootstrapUnit> units;
    for (const double value : data.values[arm]) units.push_back({fmix64(++unit), value, 1});
    sums[arm].add(units);
  }
  const auto answer = stats::bootstrap(sums[0], sums[1], data.alpha);
  if (!answer) return {};
  Claim claim = claim_of(answer->difference, data.difference, data.alpha);
  claim.rejects = !answer->difference.interval.contains(0);
  return without_p(claim);
}

Claim permutation_claim(const TwoSample& data) {
  std::vector<stats::RandomizedGroup> units;
  for (std::size_t arm = 0; arm < 2; ++arm) {
    for (const double value : data.values[arm])
      units.push_back({.sum = value, .treated = arm == 1});
  }
  // 499 draws: p is a multiple of 1/500, and at most 0.05 in exactly 25 of them.
  const auto answer = stats::permutation_test(units, {.draws = 499, .exact_limit = 0});
  if (!answer) return {};
  return {.rejects = answer->p_value <= data.alpha};
}

StudyHead head_of(const MeanDesign& design) {
  const std::string split = design.share == 0.5 ? "" : fmt::format(".share{:g}", design.share);
  const std::string weather = design.weather > 0 ? ".weather" : "";
  const std::string effect = design.lift > 0 ? ".effect" : "";
  const bool rare = design.law == Law::kProportion && design.baseline < 0.01;
  return {.id = fmt::format("means.{}.n{}{}{}{}", rare ? "rare" : law_name(design.law),
                            design.units, split, weather, effect),
          .world = fmt::format(
              "{}, mean {:g}, {} units{}{}{}", law_name(design.law), design.baseline, design.units,
              design.share == 0.5 ? "" : fmt::format(", {:g} % treated", 100 * design.share),
              design.weather > 0 ? ", shocks shared in time" : "",
              design.lift > 0 ? fmt::format(", lift {:g} %", 100 * design.lift) : ""),
          .effect = design.lift > 0,
          .runs = design.runs,
          .units = design.units};
}

Filling filling_for(const MeanDesign& design, bool keep_values) {
  return {.people =
              population_of({.law = design.law, .baseline = design.baseline, .lift = design.lift}),
          .units = design.units,
          .treatment_share = design.share,
          .weather = design.weather,
          .keep_values = keep_values};
}

Study mean_study(const MeanDesign& design) {
  std::vector<Method<TwoSample>> methods{
      fixed_method("welch_t", stats::mean_contrast, design.welch),
      lift_method("lift_fieller", stats::LiftMethod::kFieller, design.welch),
      lift_method("lift_delta", stats::LiftMethod::kDelta, design.lifts),
      lift_method("lift_log", stats::LiftMethod::kLog, design.lifts)};
  const bool small = design.units <= 10'000;
  if (small && design.lift == 0) {
    methods.push_back({{.name = "mann_whitney", .promise = design.ranks}, rank_claim});
    methods.push_back({{.name = "winsorized_t", .promise = design.welch}, winsorized_claim});
  }
  return make_study<TwoSample>(head_of(design), filling_of(filling_for(design, small)),
                               std::move(methods));
}

Study resampling_study(const MeanDesign& design, Promise promise,
                       Promise permuted = Promise::kExactly) {
  StudyHead head = head_of(design);
  head.id = "resampling" + head.id.substr(5);
  head.runs = 1000;
  // Permutations promise their level for any law, where no unit is changed by the treatment.
  return make_study<TwoSample>(
      std::move(head), filling_of(filling_for(design, true)),
      {{{.name = "poisson_bootstrap", .promise = promise}, bootstrap_claim},
       {{.name = "permutation_test", .promise = design.lift == 0 ? permuted : Promise::kNone},
        permutation_claim}});
}

}  // namespace

std::vector<Study> mean_studies() {
  constexpr Promise kNo = Promise::kNone;
  constexpr Promise kMost = Promise::kAtMost;
  constexpr Promise kYes = Promise::kExactly;
  const std::vector<MeanDesign> designs{
      {Law::kNormal, 1, 20, 5000, 0, 0.5, 0, kYes, kNo, kNo},
      {Law::kNormal, 1, 50},
      {Law::kNormal, 1, 50, 5000, 0.5},
      {Law::kNormal, 1, 1000, 5000, 0, 0.5, 0},
      {Law::kNormal, 1, 1000, 5000, 0.2},
      {Law::kNormal, 1, 1000, 5000, 0, 0.1},
      {Law::kNormal, 1, 1000, 5000, 0, 0.5, 1},
      {Law::kNormal, 1, 100'000, 500, 0.01, 0.5, 0, kYes, kYes},
      {Law::kCount, 1.5, 50, 5000, 0, 0.5, 0, kNo},
      {Law::kCount, 1.5, 1000},
      {Law::kCount, 1.5, 1000, 5000, 0.2},
      {Law::kProportion, 0.1, 1000},
      {Law::kProportion, 0.002, 1000, 5000, 0, 0.5, 0, kNo, kNo, kMost},
      {Law::kRevenue, 2, 20, 5000, 0, 0.5, 0, kNo, kNo, kMost},
      {Law::kRevenue, 2, 1000, 5000, 0, 0.5, 0, kNo},
      {Law::kRevenue, 2, 1000, 5000, 0, 0.1, 0, kNo},
      {Law::kRevenue, 2, 1000, 5000, 0.5, 0.5, 0, kNo},
      {Law::kRevenue, 2, 100'000, 500, 0.2, 0.5, 0, kNo},
  };
  std::vector<Study> made;
  for (const MeanDesign& design : designs) made.push_back(mean_study(design));
  made.push_back(resampling_study({Law::kNormal, 1, 50}, kNo));
  made.push_back(resampling_study({Law::kRevenue, 2, 20}, kNo, kMost));  // Mostly ties.
  made.push_back(resampling_study({Law::kRevenue, 2, 1000, 0, 0, 0.1}, kNo));
  made.push_back(resampling_study({Law::kNormal, 1, 1000, 0, 0.2}, kYes));
  made.push_back(resampling_study({Law::kCount, 1.5, 1000, 0, 0.2}, kYes));
  made.push_back(resampling_study({Law::kRevenue, 2, 1000, 0, 0.5}, kNo));
  return made;
}

}  // namespace assay::sim
