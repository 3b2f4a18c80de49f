// What a rule with several looks costs and finds: its power, the information it needs for a given
// power, and how much of that it uses on average when it may stop early.
//
// Everything is on the scale of Z: `drift` is the effect over its standard error at the horizon,
// so a fixed two-sided test needs the drift z(1 - alpha/2) + z(power), and the inflation factor of
// a design is the square of the ratio of the two drifts (Jennison & Turnbull, Group Sequential
// Methods, 2000, ch. 2 and 7). Exact for Brownian motion seen at the looks. Golden:
// spec/golden/sequential_power.csv
//
//   const auto design = group_sequential(equal_looks(5), {.spending = Spending::kPocock});
//   const auto drift = required_drift(*design, 0.8);
//   operating_at(*design, *drift).expected_information;      // share of the horizon
#pragma once

#include <vector>

#include "assay/stats/group_sequential.h"

namespace assay::stats {

std::vector<double> equal_looks(int looks);  // 1/looks, 2/looks, …, 1.

// Bounds of the asymptotic confidence sequence of inference.h (two-sided) and noninferiority.h
// (one-sided) at equally spaced looks; `horizon` is the horizon's size over the target_n at which
// the sequence is tightest. Continuous monitoring finds a little more than any number of looks.
Stat<GroupSequential> always_valid_bounds(int looks, double alpha, double horizon, Sides sides);

// Bounds of "ship when P(better) is at least ship_probability" with the prior N(0, tau²); `prior`
// is tau² over the variance of the difference at the horizon, infinite for a flat prior. One-sided.
Stat<GroupSequential> posterior_bounds(int looks, double ship_probability, double prior);

struct Operating {
  double power = 0;                 // Stops on the side of the drift (0: on the upper side).
  double false_direction = 0;       // Stops on the other side.
  double expected_information = 1;  // Share of the horizon when the rule ends.
};
Operating operating_at(const GroupSequential& design, double drift);

// The drift above 0 at which the design has this power.
Stat<double> required_drift(const GroupSequential& design, double power);

}  // namespace assay::stats
