#include "assay/base/random.h"

#include <cmath>

namespace assay {

double Random::normal() {
  for (;;) {
    const double u = 2.0 * uniform() - 1.0;
    const double v = 2.0 * uniform() - 1.0;
    const double s = u * u + v * v;
    if (s > 0.0 && s < 1.0) return u * std::sqrt(-2.0 * std::log(s) / s);
  }
}

double Random::exponential(double mean) { return -mean * std::log1p(-uniform()); }

std::int64_t Random::poisson(double mean) {
  // Knuth's product in chunks of mean 16, so that exp(-mean) never underflows; sums of Poissons are
  // Poisson.
  std::int64_t total = 0;
  while (mean > 0.0) {
    const double chunk = mean > 16.0 ? 16.0 : mean;
    mean -= chunk;
    const double limit = std::exp(-chunk);
    for (double product = uniform(); product > limit; product *= uniform()) ++total;
  }
  return total;
}

double Random::gamma(double shape, double scale) {
  if (shape < 1.0) {
    const double boost = std::pow(1.0 - uniform(), 1.0 / shape);
    return gamma(shape + 1.0, scale) * boost;
  }
  const double d = shape - 1.0 / 3.0;
  const double c = 1.0 / std::sqrt(9.0 * d);
  for (;;) {
    const double x = normal();
    const double root = 1.0 + c * x;
    if (root <= 0.0) continue;
    const double v = root * root * root;
    const double u = 1.0 - uniform();
    if (std::log(u) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v * scale;
  }
}

}  // namespace assay
