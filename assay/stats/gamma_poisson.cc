// With G ~ Gamma(shape, 1), λ = G / rate, and G_c / (G_c + G_t) ~ Beta(A_c, A_t), so that
//   P(λ_t > λ_c) = I_{B_c / (B_c + B_t)}(A_c, A_t).
// A factor λ in an expectation raises a shape by one, which gives the loss in closed form; where
// that cancels, and for the difference, the trapezoid rule on u = ln(λ - lo), where lo is where the
// other's argument becomes 0: there the integrand is smooth for every shape. It runs over the
// narrower posterior, so that the other is smooth on its scale.
#include "assay/stats/gamma_poisson.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "assay/stats/distributions.h"
#include "assay/stats/posterior_quadrature.h"

namespace assay::stats {
namespace {

constexpr double kNegligible = 45;  // e^-45 of the peak is nothing.

double sd_of(const Gamma& gamma) { return std::sqrt(gamma.shape) / gamma.rate; }

// The density of ln λ.
struct LogDensity {
  double shape = 1;
  double rate = 1;
  double low = 0;
  double high = 0;
  double step = 0;

  explicit LogDensity(const Gamma& gamma)
      : shape(gamma.shape), rate(gamma.rate), step(std::min(0.3, 0.3 / std::sqrt(shape))) {
    low = edge(-1 / std::sqrt(shape));
    high = edge(1 / std::sqrt(shape));
  }
  double log_density(double y) const {
    return log_gamma_kernel(shape, rate * std::exp(y), y + std::log(rate));
  }

