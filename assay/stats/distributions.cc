#include "assay/stats/distributions.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/gamma.hpp>
#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/gamma.hpp>

#include "assay/base/check.h"

namespace assay::stats {
namespace {

namespace bm = boost::math;
// Nothing throws: our own checks come first, and what remains (overflow, underflow, a series that
// stops early) answers with the best value there is.
using Quiet =
    bm::policies::policy<bm::policies::domain_error<bm::policies::ignore_error>,
                         bm::policies::pole_error<bm::policies::ignore_error>,
                         bm::policies::overflow_error<bm::policies::ignore_error>,
                         bm::policies::underflow_error<bm::policies::ignore_error>,
                         bm::policies::denorm_error<bm::policies::ignore_error>,
                         bm::policies::rounding_error<bm::policies::ignore_error>,
                         bm::policies::evaluation_error<bm::policies::ignore_error>,
                         bm::policies::indeterminate_result_error<bm::policies::ignore_error>,
                         bm::policies::promote_double<false>>;

constexpr double kNormalFromDf = 1e8;

bool inside_unit(double p) { return p > 0 && p < 1; }

bm::students_t_distribution<double, Quiet> student(double df) {
  ASSAY_CHECK(df > 0);
  return bm::students_t_distribution<double, Quiet>(df);
}

bm::chi_squared_distribution<double, Quiet> chi2(double df) {
  ASSAY_CHECK(df > 0 && std::isfinite(df));
  return bm::chi_squared_distribution<double, Quiet>(df);
}

bm::fisher_f_distribution<double, Quiet> fisher(double df1, double df2) {
  ASSAY_CHECK(df1 > 0 && df2 > 0 && std::isfinite(df1) && std::isfinite(df2));
  return {df1, df2};
}

bm::beta_distribution<double, Quiet> beta(double a, double b) {
  ASSAY_CHECK(a > 0 && b > 0 && std::isfinite(a) && std::isfinite(b));
  return {a, b};
}

bm::gamma_distribution<double, Quiet> gamma(double shape, double rate) {
  ASSAY_CHECK(shape > 0 && rate > 0 && std::isfinite(shape) && std::isfinite(rate));
  return bm::gamma_distribution<double, Quiet>(shape, 1 / rate);
}

bm::binomial_distribution<double, Quiet> binomial(std::int64_t n, double p) {
  ASSAY_CHECK(n >= 0 && p >= 0 && p <= 1);
  return {static_cast<double>(n), p};
}

// What Stirling's formula leaves out: ln Γ(x) = (x - ½) ln x - x + ½ ln 2π + 1/(12x) - 1/(360x³) +
// …
double stirling_rest(double x) {
  const double y = 1 / (x * x);
  return (1.0 / 12 - y * (1.0 / 360 - y * (1.0 / 1260 - y / 1680))) / x;
}

// x ln(x/m) + m - x: small where x is near m, and then without cancellation (C. Loader, Fast and
// Accurate Computation of Binomial Probabilities, 2000).
double deviance(double x, double m) {
  const double difference = x - m;
  if (std::abs(difference) >= 0.1 * (x + m)) return x * std::log(x / m) - difference;
  const double v = difference / (x + m);
  double sum = difference * v;
  double power = 2 * x * v;
  for (int k = 1; k < 1000; ++k) {
    power *= v * v;
    const double next = sum + power / (2 * k + 1);
    if (next == sum) break;
    sum = next;
  }
  return sum;
}

}  // namespace

double normal_pdf(double x) {
  return std::exp(-0.5 * x * x) * 0.5 * std::numbers::inv_sqrtpi * std::numbers::sqrt2;
}
double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }
double normal_sf(double x) { return 0.5 * std::erfc(x / std::numbers::sqrt2); }

double normal_log_sf(double x) {
  if (x < 30) return x < -5 ? std::log1p(-normal_cdf(x)) : std::log(normal_sf(x));
  // Mills' ratio, asymptotic: at x = 30 the sixth term is below 1e-14.
  const double y = 1 / (x * x);
  const double series =
      1 - y * (1 - 3 * y * (1 - 5 * y * (1 - 7 * y * (1 - 9 * y * (1 - 11 * y)))));
  return -0.5 * x * x - std::log(x) - 0.5 * std::log(2 * std::numbers::pi) + std::log(series);
}

double normal_quantile(double p) { return -normal_isf(p); }

double normal_isf(double upper_share) {
  ASSAY_CHECK(inside_unit(upper_share));
  return std::numbers::sqrt2 * bm::erfc_inv(2 * upper_share, Quiet());
}

