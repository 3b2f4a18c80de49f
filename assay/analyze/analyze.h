// The front door of analyze: from a source of summaries to a Scorecard. Trust checks first, then
// the plan's methods on each metric and treatment, then the guardrails. Pure over the port: the
// same source and options give the same scorecard, byte for byte.
//
//   ASSAY_TRY(const Scorecard card, analyze(experiment, source, {.as_of = now}));
//
// Epochs are never pooled: each metric is contrasted within every epoch and the contrasts are
// combined by the epochs' shares of the metric's units over all variants: one weight per epoch for
// all variants' values and effects, which therefore fit. An always-valid p-value never rises from
// look to look, so a monitor hands over the p-values of its last look (running_p); a single look
// needs none.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "assay/analyze/scorecard.h"
#include "assay/analyze/source.h"

namespace assay::analyze {

// (metric, variant) to the smallest always-valid p-value of earlier looks.
using RunningP = std::map<std::pair<std::string, std::string>, double>;

// Rows (or units) held against what the plan assigns, by whoever can assign.
struct AssignmentCheck {
  std::string_view noun = "rows";
  std::int64_t rows = 0;
  std::int64_t left_out = 0;   // Not in the experiment, or their variant was chosen by hand.
  std::int64_t differing = 0;  // Recorded with another variant than the plan assigns.
  std::string example = {};    // The first of these, as a clause.
  std::string no_column = {};  // Of ids: nothing could be held against anything.
  bool is_computed = false;    // No variant was recorded: the plan's own are used.
  std::string recorded = {};   // Then: a column that looks like the recorded variants, if any.
};

struct AnalyzeOptions {
  Timestamp as_of;
  RunningP running_p = {};
  // Weights per epoch in variant order, where they differ from the plan's.
  std::map<std::int64_t, std::vector<std::uint32_t>> epoch_weights = {};
  std::optional<AssignmentCheck> assignment = {};
};

Result<Scorecard> analyze(const define::Experiment& experiment, SummarySource& source,
                          const AnalyzeOptions& options);

// What the next look must know of this one; also from the JSON that to_json wrote (kCorrupt
// otherwise).
RunningP running_p(const Scorecard& scorecard);
Result<RunningP> running_p_from_json(std::string_view scorecard_json);

}  // namespace assay::analyze
