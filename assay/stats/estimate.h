// What a statistical method answers. Stat<T> is a value or the reason why the statistic does not
// exist; NaN and infinity never leave this module.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "assay/base/expected.h"

namespace assay::stats {

enum class Undefined {
  kNoData,           // No unit in an arm.
  kTooFewUnits,      // One unit: no variance.
  kNoVariance,       // Both arms constant and different: no test.
  kZeroControl,      // Relative to a control of zero.
  kZeroDenominator,  // A ratio whose denominator sums to zero.
  kNotFinite,        // NaN or infinity in the input.
  kOutOfRange,       // A parameter outside its domain (alpha, power, shares…).
  kSingular,         // Covariates that determine each other.
  kNotYet,           // Fixed-horizon plan before its sample size; sequential before its burn-in.
  kUnsupported,      // A combination without a valid method; the text says which.
};

struct Reason {
  Undefined code = Undefined::kNoData;
  std::string text;  // One sentence with the numbers in it.
};
std::string_view undefined_name(Undefined code);  // "no_data", "too_few_units", …

template <typename T>
using Stat = Expected<T, Reason>;

inline auto undefined(Undefined code, std::string text) {
  return tl::unexpected<Reason>(Reason{code, std::move(text)});
}

// The two checks nearly every method starts with: ASSAY_TRY_VOID(require_share("alpha", alpha)).
Stat<void> require_share(std::string_view name, double value);   // 1e-15 <= value < 1.
Stat<void> require_finite(std::string_view name, double value);  // Neither NaN nor infinite.

// Which effects count as evidence: both signs, or treatment above (below) control only.
enum class Alternative { kTwoSided, kGreater, kLess };

// The share of alpha in the tail that decides: alpha/2, or all of it (then below 0.5) one-sided.
Stat<double> tail_share(double alpha, Alternative alternative);

// Ends may be missing: an interval without a lower end reaches to minus infinity.
struct Interval {
  std::optional<double> low;
  std::optional<double> high;
  bool contains(double value) const { return (!low || *low <= value) && (!high || value <= *high); }
  // What is left of a two-sided interval: "greater" keeps the low end, "less" the high one.
  Interval toward(Alternative alternative) const;
};

// Treatment minus control (or whatever the method says) with an interval at the asked level.
struct Estimate {
  double value = 0;
  Interval interval;
  std::optional<double> std_error;
  std::optional<double> statistic;  // t, z, chi-square…, as the method says.
  std::optional<double> df;
  std::optional<double> p_value;
  std::optional<double> probability_better;  // Bayesian methods.
  std::optional<double> expected_loss;       // Bayesian: of shipping the treatment.
  std::string method;                        // "welch_t", "confidence_sequence", …
};

}  // namespace assay::stats
