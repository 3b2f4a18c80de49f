// What a calculator is, for the files that define some: calculators.cc gathers them.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "assay/stats/estimate.h"
#include "assay/stats/inference.h"
#include "assay/stats/peeking.h"
#include "assay/stats/proportion.h"
#include "assay/stats/request.h"

namespace assay::stats {

struct Calculator {
  std::string_view name;
  std::string_view question;
  // Reads all fields first; what it returns counts only if the request was usable().
  Stat<nlohmann::json> (*run)(Request& request);
};

std::span<const Calculator> comparison_calculators();
std::span<const Calculator> sequential_calculators();
std::span<const Calculator> bayesian_calculators();
std::span<const Calculator> table_calculators();
std::span<const Calculator> family_calculators();
std::span<const Calculator> effect_calculators();
std::span<const Calculator> strata_calculators();
std::span<const Calculator> row_calculators();
std::span<const Calculator> decision_calculators();
std::span<const Calculator> resampling_calculators();
std::span<const Calculator> sizing_calculators();

// Shared pieces of requests and answers.
inline constexpr Range kAlpha{.fallback = 0.05, .above = 0, .below = 1, .about = "two-sided level"};
inline constexpr Range kAnyNumber{};
inline constexpr Range kNonNegative{.at_least = 0};
nlohmann::json to_json(const Estimate& estimate);
nlohmann::json to_json(const Interval& interval);
nlohmann::json to_json(const Inference& inference);
nlohmann::json or_null(const std::optional<double>& value);

// {"n", "mean", "std_dev" or "variance"}, {"n", "successes"}, or {"values": […]}.
std::optional<Summary> read_arm(Request& request, std::string_view name);
std::optional<Summary> read_summary(Request& arm);  // The same from an arm at hand.

// {"n", "successes"}.
Proportion read_proportion(Request& request, std::string_view name);
// How often the rule "ship at this posterior probability" errs, for posteriors: fields "looks" and
// "ship_at".
PosteriorRule read_posterior_rule(Request& request);
Stat<nlohmann::json> stopping_json(const PosteriorRule& rule);

// How a contrast is answered, as fields of the request: the same names wherever one appears.
enum class Way { kFixed, kSequential, kBayesian };
struct InferenceFields {
  Way way = Way::kFixed;
  FixedOptions fixed;
  SequentialOptions sequential;
  BayesianOptions bayesian;
  PosteriorRule rule;
};
InferenceFields read_fixed(Request& request);
InferenceFields read_sequential(Request& request);
InferenceFields read_bayesian(Request& request);
InferenceFields read_any(Request& request);  // Field "inference" says which.
Alternative read_alternative(Request& request);
Stat<nlohmann::json> answer(const Contrast& contrast, const InferenceFields& fields);

}  // namespace assay::stats
