#include "assay/stats/calculators.h"

#include <array>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/base/json_text.h"
#include "assay/base/text.h"
#include "assay/stats/calculator.h"

namespace assay::stats {

using nlohmann::json;

json or_null(const std::optional<double>& value) { return value ? json(*value) : json(nullptr); }

json to_json(const Interval& interval) {
  return {{"low", or_null(interval.low)}, {"high", or_null(interval.high)}};
}

json to_json(const Estimate& estimate) {
  json out = to_json(estimate.interval);
  out["method"] = estimate.method;
  out["estimate"] = estimate.value;
  const auto add = [&](const char* key, const std::optional<double>& value) {
    if (value) out[key] = *value;
  };
  add("std_error", estimate.std_error);
  add("statistic", estimate.statistic);
  add("df", estimate.df);
  add("p_value", estimate.p_value);
  add("probability_better", estimate.probability_better);
  add("expected_loss", estimate.expected_loss);
  return out;
}

json to_json(const Inference& inference) {
  json out = to_json(inference.difference);
  if (inference.relative) {
    out["relative"] = to_json(*inference.relative);
  } else {
    out["relative"] = {{"reason", undefined_name(inference.relative.error().code)},
                       {"message", inference.relative.error().text}};
  }
  return out;
}

namespace {

std::vector<Calculator> all() {
  std::vector<Calculator> all;
  for (const auto& group :
       {comparison_calculators(), sequential_calculators(), bayesian_calculators(),
        table_calculators(), family_calculators(), effect_calculators(), strata_calculators(),
        row_calculators(), decision_calculators(), resampling_calculators(),
        sizing_calculators()}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

std::optional<Calculator> find(std::string_view name) {
  for (const Calculator& each : all()) {
    if (each.name == name) return each;
  }
  return std::nullopt;
}

Error unknown(std::string_view method) {
  std::vector<std::string_view> names;
  for (const Calculator& each : all()) names.push_back(each.name);
  const auto meant = did_you_mean(method, names);
  return {Code::kNotFound, fmt::format("there is no method {}", method),
          meant ? fmt::format("did you mean {}?", *meant) : "assay stats --list names them"};
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// Nested deeper than any request is; what lies deeper is not even kept.
constexpr int kMostLevels = 32;

// Text to JSON; what is wrong with it goes to `trouble`: where it breaks off, a nesting without
// end, what json_text.h finds.
json parsed(std::string_view text, std::string& trouble) {
  if (text.find('\0') != std::string_view::npos) {
    trouble = "the request is not JSON: it has a zero byte";
    return {};
  }
  const auto watch = [&](int depth, json::parse_event_t event, json&) {
    using Event = json::parse_event_t;
    const bool opens = event == Event::object_start || event == Event::array_start;
    if (!opens || depth < kMostLevels) return true;
    trouble = fmt::format("the request is nested deeper than {} levels", kMostLevels);
    return false;
  };
  try {
    json request = json::parse(text, watch);
    const auto fault = trouble.empty() ? json_fault(text) : std::nullopt;
    if (fault) trouble = fmt::format("the field {} {}", fault->field, fault->message);
    return request;
  } catch (const json::exception& error) {
    const std::string_view what = error.what();  // "[json.exception…] parse error at line 1, …"
    const std::size_t from = what.find("] ");
    trouble = fmt::format("the request is not JSON: {}",
                          what.substr(from == what.npos ? 0 : from + 2).substr(0, 200));
    return {};
  }
}

Answer failure(AnswerStatus status, std::string_view code, std::string_view message,
               const Problems& problems = {}) {
  json error = {{"code", code}, {"message", message}};
  for (const Problem& each : problems) {
    error["problems"].push_back(
        {{"field", each.field}, {"message", each.message}, {"hint", each.hint}});
  }
  return {status, dump({{"error", error}})};
}

// JSON has no NaN and no infinity: a number that overflowed on the way is not an answer.
bool all_finite(const json& value) {
  if (value.is_number_float()) return std::isfinite(value.get<double>());
  if (!value.is_structured()) return true;
  for (const json& each : value) {
    if (!all_finite(each)) return false;
  }
  return true;
}

}  // namespace

std::vector<Method> methods() {
  std::vector<Method> methods;
  for (const Calculator& each : all()) methods.push_back({each.name, each.question});
  return methods;
}

Answer calculate(std::string_view method, std::string_view request_json) {
  const auto calculator = find(method);
  if (!calculator) {
    const Error error = unknown(method);
    return failure(AnswerStatus::kUnknownMethod, "not_found", to_text(error));
  }
  std::string trouble;
  const json value = parsed(request_json, trouble);
  if (!trouble.empty()) return failure(AnswerStatus::kBadRequest, "invalid", trouble);
  Problems problems;
  Request request(value, "", problems);
  const Stat<json> answer = calculator->run(request);
  request.finish();
  if (!problems.empty()) {
    return failure(AnswerStatus::kBadRequest, "invalid", "the request cannot be used", problems);
  }
  if (!answer) {
    return failure(AnswerStatus::kUndefined, undefined_name(answer.error().code),
                   answer.error().text);
  }
  if (!all_finite(*answer)) {
    return failure(AnswerStatus::kUndefined, undefined_name(Undefined::kNotFinite),
                   "the numbers are too large or too small for an answer");
  }
  return {AnswerStatus::kOk, dump(*answer)};
}

Result<std::string> method_schema(std::string_view method) {
  const auto calculator = find(method);
  if (!calculator) return unexpected(unknown(method));
  json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"title", std::string(calculator->name)},
                 {"description", std::string(calculator->question)}};
  Request request(schema);
  static_cast<void>(calculator->run(request));
  return schema.dump(2);
}

}  // namespace assay::stats
