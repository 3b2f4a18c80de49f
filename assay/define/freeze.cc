#include "assay/define/freeze.h"

#include <algorithm>
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "assay/define/canonical.h"

namespace assay::define {
namespace {

using nlohmann::json;

bool starts_with(const std::string& text, std::string_view start) {
  return text.compare(0, start.size(), start) == 0;
}

// "/variants/0/key" → "variants[0].key"
std::string field_name(const std::string& pointer) {
  std::string name;
  std::size_t begin = 1;
  while (begin <= pointer.size()) {
    const std::size_t end = std::min(pointer.find('/', begin), pointer.size());
    const std::string part = pointer.substr(begin, end - begin);
    const bool is_index = !part.empty() && part.find_first_not_of("0123456789-") == part.npos;
    if (is_index) {
      name += "[" + part + "]";
    } else {
      name += (name.empty() ? "" : ".") + part;
    }
    begin = end + 1;
  }
  return name;
}

// As experiment files call it: "/assignment/traffic_ppm" → "traffic"; a weight by its variant.
std::string name_in_file(const std::string& path, const json& plan) {
  constexpr std::string_view kAssignment = "/assignment/";
  constexpr std::array<std::pair<std::string_view, const char*>, 5> kOther{
      {{"traffic_ppm", "traffic"},
       {"share_ppm", "layer.share"},
       {"slots", "layer.slots"},
       {"layer", "layer.name"},
       {"adaptive_floor_ppm", "adaptive.floor"}}};
  if (starts_with(path, kAssignment)) {
    const std::string rest = path.substr(kAssignment.size());
    for (const auto& [ours, name] : kOther) {
      if (rest == ours || starts_with(rest, std::string(ours) + "/")) return name;
    }
    return field_name("/" + rest);
  }
  const json::json_pointer pointer(path);
  if (starts_with(path, "/variants/") && pointer.back() == "weight") {
    return "allocation." + plan.at(pointer.parent_pointer()).at("key").get<std::string>();
  }
  return field_name(path);
}

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

void keep_slots(const Experiment& running, Experiment& wanted) {
  const auto& share = wanted.assignment.share_ppm;
  if (share && share == running.assignment.share_ppm) {
    wanted.assignment.slots = running.assignment.slots;
  }
}

PlanChange compare_plans(const Experiment& running, const Experiment& wanted) {
  PlanChange change;
  const bool brings_units_in = wanted.assignment.traffic_ppm > running.assignment.traffic_ppm;
  // Those who are in keep their variant, for it is remembered, or their split (assign/special.h),
  // which only our own hash can promise.
  const bool may_reweigh = running.assignment.sticky || running.assignment.reshuffle ||
                           (brings_units_in && running.assignment.hash == HashScheme::kAssay);
  const json before = json::parse(canonical_json(running));
  const json difference = json::diff(before, json::parse(canonical_json(wanted)));
  for (const json& step : difference) {
    const auto path = step.at("path").get<std::string>();
    if (path == "/name" || starts_with(path, "/assignment/overrides")) continue;
    const bool raises_traffic = path == "/assignment/traffic_ppm" && brings_units_in;
    const bool reweighs =
        starts_with(path, "/variants/") && ends_with(path, "/weight") && may_reweigh;
    if (raises_traffic || reweighs) {
      change.opens_epoch = true;
    } else {
      const std::string name = name_in_file(path, before);
      if (change.frozen.empty() || change.frozen.back() != name) change.frozen.push_back(name);
    }
  }
  return change;
}

}  // namespace assay::define
