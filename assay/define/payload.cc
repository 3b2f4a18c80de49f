#include "assay/define/payload.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace assay::define {
namespace {

using nlohmann::json;

json to_json(const Value& value) {
  const Node& node = value.node();
  if (value.is_null()) return nullptr;
  if (value.is_list()) {
    json list = json::array();
    for (const Node& item : node.items) {
      list.push_back(to_json(Value(value.report(), item, value.path())));
    }
    return list;
  }
  if (value.is_map()) {
    json map = json::object();
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const std::string& key = node.keys[i].text;
      map[key] = to_json(Value(value.report(), node.items[i], value.path() + "." + key));
    }
    return map;
  }
  if (node.quoted) return node.text;
  if (node.text == "true" || node.text == "false") return node.text == "true";
  const auto number = value.is_numeric() ? value.number({-1e308, 1e308}) : std::nullopt;
  if (!number) return node.text;
  // Whole numbers stay whole, also beyond 2^53.
  const json exact = json::parse(node.text, nullptr, false);
  return exact.is_number_integer() ? exact : json(*number);
}

}  // namespace

std::string parse_payload(const Value& value) {
  std::string text = to_json(value).dump();
  if (text.size() <= kMaxPayloadBytes) return text;
  value.error(
      fmt::format("is {} bytes of JSON; at most {} are allowed", text.size(), kMaxPayloadBytes));
  return {};
}

}  // namespace assay::define
