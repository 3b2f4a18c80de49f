// Are two variants the same, for all that matters? Two one-sided tests against margins (TOST; D. J.
// Schuirmann 1987). "Not significantly different" never shows this; a small p here does.
//
//   const auto same = equivalence(contrast, {.low = -0.5, .high = 0.5});
//   same->p_value < 0.05;      // the same as: the 90 % interval lies within the margins
//
// Golden: spec/golden/equivalence.csv (statsmodels)
#pragma once

#include "assay/stats/contrast.h"

namespace assay::stats {

struct Margins {
  double low = 0;  // Of treatment - control; low < high.
  double high = 0;
};

struct Equivalence {
  double value = 0;
  double p_low = 1;    // Against "the difference is at most the low margin".
  double p_high = 1;   // Against "the difference is at least the high margin".
  double p_value = 1;  // The larger of the two.
  Interval interval;   // Level 1 - 2 alpha.
  bool equivalent = false;
};

Stat<Equivalence> equivalence(const Contrast& contrast, const Margins& margins,
                              double alpha = 0.05);
// Margins of ± `margin` times |control| (0.02 = 2 %), as tests of treatment - (1 ± margin) ·
// control. The interval is that of the difference over |control|.
Stat<Equivalence> equivalence_relative(const Contrast& contrast, double margin,
                                       double alpha = 0.05);

}  // namespace assay::stats
