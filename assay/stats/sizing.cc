// Notation: a = z(1 - alpha/2), b = z(power), k = n_treatment / n_control.
//
// Means (Chow, Shao & Wang, Sample Size Calculations in Clinical Research, ch. 3):
//   n_c = (a + b)² σ² (1 + 1/k) / δ²
// Proportions, pooled (Fleiss, Levin & Paik, Statistical Methods for Rates and Proportions, 4.2):
//   n_c = [a √((1 + 1/k) p̄ q̄) + b √(p1 q1 + p2 q2 / k)]² / δ²,  p̄ = (p1 + k p2) / (1 + k)
// Every design is a function δ → n_c; power and MDE invert it.
#include "assay/stats/sizing.h"

#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "assay/base/text.h"
#include "assay/stats/distributions.h"

namespace assay::stats {
namespace {

constexpr double kMaxUnits = 1e15;

// A design at a given effect: the two standard deviations that stand before a and b, per √n_c.
struct Spread {
  double null;         // Under no effect.
  double alternative;  // Under the effect.
};
using Design = std::function<Spread(double delta)>;

double required(const Design& design, double delta, double a, double b) {
  const Spread spread = design(delta);
  return std::pow((a * spread.null + b * spread.alternative) / delta, 2);
}

double power_at(const Design& design, double delta, double n_control, double a) {
  const Spread spread = design(delta);
  const double b = (std::abs(delta) * std::sqrt(n_control) - a * spread.null) / spread.alternative;
  return normal_cdf(b);
}

// The effect in (0, limit) that n units find with the power asked for: n falls as it grows.
double smallest_effect(const Design& design, double limit, double n_control, double a, double b) {
  double low = 0;
  double high = limit;
  for (int i = 0; i < 200 && low < high; ++i) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    (required(design, middle, a, b) > n_control ? low : high) = middle;
  }
  return high;
}

void complain(Problems& problems, std::string field, std::string message, std::string hint = {}) {
  problems.push_back({.place = {},
                      .field = std::move(field),
                      .message = std::move(message),
                      .hint = std::move(hint)});
}

bool inside(double x, double low, double high) { return x > low && x < high; }

Problems check(const SizingOptions& options) {
  Problems problems;
  if (!inside(options.alpha, 0, 1)) complain(problems, "alpha", "is not between 0 and 1");
  if (options.power && !(*options.power > options.alpha / 2 && *options.power < 1)) {
    complain(problems, "power", "is not between alpha / 2 and 1", "0.8 is the usual choice");
  }
  if (!inside(options.treatment_share, 0, 1)) {
    complain(problems, "treatment_share", "is not between 0 and 1");
  }
  if (!inside(options.correlation, -1, 1)) {
    complain(problems, "correlation", "is not between -1 and 1");
  }
  if (options.n_per_variant && *options.n_per_variant < 2) {
    complain(problems, "n_per_variant", "is less than 2");
  }
  if (options.daily_units && !inside(*options.daily_units, 0, kMaxUnits)) {
    complain(problems, "daily_units", "is not above 0");
  }
  const EffectSize& effect = options.effect;
  const double size = effect.absolute.value_or(effect.relative.value_or(1));
  if (effect.absolute && effect.relative) {
    complain(problems, "effect", "is given twice", "absolute or relative");
  } else if (!std::isfinite(size) || size == 0) {
    complain(problems, "effect", "is not a finite number other than 0",
             "no sample is large enough to find nothing");
  }
  const bool has_effect = effect.absolute || effect.relative;
  if (!has_effect && !options.n_per_variant) {
    complain(problems, "effect", "is missing", "give mde_relative, mde_absolute or n_per_variant");
  } else if (has_effect && options.n_per_variant && options.power) {
    complain(problems, "power", "effect, n_per_variant and power are all given",
             "leave out the one to solve for");
  }
  return problems;
}

struct Solved {
  double delta;
  double n_control;
  double power;
};

Solved solve(const Design& design, std::optional<double> delta, double limit,
             const SizingOptions& options) {
  const double a = normal_isf(options.alpha / 2);
  const double power = options.power.value_or(0.8);
  const double b = normal_quantile(power);
  if (!options.n_per_variant) return {*delta, required(design, *delta, a, b), power};
  const auto n = static_cast<double>(*options.n_per_variant);
  if (delta) return {*delta, n, power_at(design, *delta, n, a)};
  return {smallest_effect(design, limit, n, a, b), n, power};
}

// Rounded up, but not because of the last digits of a double.
std::int64_t round_up(double n) { return static_cast<std::int64_t>(std::ceil(n * (1 - 1e-12))); }

Checked<Sizing> finish(const Solved& solved, double baseline, const SizingOptions& options,
                       std::string formula) {
  const double k = options.treatment_share / (1 - options.treatment_share);
  if (!(solved.n_control * std::max(1.0, k) < kMaxUnits)) {
    Problems problems;
    complain(problems, "effect", "is too small: more than 10^15 units");
    return unexpected(std::move(problems));
  }
  Sizing sizing;
  sizing.n_control = std::max<std::int64_t>(2, round_up(solved.n_control));
  sizing.n_treatment = std::max<std::int64_t>(2, round_up(k * solved.n_control));
  sizing.n_per_variant = std::max(sizing.n_control, sizing.n_treatment);
  sizing.n_total = sizing.n_control + sizing.n_treatment;
  sizing.power = solved.power;
  sizing.alpha = options.alpha;
  sizing.mde_absolute = solved.delta;
  sizing.mde_relative = baseline == 0 ? 0 : solved.delta / std::abs(baseline);
  if (options.daily_units) {
    const double days = std::ceil(static_cast<double>(sizing.n_total) / *options.daily_units);
    sizing.duration_days = static_cast<std::int64_t>(std::min(std::ceil(days / 7) * 7, kMaxUnits));
  }
  sizing.formula = std::move(formula);
  return sizing;
}

std::optional<double> absolute(const EffectSize& effect, double baseline) {
  if (effect.relative) return *effect.relative * std::abs(baseline);
  return effect.absolute;
}

}  // namespace

