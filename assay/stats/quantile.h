// Quantiles of rows that cluster in units (several requests of one user), with an interval that
// knows it.
//
// Point estimate: the inverse empirical distribution function (type 1). Variance: the share of rows
// at or below the estimate is a ratio metric over units; its standard error, turned into ranks,
// gives the interval and with it a standard error on the scale of the metric (Deng, Knoblich & Lu
// 2018). Exact: rows are kept.
//
// quantile_summary turns a sample into one pseudo-value per unit, whose mean is the quantile and
// whose variance of the mean is its variance: the value less the unit's share of rows at or below
// it, on the scale of the metric (the influence function, with its density taken from the rank
// interval). Whatever works for means thereby works for quantiles: CUPED, few clusters, epochs.
// Golden: spec/golden/quantile.csv, spec/golden/combinations.csv
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "assay/stats/estimate.h"
#include "assay/stats/summary.h"

namespace assay::stats {

class ClusteredSample {
 public:
  // One row of one unit; `unit` is any number that identifies the unit within this sample. Not
  // finite: rejected().
  void add(std::uint64_t unit, double value);
  // The covariates of a unit, once per unit, whether it has rows or not; always as many.
  void add_covariates(std::uint64_t unit, std::span<const double> covariates);
  void merge(const ClusteredSample& other);
  std::int64_t rows() const { return static_cast<std::int64_t>(rows_.size()); }
  std::int64_t rejected() const { return rejected_; }

  struct Row {
    double value = 0;
    std::uint64_t unit = 0;
  };
  const std::vector<Row>& data() const { return rows_; }
  int covariates() const { return width_; }
  // Units with covariates, and their covariates one after the other.
  const std::vector<std::uint64_t>& described_units() const { return units_; }
  const std::vector<double>& described() const { return covariates_; }

 private:
  std::vector<Row> rows_;
  int width_ = 0;
  std::vector<std::uint64_t> units_;
  std::vector<double> covariates_;
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

// One pseudo-value per unit (its outcome), with its covariates. kNoData where a unit has rows but,
// unlike others, no covariates.
Stat<Summary> quantile_summary(const ClusteredSample& sample, double quantile);

}  // namespace assay::stats
