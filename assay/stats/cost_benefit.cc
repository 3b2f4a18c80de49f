#include "assay/stats/cost_benefit.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "assay/stats/distributions.h"

namespace assay::stats {
namespace {

Stat<void> require_options(double std_error, const CostBenefitOptions& options) {
  ASSAY_TRY_VOID(require_share("alpha", options.alpha));
  ASSAY_TRY_VOID(require_finite("unit_value", options.unit_value));
  ASSAY_TRY_VOID(require_finite("cost", options.cost));
  ASSAY_TRY_VOID(require_finite("prior_mean", options.prior_mean));
  if (!(std_error > 0) || !std::isfinite(std_error)) {
    return undefined(Undefined::kOutOfRange,
                     fmt::format("the standard error must be positive, and is {}", std_error));
  }
  if (!(options.units > 0) || !std::isfinite(options.units)) {
    return undefined(Undefined::kOutOfRange,
                     fmt::format("units must be positive, and is {}", options.units));
  }
  if (options.unit_value == 0) {
    return undefined(Undefined::kOutOfRange, "a metric without value pays for nothing");
  }
  if (options.prior_sd && !(*options.prior_sd > 0 && std::isfinite(*options.prior_sd))) {
    return undefined(Undefined::kOutOfRange,
                     fmt::format("prior_sd must be positive, and is {}", *options.prior_sd));
  }
  return {};
}

// E[max(0, X)], X ~ N(mean, sd²). In the lower tail φ(z) - |z|·Φ̄(|z|) loses its digits by
// cancellation; there Mills's ratio as a continued fraction keeps them.
double positive_part(double mean, double sd) {
  const double z = mean / sd;
  if (z > -8) return std::max(0.0, mean * normal_cdf(z) + sd * normal_pdf(z));
  const double a = -z;
  // φ(a)·(1 - a·M(a)) with M = 1/(a + r), r = 1/(a + 2/(a + 3/…)): 1 - aM = r/(a + r).
  double r = 0;
  for (int k = 60; k >= 1; --k) r = k / (a + r);
  return sd * normal_pdf(a) * r / (a + r);
}

}  // namespace

Stat<CostBenefit> cost_benefit(double effect, double std_error, const CostBenefitOptions& options) {
  ASSAY_TRY_VOID(require_finite("effect", effect));
  ASSAY_TRY_VOID(require_options(std_error, options));
  double mean = effect;
  double variance = std_error * std_error;
  if (options.prior_sd) {
    const double prior = *options.prior_sd * *options.prior_sd;
    mean = options.prior_mean + prior / (prior + variance) * (effect - options.prior_mean);
    variance = prior / (prior + variance) * variance;
  }
  const double money = options.units * options.unit_value;
  CostBenefit out;
  out.net_value = mean * money - options.cost;
  out.net_value_sd = std::sqrt(variance) * std::abs(money);
  ASSAY_TRY_VOID(require_finite("the net value", out.net_value));
  if (!(out.net_value_sd > 0) || !std::isfinite(out.net_value_sd)) {
    return undefined(Undefined::kNotFinite, "the spread of the net value has no finite size");
  }
  const double half = normal_isf(options.alpha / 2) * out.net_value_sd;
  out.interval = {out.net_value - half, out.net_value + half};
  out.probability_positive = normal_cdf(out.net_value / out.net_value_sd);
  out.loss_of_waiting = positive_part(out.net_value, out.net_value_sd);
  out.loss_of_shipping = positive_part(-out.net_value, out.net_value_sd);
  out.value_of_more_data = std::min(out.loss_of_shipping, out.loss_of_waiting);
  out.break_even_effect = options.cost / money;
  out.ship = out.net_value > 0;
  return out;
}

}  // namespace assay::stats
