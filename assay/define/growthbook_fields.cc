#include "assay/define/growthbook_fields.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/define/import_rules.h"

namespace assay::define::growthbook {

std::string name_of(const std::string& payload_json, const char* otherwise) {
  const auto payload = nlohmann::json::parse(payload_json, nullptr, false);
  if (payload.is_boolean()) return payload.get<bool>() ? "on" : "off";
  if (!payload.is_string()) return otherwise;
  const auto& text = payload.get_ref<const std::string&>();
  const bool is_word = !text.empty() && text.size() <= 64 && text.front() != '-' &&
                       std::ranges::all_of(text, [](unsigned char c) {
                         return std::isalnum(c) != 0 || c == '_' || c == '-';
                       });
  return is_word ? text : otherwise;
}

std::optional<std::uint32_t> parts_of(double share, double one) {
  const double parts = std::round(share * one);
  if (!(parts >= 0 && parts <= one) || parts / one != share) return std::nullopt;
  return static_cast<std::uint32_t>(parts);
}

std::optional<Value> get(const Value& value, const char* key) {
  const Node* node = value.node().find(key);
  if (node == nullptr) return std::nullopt;
  return Value(value.report(), *node, value.path() + "." + key);
}

std::optional<std::string> text_of(const Value& value, const char* key) {
  const auto found = get(value, key);
  if (!found || !found->is_scalar() || found->node().text.empty()) return std::nullopt;
  return found->node().text;
}

bool is_truthy(const Node& node) {
  if (node.kind == Node::Kind::kNull) return false;
  const auto scalar = scalar_of(node);
  return !scalar || (*scalar != Scalar{false} && *scalar != Scalar{0.0} && *scalar != Scalar{""});
}

std::optional<std::string> unit_of(const Value& value, const char* key) {
  const std::string name = text_of(value, key).value_or("id");
  if (name == "id") return "user";
  if (name != "user" && name.find('.') == std::string::npos) return name;
  const Value at = *get(value, key);
  if (name == "user") {
    at.error("the attribute `user` cannot be told from the unit `user`, which is `id` here",
             "rename the attribute, in the application and in the feature");
  } else {
    at.error(fmt::format("hashes the attribute '{}', whose name has a dot", name.substr(0, 60)),
             "a dot leads into an object here; rename the attribute");
  }
  return std::nullopt;
}

std::optional<std::vector<Value>> items_of(const std::optional<Value>& list, const char* what) {
  if (!list || list->is_null()) return std::vector<Value>{};
  if (!list->is_list()) {
    list->error(fmt::format("expected a list of {}", what));
    return std::nullopt;
  }
  if (list->node().items.empty()) return std::vector<Value>{};
  auto items = list->list();
  return items.empty() ? std::nullopt : std::optional(std::move(items));  // Too long.
}

std::optional<HashScheme> hash_version(const Value& value, HashScheme otherwise) {
  const auto version = get(value, "hashVersion");
  if (!version || version->is_null()) return otherwise;
  const std::string& number = version->node().text;
  if (number == "1" && !version->node().quoted) return HashScheme::kGrowthbookV1;
  if (number == "2" && !version->node().quoted) return HashScheme::kGrowthbookV2;
  version->error("hashVersion is neither 1 nor 2");
  return std::nullopt;
}

std::optional<double> number_of(const Value& value) {
  const auto scalar = scalar_of(value.node());
  if (scalar && std::holds_alternative<double>(*scalar)) return std::get<double>(*scalar);
  value.error("expected a number");
  return std::nullopt;
}

std::optional<NumberRange> number_range_of(const Value& value) {
  const auto ends = value.list();  // Tells what is no list, or an empty one.
  const auto begin = ends.size() == 2 ? number_of(ends[0]) : std::nullopt;
  const auto end = begin ? number_of(ends[1]) : std::nullopt;
  if (end) return NumberRange{*begin, *end};
  if (!ends.empty() && ends.size() != 2) value.error("a range is [FROM, TO]");
  return std::nullopt;
}

std::optional<std::vector<NumberRange>> bounds_of(const Value& ranges) {
  std::vector<NumberRange> bounds;
  for (const Value& range : ranges.list()) {
    const auto read = number_range_of(range);
    if (!read) return std::nullopt;
    bounds.push_back(*read);
  }
  if (bounds.empty()) return std::nullopt;  // Not a list, or none in it: told.
  return bounds;
}

}  // namespace assay::define::growthbook
