// A claim about harm is a linear form x = treatment - k · control against a limit; its one-sided
// bounds are x ± width, where the width is a normal or t quantile (one look) or the one-sided
// asymptotic confidence sequence
//   √V · √(2 (r + 1) / r · ln(1 + √(r + 1) / (2α))),   r = n ρ²
// (Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2024), with ρ tuned to be tightest at the target
// number of units.
#include "assay/stats/noninferiority.h"

#include <cmath>

#include <fmt/format.h>

#include "assay/stats/distributions.h"

namespace assay::stats {
namespace {

struct Form {
  double value = 0;
  double variance = 0;
};

double width(const Contrast& contrast, double variance, const SafetyOptions& options) {
  const double se = std::sqrt(variance);
  if (options.fixed_look) {
    return se * (contrast.df > 0 ? t_isf(options.alpha, contrast.df) : normal_isf(options.alpha));
  }
  const double log_term = 2 * std::log(1 / options.alpha);
  const double rho2 = (log_term + std::log(log_term + 1)) / options.target_n;
  const double r = static_cast<double>(contrast.n_control + contrast.n_treatment) * rho2;
  return se * std::sqrt(2 * (r + 1) / r * std::log1p(std::sqrt(r + 1) / (2 * options.alpha)));
}

Stat<void> check(const Contrast& contrast, double limit, const SafetyOptions& options) {
  ASSAY_TRY_VOID(require_share("alpha", options.alpha));
  if (!(options.target_n > 0))
    return undefined(Undefined::kOutOfRange, "target_n must be positive");
  if (!std::isfinite(limit))
    return undefined(Undefined::kNotFinite, "the limit must be a finite number");
  const std::int64_t fewest = std::min(contrast.n_control, contrast.n_treatment);
  if (!options.fixed_look && fewest < options.burn_in) {
    return undefined(Undefined::kNotYet, fmt::format("{} units in a variant; bounds begin at {}",
                                                     fewest, options.burn_in));
  }
  return {};
}

// Harm lies above the limit. `shift` is what the reported numbers add to the form.
Stat<Safety> judge_above(const Contrast& contrast, Form form, double limit, double shift,
                         const SafetyOptions& options) {
  if (auto ok = check(contrast, limit, options); !ok) return unexpected(ok.error());
  if (!(form.variance > 0))
    return undefined(Undefined::kNoVariance, "every unit has the same value, so there is no bound");
  const double w = width(contrast, form.variance, options);
  const double low = form.value - w, high = form.value + w;
  Safety safety{.value = form.value + shift, .bounds = {low + shift, high + shift}};
  if (low > limit) safety.status = SafetyStatus::kHarmful;
  if (high < limit) safety.status = SafetyStatus::kSafe;
  return safety;
}

Safety mirrored(Safety safety) {
  return {.status = safety.status,
          .value = -safety.value,
          .bounds = {-*safety.bounds.high, -*safety.bounds.low}};
}

Stat<Safety> judge_below(const Contrast& contrast, Form form, double limit, double shift,
                         const SafetyOptions& options) {
  auto safety = judge_above(contrast, {-form.value, form.variance}, -limit, -shift, options);
  if (!safety) return safety;
  return mirrored(*safety);
}

Form own_value(const Contrast& contrast) {
  return {contrast.treatment, contrast.treatment_variance};
}

// treatment - k · control.
Form against_control(const Contrast& contrast, double k) {
  return {contrast.treatment - k * contrast.control, contrast.treatment_variance +
                                                         k * k * contrast.control_variance -
                                                         2 * k * contrast.covariance};
}

Stat<void> check_margin(double margin) {
  if (margin >= 0 && std::isfinite(margin)) return {};
  return undefined(Undefined::kOutOfRange, "the margin must be a share from 0 up");
}

}  // namespace

Stat<Safety> at_most(const Contrast& contrast, double limit, const SafetyOptions& options) {
  return judge_above(contrast, own_value(contrast), limit, 0, options);
}

Stat<Safety> at_least(const Contrast& contrast, double limit, const SafetyOptions& options) {
  return judge_below(contrast, own_value(contrast), limit, 0, options);
}

Stat<Safety> not_higher(const Contrast& contrast, double margin_relative,
                        const SafetyOptions& options) {
  if (auto ok = check_margin(margin_relative); !ok) return unexpected(ok.error());
  const double allowed = margin_relative * std::abs(contrast.control);
  const double k = 1 + std::copysign(margin_relative, contrast.control);
  return judge_above(contrast, against_control(contrast, k), 0, allowed, options);
}

Stat<Safety> not_lower(const Contrast& contrast, double margin_relative,
                       const SafetyOptions& options) {
  if (auto ok = check_margin(margin_relative); !ok) return unexpected(ok.error());
  const double allowed = margin_relative * std::abs(contrast.control);
  const double k = 1 - std::copysign(margin_relative, contrast.control);
  return judge_below(contrast, against_control(contrast, k), 0, -allowed, options);
}

}  // namespace assay::stats
