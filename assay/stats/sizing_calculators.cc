// Planning: units, power, detectable effect and duration. The first three read the same design, and
// each leaves out what it solves for.
#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "assay/stats/calculator.h"
#include "assay/stats/sizing.h"
#include "assay/stats/unit_sd.h"

namespace assay::stats {

using nlohmann::json;

namespace {

using Words = std::array<std::string_view, 4>;

json nothing() { return json::object(); }

constexpr Range kShare{.fallback = 0, .above = 0, .below = 1};
constexpr Range kOptional{.fallback = 0};
constexpr Range kPositive{.fallback = 0, .above = 0};

// The metric, as far as its variance goes.
struct Metric {
  std::string type;
  MeanBaseline baseline;
};

void read_ratio(Request& request, Metric& metric) {
  const bool by_moments = metric.type == "ratio" && !(metric.baseline.sd > 0);
  RatioMoments moments;
  const auto read = [&](std::string_view name) {
    const auto value = request.maybe_number(name, {.fallback = 0, .about = "ratio: per unit"});
    if (!value && by_moments) request.wrong(name, "is required for a ratio without std_dev");
    return value.value_or(0);
  };
  moments.numerator_mean = read("numerator_mean");
  moments.denominator_mean = read("denominator_mean");
  moments.numerator_variance = read("numerator_variance");
  moments.denominator_variance = read("denominator_variance");
  moments.covariance = read("covariance");
  if (!by_moments || !request.usable()) return;
  const auto sd = ratio_unit_sd(moments);
  if (!sd) return request.wrong("denominator_mean", sd.error().text);
  metric.baseline.mean = moments.numerator_mean / moments.denominator_mean;
  metric.baseline.sd = *sd;
}

void read_quantile(Request& request, Metric& metric) {
  const auto quantile = request.maybe_number("quantile", kShare);
  const auto density = request.maybe_number(
      "density", {.fallback = 0, .above = 0, .about = "quantile: of the metric, at the quantile"});
  const auto error = request.maybe_number(
      "std_error", {.fallback = 0, .above = 0, .about = "quantile: of a past sample of n units"});
  const auto n = request.maybe_number("n", {.fallback = 0, .at_least = 1, .at_most = 0x1p53});
  if (metric.type != "quantile" || metric.baseline.sd > 0 || !request.usable()) return;
  const bool by_density = quantile && density && !error && !n;
  if (!by_density && !(error && n && !density)) {
    return request.wrong("density",
                         "give std_dev of one unit, or quantile and density, or std_error and n");
  }
  const auto sd = by_density ? quantile_unit_sd(*quantile, *density) : history_unit_sd(*error, *n);
  if (!sd) return request.wrong("density", sd.error().text);
  metric.baseline.sd = *sd;
}

Metric read_metric(Request& request) {
  static constexpr Words kTypes = {"proportion", "mean", "ratio", "quantile"};
  Metric metric{.type = request.choice("metric", kTypes, "")};
  const auto baseline = request.maybe_number(
      "baseline", {.fallback = 0, .about = "of the control; a ratio's follows from moments"});
  const auto sd = request.maybe_number(
      "std_dev",
      {.fallback = 0, .above = 0, .about = "of one unit; ratio, quantile: √n·std_error"});
  const auto treatment_sd = request.maybe_number(
      "treatment_std_dev", {.fallback = 0, .above = 0, .about = "mean: where it differs"});
  metric.baseline.mean = baseline.value_or(0);
  metric.baseline.sd = sd.value_or(0);
  metric.baseline.treatment_sd = treatment_sd;
  if (!baseline && (metric.type != "ratio" || sd)) request.wrong("baseline", "is required");
  if (!sd && metric.type == "mean") request.wrong("std_dev", "is required for a mean");
  if (metric.type == "ratio" || metric.type == "quantile") {
    metric.baseline.estimator = metric.type + "s";
  }
  read_ratio(request, metric);
  read_quantile(request, metric);
  return metric;
}

// The words stand in the order of the enum; the first is the default.
template <typename Choice, std::size_t N>
Choice read_choice(Request& request, std::string_view name,
                   const std::array<std::string_view, N>& words) {
  const std::string word = request.choice(name, words, words[0]);
  return static_cast<Choice>(std::find(words.begin(), words.end(), word) - words.begin());
}

void read_rule(Request& request, RuleOptions& rule) {
  static constexpr Words kRules = {"fixed", "group_sequential", "confidence_sequence", "posterior"};
  static constexpr Words kSpending = {"obrien_fleming", "pocock", "power", "hwang_shih_decani"};
  rule.rule = read_choice<Rule>(request, "rule", kRules);
  rule.looks =
      static_cast<int>(request.count("looks", {.fallback = 28, .at_least = 1, .at_most = 100}));
  rule.spending = read_choice<Spending>(request, "spending", kSpending);
  rule.spending_parameter =
      request.number("parameter", {.fallback = 1, .about = "power or gamma of the spending"});
  rule.target_n = request.maybe_number(
      "target_n", {.fallback = 0, .above = 0, .about = "confidence_sequence: tightest here"});
  rule.ship_probability =
      request.number("ship_probability", {.fallback = 0.95, .at_least = 0.5, .below = 1});
  rule.prior_sd = request.maybe_number("prior_sd", kPositive);
}

void read_traffic(Request& request, SizingOptions& options) {
  const auto daily = request.maybe_number(
      "daily_units", {.fallback = 0, .above = 0, .about = "new units a day, all variants"});
  const auto days = request.maybe_numbers("days", "with cumulative_units: a curve of unique units");
  const auto units = request.maybe_numbers("cumulative_units", "seen until the end of each day");
  const double share = request.number("traffic_share", {.fallback = 1, .above = 0, .at_most = 1});
  if (days.has_value() != units.has_value() || (days && days->size() != units->size())) {
    return request.wrong("days", "days and cumulative_units must have the same length");
  }
  if (daily && days) return request.wrong("daily_units", "give daily_units or a curve");
  if (!daily && !days) return;
  Traffic traffic{.share = share};
  if (daily) traffic.curve.push_back({.day = 1, .units = *daily});
  for (std::size_t i = 0; days && i < days->size(); ++i) {
    traffic.curve.push_back({.day = (*days)[i], .units = (*units)[i]});
  }
  options.traffic = std::move(traffic);
}

void read_clusters(Request& request, SizingOptions& options) {
  const auto size =
      request.maybe_number("cluster_size", {.fallback = 1, .at_least = 1, .about = "units, mean"});
  const double icc = request.number("icc", {.fallback = 0, .at_least = 0, .at_most = 1});
  const double cv = request.number("cluster_size_cv", {.fallback = 0, .at_least = 0});
  if (size) options.clusters = ClusterDesign{.size = *size, .icc = icc, .size_cv = cv};
}

void read_weights(Request& request, SizingOptions& options) {
  const auto share = request.maybe_number("treatment_share", kShare);
  const auto weights = request.maybe_numbers("weights", "control first, then every treatment");
  if (share && weights) request.wrong("weights", "give treatment_share or weights");
  if (share) options.weights = {1 - *share, *share};
  if (weights) options.weights = *weights;
}

SizingOptions read_design(Request& request) {
  static constexpr std::array<std::string_view, 3> kAims = {"superiority", "noninferiority",
                                                            "equivalence"};
  static constexpr std::array<std::string_view, 3> kShared = {"none", "bonferroni", "dunnett"};
  static constexpr std::array<std::string_view, 3> kVariances = {"pooled", "unpooled", "arcsine"};
  static constexpr std::array<std::string_view, 2> kTests = {"t", "z"};
  static constexpr std::array<std::string_view, 2> kScales = {"difference", "lift"};
  static constexpr std::array<std::string_view, 2> kSides = {"two", "one"};
  static constexpr std::array<std::string_view, 2> kNeeds = {"any", "all"};
  SizingOptions options;
  options.alpha = request.number("alpha", kAlpha);
  options.sides = request.choice("sides", kSides, "two") == "one" ? Sides::kOne : Sides::kTwo;
  options.aim = read_choice<Aim>(request, "aim", kAims);
  options.true_difference = request.number(
      "true_difference", {.fallback = 0, .about = "noninferiority, equivalence: in truth"});
  options.shared_alpha = read_choice<SharedAlpha>(request, "correction", kShared);
  options.metrics =
      static_cast<int>(request.count("metrics", {.fallback = 1, .at_least = 1, .at_most = 10000}));
  options.all_metrics = request.choice("success_needs", kNeeds, "any") == "all";
  options.scale = read_choice<EffectScale>(request, "scale", kScales);
  options.variance = read_choice<ProportionVariance>(request, "variance", kVariances);
  options.test = read_choice<MeanTest>(request, "test", kTests);
  options.correlation =
      request.number("correlation", {.fallback = 0, .above = -1, .below = 1, .about = "CUPED"});
  read_weights(request, options);
  read_clusters(request, options);
  read_rule(request, options.rule);
  read_traffic(request, options);
  return options;
}

void read_effect(Request& request, EffectSize& effect) {
  effect.absolute = request.maybe_number(
      "mde_absolute", {.fallback = 0, .about = "effect to find, or margin; metric's unit"});
  effect.relative = request.maybe_number("mde_relative", kOptional);
  if (request.usable() && effect.absolute.has_value() == effect.relative.has_value()) {
    request.wrong("mde_relative", "give either mde_relative or mde_absolute");
  }
}

constexpr Range kPower{.fallback = 0.8, .above = 0, .below = 1};
constexpr Range kUnitsEach{.at_least = 2, .about = "of the control"};

json to_json(const Sizing& sizing) {
  json out = {{"formula", sizing.formula},
              {"n_per_variant", sizing.n_per_variant},
              {"n_control", sizing.n_control},
              {"n_treatment", sizing.n_treatment},
              {"n_total", sizing.n_total},
              {"power", sizing.power},
              {"alpha", sizing.alpha},
              {"alpha_comparison", sizing.alpha_comparison},
              {"mde_absolute", sizing.mde_absolute},
              {"mde_relative", or_null(sizing.mde_relative)},
              {"warnings", sizing.warnings}};
  if (sizing.clusters_per_variant) {
    out["design_effect"] = sizing.design_effect;
    out["clusters_per_variant"] = *sizing.clusters_per_variant;
  }
  if (const auto& cost = sizing.sequential) {
    out["inflation"] = cost->inflation;
    out["expected_n_null"] = cost->expected_n_null;
    out["expected_n_effect"] = cost->expected_n_effect;
    out["false_alarms"] = cost->false_alarms;
  }
  if (sizing.duration_days) out["duration_days"] = *sizing.duration_days;
  return out;
}

// Problems of sizing.h under the calculator's names.
Stat<json> solve(Request& request, const Metric& metric, SizingOptions options) {
  if (!request.usable()) return nothing();
  if (metric.type == "ratio" || metric.type == "quantile") options.test = MeanTest::kNormal;
  const auto sizing = metric.type == "proportion" ? size_proportion(metric.baseline.mean, options)
                                                  : size_mean(metric.baseline, options);
  if (sizing) return to_json(*sizing);
  for (const Problem& each : sizing.error()) {
    const bool effect = each.field == "effect";
    const bool relative = options.effect.relative.has_value();
    const std::string field = effect               ? relative ? "mde_relative" : "mde_absolute"
                              : each.field == "sd" ? "std_dev"
                              : each.field == "shared_alpha" ? "correction"
                                                             : each.field;
    request.wrong(field, each.message, each.hint);
  }
  return nothing();
}

Stat<json> sample_size(Request& request) {
  const Metric metric = read_metric(request);
  SizingOptions options = read_design(request);
  read_effect(request, options.effect);
  options.power = request.number("power", kPower);
  return solve(request, metric, options);
}

Stat<json> power(Request& request) {
  const Metric metric = read_metric(request);
  SizingOptions options = read_design(request);
  read_effect(request, options.effect);
  options.n_per_variant = request.count("n_per_variant", kUnitsEach);
  return solve(request, metric, options);
}

Stat<json> minimum_detectable_effect(Request& request) {
  static constexpr std::array<std::string_view, 2> kDirections = {"up", "down"};
  const Metric metric = read_metric(request);
  SizingOptions options = read_design(request);
  options.downward = request.choice("direction", kDirections, "up") == "down";
  options.power = request.number("power", kPower);
  options.n_per_variant = request.count("n_per_variant", kUnitsEach);
  return solve(request, metric, options);
}

Stat<json> duration(Request& request) {
  SizingOptions options;
  read_traffic(request, options);
  const double units = request.number("n_total", {.above = 0, .about = "units of all variants"});
  if (request.usable() && !options.traffic) {
    request.wrong("daily_units", "give daily_units, or days and cumulative_units");
  }
  if (!request.usable()) return nothing();
  ASSAY_TRY(const std::int64_t days, duration_days(units, *options.traffic));
  return json{{"method", "duration"},
              {"duration_days", days},
              {"units", units_after(static_cast<double>(days), *options.traffic)}};
}

}  // namespace

std::span<const Calculator> sizing_calculators() {
  static constexpr std::array<Calculator, 4> kAll{
      {{"sample_size", "How many units does a test need to find an effect?", sample_size},
       {"power", "How likely does a test with these units find an effect?", power},
       {"minimum_detectable_effect", "Which effect do these units find?",
        minimum_detectable_effect},
       {"duration", "How long until so many units have come?", duration}}};
  return kAll;
}

}  // namespace assay::stats
