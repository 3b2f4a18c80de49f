// Every column keeps its mean, and every pair its co-moment, as an unevaluated sum of two doubles
// (value and what rounding lost, Knuth's two-sum). Welford's update alone loses digits twice: the
// mean of values near 1e9 rounds at 1e-7, and 1e9 additions to one sum random-walk by 1e-12.
#include "assay/stats/summary.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/base/check.h"
#include "assay/base/text.h"

namespace assay::stats {
namespace {

std::size_t packed(int i, int j) {
  const auto high = static_cast<std::size_t>(std::max(i, j));
  const auto low = static_cast<std::size_t>(std::min(i, j));
  return high * (high + 1) / 2 + low;
}

// The difference of two means, before either is rounded to one double.
double minus(const Wide& a, const Wide& b) { return (a.value - b.value) + (a.lost - b.lost); }

bool all_finite(std::span<const double> row) {
  return std::all_of(row.begin(), row.end(), [](double x) { return std::isfinite(x); });
}

}  // namespace

void Wide::add(double x) {
  const double sum = value + x;
  const double back = sum - value;
  lost += (value - (sum - back)) + (x - back);
  value = sum + lost;
  lost -= value - sum;
}

Summary::Summary(Columns columns)
    : columns_(columns),
      means_(static_cast<std::size_t>(columns.count())),
      comoments_(packed(columns.count() - 1, columns.count() - 1) + 1) {
  ASSAY_CHECK(columns.covariates >= 0);
}

void Summary::add(std::span<const double> row) {
  ASSAY_CHECK(row.size() == means_.size());
  if (!all_finite(row)) {
    ++rejected_;
    return;
  }
  const double before = static_cast<double>(n_);
  const double n = static_cast<double>(++n_);
  add_higher_moments((row[0] - means_[0].value) - means_[0].lost, n);
  std::size_t at = 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const double delta_i = (row[i] - means_[i].value) - means_[i].lost;
    for (std::size_t j = 0; j < i; ++j) {
      // means_[j] has moved on already: row - new mean = (row - old mean) · before / n.
      const double rest_j = (row[j] - means_[j].value) - means_[j].lost;
      comoments_[at++].add(delta_i * rest_j);
    }
    comoments_[at++].add(delta_i * delta_i * (before / n));
    means_[i].add(delta_i / n);
  }
}

void Summary::add_higher_moments(double delta, double n) {
  const double step = delta / n;
  const double growth = delta * step * (n - 1);
  const double m2 = comoments_[0].value;
  m4_ += growth * step * step * (n * n - 3 * n + 3) + 6 * step * step * m2 - 4 * step * m3_;
  m3_ += growth * step * (n - 2) - 3 * step * m2;
}

void Summary::merge(const Summary& other) {
  ASSAY_CHECK(columns_ == other.columns_);
  rejected_ += other.rejected_;
  if (other.n_ == 0) return;
  if (n_ == 0) {
    const std::int64_t rejected = rejected_;
    *this = other;
    rejected_ = rejected;
    return;
  }
  const double a = static_cast<double>(n_);
  const double b = static_cast<double>(other.n_);
  const double n = a + b;
  std::vector<double> delta(means_.size());
  for (std::size_t i = 0; i < delta.size(); ++i) delta[i] = minus(other.means_[i], means_[i]);
  merge_higher_moments(other, delta[0]);
  std::size_t at = 0;
  for (std::size_t i = 0; i < delta.size(); ++i) {
    for (std::size_t j = 0; j <= i; ++j, ++at) {
      comoments_[at].add(other.comoments_[at].value);
      comoments_[at].add(other.comoments_[at].lost);
      comoments_[at].add(delta[i] * delta[j] * (a * (b / n)));
    }
    means_[i].add(delta[i] * (b / n));
  }
  n_ += other.n_;
}

// Pébay (2008), equations for M3 and M4, in shares so that n³ cannot overflow.
void Summary::merge_higher_moments(const Summary& other, double delta) {
  const double n = static_cast<double>(n_) + static_cast<double>(other.n_);
  const double a = static_cast<double>(n_) / n;
  const double b = static_cast<double>(other.n_) / n;
  const double m2a = comoments_[0].value;
  const double m2b = other.comoments_[0].value;
  const double d2 = delta * delta;
  m4_ += other.m4_ + d2 * d2 * n * a * b * (a * a - a * b + b * b) +
         6 * d2 * (a * a * m2b + b * b * m2a) + 4 * delta * (a * other.m3_ - b * m3_);
  m3_ += other.m3_ + d2 * delta * n * a * b * (a - b) + 3 * delta * (a * m2b - b * m2a);
}

