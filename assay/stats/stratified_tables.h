// Shares compared within strata: one common odds ratio, is it 1, and is it the same everywhere?
//
// The Cochran–Mantel–Haenszel test (no continuity correction), the Mantel–Haenszel odds ratio with
// Robins, Breslow & Greenland's interval, and the Breslow–Day test that the strata's odds ratios
// are equal. Immune to Simpson's paradox: a stratum is compared only with itself, so strata of
// unequal allocation (days of a ramp, countries) may be pooled. Mantel & Haenszel, JNCI 22 (1959);
// Robins, Breslow & Greenland, Biometrics 42 (1986). Golden: spec/golden/stratified_tables.csv
//
//   const std::vector<StratumTable> days = {{{2000, 99000}, {23, 1000}}, {{5000, …}, {6000, …}}};
//   const auto test = cochran_mantel_haenszel(days);
#pragma once

#include <span>

#include "assay/stats/estimate.h"
#include "assay/stats/proportion.h"

namespace assay::stats {

struct StratumTable {
  Proportion control;
  Proportion treatment;
};

struct StratifiedTables {
  double statistic = 0;  // Chi-square with one degree of freedom.
  double p_value = 1;
  double odds_ratio = 1;  // Treatment against control.
  Interval interval;
  double breslow_day = 0;  // Chi-square.
  double breslow_day_df = 0;
  double breslow_day_p = 1;
};

// Strata in which an arm is empty, or where nobody or everybody converted, say nothing and are
// left out. kNoVariance where the odds ratio is 0 or infinite.
Stat<StratifiedTables> cochran_mantel_haenszel(std::span<const StratumTable> strata,
                                               double alpha = 0.05);

}  // namespace assay::stats
