// Given the control's deviation z and the ratio s of the pooled to the true deviation, the T_i are
// independent:
//   P(max |T_i| <= c) = ∫ f(s) ∫ φ(z) Π [Φ((λ_i z + c s)/w_i) - Φ((λ_i z - c s)/w_i)] dz ds,
// w_i = √(1 - λ_i²), f the density of √(χ²_ν/ν). Here the complement is integrated, so that small
// probabilities keep their digits: by the trapezoid rule in z and in ln s, whose integrands are
// analytic and vanish at both ends, so that it converges geometrically.
#include "assay/stats/dunnett.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "assay/base/check.h"
#include "assay/stats/distributions.h"

namespace assay::stats {
namespace {

constexpr std::size_t kMostTreatments = 100;
constexpr double kReach = 9;  // Standard deviations.
constexpr double kNegligible = 45;
constexpr double kKnownDf = 1e7;  // Beyond it the variance is as good as known.

struct Kernel {
  double lambda = 0;
  double width = 1;  // √(1 - λ²).
};

// 1 - Π P(|T_i| <= c | z): the sum of small logarithms keeps what 1 - product would lose.
double any_outside(std::span<const Kernel> kernels, double z, double c) {
  double log_inside = 0;
  double outside = 0;
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    const Kernel& each = kernels[i];
    const bool repeated = i > 0 && each.lambda == kernels[i - 1].lambda;
    if (!repeated) {
      outside = normal_sf((c - each.lambda * z) / each.width) +
                normal_sf((c + each.lambda * z) / each.width);
    }
    if (outside >= 1) return 1;
    log_inside += std::log1p(-outside);
  }
  return -std::expm1(log_inside);
}

double sf_known_variance(double c, std::span<const Kernel> kernels) {
  if (c > 39) return 0;  // Less than the smallest double.
  double narrowest = 1;
  double strongest = 0;
  for (const Kernel& each : kernels) {
    narrowest = std::min(narrowest, each.width);
    strongest = std::max(strongest, each.lambda);
  }
  const double end = kReach + strongest * c;
  const double pieces = std::ceil(end / (narrowest / 1.4));
  const double step = end / pieces;
  double sum = 0.5 * normal_pdf(0) * any_outside(kernels, 0, c);
  for (double i = 1; i <= pieces; ++i) {
    sum += normal_pdf(i * step) * any_outside(kernels, i * step, c);
  }
  return std::min(1.0, 2 * sum * step);
}

// The density of u = ln s, relative to its peak at 0.
struct LogScale {
  double df = 1;

  double log_density(double u) const { return df * u - df / 2 * std::expm1(2 * u); }
  double edge(double stride) const {
    double reach = stride;
    while (log_density(reach) > -kNegligible) reach *= 1.1;
    return reach;
  }
};

std::vector<Kernel> kernels_of(std::span<const double> lambdas) {
  std::vector<double> sorted(lambdas.begin(), lambdas.end());
  std::sort(sorted.begin(), sorted.end());
  std::vector<Kernel> kernels;
  for (const double lambda : sorted) {
    kernels.push_back({lambda, std::sqrt((1 - lambda) * (1 + lambda))});
  }
  return kernels;
}

Stat<void> require_arms(const Summary& control, std::span<const Summary> treatments) {
  if (treatments.empty() || treatments.size() > kMostTreatments) {
    return undefined(Undefined::kOutOfRange, fmt::format("1 to {} treatments, and there are {}",
                                                         kMostTreatments, treatments.size()));
  }
  if (control.n() == 0) return undefined(Undefined::kNoData, "the control has no unit");
  for (const Summary& each : treatments) {
    if (each.n() == 0) return undefined(Undefined::kNoData, "a treatment has no unit");
    if (static_cast<double>(each.n()) > 1e4 * static_cast<double>(control.n())) {
      return undefined(Undefined::kOutOfRange,
                       "a treatment has more than 10,000 times the units of the control");
    }
  }
  return {};
}

}  // namespace

