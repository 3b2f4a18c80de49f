// The trapezoid rule and the quantile search behind the posteriors of shares and rates. Internal to
// stats.
#pragma once

#include <cmath>
#include <functional>

namespace assay::stats::internal {

// For integrands that are smooth and negligible at both ends: converges geometrically.
template <typename F>
double trapezoid(double low, double high, double step, const F& f) {
  if (high <= low) return 0;
  const double pieces = std::ceil((high - low) / step);
  const double width = (high - low) / pieces;
  double sum = 0.5 * (f(low) + f(high));
  for (double i = 1; i < pieces; ++i) sum += f(low + i * width);
  return sum * width;
}

// The x within ±limit where `share`, which rises, reaches the target; searched from a guess and its
// uncertainty, on the logarithm, so that small targets keep their digits.
double quantile(double target, double guess, double spread, double limit,
                const std::function<double(double)>& share);

}  // namespace assay::stats::internal
