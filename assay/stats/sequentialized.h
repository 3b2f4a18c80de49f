// The fixed-horizon test, safe to look at on the way: at its horizon it gives the fixed test's
// answer, and before it an interval and a p-value that hold at every look.
//
// What the fixed test of level a will say, given the data so far and no effect, has a probability
// psi: a martingale from a to 0 or 1 (Koning & van Meer, "Sequentializing a test", 2025). With the
// Z of a share t of the horizon's information and c = z(1 - a/2),
//   psi = Φ((|Z|√t - c)/√(1-t)) + Φ((-|Z|√t - c)/√(1-t)).
// A look before the horizon rejects where psi reaches 1 - g, which the martingale does with
// probability a/(1-g) at most (stochastic curtailment; Lan, Simon & Halperin 1982): a = alpha·(1-g)
// keeps alpha over all looks. So early stopping costs the share g of alpha and nothing else: with
// g = 0.05 the horizon's test has level 0.0475, with g = 0 it is the fixed test to the last bit and
// nothing rejects before. Assumes independent increments of information; Student's t enters by its
// normal score. Golden: spec/golden/sequentialized.csv
//
//   const auto look = sequentialized(*contrast, {.information = 0.4});
#pragma once

#include <cstdint>

#include "assay/stats/inference.h"

namespace assay::stats {

struct SequentializedOptions {
  double alpha = 0.05;     // Two-sided, over all looks together.
  double information = 1;  // Share of the horizon's: units so far over planned. At 1 or above the
                           // look is the last.
  double early_share = 0.05;  // g: share of alpha spent on stopping early, in [0, 0.5].
  double running_p = 1;       // The smallest p of earlier looks.
};

struct Sequentialized {
  Inference inference;
  // psi at level alpha: the fixed test's chance of rejecting, were there no effect from here on. It
  // may serve as the level of any continuation of the experiment.
  double conditional_level = 0;
};

Stat<Sequentialized> sequentialized(const Contrast& contrast,
                                    const SequentializedOptions& options = {});

}  // namespace assay::stats
