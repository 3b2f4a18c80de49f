// Methods for looking more than once.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/stats/calculator.h"
#include "assay/stats/group_sequential.h"
#include "assay/stats/mixture.h"
#include "assay/stats/proportion_sequence.h"
#include "assay/stats/quantile_sequence.h"
#include "assay/stats/sequentialized.h"

namespace assay::stats {

using nlohmann::json;

namespace {

json nothing() { return json::object(); }

Spending spending_of(std::string_view word) {
  if (word == "pocock") return Spending::kPocock;
  if (word == "power") return Spending::kPower;
  if (word == "hwang_shih_decani") return Spending::kHwangShihDecani;
  return Spending::kObrienFleming;
}

json look_json(const Look& look, double exit_null, double exit_drift) {
  return {{"information", look.information},
          {"alpha_spent", look.alpha_spent},
          {"z", look.z},
          {"nominal_p", look.nominal_p},
          {"exit_probability", exit_null},
          {"exit_probability_at_drift", exit_drift}};
}

Stat<json> group_sequential_bounds(Request& request) {
  static constexpr std::array<std::string_view, 4> kSpending = {"obrien_fleming", "pocock", "power",
                                                                "hwang_shih_decani"};
  static constexpr std::array<std::string_view, 2> kSides = {"two", "one"};
  const auto looks =
      request.numbers("information", "information fraction of each look, rising to 1");
  GroupSequentialOptions options;
  options.alpha = request.number("alpha", kAlpha);
  options.spending = spending_of(request.choice("spending", kSpending, "obrien_fleming"));
  options.parameter = request.number("parameter", {.fallback = 1, .about = "power or gamma"});
  options.sides = request.choice("sides", kSides, "two") == "one" ? Sides::kOne : Sides::kTwo;
  const double drift =
      request.number("drift", {.fallback = 0,
                               .at_least = -50,
                               .at_most = 50,
                               .about = "expected Z at full information, for the power"});
  const auto z = request.maybe_number("z", {.fallback = 0, .about = "observed at the last look"});
  const auto error = request.maybe_number(
      "std_error", {.fallback = 0, .above = 0, .about = "of the difference, at the last look"});
  if (!request.usable()) return nothing();
  if (looks.size() > 200) request.wrong("information", "at most 200 looks");
  if (!request.usable()) return nothing();
  ASSAY_TRY(const GroupSequential design, group_sequential(looks, options));
  const auto null_exits = exit_probabilities(design, 0);
  const auto exits = exit_probabilities(design, drift);
  json out = {{"method", "group_sequential"}};
  double power = 0;
  for (std::size_t k = 0; k < looks.size(); ++k) {
    out["looks"].push_back(look_json(design.looks[k], null_exits[k], exits[k]));
    power += exits[k];
  }
  if (drift != 0) out["power"] = power;
  if (z) {
    ASSAY_TRY(const double p, stagewise_p(design, *z));
    out["stagewise_p"] = p;
  }
  if (z && error) {
    ASSAY_TRY(const Estimate effect, stagewise_estimate(design, *z, *error, options.alpha));
    out["effect"] = to_json(effect);
    const double half = design.looks.back().z * *error;  // Covers at every look, stop or not.
    out["repeated_interval"] = {{"low", *z * *error - half}, {"high", *z * *error + half}};
  }
  return out;
}

Stat<json> msprt(Request& request) {
  const double estimate = request.number("estimate", {.about = "difference at this look"});
  const double error = request.number("std_error", {.above = 0});
  MixtureOptions options;
  options.alpha = request.number("alpha", kAlpha);
  options.tau = request.number("tau", {.above = 0, .about = "sd of the plausible effects"});
  options.null_value = request.number("null_value", {.fallback = 0});
  options.running_p = request.number("running_p", {.fallback = 1, .at_least = 0, .at_most = 1});
  if (!request.usable()) return nothing();
  ASSAY_TRY(const Mixture mixture, mixture_sprt(estimate, error, options));
  json out = to_json(mixture.estimate);
  out["log_e_value"] = mixture.log_e;
  return out;
}

Stat<json> conversion_e_value(Request& request) {
  const auto control = request.count("control_conversions", {});
  const auto treatment = request.count("treatment_conversions", {});
  const double share = request.number(
      "treatment_share", {.fallback = 0.5, .above = 0, .below = 1, .about = "of the traffic"});
  if (!request.usable()) return nothing();
  ASSAY_TRY(const double log_e, conversion_log_e(control, treatment, share));
  return json{{"method", "conversion_e_value"},
              {"log_e_value", log_e},
              {"p_value", log_e > 0 ? std::exp(-log_e) : 1.0}};
}

Stat<json> proportion_confidence_sequence(Request& request) {
  const auto successes = request.count("successes", {});
  const auto n = request.count("n", {});
  const double alpha = request.number("alpha", kAlpha);
  if (successes > n) request.wrong("successes", "must be at most n");
  if (!request.usable()) return nothing();
  ASSAY_TRY(const Interval interval, proportion_sequence(successes, n, alpha));
  json out = to_json(interval);
  out["method"] = "proportion_sequence";
  return out;
}

Stat<json> sequentialized_fixed(Request& request) {
  const double estimate = request.number("estimate", {.about = "difference at this look"});
  const double error = request.number("std_error", {.above = 0});
  const double df = request.number(
      "df", {.fallback = 0, .at_least = 0, .about = "of the standard error; 0: normal"});
  SequentializedOptions options;
  options.alpha = request.number("alpha", kAlpha);
  options.information =
      request.number("information", {.fallback = 1,
                                     .above = 0,
                                     .about = "share of the horizon's, such as units so far over "
                                              "planned"});
  options.early_share =
      request.number("early_share", {.fallback = 0.05,
                                     .at_least = 0,
                                     .at_most = 0.5,
                                     .about = "share of alpha spent on stopping early"});
  options.running_p = request.number("running_p", {.fallback = 1, .at_least = 0, .at_most = 1});
  if (!request.usable()) return nothing();
  const Contrast contrast{.treatment = estimate, .treatment_variance = error * error, .df = df};
  ASSAY_TRY(const Sequentialized look, sequentialized(contrast, options));
  json out = to_json(look.inference.difference);
  out["conditional_level"] = look.conditional_level;
  return out;
}

// Evidence that the treatment's quantile lies above a limit.
Stat<json> limit_json(const std::vector<double>& values, double limit, double quantile,
                      const QuantileSequenceOptions& options) {
  const auto within =
      std::count_if(values.begin(), values.end(), [&](double each) { return each <= limit; });
  ASSAY_TRY(const double log_e, over_limit_log_e(within, static_cast<std::int64_t>(values.size()),
                                                 quantile, options.target_n));
  return json{{"within", within},
              {"log_e_value", log_e},
              {"p_value", log_e > 0 ? std::exp(-log_e) : 1.0},
              {"exceeded", log_e >= -std::log(options.alpha)}};
}

Stat<json> quantiles_at_every_look(Request& request) {
  static constexpr std::array<std::string_view, 2> kBounds = {"beta_binomial", "closed_form"};
  const auto treatment = request.numbers("treatment", "one independent value each");
  const auto control = request.maybe_numbers("control", "absent: the treatment alone");
  const double quantile = request.number("quantile", {.above = 0, .below = 1});
  const auto limit = request.maybe_number(
      "limit", {.fallback = 0, .about = "that the treatment's quantile should not pass"});
  QuantileSequenceOptions options;
  options.alpha = request.number("alpha", kAlpha);
  options.target_n = request.number(
      "target_n", {.fallback = 5000, .above = 0, .about = "where bounds are tightest"});
  if (request.choice("bounds", kBounds, "beta_binomial") == "closed_form") {
    options.bounds = QuantileBounds::kClosedForm;
  }
  if (!request.usable()) return nothing();
  ASSAY_TRY(const Estimate alone, quantile_sequence(treatment, quantile, options));
  json out = {{"method", "quantile_sequence"}, {"treatment", to_json(alone)}};
  if (control) {
    ASSAY_TRY(const Estimate beside, quantile_sequence(*control, quantile, options));
    ASSAY_TRY(const Estimate difference,
              quantile_sequence_difference(*control, treatment, quantile, options));
    out["control"] = to_json(beside);
    out["difference"] = to_json(difference);
  }
  if (limit) {
    ASSAY_TRY(out["limit"], limit_json(treatment, *limit, quantile, options));
  }
  return out;
}

constexpr std::array kCalculators = {
    Calculator{"group_sequential", "Which bounds make planned looks spend exactly alpha?",
               group_sequential_bounds},
    Calculator{"msprt", "Is a difference real, at any look? (normal mixture SPRT)", msprt},
    Calculator{"conversion_e_value",
               "Do conversions split as the traffic does, at any look? (exact)",
               conversion_e_value},
    Calculator{"sequentialized",
               "What does the fixed test say on the way to its horizon, at any look?",
               sequentialized_fixed},
    Calculator{"quantile_sequence", "Between which values does a quantile lie, at every look?",
               quantiles_at_every_look},
    Calculator{"proportion_sequence", "Between which shares, at every look?",
               proportion_confidence_sequence},
};

}  // namespace

std::span<const Calculator> sequential_calculators() { return kCalculators; }

}  // namespace assay::stats
