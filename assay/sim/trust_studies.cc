// Do counts fit the planned shares? The fixed test at one look and peeked at, the sequential test
// at every look, on fair splits and on one that has lost units.
#include <fmt/format.h>

#include "assay/sim/claims.h"
#include "assay/sim/studies.h"

namespace assay::sim {
namespace {

struct Counts {
  std::vector<std::int64_t> counts;
  double alpha = 0.01;
};

struct SplitDesign {
  std::string name;
  std::vector<double> shares;  // Planned.
  int units = 10'000;
  int looks = 1;
  double lost = 0;  // Share of the last variant's units that never arrive.
};

Simulate<Counts> simulate_split(const SplitDesign& design) {
  return [design](const Random& base, const Show<Counts>& show) {
    Random random = base;
    Counts data{.counts = std::vector<std::int64_t>(design.shares.size())};
    int look = 0;
    for (std::int64_t i = 0; i < design.units; ++i) {
      double left = random.uniform();
      std::size_t arm = 0;
      while (arm + 1 < design.shares.size() && left >= design.shares[arm]) {
        left -= design.shares[arm++];
      }
      const bool lost = arm + 1 == design.shares.size() && random.chance(design.lost);
      data.counts[arm] += lost ? 0 : 1;
      if ((i + 1) * design.looks < static_cast<std::int64_t>(design.units) * (look + 1)) continue;
      ++look;
      show(data);
    }
  };
}

Study split_study(const SplitDesign& design) {
  const bool one_look = design.looks == 1;
  const auto fixed_claim = [shares = design.shares](const Counts& data) -> Claim {
    const auto answer = stats::srm_fixed(data.counts, shares);
    return {.rejects = answer && answer->p_value < data.alpha};
  };
  const auto sequential_claim = [shares = design.shares](const Counts& data) -> Claim {
    const auto answer = stats::srm_sequential(data.counts, shares);
    return {.rejects = answer && answer->p_value < data.alpha};
  };
  return make_study<Counts>(
      {.id = "split." + design.name,
       .world = fmt::format(
           "{} variants, {} units, {} look{}{}", design.shares.size(), design.units, design.looks,
           one_look ? "" : "s",
           design.lost > 0 ? fmt::format(", {:g} % of the last variant lost", 100 * design.lost)
                           : ""),
       .effect = design.lost > 0,
       .runs = 5000,
       .units = design.units,
       .looks = design.looks,
       .alpha = 0.01},
      simulate_split(design),
      {{{.name = "srm", .promise = one_look ? Promise::kExactly : Promise::kNone}, fixed_claim},
       {{.name = "srm_sequential", .promise = Promise::kAtMost}, sequential_claim}});
}

}  // namespace

std::vector<Study> trust_studies() {
  std::vector<Study> made;
  for (const SplitDesign& design : std::vector<SplitDesign>{
           {"halves", {0.5, 0.5}},
           {"tenth", {0.9, 0.1}},
           {"three", {0.5, 0.3, 0.2}},
           {"halves.looks28", {0.5, 0.5}, 10'000, 28},
           {"halves.looks28.lost", {0.5, 0.5}, 10'000, 28, 0.08},
       }) {
    made.push_back(split_study(design));
  }
  return made;
}

}  // namespace assay::sim