double Summary::mean(int column) const {
  ASSAY_CHECK(column >= 0 && column < columns_.count());
  return means_[static_cast<std::size_t>(column)].value;
}

double Summary::comoment(int i, int j) const {
  ASSAY_CHECK(i >= 0 && i < columns_.count() && j >= 0 && j < columns_.count());
  return comoments_[packed(i, j)].value;
}

Stat<double> Summary::variance(int column) const { return covariance(column, column); }

Stat<double> Summary::covariance(int i, int j) const {
  if (n_ == 0) return undefined(Undefined::kNoData, "no unit");
  if (n_ == 1) return undefined(Undefined::kTooFewUnits, "one unit has no variance");
  return comoment(i, j) / static_cast<double>(n_ - 1);
}

Stat<double> Summary::skewness() const {
  if (n_ == 0) return undefined(Undefined::kNoData, "no unit");
  const double m2 = comoment(0, 0);
  if (m2 <= 0) return undefined(Undefined::kNoVariance, "all outcomes are equal");
  return std::sqrt(static_cast<double>(n_)) * m3_ / (m2 * std::sqrt(m2));
}

int Summary::denominator_column() const {
  ASSAY_CHECK(columns_.denominator);
  return 1;
}

int Summary::covariate_column(int index) const {
  ASSAY_CHECK(index >= 0 && index < columns_.covariates);
  return 1 + (columns_.denominator ? 1 : 0) + index;
}

Stat<Summary> Summary::of_mean(std::int64_t n, double mean, double variance) {
  ASSAY_TRY_VOID(require_finite("mean", mean));
  ASSAY_TRY_VOID(require_finite("variance", variance));
  if (n < 0) return undefined(Undefined::kOutOfRange, fmt::format("n is {}", n));
  if (variance < 0) {
    return undefined(Undefined::kOutOfRange, fmt::format("variance is {}", variance));
  }
  const double m2 = n > 1 ? variance * static_cast<double>(n - 1) : 0;
  return of_moments({}, n, std::vector<double>{n > 0 ? mean : 0}, std::vector<double>{m2});
}

Stat<Summary> Summary::of_proportion(std::int64_t successes, std::int64_t n) {
  if (n < 0 || successes < 0 || successes > n) {
    return undefined(Undefined::kOutOfRange, fmt::format("{} successes of {}", successes, n));
  }
  if (n == 0) return Summary();
  const double size = static_cast<double>(n);
  const double p = static_cast<double>(successes) / size;
  const double m2 = static_cast<double>(successes) * (static_cast<double>(n - successes) / size);
  ASSAY_TRY(Summary summary, of_moments({}, n, std::vector<double>{p}, std::vector<double>{m2}));
  summary.m3_ = m2 * (1 - 2 * p);
  summary.m4_ = m2 * (1 - 3 * p * (1 - p));
  return summary;
}

Stat<Summary> Summary::of_moments(Columns columns, std::int64_t n, std::span<const double> means,
                                  std::span<const double> comoments, double m3, double m4) {
  Summary summary(columns);
  if (means.size() != summary.means_.size() || comoments.size() != summary.comoments_.size()) {
    return undefined(Undefined::kOutOfRange,
                     fmt::format("{} means and {} co-moments for {} columns", means.size(),
                                 comoments.size(), columns.count()));
  }
  if (n < 0) return undefined(Undefined::kOutOfRange, fmt::format("n is {}", n));
  if (!all_finite(means) || !all_finite(comoments) || !std::isfinite(m3) || !std::isfinite(m4)) {
    return undefined(Undefined::kNotFinite, "a moment is not a finite number");
  }
  for (int i = 0; i < columns.count(); ++i) {
    if (comoments[packed(i, i)] < 0) {
      return undefined(Undefined::kOutOfRange,
                       fmt::format("the squared deviations of column {} add up to {}", i,
                                   comoments[packed(i, i)]));
    }
  }
  if (n == 0) return summary;
  summary.n_ = n;
  for (std::size_t i = 0; i < means.size(); ++i) summary.means_[i].value = means[i];
  for (std::size_t i = 0; i < comoments.size(); ++i) summary.comoments_[i].value = comoments[i];
  summary.m3_ = m3;
  summary.m4_ = m4;
  return summary;
}

}  // namespace assay::stats
