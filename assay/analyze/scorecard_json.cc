// The JSON form of a Scorecard, as spec/http/openapi.yaml describes it: the same over HTTP, from
// `assay analyze --json` and in the records.
#include <nlohmann/json.hpp>

#include "assay/analyze/analyze.h"
#include "assay/base/version.h"
#include "assay/define/words.h"

namespace assay::analyze {
namespace {

constexpr define::Word<TrustStatus> kTrust[] = {
    {"ok", TrustStatus::kOk}, {"warning", TrustStatus::kWarning}, {"failed", TrustStatus::kFailed}};

constexpr define::Word<GuardrailStatus> kGuardrails[] = {{"passed", GuardrailStatus::kPassed},
                                                         {"undecided", GuardrailStatus::kUndecided},
                                                         {"failed", GuardrailStatus::kFailed},
                                                         {"no_data", GuardrailStatus::kNoData}};

using Json = nlohmann::ordered_json;

void put(Json& json, const char* key, const std::optional<double>& value) {
  if (value) json[key] = *value;
}

// An interval's end: null means unbounded.
Json end(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

void put_interval(Json& json, const stats::Stat<stats::Estimate>& estimate) {
  if (!estimate) {
    json["undefined"] = stats::undefined_name(estimate.error().code);
    json["text"] = estimate.error().text;
    return;
  }
  json["estimate"] = estimate->value;
  json["low"] = end(estimate->interval.low);
  json["high"] = end(estimate->interval.high);
}

Json arm_json(const ArmResult& arm) {
  Json json{{"variant", arm.variant}, {"n", arm.n}};
  put(json, "value", arm.value);
  put(json, "std_error", arm.std_error);
  return json;
}

Json metric_json(const MetricArms& metric) {
  Json json{{"metric", metric.metric}};
  if (metric.type) json["type"] = define::to_word(*metric.type);
  json["maturity"] = metric.maturity;
  json["arms"] = Json::array();
  for (const ArmResult& arm : metric.arms) json["arms"].push_back(arm_json(arm));
  return json;
}

void put_inference(Json& json, const stats::Estimate& estimate) {
  put(json, "std_error", estimate.std_error);
  put(json, "p_value", estimate.p_value);
  put(json, "probability_better", estimate.probability_better);
  put(json, "expected_loss", estimate.expected_loss);
}

Json guardrail_json(const GuardrailResult& guardrail) {
  Json json{{"metric", guardrail.metric},
            {"variant", guardrail.variant},
            {"status", define::to_word(guardrail.status)},
            {"message", guardrail.message}};
  put(json, "threshold", guardrail.threshold);
  put(json, "margin_relative", guardrail.margin_relative);
  return json;
}

Json trust_json(const TrustCheck& check) {
  Json json{
      {"name", check.name}, {"status", define::to_word(check.status)}, {"message", check.message}};
  put(json, "p_value", check.p_value);
  return json;
}

template <typename T, typename Function>
Json list(const std::vector<T>& values, Function function) {
  Json array = Json::array();
  for (const T& value : values) array.push_back(function(value));
  return array;
}

Json comparison_json(const Comparison& comparison) {
  Json json{{"metric", comparison.metric},
            {"role", define::to_word(comparison.role)},
            {"direction", define::to_word(comparison.direction)},
            {"control", comparison.control},
            {"variant", comparison.variant}};
  put_interval(json, comparison.difference);
  json["relative"] = Json::object();
  put_interval(json["relative"], comparison.relative);
  if (comparison.difference) put_inference(json, *comparison.difference);
  put(json, "p_adjusted", comparison.p_adjusted);
  json["significant"] = comparison.significant;
  json["method"] = comparison.method;
  json["n"] = comparison.n_control + comparison.n_variant;
  json["n_control"] = comparison.n_control;
  json["n_variant"] = comparison.n_variant;
  if (comparison.variance_reduction > 0) json["variance_reduction"] = comparison.variance_reduction;
  if (comparison.all_units) {
    json["all_units"] = Json::object();
    put_interval(json["all_units"], *comparison.all_units);
  }
  json["warnings"] = comparison.warnings;
  return json;
}

Json segment_json(const SegmentResult& segment) {
  Json json{{"attribute", segment.attribute}, {"value", segment.value}};
  json.update(comparison_json(segment.comparison));
  return json;
}

}  // namespace

std::span<const define::Word<TrustStatus>> words(TrustStatus) { return kTrust; }
std::span<const define::Word<GuardrailStatus>> words(GuardrailStatus) { return kGuardrails; }

std::string to_json(const Comparison& comparison) { return comparison_json(comparison).dump(); }

std::string to_json(const Scorecard& card) {
  Json json{{"experiment", card.experiment},
            {"fingerprint", card.fingerprint},
            {"engine", kVersion},
            {"as_of", to_text(card.as_of)}};
  if (card.first_exposure) json["first_exposure"] = to_text(*card.first_exposure);
  if (card.last_exposure) json["last_exposure"] = to_text(*card.last_exposure);
  json["alpha"] = card.alpha;
  json["units"] = list(card.units, [](const UnitCount& units) {
    return Json{
        {"variant", units.variant}, {"n", units.n}, {"expected_share", units.expected_share}};
  });
  json["trusted"] = card.trusted();
  json["trust"] = list(card.trust, trust_json);
  json["metrics"] = list(card.metrics, metric_json);
  json["comparisons"] = list(card.comparisons, comparison_json);
  json["guardrails"] = list(card.guardrails, guardrail_json);
  json["segments"] = list(card.segments, segment_json);
  json["withheld"] = card.withheld;
  if (card.withheld) json["withheld_reason"] = card.withheld_reason;
  return json.dump();
}

Result<RunningP> running_p_from_json(std::string_view scorecard_json) {
  const Json json = Json::parse(scorecard_json, nullptr, false);
  if (!json.is_object() || !json.contains("comparisons") || !json["comparisons"].is_array()) {
    return fail(Code::kCorrupt, "the stored scorecard is not readable");
  }
  RunningP running;
  for (const Json& row : json["comparisons"]) {
    if (!row.is_object() || !row.contains("p_value")) continue;
    const Json metric = row.value("metric", Json()), variant = row.value("variant", Json());
    if (!metric.is_string() || !variant.is_string() || !row["p_value"].is_number()) {
      return fail(Code::kCorrupt, "a comparison of the stored scorecard is not readable");
    }
    running[{metric.get<std::string>(), variant.get<std::string>()}] = row["p_value"].get<double>();
  }
  return running;
}

}  // namespace assay::analyze
