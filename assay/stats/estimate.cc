#include "assay/stats/estimate.h"

#include <cmath>

#include <fmt/format.h>

namespace assay::stats {

std::string_view undefined_name(Undefined code) {
  switch (code) {
    case Undefined::kNoData:
      return "no_data";
    case Undefined::kTooFewUnits:
      return "too_few_units";
    case Undefined::kNoVariance:
      return "no_variance";
    case Undefined::kZeroControl:
      return "zero_control";
    case Undefined::kZeroDenominator:
      return "zero_denominator";
    case Undefined::kNotFinite:
      return "not_finite";
    case Undefined::kOutOfRange:
      return "out_of_range";
    case Undefined::kSingular:
      return "singular";
    case Undefined::kNotYet:
      return "not_yet";
    case Undefined::kUnsupported:
      return "unsupported";
  }
  return "unsupported";
}

Stat<void> require_share(std::string_view name, double value) {
  constexpr double kLeast = 1e-15;  // Below it 1 - share/2 is 1.
  if (value >= kLeast && value < 1) return {};
  return undefined(Undefined::kOutOfRange,
                   fmt::format("{} must lie between {} and 1, and is {}", name,
                               value > 0 && value < 1 ? kLeast : 0.0, value));
}

Stat<void> require_finite(std::string_view name, double value) {
  if (std::isfinite(value)) return {};
  return undefined(Undefined::kNotFinite, fmt::format("{} is not a finite number", name));
}

Stat<double> tail_share(double alpha, Alternative alternative) {
  ASSAY_TRY_VOID(require_share("alpha", alpha));
  if (alternative == Alternative::kTwoSided) return alpha / 2;
  if (alpha < 0.5) return alpha;
  return undefined(Undefined::kOutOfRange,
                   fmt::format("a one-sided alpha must be below 0.5, and is {}", alpha));
}

Interval Interval::toward(Alternative alternative) const {
  Interval kept = *this;
  if (alternative == Alternative::kGreater) kept.high.reset();
  if (alternative == Alternative::kLess) kept.low.reset();
  return kept;
}

}  // namespace assay::stats
