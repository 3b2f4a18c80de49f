#include "assay/stats/contrast.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "assay/base/check.h"

namespace assay::stats {
namespace {

// One arm's estimate as a mean of per-unit values y, with the covariates x beside it: everything
// that an adjustment needs. For a ratio, y is the linearized (N - R·D)/mean(D).
struct Arm {
  double value = 0;
  double size = 0;                  // Units.
  double variance = 0;              // Of `value`.
  std::vector<double> means;        // Of the covariates.
  std::vector<double> with_value;   // Cov(value, mean of covariate i).
  std::vector<double> covariances;  // Cov(mean i, mean j), full matrix row by row.
};

Stat<void> require_units(const Summary& summary, std::string_view arm) {
  if (summary.n() == 0) {
    return undefined(Undefined::kNoData, fmt::format("the {} has no unit", arm));
  }
  if (summary.n() == 1) {
    return undefined(Undefined::kTooFewUnits,
                     fmt::format("the {} has one unit, hence no variance", arm));
  }
  return {};
}

// The weights of the columns in the linearized outcome: 1 for a mean; 1/D̄ and -R/D̄ for a ratio.
Stat<Arm> arm_of(const Summary& summary, std::string_view name) {
  ASSAY_TRY_VOID(require_units(summary, name));
  const bool ratio = summary.columns().denominator;
  if (ratio && summary.mean(1) == 0) {
    return undefined(Undefined::kZeroDenominator,
                     fmt::format("the denominator of the {} sums to zero", name));
  }
  Arm arm;
  arm.size = static_cast<double>(summary.n());
  const double scale = arm.size * (arm.size - 1);  // Variance of a mean: co-moment / n(n-1).
  const double on_outcome = ratio ? 1 / summary.mean(1) : 1;
  arm.value = summary.mean(0) * on_outcome;
  const double on_denominator = ratio ? -arm.value * on_outcome : 0;
  const auto with_outcome = [&](int column) {
    const double plain = on_outcome * summary.comoment(0, column);
    return (ratio ? plain + on_denominator * summary.comoment(1, column) : plain) / scale;
  };
  arm.variance = on_outcome * with_outcome(0) + (ratio ? on_denominator * with_outcome(1) : 0);
  arm.variance = std::max(0.0, arm.variance);
  for (int i = 0; i < summary.columns().covariates; ++i) {
    const int column = summary.covariate_column(i);
    arm.means.push_back(summary.mean(column));
    arm.with_value.push_back(with_outcome(column));
    for (int j = 0; j < summary.columns().covariates; ++j) {
      arm.covariances.push_back(summary.comoment(column, summary.covariate_column(j)) / scale);
    }
  }
  if (!std::isfinite(arm.value) || !std::isfinite(arm.variance)) {
    return undefined(Undefined::kNotFinite, fmt::format("the {} overflows", name));
  }
  return arm;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// a' M a.
double quadratic(const std::vector<double>& a, const std::vector<double>& matrix) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < a.size(); ++j) sum += a[i] * a[j] * matrix[i * a.size() + j];
  }
  return sum;
}

double welch_df(double v_control, double n_control, double v_treatment, double n_treatment) {
  const double sum = v_control + v_treatment;
  if (sum <= 0) return n_control + n_treatment - 2;
  const double c = v_control / sum;
  const double t = v_treatment / sum;
  return 1 / (c * c / (n_control - 1) + t * t / (n_treatment - 1));
}

// A mean is judged by t, a ratio by the normal distribution unless its units are few.
enum class Reference { kByMetric, kT };

Contrast plain(const Summary& control, const Summary& treatment, const Arm& c, const Arm& t,
               Reference reference) {
  const bool ratio = control.columns().denominator && reference == Reference::kByMetric;
  return {.control = c.value,
          .treatment = t.value,
          .control_variance = c.variance,
          .treatment_variance = t.variance,
          .df = ratio ? 0 : welch_df(c.variance, c.size, t.variance, t.size),
          .n_control = control.n(),
          .n_treatment = treatment.n()};
}

Stat<Contrast> unadjusted(const Summary& control, const Summary& treatment) {
  ASSAY_CHECK(control.columns() == treatment.columns());
  ASSAY_TRY(const Arm c, arm_of(control, "control"));
  ASSAY_TRY(const Arm t, arm_of(treatment, "treatment"));
  return plain(control, treatment, c, t, Reference::kByMetric);
}

}  // namespace

