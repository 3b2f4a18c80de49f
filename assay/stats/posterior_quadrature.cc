#include "assay/stats/posterior_quadrature.h"

#include <algorithm>
#include <cstdint>

#include <boost/math/tools/toms748_solve.hpp>

namespace assay::stats::internal {

double quantile(double target, double guess, double spread, double limit,
                const std::function<double(double)>& share) {
  const double goal = std::log(target);
  const auto excess = [&](double x) { return std::log(std::max(share(x), 1e-300)) - goal; };
  double low = std::clamp(guess - spread, -limit, limit);
  double high = std::clamp(guess + spread, -limit, limit);
  double at_low = excess(low);
  double at_high = excess(high);
  for (double reach = 2 * spread; at_low > 0 && low > -limit; reach *= 2) {
    high = low, at_high = at_low;
    low = std::max(-limit, low - reach), at_low = excess(low);
  }
  for (double reach = 2 * spread; at_high < 0 && high < limit; reach *= 2) {
    low = high, at_low = at_high;
    high = std::min(limit, high + reach), at_high = excess(high);
  }
  if (at_low >= 0) return low;
  if (at_high <= 0) return high;
  std::uintmax_t steps = 200;
  const auto close = [&](double a, double b) {
    return b - a <= 1e-13 * spread + 4e-16 * std::max(std::abs(a), std::abs(b));
  };
  const auto ends =
      boost::math::tools::toms748_solve(excess, low, high, at_low, at_high, close, steps);
  return 0.5 * (ends.first + ends.second);
}

}  // namespace assay::stats::internal
