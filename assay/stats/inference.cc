#include "assay/stats/inference.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "assay/stats/distributions.h"

namespace assay::stats {
namespace {

Stat<void> require_usable(const Contrast& contrast, double alpha) {
  ASSAY_TRY_VOID(require_share("alpha", alpha));
  for (const double each : {contrast.control, contrast.treatment, contrast.control_variance,
                            contrast.treatment_variance, contrast.covariance, contrast.df}) {
    ASSAY_TRY_VOID(require_finite("a moment of the comparison", each));
  }
  if (contrast.variance() <= 0 && contrast.difference() != 0) {
    return undefined(Undefined::kNoVariance, fmt::format("both variants are constant, at {} and {}",
                                                         contrast.control, contrast.treatment));
  }
  return {};
}

double std_error_of(const Contrast& contrast) {
  return std::sqrt(std::max(0.0, contrast.variance()));
}

Estimate difference_at(const Contrast& contrast, double critical, double p_value) {
  const double error = std_error_of(contrast);
  const double difference = contrast.difference();
  Estimate estimate;
  estimate.value = difference;
  estimate.interval = {difference - critical * error, difference + critical * error};
  estimate.std_error = error;
  if (error > 0) estimate.statistic = difference / error;
  estimate.p_value = p_value;
  return estimate;
}

// The relative lift carries the same test as the difference: same statistic, same p.
Inference with_relative(const Contrast& contrast, Estimate difference, double critical) {
  Inference inference{.difference = std::move(difference)};
  inference.relative = relative_lift(contrast, critical);
  if (!inference.relative) return inference;
  Estimate& relative = *inference.relative;
  relative.statistic = inference.difference.statistic;
  relative.df = inference.difference.df;
  relative.p_value = inference.difference.p_value;
  relative.probability_better = inference.difference.probability_better;
  relative.method = inference.difference.method + "+fieller";
  return inference;
}

// Fieller's set for mu_t / mu_c - 1: the r with (m_t - (1+r) m_c)² <= c²·variance, a quadratic
// A·q² - 2B·q + K <= 0 in q = 1 + r.
struct Quadratic {
  double a = 0;
  double b = 0;
  double k = 0;
  double discriminant = 0;  // B² - A·K, written without the cancelling terms.
};

Quadratic fieller(const Contrast& x, double critical) {
  const double c2 = critical * critical;
  const double w = x.covariance;
  const double vc = x.control_variance;
  const double vt = x.treatment_variance;
  return {.a = x.control * x.control - c2 * vc,
          .b = x.control * x.treatment - c2 * w,
          .k = x.treatment * x.treatment - c2 * vt,
          .discriminant = c2 * (x.treatment * x.treatment * vc + x.control * x.control * vt -
                                2 * x.control * x.treatment * w - c2 * (vc * vt - w * w))};
}

std::optional<double> finite_end(double end) {
  return std::isfinite(end) ? std::optional<double>(end) : std::nullopt;
}

}  // namespace

Stat<Estimate> relative_lift(const Contrast& contrast, double critical) {
  if (contrast.control == 0) {
    return undefined(Undefined::kZeroControl, "the control's value is zero: no relative lift");
  }
  Estimate estimate;
  estimate.value = contrast.difference() / std::abs(contrast.control);
  // The delta method's standard error, for those who want one number.
  const double ratio = contrast.treatment / contrast.control;
  const double variance = contrast.treatment_variance + ratio * ratio * contrast.control_variance -
                          2 * ratio * contrast.covariance;
  estimate.std_error = std::sqrt(std::max(0.0, variance)) / std::abs(contrast.control);
  estimate.method = "fieller";

  const Quadratic q = fieller(contrast, critical);
  if (q.discriminant < 0) return estimate;  // Every lift is compatible: no ends.
  const double sum = q.b + std::copysign(std::sqrt(q.discriminant), q.b);
  if (q.a > 0) {
    double first = sum / q.a - 1;
    double second = sum == 0 ? -1 : q.k / sum - 1;
    if (contrast.control < 0) first = -first, second = -second;
    estimate.interval = {finite_end(std::min(first, second)), finite_end(std::max(first, second))};
    return estimate;
  }
  // The control may be zero: lifts beyond one of the roots, on either side. Over |control| that is
  // a half-line when the difference has a sure sign, and everything when it has not.
  const double difference = contrast.difference();
  if (difference * difference <= critical * critical * contrast.variance()) return estimate;
  const double first = std::abs(sum / q.a - 1);
  const double second = std::abs(q.k / sum - 1);
  const double nearest = std::min(first, second);
  if (difference > 0) estimate.interval.low = nearest;
  if (difference < 0) estimate.interval.high = -nearest;
  return estimate;
}

Stat<Inference> fixed(const Contrast& contrast, FixedOptions options) {
  ASSAY_TRY_VOID(require_usable(contrast, options.alpha));
  ASSAY_TRY(const double share, tail_share(options.alpha, options.alternative));
  const bool normal = contrast.df <= 0;
  const double critical = normal ? normal_isf(share) : t_isf(share, contrast.df);
  const double error = std_error_of(contrast);
  const double z = error > 0 ? contrast.difference() / error : 0;
  const double toward = options.alternative == Alternative::kTwoSided  ? std::abs(z)
                        : options.alternative == Alternative::kGreater ? z
                                                                       : -z;
  const double tail = normal ? normal_sf(toward) : t_sf(toward, contrast.df);
  const double sides = options.alternative == Alternative::kTwoSided ? 2 : 1;
  Estimate difference =
      difference_at(contrast, critical, error > 0 ? std::min(1.0, sides * tail) : 1.0);
  if (!normal) difference.df = contrast.df;
  difference.method = normal ? "z" : "welch_t";
  Inference inference = with_relative(contrast, std::move(difference), critical);
  inference.difference.interval = inference.difference.interval.toward(options.alternative);
  if (inference.relative) {
    inference.relative->interval = inference.relative->interval.toward(options.alternative);
  }
  return inference;
}

double mixture_precision(double alpha, double target_n) {
  const double bits = 2 * std::log(1 / alpha);
  return (bits + std::log(bits + 1)) / target_n;
}

// Half-width / standard error = √(2 (1 + 1/k) ln(√(k + 1) / alpha)) with k = n·rho², and the
// p-value is the alpha at which the interval just touches 0.
Stat<Inference> sequential(const Contrast& contrast, SequentialOptions options) {
  ASSAY_TRY_VOID(require_usable(contrast, options.alpha));
  if (!(options.target_n > 0) || !std::isfinite(options.target_n)) {
    return undefined(Undefined::kOutOfRange,
                     fmt::format("target_n must be positive, and is {}", options.target_n));
  }
  const std::int64_t smaller = std::min(contrast.n_control, contrast.n_treatment);
  if (smaller < options.burn_in || smaller < 1) {
    return undefined(Undefined::kNotYet,
                     fmt::format("{} units in the smaller variant, {} needed before the first look",
                                 smaller, options.burn_in));
  }
  const double n =
      static_cast<double>(contrast.n_control) + static_cast<double>(contrast.n_treatment);
  const double k = n * mixture_precision(options.alpha, options.target_n);
  const double log_root = 0.5 * std::log1p(k);
  const double critical = std::sqrt(2 * (1 + 1 / k) * (log_root - std::log(options.alpha)));
  const double error = std_error_of(contrast);
  const double z = error > 0 ? contrast.difference() / error : 0;
  const double log_p = log_root - 0.5 * z * z * (k / (k + 1));
  const double p = std::min({1.0, options.running_p, std::exp(log_p)});
  Estimate difference = difference_at(contrast, critical, p);
  difference.method = "confidence_sequence";
  return with_relative(contrast, std::move(difference), critical);
}

namespace {

// E[max(0, -X)] for X ~ N(mean, sd²): what shipping costs where it is worse.
double expected_loss(double mean, double sd) {
  if (sd <= 0) return std::max(0.0, -mean);
  const double z = mean / sd;
  return std::max(0.0, sd * normal_pdf(z) - mean * normal_sf(z));
}

// The joint posterior of both arms when the difference has the prior N(0, prior_variance) and the
// control's value a flat one: the control moves with the difference by their regression.
Contrast posterior_of(const Contrast& data, double prior_variance) {
  const double variance = data.variance();
  const double keep = prior_variance / (prior_variance + variance);
  const double mean = keep * data.difference();
  const double left = keep * variance;
  const double slope = variance > 0 ? (data.covariance - data.control_variance) / variance : 0;
  Contrast posterior = data;
  posterior.control = data.control + slope * (mean - data.difference());
  posterior.treatment = posterior.control + mean;
  posterior.control_variance =
      std::max(0.0, data.control_variance - slope * slope * (variance - left));
  const double joint = slope * left;  // Cov(control, difference).
  posterior.covariance = posterior.control_variance + joint;
  posterior.treatment_variance = posterior.control_variance + 2 * joint + left;
  return posterior;
}

}  // namespace

Stat<Inference> bayesian(const Contrast& contrast, BayesianOptions options) {
  ASSAY_TRY_VOID(require_usable(contrast, options.alpha));
  Contrast posterior = contrast;
  if (options.prior_sd_relative) {
    const double sd = *options.prior_sd_relative;
    if (!(sd > 0) || !std::isfinite(sd)) {
      return undefined(Undefined::kOutOfRange,
                       fmt::format("prior_sd_relative must be positive, and is {}", sd));
    }
    if (contrast.control == 0) {
      return undefined(Undefined::kZeroControl,
                       "a prior on the relative lift needs a control that is not zero");
    }
    const double absolute = sd * std::abs(contrast.control);
    posterior = posterior_of(contrast, absolute * absolute);
  }
  const double critical = normal_isf(options.alpha / 2);
  Estimate difference = difference_at(posterior, critical, 1);
  difference.p_value.reset();
  const double sd = std_error_of(posterior);
  difference.probability_better = sd > 0 ? normal_cdf(posterior.difference() / sd) : 0.5;
  difference.expected_loss = expected_loss(posterior.difference(), sd);
  difference.method = "normal_normal";
  Inference inference = with_relative(posterior, std::move(difference), critical);
  if (inference.relative) {
    inference.relative->expected_loss =
        *inference.difference.expected_loss / std::abs(posterior.control);
  }
  return inference;
}

}  // namespace assay::stats