 private:
  double edge(double stride) const {
    const double mode = std::log(shape / rate);
    const double floor = log_density(mode) - kNegligible;
    double reach = stride;
    while (log_density(mode + reach) > floor) reach *= 1.25;
    return mode + reach;
  }
};

double loss_by_quadrature(const LogDensity& c, const LogDensity& t) {
  // The factor λ = e^y ends the integrand downwards however slowly the treatment's tail falls.
  const double low = std::max(t.low, c.high - 300);
  return internal::trapezoid(low, c.high, std::min(c.step, t.step), [&](double y) {
    const double x = std::exp(y);
    return x * gamma_cdf(x, t.shape, t.rate) * gamma_sf(x, c.shape, c.rate);
  });
}

// Fine enough for a distribution as seen from lo, also for one that is cut in its middle.
double step_for(const Gamma& gamma, double lo) {
  const double most = lo > 0 ? 0.1 : 0.25;
  const double beyond = gamma.mean() - lo;
  return beyond > 0 ? std::min(most, 0.6 * sd_of(gamma) / beyond) : most;
}

// ∫ f(lo + x)·g(x) over x > 0; below e^floor, where lo is 0, g counts as constant.
template <typename G>
double mean_beyond(const Gamma& gamma, double lo, double floor, double step, const G& g) {
  const LogDensity density(gamma);
  const double end = std::exp(density.high) - lo;
  if (!(end > 0)) return 0;
  const double begin = std::exp(density.low) - lo;
  const double high = std::log(end);
  double low = begin > 0 ? std::log(begin) : high - kNegligible;
  double below = 0;
  if (lo == 0) {
    low = std::max(density.low, floor);
    if (low > density.low) below = gamma_cdf(std::exp(low), gamma.shape, gamma.rate) * g(0);
  }
  return below + internal::trapezoid(low, high, std::min(step, step_for(gamma, lo)), [&](double u) {
           const double x = std::exp(u);
           const double y = lo > 0 ? std::log(lo + x) : u;
           const double mass = std::exp(density.log_density(y)) * (lo > 0 ? x / (lo + x) : 1);
           return mass > 0 ? mass * g(x) : 0;
         });
}

// P(treatment <= control + d).
double difference_cdf(const Gamma& control, const Gamma& treatment, double d) {
  const double up = std::max(0.0, d);
  const double down = std::max(0.0, -d);
  const double floor = std::log(std::max(up + down, 1e-300)) - kNegligible;
  if (control.shape >= treatment.shape) {
    return mean_beyond(control, down, floor, step_for(treatment, up), [&](double x) {
      return gamma_cdf(up + x, treatment.shape, treatment.rate);
    });
  }
  const double below = d > 0 ? gamma_cdf(d, treatment.shape, treatment.rate) : 0;
  return below + mean_beyond(treatment, up, floor, step_for(control, down), [&](double x) {
           return gamma_sf(down + x, control.shape, control.rate);
         });
}

// Below it treatment - control lies with probability `share`, which is not near 1.
double difference_quantile(const Gamma& control, const Gamma& treatment, double share) {
  const double spread = std::hypot(sd_of(control), sd_of(treatment));
  return internal::quantile(share,
                            treatment.mean() - control.mean() + spread * normal_quantile(share),
                            spread, std::numeric_limits<double>::max(),
                            [&](double d) { return difference_cdf(control, treatment, d); });
}

Stat<void> require_at_least_0(std::string_view name, double value, double most) {
  if (value >= 0 && value <= most) return {};
  return undefined(Undefined::kOutOfRange,
                   fmt::format("{} must lie between 0 and {:g}, and is {}", name, most, value));
}

}  // namespace

Stat<Gamma> posterior(const EventRate& counts, const Gamma& prior) {
  ASSAY_TRY_VOID(require_at_least_0("events", counts.events, 1e15));
  ASSAY_TRY_VOID(require_at_least_0("exposure", counts.exposure, 1e100));
  ASSAY_TRY_VOID(require_at_least_0("the prior's rate", prior.rate, 1e100));
  if (!(prior.shape >= 0.01 && prior.shape <= 1e15)) {
    return undefined(
        Undefined::kOutOfRange,
        fmt::format("the prior's shape must lie between 0.01 and 1e15, and is {}", prior.shape));
  }
  const Gamma updated{prior.shape + counts.events, prior.rate + counts.exposure};
  if (updated.rate >= 1e-100) return updated;
  return undefined(Undefined::kNoData, "an arm has no exposure, and the prior's rate is 0");
}

double probability_better(const Gamma& control, const Gamma& treatment) {
  const double split = control.rate / (control.rate + treatment.rate);
  return beta_cdf(split, control.shape, treatment.shape);
}

double expected_loss(const Gamma& control, const Gamma& treatment) {
  const Gamma c_raised{control.shape + 1, control.rate};
  const Gamma t_raised{treatment.shape + 1, treatment.rate};
  const double lost = control.mean() * probability_better(treatment, c_raised);
  const double kept = treatment.mean() * probability_better(t_raised, control);
  // Below a tenth of its parts the difference has lost a digit.
  const LogDensity c(control);
  const LogDensity t(treatment);
  const bool fine = (c.high - t.low) / std::min(c.step, t.step) < 20'000;
  if (lost - kept > 0.1 * lost || !fine) return std::max(0.0, lost - kept);
  return loss_by_quadrature(c, t);
}

double lift_quantile(const Gamma& control, const Gamma& treatment, double share) {
  return f_quantile(share, 2 * treatment.shape, 2 * control.shape) *
             (treatment.mean() / control.mean()) -
         1;
}

Stat<GammaPoisson> gamma_poisson(const EventRate& control, const EventRate& treatment,
                                 const GammaPoissonOptions& options) {
  ASSAY_TRY_VOID(require_share("alpha", options.alpha));
  ASSAY_TRY(const Gamma c, posterior(control, options.prior));
  ASSAY_TRY(const Gamma t, posterior(treatment, options.prior));
  const double tail = options.alpha / 2;
  GammaPoisson out;
  out.difference.method = "gamma_poisson";
  out.difference.value = t.mean() - c.mean();
  out.difference.interval = {difference_quantile(c, t, tail), -difference_quantile(t, c, tail)};
  out.difference.probability_better = probability_better(c, t);
  out.difference.expected_loss = expected_loss(c, t);
  out.relative.method = out.difference.method;
  out.relative.probability_better = out.difference.probability_better;
  out.relative.value = lift_quantile(c, t, 0.5);
  out.relative.interval = {lift_quantile(c, t, tail), lift_quantile(c, t, 1 - tail)};
  // A control without events and with a tiny prior may be so near to zero that no double holds it.
  if (!std::isfinite(*out.relative.interval.high)) out.relative.interval.high.reset();
  return out;
}

}  // namespace assay::stats
