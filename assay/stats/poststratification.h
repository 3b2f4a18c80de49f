// Post-stratification: the comparison within strata known before the exposure (country, platform,
// a habit from before), weighted by each stratum's share of all units. It takes out what chance put
// unevenly into the arms.
//
//   difference = Σ (n_s/n)(Ȳ_ts - Ȳ_cs),  variance = Σ (n_s/n)²(s²_ts/n_ts + s²_cs/n_cs)
//
// A stratum with fewer than two units in an arm has no variance: it is merged into its neighbour in
// the order given, and named. Assumes strata that the treatment cannot move. L. Miratrix, J. Sekhon
// & B. Yu, JRSS B 75 (2013). Golden: spec/golden/poststratification.csv
//
//   const auto answer = poststratified({{c_phone, t_phone}, {c_desktop, t_desktop}});
//   const auto test = fixed(answer->contrast);
#pragma once

#include <cstddef>
#include <vector>

#include "assay/stats/contrast.h"

namespace assay::stats {

struct Stratum {
  Summary control;
  Summary treatment;
};

struct StratumMerge {
  std::size_t from = 0;  // Positions in the order given.
  std::size_t into = 0;
};

struct Poststratified {
  Contrast contrast;
  std::vector<StratumMerge> merges;  // Empty where every stratum stood by itself.
};

// Means, or ratios where the summaries have a denominator; all with the same columns.
Stat<Poststratified> poststratified(std::vector<Stratum> strata);

}  // namespace assay::stats