Checked<Sizing> size_proportion(double baseline, const SizingOptions& options) {
  Problems problems = check(options);
  const auto delta = absolute(options.effect, baseline);
  if (!inside(baseline, 0, 1)) {
    complain(problems, "baseline", fmt::format("is not between 0 and 1"), "a rate such as 0.032");
  } else if (delta && !inside(baseline + *delta, 0, 1)) {
    complain(problems, "effect",
             fmt::format("the treatment's rate would be {:.6g}", baseline + *delta),
             "a rate lies between 0 and 1");
  }
  if (!problems.empty()) return unexpected(std::move(problems));
  const double k = options.treatment_share / (1 - options.treatment_share);
  const double keep = 1 - options.correlation * options.correlation;
  const bool pooled = options.variance == ProportionVariance::kPooled;
  const Design design = [=](double effect) -> Spread {
    const double p1 = baseline;
    const double p2 = baseline + effect;
    const double mean = (p1 + k * p2) / (1 + k);
    const double own = std::sqrt(keep * (p1 * (1 - p1) + p2 * (1 - p2) / k));
    return {pooled ? std::sqrt(keep * (1 + 1 / k) * mean * (1 - mean)) : own, own};
  };
  const double limit = (1 - baseline) * (1 - 1e-12);
  return finish(solve(design, delta, limit, options), baseline, options,
                pooled ? "two proportions, pooled null variance (as R power.prop.test)"
                       : "two proportions, unpooled variance");
}

Checked<Sizing> size_mean(double baseline, double sd, const SizingOptions& options) {
  Problems problems = check(options);
  if (!std::isfinite(baseline)) complain(problems, "baseline", "is not a finite number");
  if (!inside(sd, 0, kMaxUnits)) complain(problems, "sd", "is not above 0");
  if (options.effect.relative && baseline == 0) {
    complain(problems, "effect", "a relative effect needs a baseline other than 0");
  }
  if (!problems.empty()) return unexpected(std::move(problems));
  const double k = options.treatment_share / (1 - options.treatment_share);
  const double keep = 1 - options.correlation * options.correlation;
  const double spread = sd * std::sqrt(keep * (1 + 1 / k));
  const Design design = [=](double) -> Spread { return {spread, spread}; };
  return finish(solve(design, absolute(options.effect, baseline), sd * 1e6, options), baseline,
                options, "two means, normal approximation");
}

}  // namespace assay::stats
