// Scorecard: everything known about an experiment at one moment. Trust checks first, then per
// metric and treatment a comparison with control.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "assay/base/time.h"
#include "assay/define/experiment.h"
#include "assay/define/words.h"
#include "assay/stats/estimate.h"

namespace assay::analyze {

enum class TrustStatus { kOk, kWarning, kFailed };

// For define::to_word: the words of the JSON form.
std::span<const define::Word<TrustStatus>> words(TrustStatus);

struct TrustCheck {
  std::string name;  // "sample_ratio", "contamination", "maturity", "metric_feed", "assignment"
  TrustStatus status = TrustStatus::kOk;
  std::string message;  // One sentence with the numbers in it.
  std::optional<double> p_value;
};

struct ArmResult {
  std::string variant;
  std::int64_t n = 0;
  std::optional<double> value;  // Mean, share, ratio or quantile; unadjusted.
  std::optional<double> std_error;
};

// Units exposed to one variant, beside the share that the weights of their epochs give it.
struct UnitCount {
  std::string variant;
  std::int64_t n = 0;
  double expected_share = 0;
};

struct Comparison {
  std::string metric;
  define::Role role = define::Role::kPrimary;
  define::Direction direction = define::Direction::kIncrease;
  std::string control;
  std::string variant;
  stats::Stat<stats::Estimate> difference = stats::undefined(stats::Undefined::kNoData, "");
  stats::Stat<stats::Estimate> relative = stats::undefined(stats::Undefined::kNoData, "");
  std::optional<double> p_adjusted;  // After the plan's correction within the role's family.
  bool significant = false;          // p_adjusted (or the interval) says so at alpha.
  std::string method;                // "confidence_sequence+cuped"
  std::int64_t n_control = 0;
  std::int64_t n_variant = 0;
  double variance_reduction = 0;
  // The difference over all units, where some windows are still open and the main estimate leaves
  // those units out.
  std::optional<stats::Estimate> all_units;
  std::vector<std::string> warnings;
};

// What a guardrail says about one treatment. kFailed is evidence of harm, kPassed evidence of its
// absence; not significant is never safe.
enum class GuardrailStatus { kPassed, kUndecided, kFailed, kNoData };

std::span<const define::Word<GuardrailStatus>> words(GuardrailStatus);

struct GuardrailResult {
  std::string metric;
  std::string variant;
  GuardrailStatus status = GuardrailStatus::kNoData;
  std::string message;
  std::optional<double> threshold;        // Absolute rule, if any.
  std::optional<double> margin_relative;  // Relative rule, if any.
  bool blocks = false;  // Undecided, and the plan asked for proof of safety: no ship before.
};

struct MetricArms {
  std::string metric;
  std::optional<define::MetricType> type;  // None: the metric is defined nowhere.
  std::vector<ArmResult> arms;
  double maturity = 1.0;  // Share of units whose window is complete.
};

// A primary metric among the units of one segment. Exploratory: read it as a hint where to look
// next.
struct SegmentResult {
  std::string attribute;  // "country"
  std::string value;      // "IN"
  Comparison comparison;  // p_adjusted: Benjamini–Hochberg within the attribute.
};

struct Scorecard {
  std::string experiment;
  std::string fingerprint;
  Timestamp as_of;
  double alpha = 0.05;
  std::optional<Timestamp> first_exposure;
  std::optional<Timestamp> last_exposure;
  std::vector<UnitCount> units;
  std::vector<TrustCheck> trust;
  std::vector<MetricArms> metrics;
  std::vector<Comparison> comparisons;  // In plan order, then variant order.
  std::vector<GuardrailResult> guardrails;
  std::vector<SegmentResult> segments;  // By attribute in plan order, then metric, then value.
  bool withheld = false;  // Fixed horizon before its sample size: comparisons show no numbers.
  std::string withheld_reason;

  bool trusted() const;
};

std::string to_json(const Scorecard& scorecard);

}  // namespace assay::analyze