// Cholesky with diagonal pivots on the matrix scaled to a unit diagonal. A column whose remaining
// diagonal is below the tolerance is a combination of those before it (or constant): its
// coefficient is 0.
Solution solve_ranked(std::vector<double> matrix, std::vector<double> right) {
  constexpr double kTolerance = 1e-10;
  const std::size_t size = right.size();
  ASSAY_CHECK(matrix.size() == size * size);
  std::vector<double> scale(size, 0);
  for (std::size_t i = 0; i < size; ++i) {
    const double diagonal = matrix[i * size + i];
    scale[i] = diagonal > 0 ? 1 / std::sqrt(diagonal) : 0;
  }
  for (std::size_t i = 0; i < size; ++i) {
    right[i] *= scale[i];
    for (std::size_t j = 0; j < size; ++j) matrix[i * size + j] *= scale[i] * scale[j];
  }
  // Gauss–Jordan on the symmetric matrix, pivot by pivot: sizes here are a handful.
  std::vector<bool> used(size, false);
  int rank = 0;
  for (std::size_t step = 0; step < size; ++step) {
    std::size_t pivot = size;
    for (std::size_t i = 0; i < size; ++i) {
      if (used[i] || matrix[i * size + i] <= kTolerance) continue;
      if (pivot == size || matrix[i * size + i] > matrix[pivot * size + pivot]) pivot = i;
    }
    if (pivot == size) break;
    used[pivot] = true;
    ++rank;
    const double inverse = 1 / matrix[pivot * size + pivot];
    for (std::size_t j = 0; j < size; ++j) matrix[pivot * size + j] *= inverse;
    right[pivot] *= inverse;
    for (std::size_t i = 0; i < size; ++i) {
      const double factor = matrix[i * size + pivot];
      if (i == pivot || factor == 0) continue;
      for (std::size_t j = 0; j < size; ++j) {
        matrix[i * size + j] -= factor * matrix[pivot * size + j];
      }
      right[i] -= factor * right[pivot];
    }
  }
  for (std::size_t i = 0; i < size; ++i) right[i] = used[i] ? right[i] * scale[i] : 0;
  return {std::move(right), rank};
}

std::vector<double> solve_dropping_dependent(std::vector<double> matrix,
                                             std::vector<double> right) {
  return solve_ranked(std::move(matrix), std::move(right)).x;
}

Stat<Contrast> mean_contrast(const Summary& control, const Summary& treatment) {
  ASSAY_CHECK(!control.columns().denominator);
  return unadjusted(control, treatment);
}

Stat<Contrast> ratio_contrast(const Summary& control, const Summary& treatment) {
  ASSAY_CHECK(control.columns().denominator);
  return unadjusted(control, treatment);
}

