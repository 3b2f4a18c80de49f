// One posterior's density times the other's distribution function, integrated over the narrower of
// the two, so that the other is smooth on its scale. The interval of integration, (lo, hi) with
// lo + (hi - lo)·expit(u), ends where the other leaves [0, 1]: whatever happens at its ends, in u
// the integrand is smooth and falls off exponentially, and the trapezoid rule converges
// geometrically.
#include "assay/stats/beta_binomial.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "assay/stats/distributions.h"
#include "assay/stats/posterior_quadrature.h"
#include "assay/stats/quadrature.h"

namespace assay::stats {
namespace {

constexpr double kNegligible = 90;  // e^-90 of the peak is nothing, also in a small loss.
constexpr double kLeastShape = 0.1;
constexpr double kFarthest = 700;  // As a logit: the smallest share that a double holds.

double expit(double y) { return y >= 0 ? 1 / (1 + std::exp(-y)) : std::exp(y) / (1 + std::exp(y)); }

// A share and what is missing to 1, each to its own last digit.
struct Share {
  double x = 0;
  double rest = 1;
};
Share share_at(double y) { return {expit(y), expit(-y)}; }

double cdf(const Beta& beta, const Share& at) {
  return at.x < at.rest ? beta_cdf(at.x, beta.a, beta.b) : beta_sf(at.rest, beta.b, beta.a);
}
double sf(const Beta& beta, const Share& at) { return cdf({beta.b, beta.a}, {at.rest, at.x}); }

// The density of logit(p), smooth and log-concave for every a, b > 0.
struct LogitDensity {
  double a = 1;
  double b = 1;
  double low = 0;  // Beyond these the density is negligible.
  double high = 0;
  double step = 0;

  explicit LogitDensity(const Beta& beta) : a(beta.a), b(beta.b) {
    const double mode = std::log(a / b);
    const double sd = std::sqrt(1 / a + 1 / b);
    step = std::min(sd / 3, 0.3);
    low = std::max(-kFarthest, edge(mode, -sd));
    high = std::min(kFarthest, edge(mode, sd));
  }
  double log_density(double y) const { return log_beta_kernel(a, b, expit(y), expit(-y)); }
  double operator()(double y) const { return std::exp(log_density(y)); }

