// With G ~ Gamma(shape, 1), λ = G / rate, and G_c / (G_c + G_t) ~ Beta(A_c, A_t), so that
//   P(λ_t > λ_c) = I_{B_c / (B_c + B_t)}(A_c, A_t).
// A factor λ in an expectation raises a shape by one, which gives the loss in closed form; where
// that cancels, and for the difference, the trapezoid rule on y = ln λ, where the density is smooth
// and log-concave for every shape.
#include "assay/stats/gamma_poisson.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "assay/stats/distributions.h"

namespace assay::stats {
namespace {

constexpr double kNegligible = 45;  // e^-45 of the peak is nothing.
constexpr double kMostPieces = 20'000;

// The density of ln λ.
struct LogDensity {
  double shape = 1;
  double rate = 1;
  double constant = 0;
  double low = 0;
  double high = 0;
  double step = 0;

  explicit LogDensity(const Gamma& gamma)
      : shape(gamma.shape),
        rate(gamma.rate),
        constant(shape * std::log(rate) - log_gamma(shape)),
        step(std::min(0.3, 0.3 / std::sqrt(shape))) {
    low = edge(-1 / std::sqrt(shape));
    high = edge(1 / std::sqrt(shape));
  }
  double log_density(double y) const { return shape * y - rate * std::exp(y) + constant; }
  double operator()(double y) const { return std::exp(log_density(y)); }

 private:
  double edge(double stride) const {
    const double mode = std::log(shape / rate);
    const double floor = log_density(mode) - kNegligible;
    double reach = stride;
    while (log_density(mode + reach) > floor) reach *= 1.25;
    return mode + reach;
  }
};

template <typename F>
double integrate(double low, double high, double step, const F& f) {
  if (high <= low) return 0;
  const double pieces = std::min(kMostPieces, std::ceil((high - low) / step));
  const double width = (high - low) / pieces;
  double sum = 0.5 * (f(low) + f(high));
  for (double i = 1; i < pieces; ++i) sum += f(low + i * width);
  return sum * width;
}

double loss_by_quadrature(const Gamma& control, const Gamma& treatment) {
  const LogDensity c(control);
  const LogDensity t(treatment);
  // The factor λ = e^y ends the integrand downwards however slowly the treatment's tail falls.
  const double low = std::max(t.low, c.high - 300);
  return integrate(low, c.high, std::min(c.step, t.step), [&](double y) {
    const double x = std::exp(y);
    return x * gamma_cdf(x, t.shape, t.rate) * gamma_sf(x, c.shape, c.rate);
  });
}

// P(λ_t - λ_c <= d), integrated over the side that keeps the other's argument positive.
double difference_cdf(const Gamma& control, const Gamma& treatment, double d) {
  const LogDensity c(control);
  const LogDensity t(treatment);
  const double step = std::min(c.step, t.step);
  if (d >= 0) {
    return integrate(c.low, c.high, step,
                     [&](double y) { return c(y) * gamma_cdf(std::exp(y) + d, t.shape, t.rate); });
  }
  return integrate(t.low, t.high, step,
                   [&](double y) { return t(y) * gamma_sf(std::exp(y) - d, c.shape, c.rate); });
}

double difference_quantile(const Gamma& control, const Gamma& treatment, double share) {
  const double low_end = -std::exp(LogDensity(control).high);
  const double high_end = std::exp(LogDensity(treatment).high);
  double low = low_end;
  double high = high_end;
  for (int i = 0; i < 100 && high - low > 1e-14 * (high_end - low_end); ++i) {
    const double middle = low + (high - low) / 2;
    (difference_cdf(control, treatment, middle) < share ? low : high) = middle;
  }
  return low + (high - low) / 2;
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
  // Below a thousandth of its parts the difference has lost too many digits.
  return lost - kept > 1e-3 * lost ? lost - kept : loss_by_quadrature(control, treatment);
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
  out.difference.interval = {difference_quantile(c, t, tail), difference_quantile(c, t, 1 - tail)};
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
