#include "assay/stats/beta_binomial.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "assay/stats/distributions.h"

namespace assay::stats {
namespace {

double expit(double y) { return y >= 0 ? 1 / (1 + std::exp(-y)) : std::exp(y) / (1 + std::exp(y)); }

double log1p_exp(double y) {
  return y > 0 ? y + std::log1p(std::exp(-y)) : std::log1p(std::exp(y));
}

// The density of logit(p): p^a (1-p)^b / B(a, b), smooth and log-concave for every a, b > 0.
struct LogitDensity {
  double a = 1;
  double b = 1;
  double log_constant = 0;
  double low = 0;  // Beyond these the density is below e^-90 of its peak.
  double high = 0;
  double step = 0;

  explicit LogitDensity(const Beta& beta) : a(beta.a), b(beta.b), log_constant(log_beta(a, b)) {
    const double mode = std::log(a / b);
    const double sd = std::sqrt(1 / a + 1 / b);
    step = std::min(sd / 3, 0.3);
    low = edge(mode, -sd);
    high = edge(mode, sd);
  }
  double log_density(double y) const {
    return -a * log1p_exp(-y) - b * log1p_exp(y) - log_constant;
  }
  double operator()(double y) const { return std::exp(log_density(y)); }

 private:
  double edge(double mode, double stride) const {
    const double floor = log_density(mode) - 90;
    double reach = stride;
    while (log_density(mode + reach) > floor) reach *= 1.25;
    return mode + reach;
  }
};

// Trapezoid rule; the integrand is negligible at both ends.
template <typename F>
double integrate(double low, double high, double step, const F& f) {
  if (high <= low) return 0;
  // A bound on the work, for posteriors whose widths differ by many orders of magnitude.
  const double pieces = std::min(200'000.0, std::ceil((high - low) / step));
  const double width = (high - low) / pieces;
  double sum = 0.5 * (f(low) + f(high));
  for (double i = 1; i < pieces; ++i) sum += f(low + i * width);
  return sum * width;
}

template <typename F>
double mean_over(const Beta& beta, double step, const F& f) {
  const LogitDensity density(beta);
  return integrate(density.low, density.high, std::min(step, density.step),
                   [&](double y) { return density(y) * f(expit(y)); });
}

// The largest x where `increasing` is below the target, by bisection to the last bits.
double root(double low, double high, double target,
            const std::function<double(double)>& increasing) {
  for (int i = 0; i < 200 && high - low > 1e-15 * (std::abs(low) + std::abs(high)); ++i) {
    const double middle = low + (high - low) / 2;
    (increasing(middle) < target ? low : high) = middle;
  }
  return low + (high - low) / 2;
}

double concentration(const Beta& beta) { return 1 / (1 / beta.a + 1 / beta.b); }

}  // namespace

Stat<Beta> posterior(const Proportion& counts, const Beta& prior) {
  if (counts.n < 0 || counts.successes < 0 || counts.successes > counts.n) {
    return undefined(Undefined::kOutOfRange,
                     fmt::format("{} successes of {}", counts.successes, counts.n));
  }
  for (const double shape : {prior.a, prior.b}) {
    if (shape >= 1e-3 && shape <= 1e15) continue;
    return undefined(
        Undefined::kOutOfRange,
        fmt::format("a prior's shape must lie between 1e-3 and 1e15, and is {}", shape));
  }
  return Beta{prior.a + static_cast<double>(counts.successes),
              prior.b + static_cast<double>(counts.n - counts.successes)};
}

// Integrates over the narrower density, so that the other's distribution function is smooth on its
// scale.
double probability_better(const Beta& control, const Beta& treatment) {
  const double p =
      concentration(treatment) >= concentration(control)
          ? mean_over(treatment, 1, [&](double x) { return beta_cdf(x, control.a, control.b); })
          : mean_over(control, 1, [&](double x) { return beta_sf(x, treatment.a, treatment.b); });
  return std::clamp(p, 0.0, 1.0);
}

double expected_loss(const Beta& control, const Beta& treatment) {
  const LogitDensity c(control);
  const LogitDensity t(treatment);
  return integrate(t.low, c.high, std::min(c.step, t.step), [&](double y) {
    const double x = expit(y);
    return beta_cdf(x, treatment.a, treatment.b) * beta_sf(x, control.a, control.b) * x * expit(-y);
  });
}

std::vector<double> probability_best(std::span<const Beta> arms) {
  double step = 1;
  for (const Beta& arm : arms) step = std::min(step, LogitDensity(arm).step);
  std::vector<double> shares;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    shares.push_back(mean_over(arms[i], step, [&](double x) {
      double product = 1;
      for (std::size_t j = 0; j < arms.size(); ++j) {
        if (j != i) product *= beta_cdf(x, arms[j].a, arms[j].b);
      }
      return product;
    }));
  }
  return shares;
}

Stat<BetaBinomial> beta_binomial(const Proportion& control, const Proportion& treatment,
                                 const BetaBinomialOptions& options) {
  ASSAY_TRY_VOID(require_share("alpha", options.alpha));
  ASSAY_TRY(const Beta c, posterior(control, options.prior));
  ASSAY_TRY(const Beta t, posterior(treatment, options.prior));
  const double step = LogitDensity(t).step;
  const auto difference_cdf = [&](double d) {
    return mean_over(c, step, [&](double x) { return beta_cdf(x + d, t.a, t.b); });
  };
  const auto ratio_cdf = [&](double log_ratio) {
    const double ratio = std::exp(log_ratio);
    return mean_over(c, step, [&](double x) { return beta_cdf(x * ratio, t.a, t.b); });
  };
  const double tail = options.alpha / 2;
  BetaBinomial out;
  out.difference.method = "beta_binomial";
  out.difference.value = t.mean() - c.mean();
  out.difference.interval = {root(-1, 1, tail, difference_cdf),
                             root(-1, 1, 1 - tail, difference_cdf)};
  out.difference.probability_better = probability_better(c, t);
  out.difference.expected_loss = expected_loss(c, t);
  out.relative.method = out.difference.method;
  out.relative.probability_better = out.difference.probability_better;
  const auto lift = [&](double share) { return std::expm1(root(-50, 50, share, ratio_cdf)); };
  out.relative.value = lift(0.5);
  out.relative.interval = {lift(tail), lift(1 - tail)};
  return out;
}

}  // namespace assay::stats
