#include "assay/stats/quantile.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "assay/base/check.h"

namespace assay::stats {
namespace {

// Ranks are turned into a standard error at this many standard errors of the distribution function
// (z of a 95 % interval); the choice cancels to first order.
constexpr double kRankZ = 1.959963984540054;

struct UnitCount {
  std::uint64_t unit = 0;
  double rows = 0;
  double below = 0;  // Rows at or below the estimate.
};

// Rows grouped by unit, so that counting needs no table of units.
std::vector<UnitCount> count_units(std::vector<ClusteredSample::Row>& rows, double estimate) {
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.unit < b.unit; });
  std::vector<UnitCount> units;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i == 0 || rows[i].unit != rows[i - 1].unit) units.push_back({.unit = rows[i].unit});
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
  if (other.width_ == 0) return;
  ASSAY_CHECK(width_ == 0 || width_ == other.width_);
  width_ = other.width_;
  units_.insert(units_.end(), other.units_.begin(), other.units_.end());
  covariates_.insert(covariates_.end(), other.covariates_.begin(), other.covariates_.end());
}

void ClusteredSample::add_covariates(std::uint64_t unit, std::span<const double> covariates) {
  const int width = static_cast<int>(covariates.size());
  ASSAY_CHECK(width > 0 && (width_ == 0 || width_ == width));
  width_ = width;
  units_.push_back(unit);
  covariates_.insert(covariates_.end(), covariates.begin(), covariates.end());
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

namespace {

// Every unit with its covariates: those that have them, or (without any) those that have rows.
struct Described {
  UnitCount count;
  std::span<const double> covariates;
};

Stat<std::vector<Described>> described_units(const ClusteredSample& sample,
                                             const std::vector<UnitCount>& counts) {
  std::vector<Described> units;
  if (sample.covariates() == 0) {
    for (const UnitCount& each : counts) units.push_back({each, {}});
    return units;
  }
  const auto width = static_cast<std::size_t>(sample.covariates());
  const std::span<const double> all(sample.described());
  for (std::size_t i = 0; i < sample.described_units().size(); ++i) {
    units.push_back({{.unit = sample.described_units()[i]}, all.subspan(i * width, width)});
  }
  std::sort(units.begin(), units.end(),
            [](const auto& a, const auto& b) { return a.count.unit < b.count.unit; });
  auto at = units.begin();
  for (const UnitCount& each : counts) {
    while (at != units.end() && at->count.unit < each.unit) ++at;
    if (at == units.end() || at->count.unit != each.unit) {
      return undefined(Undefined::kNoData, "a unit has rows but no covariate");
    }
    at->count = each;
  }
  return units;
}

}  // namespace

Stat<Summary> quantile_summary(const ClusteredSample& sample, double quantile) {
  ASSAY_TRY(const QuantileEstimate estimate, estimate_quantile(sample, quantile));
  std::vector<ClusteredSample::Row> rows = sample.data();
  const std::vector<UnitCount> counts = count_units(rows, estimate.value);
  ASSAY_TRY(const std::vector<Described> units, described_units(sample, counts));
  double below = 0;
  for (const UnitCount& each : counts) below += each.below;
  const double n_rows = static_cast<double>(estimate.rows);
  const double share = below / n_rows;
  const double share_error = share_std_error(counts, n_rows);
  // A share that does not vary leaves nothing to adjust: the variance is put in below.
  const double scale = share_error > 0 ? estimate.std_error / share_error : 0;
  const double size = static_cast<double>(units.size());
  Summary summary({.covariates = sample.covariates()});
  std::vector<double> row(1 + static_cast<std::size_t>(sample.covariates()));
  for (const Described& each : units) {
    row[0] = estimate.value - scale * (each.count.below - share * each.count.rows) * size / n_rows;
    std::copy(each.covariates.begin(), each.covariates.end(), row.begin() + 1);
    summary.add(row);
  }
  if (scale > 0 || estimate.std_error == 0) return summary;
  std::vector<double> means, comoments;
  for (int i = 0; i < summary.columns().count(); ++i) {
    means.push_back(summary.mean(i));
    for (int j = 0; j <= i; ++j) comoments.push_back(summary.comoment(i, j));
  }
  comoments[0] = estimate.std_error * estimate.std_error * size * (size - 1);
  return Summary::of_moments(summary.columns(), summary.n(), means, comoments);
}

}  // namespace assay::stats
