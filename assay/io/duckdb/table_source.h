// TableSource: a file with one row per unit becomes Summaries per variant (and epoch, where the
// caller knows it), for
// `assay analyze --table data.csv --unit userid --variant version --metric retention_7:proportion`.
// CSV, NDJSON and Parquet. Where clusters were randomized, each cluster is a unit of the analysis
// (clustered in analyze/source.h), and the table may hold any number of rows of it.
//
//   auto data = read_table({.path = "data.csv", .unit_column = "userid",
//                           .variant_column = "version",
//                           .metrics = {{.column = "retention_7",
//                                        .type = define::MetricType::kProportion}}});
//   const stats::Summary& control = data->metrics[0].cells.at({"gate_30"}).summary;
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "assay/analyze/source.h"
#include "assay/base/expected.h"
#include "assay/define/metric.h"

namespace assay::io::duckdb {

struct TableMetric {
  std::string column;
  define::MetricType type = define::MetricType::kMean;  // Proportion: 0, 1, true or false.
  std::string denominator_column;                       // kRatio.
  std::string covariate_column;                         // Measured before the experiment.
  define::Cap cap;
};

enum class RepeatedUnits {
  kRefuse,  // A unit with several rows is an error: intervals would be too narrow.
  kSum,     // Its rows are added up first (for a proportion: any).
};

// Every row's variant and epoch, found before.
struct RowCells {
  std::vector<analyze::Cell> cells = {};
  std::vector<std::int32_t> rows = {};  // By row: its place in `cells`; -1 leaves the row out.
};

struct TableQuery {
  std::string path;
  std::string unit_column;          // Empty: every row is a unit.
  std::string variant_column;       // Empty: all rows are of one variant, "all".
  const RowCells* given = nullptr;  // In place of the column.
  std::string cluster_column;       // Empty: rows (or units) were randomized each on its own.
  std::vector<TableMetric> metrics;
  std::string segment_column;  // Empty: all rows.
  std::string segment_value;
  RepeatedUnits repeated_units = RepeatedUnits::kRefuse;
};

struct TableMetricData {
  std::map<analyze::Cell, analyze::MetricCell> cells;
  std::int64_t missing = 0;  // Units without a value: left out.
};

struct TableData {
  std::map<analyze::Cell, std::int64_t> units;  // Clusters where there are some.
  std::vector<TableMetricData> metrics;         // In the order of the query.
};

Checked<TableData> read_table(const TableQuery& query);

}  // namespace assay::io::duckdb
