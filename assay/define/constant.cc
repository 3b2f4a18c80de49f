#include "assay/define/constant.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace assay::define {
namespace {

using nlohmann::json;

json part_of(const json& value, std::string_view name) {
  const json* at = &value;
  name.remove_prefix(std::min(name.find('.'), name.size()));
  while (!name.empty()) {
    name.remove_prefix(1);
    const std::string key(name.substr(0, name.find('.')));
    name.remove_prefix(key.size());
    const auto found = at->is_object() ? at->find(key) : at->end();
    if (!at->is_object() || found == at->end()) return nullptr;
    at = &*found;
  }
  return *at;
}

bool equals(const json& value, const Scalar& scalar) {
  return std::visit([&](const auto& constant) { return value == json(constant); }, scalar);
}

bool is_in(const json& value, const std::vector<Scalar>& values) {
  const auto is_listed = [&](const json& one) {
    return std::ranges::any_of(values, [&](const Scalar& s) { return equals(one, s); });
  };
  return value.is_array() ? std::ranges::any_of(value, is_listed) : is_listed(value);
}

bool is_ordered(Op op, const json& value, double bound) {
  if (!value.is_number()) return false;
  const auto number = value.get<double>();
  if (op == Op::kLess) return number < bound;
  if (op == Op::kLessEqual) return number <= bound;
  return op == Op::kGreater ? number > bound : number >= bound;
}

bool matches(Op op, const json& value, const std::vector<Scalar>& values) {
  if (!value.is_string()) return op == Op::kContains && value.is_array() && is_in(value, values);
  const auto& text = value.get_ref<const std::string&>();
  return std::ranges::any_of(values, [&](const Scalar& scalar) {
    const auto& pattern = std::get<std::string>(scalar);
    if (op == Op::kPrefix) return text.starts_with(pattern);
    if (op == Op::kSuffix) return text.ends_with(pattern);
    return text.find(pattern) != std::string::npos;
  });
}

std::optional<bool> holds(const Condition& condition, const json& value);

// True where `looked_for` is found, else its opposite.
std::optional<bool> any_holds(const Condition& condition, const json& value, bool looked_for) {
  for (const Condition& child : condition.children) {
    const auto one = holds(child, value);
    if (!one) return std::nullopt;
    if (*one == looked_for) return looked_for;
  }
  return !looked_for;
}

std::optional<bool> holds(const Condition& condition, const json& whole) {
  const Op op = condition.op;
  if (op == Op::kAlways) return true;
  if (op == Op::kAll || op == Op::kAny) return any_holds(condition, whole, op == Op::kAny);
  if (op == Op::kNot) {
    const auto inner = holds(condition.children.front(), whole);
    return inner ? std::optional(!*inner) : std::nullopt;
  }
  const json value = part_of(whole, condition.attribute);
  if (op == Op::kExists) return std::get<bool>(condition.values.front()) != value.is_null();
  if (value.is_null()) return false;
  switch (op) {
    case Op::kEqual:
      return equals(value, condition.values.front());
    case Op::kIn:
      return is_in(value, condition.values);
    case Op::kLess:
    case Op::kLessEqual:
    case Op::kGreater:
    case Op::kGreaterEqual:
      return is_ordered(op, value, std::get<double>(condition.values.front()));
    case Op::kPrefix:
    case Op::kSuffix:
    case Op::kContains:
      return matches(op, value, condition.values);
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<bool> holds_for(const Condition& condition, const std::string& value_json) {
  return holds(condition, json::parse(value_json, nullptr, false));
}

}  // namespace assay::define
