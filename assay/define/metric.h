// MetricDefinition: which events a metric is made of, and how they become one number per unit.
// Stored either in the experiment file or in a catalogue file shared by many experiments.
//
//   metrics:
//     qualified_click_rate:                  # clicks followed by at least 30 s of reading
//       type: proportion
//       event: article_read
//       where: {attribute: dwell_seconds, at_least: 30}
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "assay/define/condition.h"

namespace assay::define {

enum class MetricType { kProportion, kMean, kCount, kRatio, kQuantile, kRetention };
enum class Aggregation { kExists, kCount, kSum, kMean, kMin, kMax, kCountDistinct };

// Whether a unit without events has 0 of it, rather than no value.
constexpr bool is_additive(Aggregation aggregation) {
  return aggregation != Aggregation::kMean && aggregation != Aggregation::kMin &&
         aggregation != Aggregation::kMax;
}

// One column of numbers, one value per unit: the events of a unit, filtered and folded.
struct Measure {
  std::string event;  // Event name.
  Aggregation aggregation = Aggregation::kCount;
  std::string field;  // Event property to aggregate; empty: the event's `value`.
  Condition where;    // Filter over the event's properties.
  bool operator==(const Measure&) const = default;
};

// Seconds after a unit's first exposure: [begin, end). No end: as long as the experiment runs. A
// covariate's window lies before the exposure and has negative bounds.
struct Window {
  std::int64_t begin_seconds = 0;
  std::optional<std::int64_t> end_seconds;
  bool operator==(const Window&) const = default;
};

// Winsorization of the per-unit value: a fixed cap, or the given percentile of all variants pooled.
struct Cap {
  std::optional<double> value;
  std::optional<double> percentile;  // In (0, 1).
  bool operator==(const Cap&) const = default;
};

struct MetricDefinition {
  std::string name;
  MetricType type = MetricType::kMean;
  Measure numerator;
  std::optional<Measure> denominator;  // Only kRatio.
  double quantile =
      0.5;  // Only kQuantile; over all rows of the numerator's field, clustered by unit.
  Window window;
  Cap cap;
  bool operator==(const MetricDefinition&) const = default;
};

}  // namespace assay::define