double t_cdf(double x, double df) { return t_sf(-x, df); }
double t_sf(double x, double df) {
  if (df > kNormalFromDf) return normal_sf(x);
  const auto distribution = student(df);
  if (!std::isfinite(x)) return x > 0 ? 0 : 1;
  return bm::cdf(bm::complement(distribution, x));
}
namespace {

// The Cornish–Fisher expansion of a t quantile around the normal one (Fisher & Cornish,
// Technometrics 2, 1960). With so many degrees of freedom and so near the middle the first term
// left out is below 1e-12, and it takes a tenth of the time of a root.
constexpr double kExpandFromDf = 500;
constexpr double kExpandWithin = 4;

double t_from_normal(double x, double df) {
  const double y = x * x;
  const double terms[] = {
      (y + 1) / 4, ((5 * y + 16) * y + 3) / 96, (((3 * y + 19) * y + 17) * y - 15) / 384,
      ((((79 * y + 776) * y + 1482) * y - 1920) * y - 945) / 92160,
      (((((27 * y + 339) * y + 930) * y - 1782) * y - 765) * y + 17955) / 368640};
  double sum = 0;
  for (int k = 4; k >= 0; --k) sum = (sum + terms[k]) / df;
  return x + x * sum;
}

}  // namespace

double t_quantile(double p, double df) { return -t_isf(p, df); }
double t_isf(double upper_share, double df) {
  ASSAY_CHECK(inside_unit(upper_share));
  if (df > kNormalFromDf) return normal_isf(upper_share);
  if (df >= kExpandFromDf) {
    const double x = normal_isf(upper_share);
    if (std::abs(x) <= kExpandWithin) return t_from_normal(x, df);
  }
  return bm::quantile(bm::complement(student(df), upper_share));
}

double chi2_cdf(double x, double df) { return bm::cdf(chi2(df), std::max(0.0, x)); }
double chi2_sf(double x, double df) { return bm::cdf(bm::complement(chi2(df), std::max(0.0, x))); }
double chi2_quantile(double p, double df) {
  ASSAY_CHECK(inside_unit(p));
  return bm::quantile(chi2(df), p);
}
double chi2_isf(double upper_share, double df) {
  ASSAY_CHECK(inside_unit(upper_share));
  return bm::quantile(bm::complement(chi2(df), upper_share));
}

double f_cdf(double x, double df1, double df2) {
  return bm::cdf(fisher(df1, df2), std::max(0.0, x));
}
double f_sf(double x, double df1, double df2) {
  return bm::cdf(bm::complement(fisher(df1, df2), std::max(0.0, x)));
}
double f_quantile(double p, double df1, double df2) {
  ASSAY_CHECK(inside_unit(p));
  return bm::quantile(fisher(df1, df2), p);
}

double beta_cdf(double x, double a, double b) {
  return bm::cdf(beta(a, b), std::clamp(x, 0.0, 1.0));
}
double beta_sf(double x, double a, double b) {
  return bm::cdf(bm::complement(beta(a, b), std::clamp(x, 0.0, 1.0)));
}
double beta_quantile(double p, double a, double b) {
  ASSAY_CHECK(inside_unit(p));
  return bm::quantile(beta(a, b), p);
}
double beta_log_pdf(double x, double a, double b) {
  ASSAY_CHECK(inside_unit(x));
  return log_beta_kernel(a, b, x, 1 - x) - std::log(x) - std::log1p(-x);
}

namespace {

// Temme's uniform expansion (SIAM J. Math. Anal. 10, 1979): for a shape above a million two terms
// reach double precision within 20 standard deviations, where the library's fraction needs as many
// terms as the standard deviation has units. P(X > x), or below where `sign` is -1.
constexpr double kTemmeFromShape = 1e6;
constexpr double kTemmeWithin = 20;

double gamma_score(double shape, double rate, double x) {
  const double m = rate * x;
  return std::copysign(std::sqrt(2 * deviance(shape, m)), m - shape);
}

double gamma_tail(double shape, double score, double sign) {
  const double eta = score / std::sqrt(shape);
  const double c0 = -1.0 / 3 + eta * (1.0 / 12 + eta * (-2.0 / 135 + eta * (1.0 / 864)));
  const double c1 = -1.0 / 540 - eta / 288;
  const double rest = normal_pdf(score) / std::sqrt(shape) * (c0 + c1 / shape);
  return std::max(0.0, normal_sf(sign * score) + sign * rest);
}

}  // namespace

