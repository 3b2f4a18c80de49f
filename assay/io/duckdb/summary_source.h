// SummarySource over the tables of tables.h, by SQL: first exposures, then the events of the
// metric joined to them, folded to one row per unit, streamed into Summaries.
//
// What a unit without matching events contributes: 0 to exists, count, sum and count_distinct;
// nothing to mean, min and max (it is then not in n). The same holds for a denominator. A covariate
// that is missing is 0 when it is additive, else the mean of all units; one with a denominator is
// the past of a ratio, two columns. Proportions and retention are always "exists". Values are
// capped per unit; a percentile is taken over the units of all variants that are analyzed. One
// thread at a time.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "assay/analyze/source.h"
#include "assay/base/expected.h"
#include "assay/io/duckdb/connection.h"
#include "assay/io/duckdb/sql.h"

namespace assay::io::duckdb {

std::unique_ptr<analyze::SummarySource> make_summary_source(std::unique_ptr<Connection> connection);

// The first exposure of a unit, as scorecards count it. The texts are the visit's.
struct FirstExposure {
  std::string_view unit_kind;
  std::string_view unit_id;
  std::string_view variant;
  Timestamp time;
};
using VisitExposure = std::function<void(const FirstExposure& exposure)>;

// Each unit's (in a switchback each unit's in each period), in no order.
Result<void> visit_first_exposures(Connection& connection, const define::Experiment& experiment,
                                   Timestamp as_of, const VisitExposure& visit);

// The queries behind it; explained() shows them to people.
Sql exposed_sql(const define::Experiment& experiment, Timestamp as_of);
Sql first_exposures_sql(const define::Experiment& experiment, Timestamp as_of);
Result<Sql> metric_sql(const define::Experiment& experiment, const analyze::MetricQuery& query,
                       Timestamp as_of);

// What goes with a covariate in a second column: nothing, the denominator of a past ratio, or 1
// where a unit without events lacks it (a mean, a least or largest value) rather than having 0.
enum class SecondCovariate { kNone, kDenominator, kMissing };
SecondCovariate second_covariate(const define::MetricDefinition& covariate);

// The most frequent values of an attribute at the units' first exposures.
Result<Sql> segment_values_sql(const define::Experiment& experiment, const std::string& attribute,
                               Timestamp as_of);

}  // namespace assay::io::duckdb
