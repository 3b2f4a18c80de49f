// Group-sequential boundaries with alpha spending: a planned number of looks, at any information
// times, that together spend exactly alpha.
//
// The score S_k = Z_k·√I_k has independent normal increments; the density of S_k on the
// continuation region follows by numerical integration look by look (Armitage, McPherson & Rowe
// 1969; Jennison & Turnbull 2000, chapter 19), and each bound is the root that spends what the
// spending function allows up to its information fraction (Lan & DeMets 1983). Golden:
// spec/golden/group_sequential.csv
//
//   const std::vector<double> looks = {0.25, 0.5, 0.75, 1.0};
//   const auto design = group_sequential(looks, {.alpha = 0.05});
//   design->looks[0].z;    // stop when |Z| is at least this
#pragma once

#include <span>
#include <vector>

#include "assay/stats/estimate.h"

namespace assay::stats {

enum class Spending {
  kObrienFleming,  // Two-sided: 4(1 - Φ(z_{alpha/4}/√t)); one-sided: 2(1 - Φ(z_{alpha/2}/√t)).
  kPocock,         // alpha · ln(1 + (e-1)t).
  kPower,          // alpha · t^parameter.
  kHwangShihDecani,  // alpha (1 - e^{-parameter·t}) / (1 - e^{-parameter}).
};

enum class Sides { kOne, kTwo };

struct GroupSequentialOptions {
  double alpha = 0.05;  // Total, over both sides if two-sided.
  Spending spending = Spending::kObrienFleming;
  double parameter = 1;  // Of kPower (above 0) and kHwangShihDecani (not 0).
  Sides sides = Sides::kTwo;
};

struct Look {
  double information = 0;  // Fraction of the planned information.
  double alpha_spent = 0;  // Up to and including this look.
  double z = 0;            // Stop at |Z| >= z (one-sided: Z >= z).
  double nominal_p = 0;    // The same as a p-value of this look alone.
};

struct GroupSequential {
  std::vector<Look> looks;
  Sides sides = Sides::kTwo;
};

double alpha_spent(double information, const GroupSequentialOptions& options);

// Information fractions must rise, the last to 1 at most; if it is 1 the remainder is spent there.
Stat<GroupSequential> group_sequential(std::span<const double> information,
                                       const GroupSequentialOptions& options = {});

// The probability of stopping at each look when the expected Z at full information is `drift`;
// 0 gives the spending increments, z_{alpha/2} + z_{power} about the power of a fixed design.
std::vector<double> exit_probabilities(const GroupSequential& design, double drift);

// The same by side: above the upper bound, and below the lower one (0 where the design has none).
struct Exit {
  double above = 0;
  double below = 0;
};
std::vector<Exit> exits_by_side(const GroupSequential& design, double drift);

// After stopping at the last of `design.looks` with the observed z there: p by stage-wise ordering
// (two-sided: doubled), exact under the design.
Stat<double> stagewise_p(const GroupSequential& design, double z);

// The effect after that stop: the naive estimate exaggerates, because stopping waited for a large
// value. The median-unbiased estimate and the 1 - alpha interval invert the stage-wise ordering
// (Jennison & Turnbull 2000, ch. 8); `std_error` is that of the difference at the stop. Golden:
// spec/golden/stagewise.csv
Stat<Estimate> stagewise_estimate(const GroupSequential& design, double z, double std_error,
                                  double alpha = 0.05);

}  // namespace assay::stats
