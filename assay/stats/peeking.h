// What stopping rules do in the long run when there is no effect: the price of looking often.
//
// A test at |z| >= z_{alpha/2} at each of K equally spaced looks rejects a true null far more often
// than alpha: 5 looks 14 %, 28 looks 27 %, 100 looks 37 %, without limit. The rule "ship when the
// posterior probability of being better reaches 0.95" is, with a flat prior, the one-sided test at
// 5 % at each look, so it shares that fate; a prior N(0, sd²) only raises its first bounds.
// Computed with the recursion of group_sequential.h, not simulated.
//
//   peeking_error(28, 0.05);                                      // 0.27
//   operating_characteristics({.looks = 28})->false_ship_rate;    // 0.24
//
// Armitage, McPherson & Rowe, JRSS A 132 (1969). Golden: spec/golden/peeking.csv
#pragma once

#include "assay/stats/estimate.h"

namespace assay::stats {

inline constexpr int kMostPeeks = 200;

// The probability that a two-sided test at level alpha ever rejects a true null within `looks`
// looks, 1 … kMostPeeks.
Stat<double> peeking_error(int looks, double alpha = 0.05);

struct PosteriorRule {
  int looks = 1;
  double ship_at = 0.95;  // Posterior probability of being better; above 0.5.
  // Variance of the difference at the last look over that of the prior N(0, sd²); 0: a flat prior.
  double noise_to_prior = 0;
};

struct OperatingCharacteristics {
  double false_ship_rate = 0;     // A treatment without effect is shipped at some look.
  double false_verdict_rate = 0;  // The same, or dropped at probability 1 - ship_at.
};
Stat<OperatingCharacteristics> operating_characteristics(const PosteriorRule& rule);

}  // namespace assay::stats
