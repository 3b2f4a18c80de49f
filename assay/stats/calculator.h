// What a calculator is, for the files that define some: calculators.cc gathers them.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "assay/stats/estimate.h"
#include "assay/stats/inference.h"
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
std::span<const Calculator> resampling_calculators();

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

}  // namespace assay::stats
