#include "assay/stats/oec.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "assay/stats/distributions.h"

namespace assay::stats {

Stat<Estimate> weighted_sum(std::span<const double> effects, std::span<const double> weights,
                            std::span<const double> covariance, double alpha) {
  ASSAY_TRY_VOID(require_share("alpha", alpha));
  const std::size_t count = effects.size();
  if (count == 0) return undefined(Undefined::kNoData, "no effect");
  if (weights.size() != count || covariance.size() != count * count) {
    return undefined(
        Undefined::kOutOfRange,
        fmt::format("{} effects need as many weights and {} covariances", count, count * count));
  }
  double value = 0;
  double variance = 0;
  double size = 0;
  for (std::size_t i = 0; i < count; ++i) {
    value += weights[i] * effects[i];
    for (std::size_t j = 0; j < count; ++j) {
      const double term = covariance[i * count + j];
      if (std::abs(term - covariance[j * count + i]) > 1e-9 * std::abs(term)) {
        return undefined(Undefined::kOutOfRange, "the covariance is not symmetric");
      }
      variance += weights[i] * weights[j] * term;
      size += std::abs(weights[i] * weights[j] * term);
    }
  }
  ASSAY_TRY_VOID(require_finite("the weighted sum", value));
  ASSAY_TRY_VOID(require_finite("its variance", variance));
  if (variance < -1e-9 * size) {
    return undefined(Undefined::kSingular, "the covariance is not positive semidefinite");
  }
  if (variance <= 1e-14 * size) {
    return undefined(Undefined::kNoVariance, "the weighted sum has no variance");
  }
  const double error = std::sqrt(variance);
  const double half = normal_isf(alpha / 2) * error;
  return Estimate{.value = value,
                  .interval = {value - half, value + half},
                  .std_error = error,
                  .statistic = value / error,
                  .p_value = std::min(1.0, 2 * normal_sf(std::abs(value / error))),
                  .method = "weighted_sum"};
}

}  // namespace assay::stats
