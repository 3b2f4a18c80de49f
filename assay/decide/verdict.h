// Verdict: what to do about an experiment, and why, in the order of what matters: trust,
// guardrails, the primary metric, its practical size, runtime.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "assay/analyze/scorecard.h"
#include "assay/base/time.h"
#include "assay/define/experiment.h"

namespace assay::decide {

enum class Decision { kShip, kDoNotShip, kRollBack, kContinue, kInconclusive, kInvalid };
std::string_view decision_name(Decision decision);  // "ship", "do_not_ship", …

struct VerdictReason {
  std::string
      code;  // Machine-readable: "sample_ratio_mismatch", "guardrail_failed", "primary_improved", …
  std::string subject;  // Metric or check it is about; may be empty.
  std::string message;  // One sentence with the numbers in it.
};

struct Verdict {
  Decision decision = Decision::kContinue;
  std::string variant;                 // The treatment it is about; empty when about all.
  std::string sentence;                // One plain sentence for people.
  std::vector<VerdictReason> reasons;  // Most important first.
  std::string experiment;
  std::string fingerprint;
  Timestamp as_of;
};

// The scorecard is complete as of `scorecard.as_of`; runtime is counted from its first exposure.
Verdict decide(const define::Experiment& experiment, const analyze::Scorecard& scorecard);

std::string to_json(const Verdict& verdict);

}  // namespace assay::decide
