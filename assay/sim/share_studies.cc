// Two proportions at one look, from shares of a half to one in five hundred. The z test, chi-square
// and G promise their level where each expected count is large; Fisher promises at most its level
// for any counts, and Newcombe's interval its coverage for all but the rarest events.
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "assay/sim/claims.h"
#include "assay/sim/studies.h"

namespace assay::sim {
namespace {

Method<TwoSample> z_method(std::string name, stats::ProportionInterval interval, Promise promise) {
  return {{.name = std::move(name), .promise = promise},
          [interval](const TwoSample& data) { return two_proportions_claim(data, interval); }};
}

enum class TableMethod { kChiSquare, kYates, kG, kFisher };

Method<TwoSample> table_method(std::string name, TableMethod way, Promise promise) {
  return {{.name = std::move(name), .promise = promise}, [way](const TwoSample& data) -> Claim {
            const auto [a, n_a] = share_of(data.control());
            const auto [b, n_b] = share_of(data.treatment());
            const std::array counts{a, n_a - a, b, n_b - b};
            const auto answer =
                way == TableMethod::kG ? stats::g_test(counts, 2)
                : way == TableMethod::kFisher
                    ? stats::fisher_exact(a, n_a - a, b, n_b - b)
                    : stats::chi_square_test(
                          counts, 2,
                          way == TableMethod::kYates ? stats::Yates::kYes : stats::Yates::kNo);
            // All or none converted: no table to test, and no claim.
            return {.rejects = answer && answer->p_value < data.alpha};
          }};
}

Claim credible_claim(const TwoSample& data) {
  const auto answer = stats::beta_binomial(share_of(data.control()), share_of(data.treatment()),
                                           {.alpha = data.alpha});
  if (!answer) return {};
  return {.rejects = !answer->difference.interval.contains(0),
          .misses = !answer->difference.interval.contains(data.difference)};
}

Claim conversion_claim(const TwoSample& data) {
  const auto log_e = stats::conversion_log_e(share_of(data.control()).successes,
                                             share_of(data.treatment()).successes, 0.5);
  return {.rejects = log_e && *log_e >= std::log(1 / data.alpha)};
}

struct ShareDesign {
  double share;
  int units;
  double lift = 0;
  Promise approximate = Promise::kExactly;
  int runs = 5000;
};

Study share_study(const ShareDesign& design) {
  const Promise approximate = design.approximate;
  const bool effect = design.lift > 0;
  StudyHead head{
      .id = fmt::format("shares.p{:g}.n{}{}", design.share, design.units, effect ? ".effect" : ""),
      .world = fmt::format("share {:g}, {} units{}", design.share, design.units,
                           effect ? fmt::format(", lift {:g} %", 100 * design.lift) : ""),
      .effect = effect,
      .runs = design.runs,
      .units = design.units};
  return make_study<TwoSample>(
      std::move(head),
      filling_of({.people = population_of({.baseline = design.share, .lift = design.lift}),
                  .units = design.units}),
      {z_method("two_proportion_z, newcombe", stats::ProportionInterval::kNewcombe, approximate),
       z_method("two_proportion_z, wald", stats::ProportionInterval::kWald,
                design.units >= 100'000 ? approximate : Promise::kNone),
       table_method("chi_square", TableMethod::kChiSquare, approximate),
       table_method("chi_square, yates", TableMethod::kYates, Promise::kAtMost),
       table_method("g_test", TableMethod::kG, approximate),
       table_method("fisher_exact", TableMethod::kFisher, Promise::kAtMost),
       {{.name = "conversion_e_value", .promise = Promise::kAtMost}, conversion_claim}});
}

Study credible_study(double share, int units, double lift) {
  return make_study<TwoSample>(
      {.id = fmt::format("shares.posterior.p{:g}.n{}", share, units),
       .world = fmt::format("share {:g}, {} units, lift {:g} %", share, units, 100 * lift),
       .effect = lift > 0,
       .runs = 200,
       .units = 20 * units},
      filling_of({.people = population_of({.baseline = share, .lift = lift}), .units = units}),
      {{{.name = "beta_binomial, uniform prior", .promise = Promise::kNone}, credible_claim}});
}

}  // namespace

std::vector<Study> share_studies() {
  const std::vector<ShareDesign> designs{
      {0.5, 40, 0, Promise::kNone},
      {0.1, 100, 0, Promise::kNone},
      {0.1, 1000},
      {0.1, 1000, 0.5},
      {0.002, 2000, 0, Promise::kNone},
      {0.002, 2000, 1.0, Promise::kNone},
      {0.002, 100'000, 0, Promise::kExactly, 500},
  };
  std::vector<Study> made;
  for (const ShareDesign& design : designs) made.push_back(share_study(design));
  made.push_back(credible_study(0.1, 100, 0));
  made.push_back(credible_study(0.1, 1000, 0.5));
  return made;
}

}  // namespace assay::sim
