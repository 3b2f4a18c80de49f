// How analyze.cc, trust.cc, compare.cc and guardrails.cc share their work; nobody else includes
// this.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assay/analyze/analyze.h"
#include "assay/stats/contrast.h"

namespace assay::analyze::internal {

// One look at one experiment: what every step reads.
struct Look {
  const define::Experiment& experiment;
  SummarySource& source;
  const AnalyzeOptions& options;
  Exposed exposed;
  bool withheld = false;  // No text may name an effect either.
};

// A metric of the plan with its numbers. `data` is empty when the metric is defined nowhere.
struct Measured {
  const define::PlannedMetric* planned = nullptr;
  std::optional<MetricData> data;
};

using Cells = std::map<Cell, MetricCell>;

// What the plan asks of a metric that has a definition, its covariate included.
MetricQuery query_of(const define::Experiment& experiment, const define::PlannedMetric& planned);
Result<std::vector<Measured>> measure(Look& look);

// Treatment `variant` against the control within each epoch, combined by the epochs' shares of
// the cells' units, those of all variants.
stats::Stat<stats::Contrast> contrast(const Measured& measured, const Cells& cells,
                                      std::string_view control, std::string_view variant);

// The source gave covariates, so its contrasts are adjusted.
bool adjusted(const Measured& measured);

// Events feed it; a ratio is fed by its denominator, since no event of its numerator may be good
// news.
bool fed(const Measured& measured);

std::vector<ArmResult> arms(const Measured& measured, const define::Experiment& experiment);
double maturity(const Measured& measured);

Comparison compare(const Look& look, const Measured& measured, const std::string& variant);
// Adjusts p-values within the families of the plan and says what is significant.
void correct(const define::Experiment& experiment, std::vector<Comparison>& comparisons);

// Units per treatment pair at which a sequential interval should be tightest.
double target_units(const define::Experiment& experiment);

// The share of the units that each variant of the plan should have: what the epochs' weights give
// to their units.
std::vector<double> expected_shares(const Look& look);

Result<std::vector<TrustCheck>> check_trust(Look& look, const std::vector<Measured>& measured);
std::vector<GuardrailResult> judge_guardrails(const Look& look,
                                              const std::vector<Measured>& measured);

Result<std::vector<SegmentResult>> break_down(const Look& look);

}  // namespace assay::analyze::internal