 private:
  double edge(double mode, double stride) const {
    const double floor = log_density(mode) - kNegligible;
    double reach = stride;
    while (std::abs(reach) < kFarthest && log_density(mode + reach) > floor) reach *= 1.25;
    return mode + reach;
  }
};

double sd_of(const Beta& beta) {
  const double n = beta.a + beta.b;
  return std::sqrt(beta.a / n * (beta.b / n) / (n + 1));
}

// Part of [0, 1] over which one posterior is integrated, as lo + (hi - lo)·expit(u).
struct Part {
  double lo = 0;
  double hi = 1;
  double span() const { return hi - lo; }
  Share at(const Share& place) const {
    return {lo + span() * place.x, (1 - hi) + span() * place.rest};
  }
  // In u: infinite where the share lies outside.
  double place_of(double y) const {
    if (lo == 0 && hi == 1) return y;
    const Share share{expit(y), expit(-y)};
    if (share.x <= lo && lo > 0) return -std::numeric_limits<double>::infinity();
    if (share.rest <= 1 - hi && hi < 1) return std::numeric_limits<double>::infinity();
    return std::log((share.x - lo) / (share.rest - (1 - hi)));
  }
  // Fine enough for a distribution, in u: also for one that is cut in its middle.
  double step_for(const Beta& beta) const {
    const double most = lo > 0 || hi < 1 ? 0.1 : 0.25;
    const double around = (beta.mean() - lo) * (hi - beta.mean()) / span();
    return around > 0 ? std::min(most, 0.6 * sd_of(beta) / around) : most;
  }
};

// ∫ f(x)·g over a part; g takes the place of x in it, as a share, and `step` is fine enough for g.
template <typename G>
double mean_over(const Beta& beta, const Part& part, double step, const G& g) {
  constexpr double kFar = 45;  // In u: e^-45 of the part.
  const LogitDensity density(beta);
  const double first = part.place_of(density.low);
  const double last = part.place_of(density.high);
  if (first > 0 && std::isinf(first)) return 0;
  if (last < 0 && std::isinf(last)) return 0;
  const double low = std::isfinite(first) ? first : std::min(0.0, last) - kFar;
  const double high = std::isfinite(last) ? last : std::max(0.0, first) + kFar;
  return internal::trapezoid(low, high, std::min(step, part.step_for(beta)), [&](double u) {
    const Share place = share_at(u);
    const Share at = part.at(place);
    const double density_of_u = std::exp(log_beta_kernel(beta.a, beta.b, at.x, at.rest)) *
                                (place.x / at.x) * (place.rest / at.rest) * part.span();
    return density_of_u > 0 ? density_of_u * g(place) : 0;
  });
}

double concentration(const Beta& beta) { return 1 / (1 / beta.a + 1 / beta.b); }
bool narrower(const Beta& one, const Beta& other) {
  return concentration(one) >= concentration(other);
}

// P(treatment <= control + d).
double difference_cdf(const Beta& control, const Beta& treatment, double d) {
  const double up = std::max(0.0, d);
  const double down = std::max(0.0, -d);
  if (up + down >= 1) return d > 0 ? 1 : 0;
  const Part of_control{down, 1 - up};
  const Part of_treatment{up, 1 - down};
  if (narrower(control, treatment)) {
    const double above = d > 0 ? sf(control, {1 - d, d}) : 0;
    return above + mean_over(control, of_control, of_treatment.step_for(treatment),
                             [&](const Share& at) { return cdf(treatment, of_treatment.at(at)); });
  }
  const double below = d > 0 ? cdf(treatment, {d, 1 - d}) : 0;
  return below + mean_over(treatment, of_treatment, of_control.step_for(control),
                           [&](const Share& at) { return sf(control, of_control.at(at)); });
}

// P(treatment <= ratio · control).
double ratio_cdf(const Beta& control, const Beta& treatment, double ratio) {
  const Part of_control{0, std::min(1.0, 1 / ratio)};
  const Part of_treatment{0, std::min(1.0, ratio)};
  if (narrower(control, treatment)) {
    const double above = ratio > 1 ? sf(control, {of_control.hi, 1 - of_control.hi}) : 0;
    return above + mean_over(control, of_control, of_treatment.step_for(treatment),
                             [&](const Share& at) { return cdf(treatment, of_treatment.at(at)); });
  }
  return mean_over(treatment, of_treatment, of_control.step_for(control),
                   [&](const Share& at) { return sf(control, of_control.at(at)); });
}

// The value below which treatment - control lies with probability `share`. For a share near 1 take
// the negative of the other direction's.
double difference_quantile(const Beta& control, const Beta& treatment, double share) {
  const double spread = std::hypot(sd_of(control), sd_of(treatment));
  return internal::quantile(
      share, treatment.mean() - control.mean() + spread * normal_quantile(share), spread, 1,
      [&](double d) { return difference_cdf(control, treatment, d); });
}

// The same for ln(treatment / control).
double log_ratio_quantile(const Beta& control, const Beta& treatment, double share) {
  constexpr double kLimit = 700;
  const double spread = std::hypot(1 / std::sqrt(control.a), 1 / std::sqrt(treatment.a));
  return internal::quantile(share, std::log(treatment.mean() / control.mean()), spread, kLimit,
                            [&](double l) { return ratio_cdf(control, treatment, std::exp(l)); });
}

}  // namespace

Stat<Beta> posterior(const Proportion& counts, const Beta& prior) {
  if (counts.n < 0 || counts.successes < 0 || counts.successes > counts.n) {
    return undefined(Undefined::kOutOfRange,
                     fmt::format("{} successes of {}", counts.successes, counts.n));
  }
  for (const double shape : {prior.a, prior.b}) {
    if (shape >= kLeastShape && shape <= 1e15) continue;
    return undefined(
        Undefined::kOutOfRange,
        fmt::format("a prior's shape must lie between {} and 1e15, and is {}", kLeastShape, shape));
  }
  return Beta{prior.a + static_cast<double>(counts.successes),
              prior.b + static_cast<double>(counts.n - counts.successes)};
}

double probability_better(const Beta& control, const Beta& treatment) {
  const double p =
      narrower(treatment, control)
          ? mean_over(treatment, {}, 1, [&](const Share& at) { return cdf(control, at); })
          : mean_over(control, {}, 1, [&](const Share& at) { return sf(treatment, at); });
  return std::clamp(p, 0.0, 1.0);
}

// A factor p in an expectation raises a shape by one, which gives the loss in closed form; where
// that cancels, ∫ F_t (1 - F_c), as far as one grid serves both.
double expected_loss(const Beta& control, const Beta& treatment) {
  const double lost = control.mean() * probability_better(treatment, {control.a + 1, control.b});
  const double kept =
      treatment.mean() * probability_better({treatment.a + 1, treatment.b}, control);
  const LogitDensity c(control);
  const LogitDensity t(treatment);
  const double step = std::min(c.step, t.step);
  const bool fine = (c.high - t.low) / step < 20'000;
  if (lost - kept > 0.1 * lost || !fine) return std::max(0.0, lost - kept);
  return internal::trapezoid(t.low, c.high, step, [&](double y) {
    const Share at = share_at(y);
    return cdf(treatment, at) * sf(control, at) * at.x * at.rest;
  });
}

// One pass over the arms' common range in panels as fine as the narrowest density within.
std::vector<double> probability_best(std::span<const Beta> arms) {
  constexpr int kNodes = 16;
  constexpr double kPanel = 6;  // Steps: two standard deviations.
  const std::size_t k = arms.size();
  std::vector<LogitDensity> densities(arms.begin(), arms.end());
  double at = -std::numeric_limits<double>::infinity();
  double end = at;
  for (const LogitDensity& each : densities) {
    at = std::max(at, each.low);  // Below it one arm is surely higher.
    end = std::max(end, each.high);
  }
  const Quadrature rule = gauss_legendre(kNodes);
  std::vector<double> shares(k, 0);
  std::vector<double> lower(k);
  std::vector<double> before(k);
  while (at < end) {
    double width = end - at;
    for (const LogitDensity& each : densities) {
      if (each.high > at) width = std::min(width, kPanel * each.step);
    }
    for (std::size_t node = 0; node < kNodes; ++node) {
      const double y = at + 0.5 * width * (1 + rule.nodes[node]);
      double product = 1;  // Of all arms but one: those before it here, those after it below.
      for (std::size_t i = 0; i < k; ++i) lower[i] = cdf(arms[i], share_at(y));
      for (std::size_t i = 0; i < k; ++i) before[i] = product, product *= lower[i];
      product = 0.5 * width * rule.weights[node];
      for (std::size_t i = k; i-- > 0;) {
        shares[i] += densities[i](y) * before[i] * product;
        product *= lower[i];
      }
    }
    at += width;
  }
  return shares;
}

Stat<BetaBinomial> beta_binomial(const Proportion& control, const Proportion& treatment,
                                 const BetaBinomialOptions& options) {
  ASSAY_TRY_VOID(require_share("alpha", options.alpha));
  ASSAY_TRY(const Beta c, posterior(control, options.prior));
  ASSAY_TRY(const Beta t, posterior(treatment, options.prior));
  const double tail = options.alpha / 2;
  BetaBinomial out;
  out.difference.method = "beta_binomial";
  out.difference.value = t.mean() - c.mean();
  out.difference.interval = {difference_quantile(c, t, tail), -difference_quantile(t, c, tail)};
  out.difference.probability_better = probability_better(c, t);
  out.difference.expected_loss = expected_loss(c, t);
  out.relative.method = out.difference.method;
  out.relative.probability_better = out.difference.probability_better;
  out.relative.value = std::expm1(log_ratio_quantile(c, t, 0.5));
  out.relative.interval = {std::expm1(log_ratio_quantile(c, t, tail)),
                           std::expm1(-log_ratio_quantile(t, c, tail))};
  return out;
}

}  // namespace assay::stats
