// Assignment: which variant a unit gets in one experiment, and why.
#pragma once

#include <cstdint>
#include <string_view>

#include "assay/assign/targeting.h"

namespace assay::assign {

// In the order of evaluation: the first that applies is the answer.
enum class Reason : std::uint8_t {
  kStopped,       // The experiment does not run (any more, or not yet).
  kNoUnit,        // The context has no id for the experiment's kind of unit; or no time, where the
                  // unit is one of a period.
  kOverride,      // The plan names the variant of this unit, or of whoever meets a condition that
                  // it meets; left out of the analysis.
  kHoldout,       // The unit is held out (see Snapshot::explain for the holdout's name).
  kPrerequisite,  // Not eligible: it has not the variant of another experiment that it needs.
  kTargeting,     // Not eligible: a condition failed (see `test` and `attribute`).
  kExcluded,      // Eligible, but its slot of the layer belongs to another experiment or to none.
  kSticky,        // Remembered: the unit keeps what it was answered before (Context::remember).
  kTraffic,       // Eligible and its slot is owned: raising `traffic` will bring it in.
  kBurnIn,        // The hash decided, but the period has just begun; left out of the analysis.
  kSplit          // The hash decided.
};

std::string_view reason_name(Reason reason);  // "stopped", "no_unit", …, as in spec/http.

// Whether Snapshot::explain says more than the reason: which attribute, holdout or experiment, or
// which id is missing.
inline bool names_a_cause(Reason reason) {
  return reason == Reason::kTargeting || reason == Reason::kHoldout ||
         reason == Reason::kPrerequisite || reason == Reason::kNoUnit;
}

struct Assignment {
  static constexpr std::int16_t kNone = -1;

  Reason reason = Reason::kStopped;
  Outcome test = Outcome::kTrue;  // kTargeting: how the deciding comparison came out; kNoUnit:
                                  // kMissing or kWrongType, where the id is what there is not …
  std::int16_t variant = kNone;   // Index into the plan's variants.
  std::uint32_t attribute = 0;  // … and of which attribute (Snapshot::attribute_name). kHoldout,
                                // kPrerequisite: of which, for Snapshot::explain.
  std::uint32_t version = 0;
  bool by_fallback = false;  // The unit is of the plan's fallback kind.
  std::int64_t epoch = 0;
  double propensity = 0.0;  // Probability of this variant among the units in the experiment.

  bool assigned() const { return variant != kNone; }
};

}  // namespace assay::assign
