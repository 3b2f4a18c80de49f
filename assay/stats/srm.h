// Sample-ratio mismatch: do the variants' sizes fit the planned shares? Counts are units, not
// events.
//
// srm_fixed is the chi-square test (exact binomial where an expected count is below 5): right when
// looked at once. srm_sequential is the multinomial e-value of Lindon & Malek (2022): right at
// every look; it depends only on the cumulative counts, so it needs no state.
#pragma once

#include <cstdint>
#include <span>

#include "assay/stats/estimate.h"

namespace assay::stats {

struct SrmTest {
  double statistic = 0;  // Chi-square, or ln E.
  double p_value = 1;    // For srm_sequential: min(1, 1/E).
};

// shares are positive and need not add up to one; a share of zero with units in it is a p-value of
// zero.
Stat<SrmTest> srm_fixed(std::span<const std::int64_t> counts, std::span<const double> shares);
// concentration: large (1e4) sees small imbalances late, small (1 … 100) gross ones early.
Stat<SrmTest> srm_sequential(std::span<const std::int64_t> counts, std::span<const double> shares,
                             double concentration = 1000);

}  // namespace assay::stats