namespace {

// theta minimizes Var(difference) = sum over arms of Var(y - theta'x)/n: for unequal arms this is
// not the pooled regression slope. Both arms move to the pooled covariate mean, so
// control' = control + theta'·w_t·(x_t - x_c) and treatment' = treatment - theta'·w_c·(x_t - x_c)
// share the random x_t - x_c: that is their covariance.
Stat<Contrast> adjusted_contrast(const Summary& control, const Summary& treatment,
                                 Reference reference) {
  ASSAY_CHECK(control.columns() == treatment.columns());
  ASSAY_TRY(const Arm c, arm_of(control, "control"));
  ASSAY_TRY(const Arm t, arm_of(treatment, "treatment"));
  Contrast contrast = plain(control, treatment, c, t, reference);
  std::vector<double> xx(c.covariances.size());
  for (std::size_t i = 0; i < xx.size(); ++i) xx[i] = c.covariances[i] + t.covariances[i];
  std::vector<double> xy(c.with_value.size());
  for (std::size_t i = 0; i < xy.size(); ++i) xy[i] = c.with_value[i] + t.with_value[i];
  const std::vector<double> theta = solve_dropping_dependent(std::move(xx), std::move(xy));

  double shift = 0;
  for (std::size_t i = 0; i < theta.size(); ++i) shift += theta[i] * (t.means[i] - c.means[i]);
  const double share_c = c.size / (c.size + t.size);
  const double share_t = 1 - share_c;
  const double slope_c = dot(theta, c.with_value);
  const double slope_t = dot(theta, t.with_value);
  const double spread_c = quadratic(theta, c.covariances);
  const double spread_t = quadratic(theta, t.covariances);
  // control' = (y_c - w_t·θx_c) + w_t·θx_t, treatment' = (y_t - w_c·θx_t) + w_c·θx_c.
  const double before = contrast.variance();
  contrast.control += share_t * shift;
  contrast.treatment -= share_c * shift;
  contrast.control_variance =
      c.variance - 2 * share_t * slope_c + share_t * share_t * (spread_c + spread_t);
  contrast.treatment_variance =
      t.variance - 2 * share_c * slope_t + share_c * share_c * (spread_c + spread_t);
  contrast.covariance =
      share_c * slope_c + share_t * slope_t - share_c * share_t * (spread_c + spread_t);
  const double adjusted_c = std::max(0.0, c.variance - 2 * slope_c + spread_c);
  const double adjusted_t = std::max(0.0, t.variance - 2 * slope_t + spread_t);
  if (contrast.df > 0) contrast.df = welch_df(adjusted_c, c.size, adjusted_t, t.size);
  const double after = adjusted_c + adjusted_t;
  if (before > 0) contrast.variance_reduction = std::clamp(1 - after / before, 0.0, 1.0);
  if (!std::isfinite(contrast.difference()) || !std::isfinite(contrast.variance())) {
    return undefined(Undefined::kNotFinite, "the adjustment overflows");
  }
  return contrast;
}

}  // namespace

Stat<Contrast> cuped_contrast(const Summary& control, const Summary& treatment) {
  return adjusted_contrast(control, treatment, Reference::kByMetric);
}

Stat<Contrast> few_units_contrast(const Summary& control, const Summary& treatment) {
  return adjusted_contrast(control, treatment, Reference::kT);
}

Stat<Contrast> quantile_contrast(const QuantileEstimate& control,
                                 const QuantileEstimate& treatment) {
  if (control.quantile != treatment.quantile) {
    return undefined(Undefined::kOutOfRange, fmt::format("quantile {} against quantile {}",
                                                         control.quantile, treatment.quantile));
  }
  return Contrast{.control = control.value,
                  .treatment = treatment.value,
                  .control_variance = control.std_error * control.std_error,
                  .treatment_variance = treatment.std_error * treatment.std_error,
                  .n_control = control.units,
                  .n_treatment = treatment.units};
}

Stat<Contrast> stratified_contrast(std::span<const Contrast> strata) {
  std::vector<double> units;
  for (const Contrast& each : strata) {
    units.push_back(static_cast<double>(each.n_control) + static_cast<double>(each.n_treatment));
  }
  return stratified_contrast(strata, units);
}

Stat<Contrast> stratified_contrast(std::span<const Contrast> strata,
                                   std::span<const double> weights) {
  ASSAY_CHECK(strata.size() == weights.size());
  if (strata.empty()) return undefined(Undefined::kNoData, "no stratum");
  if (strata.size() == 1) return strata[0];
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (total <= 0) return undefined(Undefined::kNoData, "no stratum has a unit");
  Contrast sum;
  double before = 0;  // Variance without the adjustments inside the strata.
  double satterthwaite = 0;
  for (std::size_t i = 0; i < strata.size(); ++i) {
    const Contrast& each = strata[i];
    const double weight = weights[i] / total;
    sum.control += weight * each.control;
    sum.treatment += weight * each.treatment;
    sum.control_variance += weight * weight * each.control_variance;
    sum.treatment_variance += weight * weight * each.treatment_variance;
    sum.covariance += weight * weight * each.covariance;
    sum.n_control += each.n_control;
    sum.n_treatment += each.n_treatment;
    const double variance = weight * weight * each.variance();
    before += variance / std::max(1e-12, 1 - each.variance_reduction);
    if (each.df > 0) satterthwaite += variance * variance / each.df;
  }
  const double variance = sum.variance();
  if (satterthwaite > 0) sum.df = variance * variance / satterthwaite;
  if (before > 0) sum.variance_reduction = std::clamp(1 - variance / before, 0.0, 1.0);
  return sum;
}

}  // namespace assay::stats
