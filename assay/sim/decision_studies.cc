// Equivalence, non-inferiority and absolute limits, with the truth exactly on the margin: there a
// claim of safety (or of harm) is false, and must not come more often than alpha.
#include <fmt/format.h>

#include "assay/sim/claims.h"
#include "assay/sim/studies.h"

namespace assay::sim {
namespace {

using stats::SafetyStatus;

// Controls have mean 1 and treatments 0.9, on the margin of 10 %.
constexpr World kOnMargin{.law = Law::kNormal, .baseline = 1, .lift = -0.1};

template <class Judge>
Method<TwoSample> decision(std::string name, Promise promise, Judge judge) {
  return {{.name = std::move(name), .promise = promise}, [judge](const TwoSample& data) -> Claim {
            const auto contrast = stats::mean_contrast(data.control(), data.treatment());
            return contrast ? judge(*contrast, data) : Claim{};
          }};
}

stats::SafetyOptions options_of(const TwoSample& data, bool fixed_look) {
  return {
      .alpha = data.alpha, .target_n = static_cast<double>(data.units), .fixed_look = fixed_look};
}

Claim status_claim(const stats::Stat<stats::Safety>& safety, SafetyStatus claimed) {
  if (!safety) return {};
  return {.rejects = safety->status == claimed};
}

std::vector<Method<TwoSample>> decisions(bool fixed_look) {
  const Promise promise = fixed_look ? Promise::kExactly : Promise::kAtMost;
  return {
      decision("not_lower by 10 %: falsely safe", promise,
               [=](const stats::Contrast& contrast, const TwoSample& data) {
                 return status_claim(stats::not_lower(contrast, 0.1, options_of(data, fixed_look)),
                                     SafetyStatus::kSafe);
               }),
      decision("not_lower by 10 %: falsely harmful", promise,
               [=](const stats::Contrast& contrast, const TwoSample& data) {
                 return status_claim(stats::not_lower(contrast, 0.1, options_of(data, fixed_look)),
                                     SafetyStatus::kHarmful);
               }),
      decision("at_least 0.9: falsely safe", promise,
               [=](const stats::Contrast& contrast, const TwoSample& data) {
                 return status_claim(stats::at_least(contrast, 0.9, options_of(data, fixed_look)),
                                     SafetyStatus::kSafe);
               }),
      decision("at_least 0.9: falsely harmful", promise,
               [=](const stats::Contrast& contrast, const TwoSample& data) {
                 return status_claim(stats::at_least(contrast, 0.9, options_of(data, fixed_look)),
                                     SafetyStatus::kHarmful);
               })};
}

Claim tost_claim(const stats::Contrast& contrast, const TwoSample& data) {
  const auto answer = stats::equivalence(contrast, {.low = -0.1, .high = 0.1}, data.alpha);
  if (!answer) return {};
  return {.rejects = answer->equivalent};
}

Claim relative_tost_claim(const stats::Contrast& contrast, const TwoSample& data) {
  const auto answer = stats::equivalence_relative(contrast, 0.1, data.alpha);
  if (!answer) return {};
  return {.rejects = answer->equivalent};
}

}  // namespace

std::vector<Study> decision_studies() {
  const auto simulate = [](int units, int looks) {
    return filling_of({.people = population_of(kOnMargin), .units = units, .looks = looks});
  };
  std::vector<Method<TwoSample>> one_look = decisions(true);
  one_look.push_back(decision("tost: falsely equivalent", Promise::kExactly, tost_claim));
  one_look.push_back(
      decision("tost, relative: falsely equivalent", Promise::kExactly, relative_tost_claim));
  std::vector<Study> made;
  made.push_back(make_study<TwoSample>(
      {.id = "decisions.n5000",
       .world = "normal, treatment 10 % below the control: on the margin, 5000 units",
       .runs = 5000,
       .units = 5000},
      simulate(5000, 1), std::move(one_look)));
  made.push_back(make_study<TwoSample>(
      {.id = "decisions.n5000.looks28",
       .world = "normal, treatment 10 % below the control: on the margin, 5000 units, 28 looks",
       .runs = 5000,
       .units = 5000,
       .looks = 28},
      simulate(5000, 28), decisions(false)));
  return made;
}

}  // namespace assay::sim
