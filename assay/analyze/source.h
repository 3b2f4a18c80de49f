// SummarySource: where analysis gets its numbers. analyze owns this port; io/duckdb implements it
// over the event store and over files, tests over vectors in memory. Everything is per variant and
// epoch: epochs are never pooled here.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "assay/base/expected.h"
#include "assay/base/time.h"
#include "assay/define/experiment.h"
#include "assay/stats/quantile.h"
#include "assay/stats/summary.h"

namespace assay::analyze {

// One variant within one epoch (a span in which the allocation did not change).
struct Cell {
  std::string variant;
  std::int64_t epoch = 0;
  auto operator<=>(const Cell&) const = default;
};

// Units by first exposure, overrides left out.
struct Exposed {
  std::map<Cell, std::int64_t> units;
  std::int64_t contaminated = 0;     // Units seen in more than one variant (counted in the first).
  std::int64_t exposures = 0;        // Rows, all of them.
  std::int64_t unknown_variant = 0;  // Units whose variant is not in the plan.
  std::optional<Timestamp> first;
  std::optional<Timestamp> last;
};

struct MetricCell {
  // All metric types but quantile; covariates as asked for. A covariate that some units lack is two
  // (stats/contrast.h).
  stats::Summary summary;
  stats::ClusteredSample rows;  // Quantile metrics, with the covariates of their units.
  // Units are clusters of rows: a mean is the sum of its rows over their number, and few clusters
  // are judged by t.
  bool clustered = false;
  std::int64_t capped = 0;   // Units whose value was capped.
  std::int64_t matured = 0;  // Units whose window has closed.
};

struct MetricData {
  std::map<Cell, MetricCell>
      cells;  // Units whose window is complete (all units when the window is open).
  std::map<Cell, MetricCell>
      all_units;  // With units whose window is still open; empty when that makes no difference.
  std::int64_t events = 0;  // Events of that name that joined to an exposed unit.
};

inline constexpr int kMaxSegmentValues = 20;  // Of one attribute; rarer ones are left out.

struct MetricQuery {
  define::MetricDefinition metric;
  std::optional<define::MetricDefinition>
      covariate;                      // CUPED: one value per unit, from before its first exposure.
  bool exclude_contaminated = false;  // For the sensitivity check.
  std::string segment;        // Only units whose first exposure had this attribute with this value;
  std::string segment_value;  // empty: all units.
};

class SummarySource {
 public:
  virtual ~SummarySource() = default;
  // `as_of`: nothing that happened at or after this moment is seen.
  virtual Result<Exposed> exposed(const define::Experiment& experiment, Timestamp as_of) = 0;
  virtual Result<MetricData> metric(const define::Experiment& experiment, const MetricQuery& query,
                                    Timestamp as_of) = 0;
  // The values of an attribute at the units' first exposures, the most frequent first.
  virtual Result<std::vector<std::string>> segment_values(const define::Experiment& experiment,
                                                          const std::string& attribute,
                                                          Timestamp as_of) = 0;
};

}  // namespace assay::analyze
