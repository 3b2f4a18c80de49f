#include "assay/define/freeze.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "assay/define/canonical.h"

namespace assay::define {
namespace {

using nlohmann::json;

// "/variants/0/weight" → "variants[0].weight"
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

bool starts_with(const std::string& text, std::string_view start) {
  return text.compare(0, start.size(), start) == 0;
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
  const json difference =
      json::diff(json::parse(canonical_json(running)), json::parse(canonical_json(wanted)));
  for (const json& step : difference) {
    const auto path = step.at("path").get<std::string>();
    if (path == "/name" || starts_with(path, "/assignment/overrides")) continue;
    const bool raises_traffic = path == "/assignment/traffic_ppm" && brings_units_in;
    const bool reweighs =
        starts_with(path, "/variants/") && ends_with(path, "/weight") && may_reweigh;
    if (raises_traffic || reweighs) {
      change.opens_epoch = true;
    } else {
      change.frozen.push_back(field_name(path));
    }
  }
  return change;
}

}  // namespace assay::define
