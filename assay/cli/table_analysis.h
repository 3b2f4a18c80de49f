// A table with one row per unit as an experiment: its plan is made of the command line's words, its
// numbers come from io/duckdb's reader, and from there on it is analyzed like any other.
#pragma once

#include "assay/analyze/analyze.h"
#include "assay/base/expected.h"
#include "assay/cli/analyze_command.h"
#include "assay/io/duckdb/table_source.h"

namespace assay::cli {

// One --metric of the command line: what to read, and how to judge it.
struct MetricWords {
  io::duckdb::TableMetric table;
  define::PlannedMetric planned;
};
// TableArguments::metrics; at least one is needed.
std::vector<MetricWords> read_metrics(const std::vector<std::string>& texts, Problems& problems);

// The plan that the arguments and the variants found in the table amount to.
define::Experiment table_experiment(const TableArguments& arguments,
                                    const io::duckdb::TableData& data,
                                    const std::vector<MetricWords>& metrics, Problems& problems);

// The table's numbers, in the order of the experiment's metrics, as its scorecard.
Result<analyze::Scorecard> analyze_data(const io::duckdb::TableData& data,
                                        const define::Experiment& experiment,
                                        const analyze::AnalyzeOptions& options);

// Every problem of the arguments and of the table at once.
Checked<analyze::Scorecard> analyze_table(const TableArguments& arguments, Timestamp as_of);

}  // namespace assay::cli
