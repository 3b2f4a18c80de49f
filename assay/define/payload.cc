#include "assay/define/payload.h"

#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace assay::define {
namespace {

using nlohmann::json;

constexpr double kMost = std::numeric_limits<double>::max();

// Not `good` any more after a problem.
json to_json(const Value& value, bool& good) {
  const Node& node = value.node();
  if (value.is_null()) return nullptr;
  if (value.is_list()) {
    json list = json::array();
    for (const Node& item : node.items) {
      list.push_back(to_json(Value(value.report(), item, value.path()), good));
    }
    return list;
  }
  if (value.is_map()) {
    json map = json::object();
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const std::string& key = node.keys[i].text;
      map[key] = to_json(Value(value.report(), node.items[i], value.path() + "." + key), good);
    }
    return map;
  }
  if (node.quoted) return node.text;
  if (const auto flag = value.boolean()) return *flag;
  if (value.is_beyond_json()) {
    value.error(fmt::format("{} is a number that JSON cannot hold", node.text.substr(0, 40)),
                "write it in quotes if it is a text");
    good = false;
    return nullptr;
  }
  const auto number = value.is_numeric() ? value.number({-kMost, kMost}) : std::nullopt;
  if (!number) return node.text;
  // Whole numbers stay whole, also beyond 2^53.
  const json exact =
      json::parse(node.text.substr(node.text.starts_with('+') ? 1 : 0), nullptr, false);
  return exact.is_number_integer() ? exact : json(*number);
}

}  // namespace

std::string parse_payload(const Value& value) {
  bool good = true;
  std::string text = to_json(value, good).dump();
  if (!good) return {};
  if (text.size() <= kMaxPayloadBytes) return text;
  value.error(
      fmt::format("is {} bytes of JSON; at most {} are allowed", text.size(), kMaxPayloadBytes));
  return {};
}

}  // namespace assay::define
