// Is the treatment safe? One-sided statements about harm at level alpha each, by default valid at
// every look (guardrails are watched around the clock), or at one fixed look. Harmful: the bound on
// the good side lies beyond the limit. Safe: the bound on the bad side lies within it. Neither:
// undecided; "not significant" is never "safe".
//
//   const auto safety = at_most(contrast, 500.0);           // p99 latency of the treatment ≤ 500
//   const auto change = not_higher(contrast, 0.02);         // at most 2 % above the control
#pragma once

#include <cstdint>

#include "assay/stats/contrast.h"

namespace assay::stats {

enum class SafetyStatus { kSafe, kUndecided, kHarmful };

struct Safety {
  SafetyStatus status = SafetyStatus::kUndecided;
  double value =
      0;  // Of the treatment (at_most, at_least) or of the difference (not_higher, not_lower).
  Interval bounds;  // Two one-sided bounds at level alpha each.
};

struct SafetyOptions {
  double alpha = 0.05;
  double target_n = 5000;      // As in SequentialOptions.
  std::int64_t burn_in = 100;  // Units per arm before anything is said (kNotYet).
  bool fixed_look = false;     // True: one look at a planned moment, with normal or t bounds.
};

// The treatment's own value against an absolute limit.
Stat<Safety> at_most(const Contrast& contrast, double limit, const SafetyOptions& options = {});
Stat<Safety> at_least(const Contrast& contrast, double limit, const SafetyOptions& options = {});
// The difference against a margin relative to |control| (0.02 = 2 %), judged as treatment - (1 ±
// margin) · control.
Stat<Safety> not_higher(const Contrast& contrast, double margin_relative,
                        const SafetyOptions& options = {});
Stat<Safety> not_lower(const Contrast& contrast, double margin_relative,
                       const SafetyOptions& options = {});

}  // namespace assay::stats