double gamma_cdf(double x, double shape, double rate) {
  if (shape > kTemmeFromShape && x > 0) {
    const double score = gamma_score(shape, rate, x);
    if (std::abs(score) < kTemmeWithin) return gamma_tail(shape, score, -1);
  }
  return bm::cdf(gamma(shape, rate), std::max(0.0, x));
}
double gamma_sf(double x, double shape, double rate) {
  if (shape > kTemmeFromShape && x > 0) {
    const double score = gamma_score(shape, rate, x);
    if (std::abs(score) < kTemmeWithin) return gamma_tail(shape, score, 1);
  }
  return bm::cdf(bm::complement(gamma(shape, rate), std::max(0.0, x)));
}
double gamma_quantile(double p, double shape, double rate) {
  ASSAY_CHECK(inside_unit(p));
  return bm::quantile(gamma(shape, rate), p);
}

double binomial_pmf(std::int64_t k, std::int64_t n, double p) {
  if (k < 0 || k > n) return 0;
  return bm::pdf(binomial(n, p), static_cast<double>(k));
}
double binomial_cdf(std::int64_t k, std::int64_t n, double p) {
  if (k < 0) return 0;
  if (k >= n) return 1;
  return bm::cdf(binomial(n, p), static_cast<double>(k));
}
double binomial_sf(std::int64_t k, std::int64_t n, double p) {
  if (k < 0) return 1;
  if (k >= n) return 0;
  return bm::cdf(bm::complement(binomial(n, p), static_cast<double>(k)));
}

std::int64_t binomial_quantile(double share, std::int64_t n, double p) {
  ASSAY_CHECK(inside_unit(share));
  if (n == 0 || p <= 0) return 0;
  if (p >= 1) return n;
  // Bisection on the cdf itself: exact by definition, and about 2 log2(n) evaluations.
  std::int64_t low = -1;  // cdf(low) < share
  std::int64_t high = n;  // cdf(high) >= share
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (binomial_cdf(middle, n, p) >= share ? high : low) = middle;
  }
  return high;
}

double noncentral_t_cdf(double x, double df, double delta) {
  ASSAY_CHECK(df > 0 && std::isfinite(delta));
  if (df > kNormalFromDf) return normal_cdf(x - delta);
  // The series counts its terms in an int. So far out the normal approximation (Johnson & Welch,
  // Biometrika 31, 1940) has lost its error.
  if (std::abs(delta) > 1e4) {
    const double spread = std::sqrt(1 + x * x / (2 * df));
    return std::isfinite(spread) ? normal_cdf((x * (1 - 1 / (4 * df)) - delta) / spread)
                                 : normal_cdf(std::copysign(std::sqrt(2 * df), x));
  }
  return bm::cdf(bm::non_central_t_distribution<double, Quiet>(df, delta), x);
}

double log_gamma(double x) {
  ASSAY_CHECK(x > 0);
  return bm::lgamma(x, Quiet());
}

double log_beta(double a, double b) {
  ASSAY_CHECK(a > 0 && b > 0);
  // lgamma(b) - lgamma(a + b) by a ratio where the larger argument would swallow the digits.
  const double small = std::min(a, b);
  const double large = std::max(a, b);
  if (large < 100) return log_gamma(small) + log_gamma(large) - log_gamma(small + large);
  const double sum = small + large;
  const double tail = stirling_rest(large) - stirling_rest(sum);
  if (small < 100) {
    return log_gamma(small) - (large - 0.5) * std::log1p(small / large) - small * std::log(sum) +
           small + tail;
  }
  return 0.5 * std::log(2 * std::numbers::pi) + stirling_rest(small) + tail -
         0.5 * std::log(large) + (small - 0.5) * std::log(small / sum) -
         large * std::log1p(small / large);
}

double log_beta_kernel(double a, double b, double x, double rest) {
  ASSAY_CHECK(a > 0 && b > 0 && x >= 0 && rest >= 0);
  if (std::min(a, b) < 100) {
    const double log_x = x < 0.5 ? std::log(x) : std::log1p(-rest);
    const double log_rest = x < 0.5 ? std::log1p(-x) : std::log(rest);
    return a * log_x + b * log_rest - log_beta(a, b);
  }
  const double n = a + b;
  return -deviance(a, n * x) - deviance(b, n * rest) -
         0.5 * std::log(2 * std::numbers::pi / a * (n / b)) - stirling_rest(a) - stirling_rest(b) +
         stirling_rest(n);
}

double log_gamma_kernel(double shape, double x, double log_x) {
  ASSAY_CHECK(shape > 0 && x >= 0);
  if (shape < 100) return shape * log_x - x - log_gamma(shape);
  return -deviance(shape, x) + 0.5 * std::log(shape / (2 * std::numbers::pi)) -
         stirling_rest(shape);
}

double log_choose(double n, double k) {
  if (k <= 0 || k >= n) return 0;
  return -std::log1p(n) - log_beta(k + 1, n - k + 1);
}

}  // namespace assay::stats
