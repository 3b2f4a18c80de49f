#include "assay/stats/quantile.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace assay::stats {
namespace {

// Ranks are turned into a standard error at this many standard errors of the distribution function
// (z of a 95 % interval); the choice cancels to first order.
constexpr double kRankZ = 1.959963984540054;

struct UnitCount {
  double rows = 0;
  double below = 0;  // Rows at or below the estimate.
};

// Rows grouped by unit, so that counting needs no table of units.
std::vector<UnitCount> count_units(std::vector<ClusteredSample::Row>& rows, double estimate) {
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.unit < b.unit; });
  std::vector<UnitCount> units;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i == 0 || rows[i].unit != rows[i - 1].unit) units.emplace_back();
    units.back().rows += 1;
    if (rows[i].value <= estimate) units.back().below += 1;
  }
  return units;
}

// Standard error of the share of rows at or below the estimate, as a ratio over units.
double share_std_error(const std::vector<UnitCount>& units, double rows) {
  double below = 0;
  for (const UnitCount& unit : units) below += unit.below;
  const double share = below / rows;
  double squares = 0;
  for (const UnitCount& unit : units) {
    const double residual = unit.below - share * unit.rows;
    squares += residual * residual;
  }
  const double size = static_cast<double>(units.size());
  return std::sqrt(squares * size / (size - 1)) / rows;
}

}  // namespace

void ClusteredSample::add(std::uint64_t unit, double value) {
  if (!std::isfinite(value)) {
    ++rejected_;
    return;
  }
  rows_.push_back({.value = value, .unit = unit});
}

void ClusteredSample::merge(const ClusteredSample& other) {
  rows_.insert(rows_.end(), other.rows_.begin(), other.rows_.end());
  rejected_ += other.rejected_;
}

Stat<QuantileEstimate> estimate_quantile(ClusteredSample sample, double quantile) {
  ASSAY_TRY_VOID(require_share("quantile", quantile));
  if (sample.rows() == 0) return undefined(Undefined::kNoData, "no row");
  std::vector<double> values;
  values.reserve(static_cast<std::size_t>(sample.rows()));
  for (const auto& row : sample.data()) values.push_back(row.value);
  std::sort(values.begin(), values.end());
  const double rows = static_cast<double>(values.size());
  // Ranks count from 1; the tolerance keeps 0.29·100 = 28.999… at rank 29.
  const auto at_rank = [&](double rank) {
    const double clamped = std::clamp(rank, 1.0, rows);
    return values[static_cast<std::size_t>(clamped) - 1];
  };
  QuantileEstimate estimate{.quantile = quantile, .rows = sample.rows()};
  estimate.value = at_rank(std::ceil(rows * quantile * (1 - 1e-14)));

  std::vector<ClusteredSample::Row> by_unit = std::move(sample).data();
  const std::vector<UnitCount> units = count_units(by_unit, estimate.value);
  estimate.units = static_cast<std::int64_t>(units.size());
  if (units.size() < 2) {
    return undefined(
        Undefined::kTooFewUnits,
        fmt::format("{} rows of one unit have no variance between units", estimate.rows));
  }
  // Where every row lies at or below the estimate its share does not vary; that of independent rows
  // keeps the ranks apart.
  double share_error = share_std_error(units, rows);
  if (share_error == 0) share_error = std::sqrt(quantile * (1 - quantile) / rows);
  const double reach = kRankZ * share_error;
  const double low = std::floor(rows * (quantile - reach));
  const double high = std::ceil(rows * (quantile + reach));
  if (low < 1 || high > rows) {
    return undefined(Undefined::kTooFewUnits,
                     fmt::format("{} rows of {} units do not bracket the quantile {}",
                                 estimate.rows, estimate.units, quantile));
  }
  estimate.std_error = (at_rank(high) - at_rank(low)) / (2 * kRankZ);
  return estimate;
}

}  // namespace assay::stats