double dunnett_sf(double critical, std::span<const double> lambdas, double df) {
  ASSAY_CHECK(df > 0 && critical >= 0 && !lambdas.empty());
  const std::vector<Kernel> kernels = kernels_of(lambdas);
  if (df > kKnownDf) return sf_known_variance(critical, kernels);
  const LogScale scale{df};
  const double sd = 1 / std::sqrt(2 * df);
  // For a large critical value what counts happens at small s, where critical · s is a few.
  const double low = std::min(scale.edge(-sd), std::log(3 / std::max(1.0, critical)));
  const double high = scale.edge(sd);
  const double step = std::min({sd, 0.2, 1 / std::clamp(critical, 1.0, 9.0)}) / 1.5;
  const double pieces = std::ceil((high - low) / step);
  const double width = (high - low) / pieces;
  double sum = 0;
  double mass = 0;  // The density's constant: exact where ln Γ has lost digits.
  for (double i = 0; i <= pieces; ++i) {
    const double u = low + i * width;
    const double density = std::exp(scale.log_density(u));
    mass += density;
    sum += density * sf_known_variance(critical * std::exp(u), kernels);
  }
  return std::min(1.0, sum / mass);
}

// Between Student's and Bonferroni's critical values, where ln P is smooth: regula falsi with the
// Illinois rule.
double dunnett_critical(double alpha, std::span<const double> lambdas, double df) {
  const auto excess = [&](double c) { return std::log(dunnett_sf(c, lambdas, df) / alpha); };
  double low = t_isf(alpha / 2, df);
  double high = t_isf(alpha / 2 / static_cast<double>(lambdas.size()), df);
  if (lambdas.size() == 1) return low;
  double at_low = excess(low);
  double at_high = excess(high);
  if (at_low < 1e-13) return low;
  for (int i = 0, side = 0; i < 60 && high - low > 1e-13 * high; ++i) {
    const double next = std::clamp((low * at_high - high * at_low) / (at_high - at_low), low, high);
    const double at_next = excess(next);
    if (std::abs(at_next) < 1e-14) return next;
    if (at_next > 0) {
      low = next, at_low = at_next;
      if (side == 1) at_high /= 2;
      side = 1;
    } else {
      high = next, at_high = at_next;
      if (side == -1) at_low /= 2;
      side = -1;
    }
  }
  return low + (high - low) / 2;
}

Stat<Dunnett> dunnett(const Summary& control, std::span<const Summary> treatments,
                      const DunnettOptions& options) {
  ASSAY_TRY_VOID(require_share("alpha", options.alpha));
  ASSAY_TRY_VOID(require_arms(control, treatments));
  double squares = control.comoment(0, 0);
  double df = static_cast<double>(control.n() - 1);
  std::vector<double> lambdas;
  for (const Summary& each : treatments) {
    squares += each.comoment(0, 0);
    df += static_cast<double>(each.n() - 1);
    const double n = static_cast<double>(each.n());
    lambdas.push_back(std::sqrt(n / (n + static_cast<double>(control.n()))));
  }
  if (df < 1) return undefined(Undefined::kTooFewUnits, "one unit per arm has no variance");
  if (squares <= 0) return undefined(Undefined::kNoVariance, "every arm is constant");
  ASSAY_TRY_VOID(require_finite("the pooled variance", squares));
  Dunnett out{.critical = dunnett_critical(options.alpha, lambdas, df),
              .pooled_variance = squares / df};
  for (const Summary& each : treatments) {
    Estimate estimate;
    estimate.method = "dunnett";
    estimate.value = each.mean(0) - control.mean(0);
    estimate.std_error = std::sqrt(out.pooled_variance * (1 / static_cast<double>(each.n()) +
                                                          1 / static_cast<double>(control.n())));
    const double reach = out.critical * *estimate.std_error;
    estimate.interval = {estimate.value - reach, estimate.value + reach};
    estimate.statistic = estimate.value / *estimate.std_error;
    ASSAY_TRY_VOID(require_finite("the statistic of a comparison", *estimate.statistic));
    estimate.df = df;
    estimate.p_value = dunnett_sf(std::abs(*estimate.statistic), lambdas, df);
    out.comparisons.push_back(estimate);
  }
  return out;
}

}  // namespace assay::stats
