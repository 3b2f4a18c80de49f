// A covariate becomes its deviation from the mean of all rows, 0 where it is missing, and (if any
// row lacks it) a second one that marks those rows. So a cluster's covariates are sums of
// deviations, whose expectation the randomization makes equal whatever the clusters' sizes.
#include "assay/io/duckdb/table_fold.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

namespace assay::io::duckdb {
namespace {

using define::MetricType;

// The inverse empirical distribution function (type 1).
std::optional<double> cap_of(const define::Cap& cap, std::vector<double> values) {
  if (cap.value || !cap.percentile || values.empty()) return cap.value;
  const double rank = std::ceil(*cap.percentile * static_cast<double>(values.size()));
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(std::max(rank, 1.0)) - 1;
  std::nth_element(values.begin(), nth, values.end());
  return *nth;
}

}  // namespace

FoldedMetric::Covariates FoldedMetric::covariates_of(const std::vector<UnitRow>& units,
                                                     std::size_t index) {
  stats::Summary present;
  double missing = 0;
  for (const UnitRow& unit : units) {
    const Values& values = unit.metrics[index];
    if (!values.value) continue;
    if (values.covariate) {
      present.add(std::array{*values.covariate});
    } else {
      ++missing;
    }
  }
  Covariates covariates{.count = missing > 0 && present.n() > 0 ? 2 : 1};
  if (present.n() > 0) covariates.mean = present.mean(0);
  covariates.missing_share =
      missing > 0 ? missing / (missing + static_cast<double>(present.n())) : 0;
  return covariates;
}

FoldedMetric::FoldedMetric(const TableMetric& metric, std::size_t index,
                           const std::vector<UnitRow>& units, std::size_t clusters)
    : type_(metric.type), clustered_(clusters > 0) {
  std::vector<double> values;
  for (const UnitRow& unit : units) {
    if (unit.metrics[index].value) values.push_back(*unit.metrics[index].value);
  }
  if (!quantile()) cap_ = cap_of(metric.cap, std::move(values));
  if (!metric.covariate_column.empty()) covariates_ = covariates_of(units, index);
  columns_ = {.denominator = clustered_ || type_ == MetricType::kRatio,
              .covariates = covariates_.count};
  units_.resize(clustered_ ? clusters : units.size());
  numbers_.resize(units_.size() * width());
  for (std::size_t i = 0; i < units.size(); ++i) {
    add(units[i].metrics[index], clustered_ ? *units[i].cluster : i);
  }
}

void FoldedMetric::add(const Values& values, std::size_t place) {
  Unit& unit = units_[place];
  if (!values.value) {
    ++missing_;
    return;
  }
  unit.used = true;
  if (quantile()) unit.rows.push_back(*values.value);
  if (cap_ && *values.value > *cap_) ++unit.capped;
  double* number = &numbers_[place * width()];
  *number++ += cap_ ? std::min(*cap_, *values.value) : *values.value;
  if (columns_.denominator) *number++ += type_ == MetricType::kRatio ? values.denominator : 1;
  if (covariates_.count == 0) return;
  if (values.covariate) *number += *values.covariate - covariates_.mean;
  if (covariates_.count == 2) number[1] += (values.covariate ? 0 : 1) - covariates_.missing_share;
}

analyze::MetricCell FoldedMetric::empty_cell() const {
  analyze::MetricCell cell;
  if (!quantile()) cell.summary = stats::Summary(columns_);
  cell.clustered = clustered_;
  return cell;
}

void FoldedMetric::add_to(analyze::MetricCell& cell, std::size_t place) const {
  const Unit& unit = units_[place];
  ++cell.matured;
  cell.capped += unit.capped;
  if (!unit.used) return;
  const auto row = std::span(numbers_).subspan(place * width(), width());
  if (!quantile()) return cell.summary.add(row);
  for (const double value : unit.rows) cell.rows.add(place, value);
  const auto count = static_cast<std::size_t>(covariates_.count);
  if (count > 0) cell.rows.add_covariates(place, row.last(count));
}

}  // namespace assay::io::duckdb
