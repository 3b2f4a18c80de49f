// From the rows of a table to the cells of a metric: caps, covariates that some rows lack, and
// clusters of rows. Used by table_source.cc.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "assay/io/duckdb/table_source.h"

namespace assay::io::duckdb {

// What one unit says about one metric: the value, and the columns that go with it.
struct Values {
  std::optional<double> value;
  double denominator = 0;
  std::optional<double> covariate;
};

struct UnitRow {
  std::size_t variant = 0;
  std::optional<std::size_t> cluster;
  std::vector<Values> metrics;
};

// The cells of metric number `index`. With clusters, `cluster_variants` holds the variant of each.
TableMetricData fold_metric(const TableMetric& metric, std::size_t index,
                            const std::vector<UnitRow>& units,
                            const std::vector<std::string>& variants,
                            std::span<const std::size_t> cluster_variants);

}  // namespace assay::io::duckdb
