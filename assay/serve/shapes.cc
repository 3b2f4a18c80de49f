#include "assay/serve/shapes.h"

#include <nlohmann/json.hpp>

namespace assay::serve {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void put_times(Json& json, const io::sqlite::ExperimentRecord& record) {
  json["created_at"] = to_text(record.created_at);
  if (record.started_at) json["started_at"] = to_text(*record.started_at);
  if (record.stopped_at) json["stopped_at"] = to_text(*record.stopped_at);
}

Json head(const io::sqlite::ExperimentRecord& record) {
  Json json = {{"id", record.id},
               {"name", record.name},
               {"state", std::string(io::sqlite::state_name(record.state))}};
  return json;
}

// Texts that are JSON already are put in as they are, so that their numbers keep their digits.
void append_raw(std::string& object, std::string_view name, const std::string& json) {
  if (json.empty()) return;
  object.pop_back();  // The closing brace.
  object.append(",\"").append(name).append("\":").append(json).append("}");
}

std::string summary_json(const Registered& experiment, const Outcome* outcome) {
  Json json = head(experiment.record);
  put_times(json, experiment.record);
  json["units"] = outcome != nullptr ? outcome->units : 0;
  if (outcome != nullptr) json["trusted"] = outcome->trusted;
  std::string text = dump(json);
  if (outcome != nullptr) {
    append_raw(text, "primary", outcome->primary_json);
    append_raw(text, "verdict", outcome->verdict_json);
  }
  return text;
}

}  // namespace

std::string experiment_json(const Registered& experiment) {
  Json json = head(experiment.record);
  json["version"] = experiment.record.version.number;
  json["fingerprint"] = experiment.record.version.fingerprint;
  put_times(json, experiment.record);
  json["warnings"] = experiment.warnings;
  if (std::string reason = deliver::why_not_growthbook(experiment.plan); !reason.empty()) {
    json["not_in_growthbook"] = std::move(reason);
  }
  std::string text = dump(json);
  append_raw(text, "plan", experiment.record.version.plan_json);
  return text;
}

std::string experiment_list_json(const View& view, const Results& results) {
  std::string text = R"({"experiments":[)";
  for (const auto& experiment : view.experiments) {
    if (text.back() == '}') text += ',';
    text += summary_json(*experiment, results.find(experiment->record.id).get());
  }
  return text + "]}";
}

std::string history_json(const std::string& id,
                         const std::vector<io::sqlite::HistoryPoint>& points) {
  std::string text = R"({"experiment":)" + dump(Json(id)) + R"(,"points":[)";
  for (const auto& point : points) {
    if (text.back() == '}') text += ',';
    std::string one = dump({{"as_of", to_text(point.as_of)}});
    append_raw(one, "units", point.units_json);
    append_raw(one, "primary", point.primary_json);
    text += one;
  }
  return text + "]}";
}

std::string methods_json(const std::vector<stats::Method>& methods) {
  Json list = Json::array();
  for (const stats::Method& each : methods) {
    list.push_back({{"name", std::string(each.name)}, {"question", std::string(each.question)}});
  }
  return dump({{"methods", list}});
}

std::string receipt_json(const collect::Appended& appended,
                         const std::vector<collect::Rejected>& rejected, std::int64_t differing) {
  Json lines = Json::array();
  for (const collect::Rejected& line : rejected) {
    Json one = {{"line", line.line}};
    if (!line.id.empty()) one["id"] = line.id;
    one["message"] = line.message;
    if (!line.hint.empty()) one["hint"] = line.hint;
    lines.push_back(std::move(one));
  }
  Json receipt = {{"stored", appended.stored},
                  {"duplicates", appended.duplicates},
                  {"rejected", std::move(lines)}};
  if (differing > 0) receipt["differing"] = differing;
  return dump(receipt);
}

}  // namespace assay::serve
