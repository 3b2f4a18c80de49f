// A covariate becomes its deviation from the mean of all rows, 0 where it is missing, and (if any
// row lacks it) a second one that marks those rows. So a cluster's covariates are sums of
// deviations, whose expectation the randomization makes equal whatever the clusters' sizes.
#include "assay/io/duckdb/table_fold.h"

#include <algorithm>
#include <array>
#include <cmath>

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

// Two columns at most: the value's deviation from its mean, the mark's from its share.
struct Covariates {
  int count = 0;
  double mean = 0;
  double missing_share = 0;

  std::array<double, 2> of(const Values& values) const {
    return {values.covariate ? *values.covariate - mean : 0,
            (values.covariate ? 0 : 1) - missing_share};
  }
};

Covariates covariates_of(const std::vector<UnitRow>& units, std::size_t index) {
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

// The row of a unit, or the sums over the rows of a cluster.
struct FoldedRow {
  bool used = false;
  double value = 0;
  double denominator = 0;
  double rows = 0;
  std::array<double, 2> covariates{};
};

class Folder {
 public:
  Folder(const TableMetric& metric, std::size_t index, const std::vector<UnitRow>& units,
         const std::vector<std::string>& variants, bool clustered)
      : metric_(metric), index_(index), variants_(variants), clustered_(clustered) {
    std::vector<double> values;
    for (const UnitRow& unit : units) {
      if (unit.metrics[index].value) values.push_back(*unit.metrics[index].value);
    }
    cap_ = cap_of(metric.cap, std::move(values));
    if (!metric.covariate_column.empty()) covariates_ = covariates_of(units, index);
  }

  bool quantile() const { return metric_.type == MetricType::kQuantile; }

  analyze::MetricCell& cell(TableMetricData& data, std::size_t variant) const {
    const auto [place, is_new] = data.variants.try_emplace(variants_[variant]);
    if (is_new) {
      const bool ratio = clustered_ || metric_.type == MetricType::kRatio;
      if (!quantile()) {
        place->second.summary =
            stats::Summary({.denominator = ratio, .covariates = covariates_.count});
      }
      place->second.clustered = clustered_;
    }
    return place->second;
  }

  void add_row(const UnitRow& unit, std::uint64_t key, TableMetricData& data, FoldedRow& sums) {
    const Values& values = unit.metrics[index_];
    analyze::MetricCell& into = cell(data, unit.variant);
    if (!values.value) {
      ++data.missing;
      return;
    }
    if (quantile()) into.rows.add(key, *values.value);
    if (cap_ && *values.value > *cap_ && !quantile()) ++into.capped;
    sums.used = true;
    sums.value += cap_ ? std::min(*cap_, *values.value) : *values.value;
    sums.denominator += values.denominator;
    sums.rows += 1;
    const auto covariates = covariates_.of(values);
    for (std::size_t i = 0; i < covariates.size(); ++i) sums.covariates[i] += covariates[i];
  }

  void finish(const FoldedRow& sums, std::uint64_t key, analyze::MetricCell& into) const {
    ++into.matured;
    if (!sums.used) return;
    const auto count = static_cast<std::size_t>(covariates_.count);
    const std::span<const double> covariates = std::span(sums.covariates).first(count);
    if (quantile()) {
      if (count > 0) into.rows.add_covariates(key, covariates);
      return;
    }
    std::vector<double> row = {sums.value};
    if (metric_.type == MetricType::kRatio) {
      row.push_back(sums.denominator);
    } else if (clustered_) {
      row.push_back(sums.rows);
    }
    row.insert(row.end(), covariates.begin(), covariates.end());
    into.summary.add(row);
  }

 private:
  const TableMetric& metric_;
  std::size_t index_;
  const std::vector<std::string>& variants_;
  bool clustered_;
  std::optional<double> cap_;
  Covariates covariates_;
};

}  // namespace

TableMetricData fold_metric(const TableMetric& metric, std::size_t index,
                            const std::vector<UnitRow>& units,
                            const std::vector<std::string>& variants,
                            std::span<const std::size_t> cluster_variants) {
  const bool clustered = !cluster_variants.empty();
  Folder folder(metric, index, units, variants, clustered);
  TableMetricData data;
  std::vector<FoldedRow> clusters(cluster_variants.size());
  std::uint64_t number = 0;
  for (const UnitRow& unit : units) {
    if (clustered) {
      const std::size_t cluster = *unit.cluster;
      folder.add_row(unit, cluster, data, clusters[cluster]);
      continue;
    }
    FoldedRow row;
    folder.add_row(unit, ++number, data, row);
    folder.finish(row, number, folder.cell(data, unit.variant));
  }
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    folder.finish(clusters[i], i, folder.cell(data, cluster_variants[i]));
  }
  return data;
}

}  // namespace assay::io::duckdb
