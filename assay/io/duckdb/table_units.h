// The units (or clusters) of a table without their variants, read once to be randomized anew many
// times: A/A tests on a user's own data.
//
//   const auto units = read_units({.path = "data.csv", .unit_column = "userid", .metrics = {…}});
//   const FoldedMetric& metric = units->metrics[0];
//   for (std::size_t i = 0; i < metric.size(); ++i) metric.add_to(cells[arm_of(units->ids[i])], i);
#pragma once

#include <cstdint>
#include <vector>

#include "assay/io/duckdb/table_fold.h"

namespace assay::io::duckdb {

struct TableUnits {
  std::vector<std::uint64_t> digests;  // unit_digest of the ids of units or clusters, in order of
                                       // their first rows; without a column of ids: of row numbers.
  std::vector<FoldedMetric> metrics;   // In the order of the query.
};

// The query's variant column is not read.
Checked<TableUnits> read_units(TableQuery query);

}  // namespace assay::io::duckdb
