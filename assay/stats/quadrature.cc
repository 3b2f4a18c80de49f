#include "assay/stats/quadrature.h"

#include <cmath>
#include <numbers>

#include "assay/base/check.h"

namespace assay::stats {

Quadrature gauss_legendre(int count) {
  ASSAY_CHECK(count >= 1);
  const auto size = static_cast<std::size_t>(count);
  Quadrature rule{std::vector<double>(size), std::vector<double>(size)};
  for (std::size_t i = 0; i < (size + 1) / 2; ++i) {
    double x = std::cos(std::numbers::pi * (static_cast<double>(i) + 0.75) / (count + 0.5));
    double slope = 1;
    for (int iteration = 0; iteration < 100; ++iteration) {
      double previous = 1;
      double value = x;
      for (int k = 2; k <= count; ++k) {
        const double next = ((2 * k - 1) * x * value - (k - 1) * previous) / k;
        previous = value;
        value = next;
      }
      slope = count * (x * value - previous) / (x * x - 1);
      const double step = value / slope;
      x -= step;
      if (std::abs(step) < 1e-15) break;
    }
    if (2 * i + 1 == size) x = 0;
    rule.nodes[i] = -x;
    rule.nodes[size - 1 - i] = x;
    rule.weights[i] = rule.weights[size - 1 - i] = 2 / ((1 - x * x) * slope * slope);
  }
  return rule;
}

}  // namespace assay::stats
