// Two variants, any kind of metric, any way of inference.
#include <array>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/stats/bootstrap.h"
#include "assay/stats/calculator.h"
#include "assay/stats/contrast.h"
#include "assay/stats/proportion.h"

namespace assay::stats {

using nlohmann::json;

namespace {

constexpr Range kUnits{.about = "units"};

// Reads std_dev or variance, exactly one.
double read_variance(Request& arm) {
  const Range optional{.fallback = 0, .at_least = 0};
  const auto deviation = arm.maybe_number("std_dev", optional);
  const auto variance = arm.maybe_number("variance", optional);
  if (deviation.has_value() == variance.has_value()) {
    arm.wrong("std_dev", "give either std_dev or variance (divisor n - 1)");
  }
  const double sd = deviation.value_or(0);
  if (sd > 0 && !(sd * sd > 0 && std::isfinite(sd * sd))) {
    arm.wrong("std_dev", fmt::format("must lie between 1e-150 and 1e150, or be 0, and is {}", sd));
  }
  return variance.value_or(sd * sd);
}

std::optional<Summary> usable_or_problem(Request& arm, Stat<Summary> summary) {
  if (summary) return *std::move(summary);
  arm.wrong("n", summary.error().text);
  return std::nullopt;
}

std::optional<Summary> read_values(Request& arm) {
  Summary summary;
  for (const double value : arm.numbers("values", "one value per unit")) {
    summary.add(std::array{value});
  }
  return summary;
}

}  // namespace

std::optional<Summary> read_arm(Request& request, std::string_view name) {
  Request arm = request.object(name,
                               "n, mean and std_dev (or variance); or n and successes; or "
                               "values, one per unit");
  return read_summary(arm);
}

std::optional<Summary> read_summary(Request& arm) {
  if (arm.describing()) {
    arm.count("n", {.fallback = 0, .about = "units"});
    arm.maybe_number("mean", {.fallback = 0});
    read_variance(arm);
    arm.count("successes", {.fallback = 0});
    arm.maybe_numbers("values", "one value per unit, instead of n, mean and std_dev");
    return std::nullopt;
  }
  std::optional<Summary> summary;
  if (arm.has("values")) {
    summary = read_values(arm);
  } else if (arm.has("successes")) {
    const auto n = arm.count("n", kUnits);
    const auto successes = arm.count("successes", {});
    if (arm.usable()) summary = usable_or_problem(arm, Summary::of_proportion(successes, n));
  } else {
    const auto n = arm.count("n", kUnits);
    const double mean = arm.number("mean", kAnyNumber);
    const double variance = read_variance(arm);
    if (arm.usable()) summary = usable_or_problem(arm, Summary::of_mean(n, mean, variance));
  }
  arm.finish();
  return arm.usable() ? summary : std::nullopt;
}

Proportion read_proportion(Request& request, std::string_view name) {
  Request arm = request.object(name, "");
  const Proportion out{.successes = arm.count("successes", {}), .n = arm.count("n", kUnits)};
  if (out.successes > out.n) arm.wrong("successes", "must be at most n");
  arm.finish();
  return out;
}

namespace {

json nothing() { return json::object(); }

Stat<json> compare_means(Request& request, InferenceFields (*read)(Request&)) {
  const auto control = read_arm(request, "control");
  const auto treatment = read_arm(request, "treatment");
  const InferenceFields fields = read(request);
  if (!request.usable() || !control || !treatment) return nothing();
  ASSAY_TRY(const Contrast contrast, mean_contrast(*control, *treatment));
  return answer(contrast, fields);
}

Stat<json> welch_t(Request& request) { return compare_means(request, read_fixed); }
Stat<json> confidence_sequence(Request& request) { return compare_means(request, read_sequential); }
Stat<json> normal_normal(Request& request) { return compare_means(request, read_bayesian); }

Stat<json> two_sample_z(Request& request) {
  const auto control = read_arm(request, "control");
  const auto treatment = read_arm(request, "treatment");
  const InferenceFields fields = read_fixed(request);
  if (!request.usable() || !control || !treatment) return nothing();
  ASSAY_TRY(Contrast contrast, mean_contrast(*control, *treatment));
  contrast.df = 0;  // The standard deviations count as known.
  return answer(contrast, fields);
}

// An arm of two columns: outcome and a second (denominator or covariate).
std::optional<Summary> read_pair(Request& request, std::string_view name, const Columns& columns,
                                 const std::array<std::string_view, 4>& keys) {
  Request arm = request.object(name, "moments per unit; variances have divisor n - 1");
  const auto n = arm.count("n", kUnits);
  const std::array means{arm.number(keys[0], {}), arm.number(keys[2], {})};
  const double first = arm.number(keys[1], kNonNegative);
  const double second = arm.number(keys[3], kNonNegative);
  const double covariance = arm.number("covariance", {});
  arm.finish();
  if (!request.usable()) return std::nullopt;
  if (covariance * covariance > first * second * (1 + 1e-9)) {
    arm.wrong("covariance", "is larger than the two variances allow");
    return std::nullopt;
  }
  const double scale = n > 1 ? static_cast<double>(n - 1) : 0;
  const std::array comoments{first * scale, covariance * scale, second * scale};
  return usable_or_problem(arm, Summary::of_moments(columns, n, means, comoments));
}

Stat<json> compare_pairs(Request& request, const Columns& columns,
                         const std::array<std::string_view, 4>& keys,
                         Stat<Contrast> (*contrast_of)(const Summary&, const Summary&)) {
  const auto control = read_pair(request, "control", columns, keys);
  const auto treatment = read_pair(request, "treatment", columns, keys);
  const InferenceFields fields = read_any(request);
  if (!request.usable() || !control || !treatment) return nothing();
  ASSAY_TRY(const Contrast contrast, contrast_of(*control, *treatment));
  return answer(contrast, fields);
}

Stat<json> ratio_delta(Request& request) {
  return compare_pairs(
      request, {.denominator = true},
      {"mean_numerator", "variance_numerator", "mean_denominator", "variance_denominator"},
      ratio_contrast);
}

Stat<json> cuped(Request& request) {
  return compare_pairs(request, {.covariates = 1},
                       {"mean", "variance", "covariate_mean", "covariate_variance"},
                       cuped_contrast);
}

Stat<json> two_proportion_z(Request& request) {
  static constexpr std::array<std::string_view, 2> kIntervals = {"newcombe", "wald"};
  const Proportion control = read_proportion(request, "control");
  const Proportion treatment = read_proportion(request, "treatment");
  const double alpha = request.number("alpha", kAlpha);
  const auto interval = request.choice("interval", kIntervals, "newcombe") == "wald"
                            ? ProportionInterval::kWald
                            : ProportionInterval::kNewcombe;
  const Alternative alternative = read_alternative(request);
  if (!request.usable()) return nothing();
  ASSAY_TRY(const Estimate estimate,
            two_proportions(control, treatment,
                            {.alpha = alpha, .interval = interval, .alternative = alternative}));
  return to_json(estimate);
}

Stat<json> wilson_interval(Request& request) {
  const Proportion share{.successes = request.count("successes", {}),
                         .n = request.count("n", kUnits)};
  const double alpha = request.number("alpha", kAlpha);
  if (share.successes > share.n) request.wrong("successes", "must be at most n");
  if (!request.usable()) return nothing();
  ASSAY_TRY(const Interval interval, wilson(share, alpha));
  json out = to_json(interval);
  out["method"] = "wilson";
  out["estimate"] = static_cast<double>(share.successes) / static_cast<double>(share.n);
  return out;
}

std::optional<BootstrapSums> read_bootstrap_arm(Request& request, std::string_view name,
                                                const BootstrapOptions& options,
                                                std::uint64_t first_key) {
  Request arm = request.object(name, "numerators, one per unit; denominators for a ratio");
  const auto numerators = arm.numbers("numerators", "one per unit");
  const auto denominators =
      arm.maybe_numbers("denominators", "one per unit; without them a mean per unit")
          .value_or(std::vector<double>(numerators.size(), 1.0));
  arm.finish();
  if (request.usable() && denominators.size() != numerators.size()) {
    arm.wrong("denominators", "must be as many as numerators");
  }
  if (!request.usable()) return std::nullopt;
  std::vector<BootstrapUnit> units;
  for (std::size_t i = 0; i < numerators.size(); ++i) {
    units.push_back({first_key + i, numerators[i], denominators[i]});
  }
  BootstrapSums sums(options);
  sums.add(units);
  return sums;
}

Stat<json> poisson_bootstrap(Request& request) {
  constexpr std::uint64_t kTreatmentKeys = std::uint64_t{1} << 32;
  BootstrapOptions options;
  options.replicates = static_cast<int>(
      request.count("replicates", {.fallback = 1000, .at_least = 40, .at_most = 10'000}));
  options.seed = static_cast<std::uint64_t>(request.count("seed", {.fallback = 0}));
  const double alpha = request.number("alpha", kAlpha);
  const auto control = read_bootstrap_arm(request, "control", options, 0);
  const auto treatment = read_bootstrap_arm(request, "treatment", options, kTreatmentKeys);
  if (!request.usable() || !control || !treatment) return nothing();
  ASSAY_TRY(const Bootstrap answer, bootstrap(*control, *treatment, alpha));
  return to_json(Inference{.difference = answer.difference, .relative = answer.relative});
}

constexpr std::array kCalculators = {
    Calculator{"poisson_bootstrap", "Do two means or ratios differ, whatever their distribution?",
               poisson_bootstrap},
    Calculator{"welch_t", "Do two means differ? (fixed horizon)", welch_t},
    Calculator{"two_sample_z", "Do two means differ, their standard deviations known?",
               two_sample_z},
    Calculator{"confidence_sequence", "Do two means differ, however often one looks?",
               confidence_sequence},
    Calculator{"normal_normal", "How probable is it that the treatment's mean is better?",
               normal_normal},
    Calculator{"ratio_delta", "Do two ratios of sums differ? (delta method)", ratio_delta},
    Calculator{"cuped", "Do two means differ, given a covariate from before?", cuped},
    Calculator{"two_proportion_z", "Do two shares differ? (pooled z, Newcombe or Wald interval)",
               two_proportion_z},
    Calculator{"wilson", "How large is a share? (Wilson's score interval)", wilson_interval},
};

}  // namespace

std::span<const Calculator> comparison_calculators() { return kCalculators; }

}  // namespace assay::stats
