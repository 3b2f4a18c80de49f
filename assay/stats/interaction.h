// Do two experiments that run on the same units get in each other's way?
//
// First: are their assignments independent (chi-square of the four counts)? If not, nothing below
// holds. Then the interaction of the cell means ι = Ȳ11 - Ȳ10 - Ȳ01 + Ȳ00 with Var = Σ s²/n and
// Welch–Satterthwaite degrees of freedom; for shares also the likelihood-ratio test of the
// interaction on the logit scale, where an effect that multiplies the odds is no interaction. Scan
// many pairs with adjust(…, kBenjaminiHochberg). Golden: spec/golden/interaction.csv
//
//   const auto answer = interaction({.neither = y00, .first = y10, .second = y01, .both = y11});
#pragma once

#include "assay/stats/estimate.h"
#include "assay/stats/proportion.h"
#include "assay/stats/summary.h"

namespace assay::stats {

// One cell per combination of variants: treated in neither, in one, in both experiments.
template <typename T>
struct Cells2x2 {
  T neither;
  T first;
  T second;
  T both;
};

struct Interaction {
  Estimate difference;           // ι: what both do together beyond the sum of each alone.
  double independence_p = 1;     // Of the two assignments; below 0.001 distrust everything else.
  double independence_chi2 = 0;  // One degree of freedom.
};
Stat<Interaction> interaction(const Cells2x2<Summary>& cells, double alpha = 0.05);

struct LogitInteraction {
  double statistic = 0;  // Likelihood ratio, chi-square with one degree of freedom.
  double p_value = 1;
};
// kNoVariance where nobody or everybody converted.
Stat<LogitInteraction> logit_interaction(const Cells2x2<Proportion>& cells);

}  // namespace assay::stats
