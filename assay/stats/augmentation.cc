#include "assay/stats/augmentation.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "assay/stats/distributions.h"
#include "assay/stats/inference.h"

namespace assay::stats {
namespace {

constexpr double kTolerance = 1e-10;

// Cholesky on the correlations: every auxiliary must vary beyond what those before it explain.
Stat<void> require_definite(const std::vector<double>& matrix, std::size_t size) {
  std::vector<double> factor(matrix.size(), 0);
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      const double other = matrix[j * size + i];
      const double scale = std::sqrt(matrix[i * size + i] * matrix[j * size + j]);
      double rest = matrix[i * size + j] / scale;
      if (!(scale > 0) || std::abs(matrix[i * size + j] - other) > 1e-9 * scale) {
        return undefined(
            Undefined::kSingular,
            fmt::format("variances is no covariance matrix at row {}, column {}", i + 1, j + 1));
      }
      for (std::size_t k = 0; k < j; ++k) rest -= factor[i * size + k] * factor[j * size + k];
      if (i != j) {
        factor[i * size + j] = rest / factor[j * size + j];
      } else if (rest <= kTolerance) {
        return undefined(Undefined::kSingular,
                         fmt::format("auxiliary {} is determined by those before it", i + 1));
      } else {
        factor[i * size + i] = std::sqrt(rest);
      }
    }
  }
  return {};
}

Stat<void> check(double estimate, double std_error, const Auxiliary& auxiliary) {
  ASSAY_TRY_VOID(require_finite("estimate", estimate));
  const std::size_t size = auxiliary.differences.size();
  if (!(std_error > 0) || !std::isfinite(std_error)) {
    return undefined(Undefined::kOutOfRange,
                     fmt::format("std_error must be positive, and is {}", std_error));
  }
  if (size == 0 || auxiliary.covariances.size() != size ||
      auxiliary.variances.size() != size * size) {
    return undefined(Undefined::kOutOfRange,
                     fmt::format("{} differences, {} covariances and {} variances", size,
                                 auxiliary.covariances.size(), auxiliary.variances.size()));
  }
  for (const auto* list : {&auxiliary.differences, &auxiliary.covariances, &auxiliary.variances}) {
    for (const double each : *list) ASSAY_TRY_VOID(require_finite("an auxiliary number", each));
  }
  return require_definite(auxiliary.variances, size);
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

struct Balance {
  double statistic = 0;
  double p = 1;
};

Stat<Balance> require_balance(const Auxiliary& auxiliary, double balance_alpha) {
  ASSAY_TRY_VOID(require_share("balance_alpha", balance_alpha));
  Balance balance;
  balance.statistic =
      std::max(0.0, dot(auxiliary.differences,
                        solve_dropping_dependent(auxiliary.variances, auxiliary.differences)));
  const double df = static_cast<double>(auxiliary.differences.size());
  balance.p = chi2_sf(balance.statistic, df);
  if (balance.p < balance_alpha) {
    return undefined(
        Undefined::kUnsupported,
        fmt::format("the auxiliaries differ between the variants (chi-square {:.4g} on {} df, "
                    "p = {:.2g}): the treatment may move them, so they cannot adjust its effect",
                    balance.statistic, df, balance.p));
  }
  return balance;
}

}  // namespace

Stat<Augmentation> augment(double estimate, double std_error, const Auxiliary& auxiliary,
                           const AugmentationOptions& options) {
  ASSAY_TRY_VOID(require_share("alpha", options.alpha));
  ASSAY_TRY_VOID(check(estimate, std_error, auxiliary));
  ASSAY_TRY(const Balance balance, require_balance(auxiliary, options.balance_alpha));
  Augmentation answer{.balance_statistic = balance.statistic, .balance_p = balance.p};
  answer.weights = solve_dropping_dependent(auxiliary.variances, auxiliary.covariances);
  const double before = std_error * std_error;
  const double after = before - dot(answer.weights, auxiliary.covariances);
  if (!(after > 0)) {
    return undefined(Undefined::kSingular,
                     "the covariances leave no variance: they fit no joint distribution");
  }
  answer.variance_reduction = 1 - after / before;
  Contrast contrast{.treatment = estimate - dot(answer.weights, auxiliary.differences),
                    .treatment_variance = after};
  ASSAY_TRY(Inference inference, fixed(contrast, {.alpha = options.alpha}));
  answer.estimate = std::move(inference.difference);
  answer.estimate.method = "augmentation";
  return answer;
}

Stat<Contrast> augmented_contrast(const Summary& control, const Summary& treatment,
                                  double balance_alpha) {
  ASSAY_TRY(Contrast contrast, cuped_contrast(control, treatment));
  const auto size = static_cast<std::size_t>(control.columns().covariates);
  Auxiliary auxiliary{.differences = std::vector<double>(size),
                      .covariances = std::vector<double>(size, 0),
                      .variances = std::vector<double>(size * size)};
  for (std::size_t i = 0; i < size; ++i) {
    const int a = control.covariate_column(static_cast<int>(i));
    auxiliary.differences[i] = treatment.mean(a) - control.mean(a);
    for (std::size_t j = 0; j < size; ++j) {
      const int b = control.covariate_column(static_cast<int>(j));
      ASSAY_TRY(const double c, control.covariance(a, b));
      ASSAY_TRY(const double t, treatment.covariance(a, b));
      auxiliary.variances[i * size + j] =
          c / static_cast<double>(control.n()) + t / static_cast<double>(treatment.n());
    }
  }
  if (size == 0) return undefined(Undefined::kOutOfRange, "the summaries have no auxiliary");
  ASSAY_TRY_VOID(check(contrast.difference(), 1, auxiliary));
  ASSAY_TRY_VOID(require_balance(auxiliary, balance_alpha));
  return contrast;
}

}  // namespace assay::stats
