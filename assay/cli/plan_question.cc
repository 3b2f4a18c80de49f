#include "assay/cli/plan_question.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/base/text.h"
#include "assay/stats/calculators.h"
#include "assay/stats/duration.h"

namespace assay::cli {

using nlohmann::json;

namespace {

void complain(Problems& problems, std::string field, std::string message, std::string hint) {
  problems.push_back({.place = {},
                      .field = std::move(field),
                      .message = std::move(message),
                      .hint = std::move(hint)});
}

// "metric=0.032" or "0.032" (under the empty name).
std::map<std::string, double> named_numbers(const std::vector<std::string>& texts,
                                            const std::string& field, Problems& problems) {
  std::map<std::string, double> numbers;
  for (const std::string& text : texts) {
    const std::size_t equals = text.rfind('=');
    const bool named = equals != std::string::npos;
    const auto number = parse_number(std::string_view(text).substr(named ? equals + 1 : 0));
    if (number) {
      numbers[named ? text.substr(0, equals) : ""] = *number;
    } else {
      complain(problems, field, fmt::format("'{}' is not a number", text),
               fmt::format("--{0} 0.032, or --{0} metric=0.032", field));
    }
  }
  return numbers;
}

void add_weights(const PlanOptions& options, json& fields, Problems& problems) {
  if (options.treatments < 1 || options.treatments > 100) {
    return complain(problems, "treatments", "is not between 1 and 100", "--treatments 2");
  }
  if (options.treatments == 1 && !options.control_share) return;
  const double control = options.control_share.value_or(1.0 / (options.treatments + 1));
  if (!(control > 0 && control < 1)) {
    return complain(problems, "control-share", "is not between 0 and 1", "--control-share 0.4");
  }
  fields["weights"] = json::array({control});
  for (int i = 0; i < options.treatments; ++i) {
    fields["weights"].push_back((1 - control) / options.treatments);
  }
  if (options.treatments > 1 && !fields.contains("correction")) {
    fields["correction"] = "bonferroni";
  }
}

void add_curve(const PlanOptions& options, json& fields, Problems& problems) {
  for (const std::string& text : options.unique_units) {
    const std::size_t equals = text.find('=');
    const auto day = parse_number(std::string_view(text).substr(0, equals));
    const auto units = equals == std::string::npos
                           ? std::nullopt
                           : parse_number(std::string_view(text).substr(equals + 1));
    if (!day || !units) {
      complain(problems, "unique-units", fmt::format("'{}' is not DAY=UNITS", text),
               "--unique-units 1=5000 7=22000: different units seen until then");
      continue;
    }
    fields["days"].push_back(*day);
    fields["cumulative_units"].push_back(*units);
  }
}

stats::Traffic traffic_of(const json& fields) {
  stats::Traffic traffic{.share = fields.value("traffic_share", 1.0)};
  if (fields.contains("daily_units") && fields["daily_units"].is_number()) {
    traffic.curve.push_back({.day = 1, .units = fields["daily_units"]});
  }
  for (std::size_t i = 0; fields.contains("days") && i < fields["days"].size(); ++i) {
    traffic.curve.push_back({.day = fields["days"][i], .units = fields["cumulative_units"][i]});
  }
  return traffic;
}

// The metric's own value, else the one for all.
template <typename Values>
auto value_of(const Values& values, const std::string& metric) {
  const auto own = values.find(metric);
  return own != values.end() ? own : values.find("");
}

}  // namespace

void add_plan_numbers(const PlanNumbers& numbers, const std::string& metric, json& request) {
  if (const auto past = numbers.history.find(metric); past != numbers.history.end()) {
    const json fields = json::parse(past->second);
    for (const auto& [key, value] : fields.items()) {
      if (!request.contains(key)) request[key] = value;
    }
  }
  if (const auto it = value_of(numbers.baselines, metric); it != numbers.baselines.end()) {
    request["baseline"] = it->second;
  }
  if (const auto it = value_of(numbers.sds, metric); it != numbers.sds.end()) {
    request["std_dev"] = it->second;
  }
  if (const auto it = value_of(numbers.correlations, metric); it != numbers.correlations.end()) {
    request["correlation"] = it->second;
  }
}

Checked<PlanNumbers> read_plan_numbers(const PlanOptions& options) {
  Problems problems;
  PlanNumbers numbers{.baselines = named_numbers(options.baselines, "baseline", problems),
                      .sds = named_numbers(options.sds, "sd", problems),
                      .correlations = named_numbers(options.correlations, "correlation", problems),
                      .history = {}};
  if (!problems.empty()) return unexpected(std::move(problems));
  if (!options.table.path.empty()) {
    ASSAY_TRY(numbers.history, read_history(options));
  }
  return numbers;
}

Checked<json> common_fields(const PlanOptions& options) {
  Problems problems;
  json fields = json::object();
  for (const auto& [name, text] : options.fields) {
    if (text.empty()) continue;
    const auto number = parse_number(text);
    fields[name] = number ? json(*number) : json(text);
  }
  if (options.unpooled) fields["variance"] = "unpooled";
  add_weights(options, fields, problems);
  add_curve(options, fields, problems);
  if (!problems.empty()) return unexpected(std::move(problems));
  return fields;
}

Checked<std::vector<PlanQuestion>> questions_without_file(const PlanOptions& options,
                                                          const PlanNumbers& numbers) {
  ASSAY_TRY(const json fields, common_fields(options));
  std::vector<PlanQuestion> questions;
  const auto add = [&](const std::string& metric) {
    json request = fields;
    add_plan_numbers(numbers, metric, request);
    if (metric.empty() && !options.type.empty()) request["metric"] = options.type;
    auto text = request.dump(-1, ' ', false, json::error_handler_t::replace);
    questions.push_back({.metric = metric, .role = {}, .request = std::move(text), .notes = {}});
  };
  for (const auto& [metric, past] : numbers.history) add(metric);
  if (questions.empty()) add("");
  return questions;
}

double control_units_after(double days, const json& request) {
  const json weights = request.value("weights", json::array({1.0, 1.0}));
  double sum = 0;
  for (const json& each : weights) sum += each.get<double>();
  double share = weights[0].get<double>() / sum;
  if (request.contains("treatment_share")) share = 1 - request["treatment_share"].get<double>();
  return std::floor(stats::units_after(days, traffic_of(request)) * share);
}

Checked<void> set_units_of_days(double days, json& request) {
  Problems problems;
  const auto sound = stats::require_traffic(traffic_of(request));
  if (!sound || !(days > 0)) {
    complain(problems, "days", sound ? "is not above 0" : sound.error().text,
             "--days 14 --daily-units 5000");
    return unexpected(std::move(problems));
  }
  request["n_per_variant"] = control_units_after(days, request);
  return {};
}

std::string calculator_for(const json& request) {
  const bool effect = request.contains("mde_relative") || request.contains("mde_absolute");
  if (!request.contains("n_per_variant")) return "sample_size";
  return effect ? "power" : "minimum_detectable_effect";
}

Checked<json> ask(const json& request) {
  Problems problems;
  const std::string method = calculator_for(request);
  if (method == "power" && request.contains("power")) {
    complain(problems, "power", "effect, n_per_variant and power are all given",
             "leave out the one to solve for");
    return unexpected(std::move(problems));
  }
  json fields = request;
  if (method != "minimum_detectable_effect") fields.erase("direction");
  const stats::Answer answer = stats::calculate(method, fields.dump());
  const json parsed = json::parse(answer.json);
  if (answer.status == stats::AnswerStatus::kOk) return parsed;
  const json& error = parsed.at("error");
  for (const json& each : error.value("problems", json::array())) {
    complain(problems, each.at("field"), each.at("message"), each.at("hint"));
  }
  if (problems.empty()) complain(problems, method, error.at("message"), "");
  return unexpected(std::move(problems));
}

}  // namespace assay::cli
