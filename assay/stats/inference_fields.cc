// The way of inference as fields of a request, and the answer of a contrast by it.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/stats/calculator.h"

namespace assay::stats {

using nlohmann::json;

namespace {

void read_sequential_into(Request& request, InferenceFields& fields) {
  SequentialOptions& out = fields.sequential;
  fields.way = Way::kSequential;
  out.alpha = request.number("alpha", kAlpha);
  out.target_n = request.number(
      "target_n", {.fallback = 5000,
                   .above = 0,
                   .about = "total units at which the interval is tightest; fixed beforehand"});
  out.running_p = request.number(
      "running_p",
      {.fallback = 1, .at_least = 0, .at_most = 1, .about = "smallest p-value of earlier looks"});
  out.burn_in = request.count("burn_in", {.fallback = 100,
                                          .at_least = 0,
                                          .at_most = 1e15,
                                          .about = "units per variant before the first look"});
}

void read_bayesian_into(Request& request, InferenceFields& fields) {
  fields.way = Way::kBayesian;
  fields.bayesian.alpha = request.number("alpha", kAlpha);
  fields.bayesian.prior_sd_relative = request.maybe_number(
      "prior_sd_relative",
      {.fallback = 0, .above = 0, .about = "N(0, sd²) on the relative lift; absent: flat"});
  fields.rule = read_posterior_rule(request);
}

void read_fixed_into(Request& request, InferenceFields& fields) {
  fields.way = Way::kFixed;
  fields.fixed.alpha = request.number("alpha", kAlpha);
  fields.fixed.alternative = read_alternative(request);
}

// A field of another way of inference is not unknown, only out of place.
void require_way(Request& request, std::string_view given) {
  struct Field {
    std::string_view name, way;
  };
  for (const auto& [name, way] :
       {Field{"target_n", "sequential"}, Field{"running_p", "sequential"},
        Field{"burn_in", "sequential"}, Field{"prior_sd_relative", "bayesian"},
        Field{"looks", "bayesian"}, Field{"ship_at", "bayesian"}, Field{"alternative", "fixed"}}) {
    if (way == given || !request.has(name)) continue;
    request.wrong(name, fmt::format("belongs to inference {}, and this is {}", way, given),
                  fmt::format("\"inference\": \"{}\", or leave it out", way));
  }
}

Stat<Inference> infer(const Contrast& contrast, const InferenceFields& fields) {
  if (fields.way == Way::kSequential) return sequential(contrast, fields.sequential);
  if (fields.way == Way::kBayesian) return bayesian(contrast, fields.bayesian);
  return fixed(contrast, fields.fixed);
}

}  // namespace

Alternative read_alternative(Request& request) {
  static constexpr std::array<std::string_view, 3> kWords = {"two_sided", "greater", "less"};
  const std::string word = request.choice("alternative", kWords, "two_sided");
  if (word == "greater") return Alternative::kGreater;
  return word == "less" ? Alternative::kLess : Alternative::kTwoSided;
}

PosteriorRule read_posterior_rule(Request& request) {
  PosteriorRule rule;
  rule.looks = static_cast<int>(request.count(
      "looks",
      {.fallback = 1, .at_least = 1, .at_most = 200, .about = "equally spaced, this the last"}));
  rule.ship_at = request.number(
      "ship_at",
      {.fallback = 0.95, .above = 0.5, .below = 1, .about = "probability of being better"});
  return rule;
}

// By the normal approximation of the posterior.
Stat<json> stopping_json(const PosteriorRule& rule) {
  ASSAY_TRY(const OperatingCharacteristics found, operating_characteristics(rule));
  return json{{"looks", rule.looks},
              {"ship_at", rule.ship_at},
              {"false_ship_rate", found.false_ship_rate},
              {"false_verdict_rate", found.false_verdict_rate}};
}

InferenceFields read_fixed(Request& request) {
  InferenceFields fields;
  read_fixed_into(request, fields);
  return fields;
}

InferenceFields read_sequential(Request& request) {
  InferenceFields fields;
  read_sequential_into(request, fields);
  return fields;
}

InferenceFields read_bayesian(Request& request) {
  InferenceFields fields;
  read_bayesian_into(request, fields);
  return fields;
}

InferenceFields read_any(Request& request) {
  static constexpr std::array<std::string_view, 3> kWays = {"fixed", "sequential", "bayesian"};
  InferenceFields fields;
  const std::string way = request.choice("inference", kWays, "fixed");
  if (request.describing() || way == "sequential") read_sequential_into(request, fields);
  if (request.describing() || way == "bayesian") read_bayesian_into(request, fields);
  if (way == "fixed") read_fixed_into(request, fields);
  require_way(request, way);
  return fields;
}

Stat<json> answer(const Contrast& contrast, const InferenceFields& fields) {
  ASSAY_TRY(const Inference inference, infer(contrast, fields));
  json out = to_json(inference);
  out["control"] = {{"n", contrast.n_control}, {"estimate", contrast.control}};
  out["treatment"] = {{"n", contrast.n_treatment}, {"estimate", contrast.treatment}};
  if (contrast.variance_reduction > 0) out["variance_reduction"] = contrast.variance_reduction;
  if (fields.way != Way::kBayesian) return out;
  PosteriorRule rule = fields.rule;
  if (fields.bayesian.prior_sd_relative) {
    const double sd = *fields.bayesian.prior_sd_relative * std::abs(contrast.control);
    rule.noise_to_prior = std::min(1e12, contrast.variance() / (sd * sd));
  }
  ASSAY_TRY(out["stopping_rule"], stopping_json(rule));
  return out;
}

}  // namespace assay::stats
