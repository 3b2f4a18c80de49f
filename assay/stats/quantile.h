// Quantiles of rows that cluster in units (several requests of one user), with an interval that
// knows it.
//
// Point estimate: the inverse empirical distribution function (type 1). Variance: the share of rows
// at or below the estimate is a ratio metric over units; its standard error, turned into ranks,
// gives the interval and with it a standard error on the scale of the metric (Deng, Knoblich & Lu
// 2018). Exact: rows are kept.
#pragma once

#include <cstdint>
#include <vector>

#include "assay/stats/estimate.h"

namespace assay::stats {

class ClusteredSample {
 public:
  // One row of one unit; `unit` is any number that identifies the unit within this sample. Not
  // finite: rejected().
  void add(std::uint64_t unit, double value);
  void merge(const ClusteredSample& other);
  std::int64_t rows() const { return static_cast<std::int64_t>(rows_.size()); }
  std::int64_t rejected() const { return rejected_; }

  struct Row {
    double value = 0;
    std::uint64_t unit = 0;
  };
  const std::vector<Row>& data() const { return rows_; }

 private:
  std::vector<Row> rows_;
  std::int64_t rejected_ = 0;
};

struct QuantileEstimate {
  double quantile = 0.5;
  double value = 0;
  double std_error = 0;
  std::int64_t rows = 0;
  std::int64_t units = 0;
};

Stat<QuantileEstimate> estimate_quantile(ClusteredSample sample, double quantile);

}  // namespace assay::stats
