// From the rows of a table to the cells of a metric: caps, covariates that some rows lack, and
// clusters of rows. Used by table_source.cc; table_units.h gives it to others.
//
//   const FoldedMetric metric(query_metric, 0, units, clusters);
//   analyze::MetricCell cell = metric.empty_cell();
//   for (std::size_t i = 0; i < metric.size(); ++i) metric.add_to(cell, i);
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
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
  std::size_t cell = 0;  // Its variant, within an epoch.
  std::optional<std::size_t> cluster;
  std::vector<Values> metrics;
};

// One metric of all units (or clusters of them), each reduced to what it adds to a cell, so that it
// can be counted in any variant, again and again. Read-only once made: any thread.
class FoldedMetric {
 public:
  // Metric number `index` of the units; 0 clusters: the units are on their own.
  FoldedMetric(const TableMetric& metric, std::size_t index, const std::vector<UnitRow>& units,
               std::size_t clusters);

  std::size_t size() const { return units_.size(); }  // Units, or clusters.
  analyze::MetricCell empty_cell() const;
  void add_to(analyze::MetricCell& cell, std::size_t unit) const;
  std::int64_t missing() const { return missing_; }  // Rows without a value: left out.

 private:
  struct Covariates {
    int count = 0;  // The value's deviation from its mean; the mark's from its share.
    double mean = 0;
    double missing_share = 0;
  };
  // A unit's column of numbers is at its place times the width; a quantile's rows are listed.
  struct Unit {
    bool used = false;
    std::int64_t capped = 0;
    std::vector<double> rows;  // Quantiles.
  };
  static Covariates covariates_of(const std::vector<UnitRow>& units, std::size_t index);
  void add(const Values& values, std::size_t unit);
  bool quantile() const { return type_ == define::MetricType::kQuantile; }
  std::size_t width() const { return static_cast<std::size_t>(columns_.count()); }

  define::MetricType type_;
  bool clustered_;
  stats::Columns columns_;
  std::optional<double> cap_;
  Covariates covariates_;
  std::vector<Unit> units_;
  std::vector<double> numbers_;
  std::int64_t missing_ = 0;
};

}  // namespace assay::io::duckdb
