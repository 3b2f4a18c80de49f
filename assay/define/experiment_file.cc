// Keys and words as in spec/formats and docs/reference/experiment_file.md; values are written as
// JSON, which YAML reads alike.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/define/import.h"
#include "assay/define/words.h"

namespace assay::define {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json json_of(const Scalar& scalar) {
  return std::visit([](const auto& value) { return Json(value); }, scalar);
}

bool takes_several(Op op) {
  return op == Op::kIn || op == Op::kNotIn || op == Op::kPrefix || op == Op::kSuffix ||
         op == Op::kContains || op == Op::kSemver;
}

Json json_of(const Condition& condition) {
  const std::string word(to_word(condition.op));
  if (condition.op == Op::kNot) return {{word, json_of(condition.children.front())}};
  if (condition.op == Op::kAll || condition.op == Op::kAny) {
    Json children = Json::array();
    for (const Condition& child : condition.children) children.push_back(json_of(child));
    return {{word, std::move(children)}};
  }
  Json values = Json::array();
  for (const Scalar& value : condition.values) values.push_back(json_of(value));
  return {{"attribute", condition.attribute},
          {word, takes_several(condition.op) ? std::move(values) : values.at(0)}};
}

Json json_of(const Variant& variant) {
  Json json = {{"weight", variant.weight}};
  if (!variant.payload_json.empty()) {
    json["payload"] = Json::parse(variant.payload_json, nullptr, false);
  }
  return json;
}

Json json_of(const std::vector<Prerequisite>& prerequisites) {
  Json list = Json::array();
  for (const Prerequisite& one : prerequisites) {
    list.push_back({{"experiment", one.experiment}, {"variants", one.variants}});
    if (one.or_outside) list.back()["or_outside"] = true;
  }
  return list;
}

// Without exponents, which files do not have: 0.000005.
std::string share_text(std::uint32_t ppm) {
  std::string text = fmt::format("{}.{:06}", ppm / kLayerSlots, ppm % kLayerSlots);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string text_of(const Namespace& one) {
  std::string ranges;
  for (const SlotRange& range : one.ranges) {
    ranges += fmt::format("{}[{},{}]", ranges.empty() ? "" : ",", share_text(range.begin),
                          share_text(range.end));
  }
  return fmt::format(R"({{"hash":"{}","salt":{},"unit":{},"ranges":[{}]}})", to_word(one.hash),
                     dump(one.salt), dump(one.unit), ranges);
}

Json json_of(const Forced& one) {
  Json json = {{"variant", one.variant}};
  if (one.when.op != Op::kAlways) json["when"] = json_of(one.when);
  if (!one.prerequisites.empty()) json["prerequisites"] = json_of(one.prerequisites);
  return json;
}

}  // namespace

std::string experiment_file(const Experiment& experiment) {
  const Assignment& assignment = experiment.assignment;
  std::string text = "experiment:\n";
  const auto line = [&](std::string_view key, const Json& value) {
    text += fmt::format("  {}: {}\n", key, dump(value));
  };
  line("id", experiment.id);
  text += "  variants:\n";
  for (const Variant& variant : experiment.variants) {
    text += fmt::format("    {}: {}\n", dump(variant.key), dump(json_of(variant)));
  }
  line("control", experiment.control);
  line("unit", assignment.unit);
  if (!assignment.fallback_unit.empty()) line("fallback_unit", assignment.fallback_unit);
  line("hash", std::string(to_word(assignment.hash)));
  line("salt", assignment.salt);
  text += fmt::format("  traffic: {}\n", share_text(assignment.traffic_ppm));
  if (!assignment.prerequisites.empty()) {
    line("prerequisites", json_of(assignment.prerequisites));
  }
  if (!assignment.namespaces.empty()) {
    text += "  namespaces:\n";
    for (const Namespace& one : assignment.namespaces) {
      text += fmt::format("    - {}\n", text_of(one));
    }
  }
  if (assignment.targeting.op != Op::kAlways) line("targeting", json_of(assignment.targeting));
  if (!assignment.overrides.empty()) {
    Json overrides = Json::object();
    for (const Override& one : assignment.overrides) overrides[one.unit_id] = one.variant;
    line("overrides", overrides);
  }
  if (!assignment.forced.empty()) {
    text += "  forced:\n";
    for (const Forced& one : assignment.forced) {
      text += fmt::format("    - {}\n", dump(json_of(one)));
    }
  }
  return text;
}

}  // namespace assay::define
