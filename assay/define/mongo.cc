#include "assay/define/mongo.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "assay/define/import_rules.h"
#include "assay/define/mongo_pattern.h"

namespace assay::define {
namespace {

constexpr std::size_t kMaxParts = 2000;  // Comparisons of one rule.
constexpr const char* kOperators =
    "$eq, $ne, $in, $nin, $inGroup, $notInGroup, $exists, $not, $lt, $lte, $gt, $gte, $veq to "
    "$vlte, $type, $elemMatch, $all, and a $regex of plain texts have";

// A plain attribute compared with a constant, as JavaScript compares `value + ""`, `value * 1` and
// `!!value` with it.
Condition loosely_equal(const std::string& name, const Scalar& constant) {
  if (const auto* text = std::get_if<std::string>(&constant)) {
    std::vector<Condition> ways = {compare(Op::kEqual, name, {constant})};
    const auto number = parse_number(*text);
    if (number && number_text(*number) == *text) {
      ways.push_back(compare(Op::kEqual, name, {*number}));
    }
    if (*text == "true" || *text == "false") {
      ways.push_back(compare(Op::kEqual, name, {*text == "true"}));
    }
    if (*text == "null") ways.push_back(exists(name, false));
    return any_of(std::move(ways));
  }
  const Condition is_nothing =
      any_of({compare(Op::kEqual, name, {false}), compare(Op::kEqual, name, {0.0}),
              compare(Op::kEqual, name, {std::string{}})});
  if (const auto* flag = std::get_if<bool>(&constant)) {
    return *flag ? all_of({exists(name), negate(is_nothing)}) : is_nothing;
  }
  const double number = std::get<double>(constant);
  std::vector<Condition> ways = {compare(Op::kEqual, name, {number}),
                                 compare(Op::kEqual, name, {number_text(number)})};
  if (number == 1) ways.push_back(compare(Op::kEqual, name, {true}));
  if (number == 0) {
    ways.push_back(is_nothing);
    ways.push_back(exists(name, false));
  }
  return any_of(std::move(ways));
}

}  // namespace

std::optional<Condition> Mongo::condition(const Value& value) {
  if (!value.is_map()) {
    value.error("a condition is an object");
    return std::nullopt;
  }
  if (value.node().items.empty()) return always();
  std::vector<Condition> parts;
  for (const Value::Entry& one : value.entries()) {
    auto part = entry(one);
    if (!part) return std::nullopt;
    parts.push_back(std::move(*part));
  }
  return all_of(std::move(parts));
}

std::optional<Condition> Mongo::several(const Value& value, bool is_any) {
  if (!value.is_list()) {
    value.error("expected a list of conditions");
    return std::nullopt;
  }
  if (value.node().items.empty()) return always();  // An empty $or, too.
  std::vector<Condition> parts;
  for (const Value& item : value.list()) {
    auto part = condition(item);
    if (!part) return std::nullopt;
    parts.push_back(std::move(*part));
  }
  return is_any ? any_of(std::move(parts)) : all_of(std::move(parts));
}

std::optional<Condition> Mongo::entry(const Value::Entry& entry) {
  if (++parts_ > kMaxParts) {
    entry.value.error("has too many comparisons", fmt::format("at most {}", kMaxParts));
    return std::nullopt;
  }
  if (entry.key == "$and") return several(entry.value, false);
  if (entry.key == "$or") return several(entry.value, true);
  if (entry.key == "$nor" || entry.key == "$not") {
    auto inner = entry.key == "$nor" ? several(entry.value, true) : condition(entry.value);
    return inner ? std::optional(negate(std::move(*inner))) : std::nullopt;
  }
  return attribute(entry.key, entry.value);
}

std::optional<Condition> Mongo::attribute(const std::string& name, const Value& value) {
  if (name.empty()) {
    value.error("an attribute needs a name");
    return std::nullopt;
  }
  if (value.is_null()) return exists(name, false);
  if (const auto constant = scalar_of(value.node())) return loosely_equal(name, *constant);
  const auto& keys = value.node().keys;
  const bool has_operators =
      value.is_map() && !keys.empty() &&
      std::ranges::all_of(keys, [](const Node& key) { return key.text.starts_with('$'); });
  if (!has_operators) {
    value.error("compares a whole list or object", "compare the fields in it, as \"device.os\"");
    return std::nullopt;
  }
  std::vector<Condition> parts;
  for (const Value::Entry& one : value.entries()) {
    auto part = operation(name, one);
    if (!part) return std::nullopt;
    parts.push_back(std::move(*part));
  }
  return all_of(std::move(parts));
}

std::optional<Condition> Mongo::operation(const std::string& name, const Value::Entry& entry) {
  const std::string& op = entry.key;
  if (++parts_ > kMaxParts) return this->entry(entry);
  const auto negated = [](std::optional<Condition> inner) {
    return inner ? std::optional(negate(std::move(*inner))) : std::nullopt;
  };
  if (op == "$eq" || op == "$ne") {
    const auto constant = scalar_of(entry.value.node());
    if (!constant && !entry.value.is_null()) {
      entry.value.error("compares a whole list or object");
      return std::nullopt;
    }
    auto equal = constant ? compare(Op::kEqual, name, {*constant}) : exists(name, false);
    return op == "$eq" ? std::move(equal) : negate(std::move(equal));
  }
  if (op == "$in") return membership(name, entry.value);
  if (op == "$nin") return entry.value.is_list() ? negated(membership(name, entry.value)) : never();
  if (op == "$inGroup") return group(name, entry.value);
  if (op == "$notInGroup") return negated(group(name, entry.value));
  if (op == "$exists") return exists(name, entry.value.node().text != "false");
  if (op == "$not") return negated(attribute(name, entry.value));
  if (op == "$lt" || op == "$lte" || op == "$gt" || op == "$gte") return order(name, entry);
  if (op.starts_with("$v")) return version(name, entry);
  if (op == "$regex") return pattern_condition(name, entry.value);
  if (op == "$type") return type(name, entry.value);
  if (op == "$elemMatch") return element(name, entry.value);
  if (op == "$all") return every_element(name, entry.value);
  entry.value.error(fmt::format("'{}' has no equal here", op.substr(0, 60)), kOperators);
  return std::nullopt;
}

// The values of a list; nothing after a problem.
std::optional<std::vector<Scalar>> Mongo::scalars(const Value& list) {
  std::vector<Scalar> values;
  if (list.node().items.empty()) return values;
  for (const Value& item : list.list()) {
    auto scalar = scalar_of(item.node());
    if (!scalar) {
      item.error("lists to look in hold texts, numbers, true and false only");
      return std::nullopt;
    }
    values.push_back(std::move(*scalar));
  }
  return values;
}

std::optional<Condition> Mongo::type(const std::string& name, const Value& value) {
  const std::string& type = value.node().text;
  if (type == "string") return is_text(name);
  if (type == "null" || type == "undefined") return exists(name, false);
  if (type == "boolean") {
    return any_of({compare(Op::kEqual, name, {true}), compare(Op::kEqual, name, {false})});
  }
  if (type == "number") {
    return any_of({compare(Op::kLess, name, {0.0}), compare(Op::kGreaterEqual, name, {0.0})});
  }
  value.error(fmt::format("the type '{}' has no equal here", type.substr(0, 60)),
              "string, number, boolean and null have");
  return std::nullopt;
}

// An element that equals a value, or one of some.
std::optional<Condition> Mongo::element(const std::string& name, const Value& value) {
  const auto& keys = value.node().keys;
  const std::string op = value.is_map() && keys.size() == 1 ? keys[0].text : "";
  const Value operand(value.report(), op.empty() ? value.node() : value.node().items[0],
                      value.path() + "." + op);
  const auto constant = scalar_of(operand.node());
  if (op == "$eq" && constant) return is_list_with(name, {*constant});
  if (op == "$in" && operand.is_list()) {
    auto values = scalars(operand);
    return values ? std::optional(is_list_with(name, std::move(*values))) : std::nullopt;
  }
  value.error("looks into elements in a way that has no equal here",
              "{\"$elemMatch\": {\"$eq\": VALUE}} and $in of a list have");
  return std::nullopt;
}

std::optional<Condition> Mongo::every_element(const std::string& name, const Value& value) {
  if (!value.is_list()) return never();
  if (value.node().items.empty()) {
    value.error("is any list at all, which has no equal here");
    return std::nullopt;
  }
  const auto values = scalars(value);
  if (!values) return std::nullopt;
  std::vector<Condition> parts;
  for (const Scalar& one : *values) parts.push_back(is_list_with(name, {one}));
  return all_of(std::move(parts));
}

std::optional<Condition> Mongo::membership(const std::string& name, const Value& list) {
  if (!list.is_list()) return never();
  if (list.node().items.empty()) return never();
  std::vector<Scalar> values;
  std::vector<Condition> ways;
  for (const Value& item : list.list()) {
    if (item.is_null()) {
      ways.push_back(exists(name, false));
    } else if (auto scalar = scalar_of(item.node())) {
      values.push_back(std::move(*scalar));
    } else {
      item.error("lists to look in hold texts, numbers, true and false only");
      return std::nullopt;
    }
  }
  if (!values.empty()) ways.push_back(compare(Op::kIn, name, std::move(values)));
  return any_of(std::move(ways));
}

std::optional<Condition> Mongo::group(const std::string& name, const Value& value) {
  const Node* found = saved_groups_ == nullptr ? nullptr : saved_groups_->find(value.node().text);
  if (found == nullptr) return never();  // An unknown group is an empty one there.
  if (found->kind != Node::Kind::kList) {
    value.error("the saved group is not a plain list");
    return std::nullopt;
  }
  return membership(name, Value(value.report(), *found, "savedGroups." + value.node().text));
}

// Numbers only; a missing attribute counts as 0, as null does in JavaScript.
std::optional<Condition> Mongo::order(const std::string& name, const Value::Entry& entry) {
  const auto constant = scalar_of(entry.value.node());
  const auto* number = constant ? std::get_if<double>(&*constant) : nullptr;
  if (number == nullptr) {
    entry.value.error("orders compare numbers only");
    return std::nullopt;
  }
  const bool is_less = entry.key.starts_with("$l");
  const bool or_equal = entry.key.ends_with("e");
  const Op op = is_less ? (or_equal ? Op::kLessEqual : Op::kLess)
                        : (or_equal ? Op::kGreaterEqual : Op::kGreater);
  const bool zero_holds = (or_equal && *number == 0) || (is_less ? 0 < *number : 0 > *number);
  std::vector<Condition> ways = {compare(op, name, {*number})};
  if (zero_holds) ways.push_back(exists(name, false));
  return any_of(std::move(ways));
}

// GrowthBook compares padded texts, where "1.4" is not 1.4.0: only whole versions mean the same.
std::optional<Condition> Mongo::version(const std::string& name, const Value::Entry& entry) {
  std::string text = entry.value.node().text;
  if (text.starts_with('v')) text.erase(0, 1);
  text = text.substr(0, text.find('+'));
  const auto dots = std::ranges::count(text.substr(0, text.find('-')), '.');
  if (!entry.value.is_scalar() || dots != 2 || !is_semver_range(text) ||
      std::isdigit(static_cast<unsigned char>(text.front())) == 0) {
    entry.value.error("is not a whole version", "three numbers: 2.3.0");
    return std::nullopt;
  }
  const auto range = [&](const char* op) { return compare(Op::kSemver, name, {op + text}); };
  const std::string& op = entry.key;
  if (op == "$veq") return range("=");
  if (op == "$vgt") return range(">");
  if (op == "$vgte") return range(">=");
  if (op == "$vne") return any_of({exists(name, false), range("<"), range(">")});
  if (op == "$vlt") return any_of({exists(name, false), range("<")});
  if (op == "$vlte") return any_of({exists(name, false), range("<=")});
  entry.value.error(fmt::format("'{}' has no equal here", op.substr(0, 60)));
  return std::nullopt;
}

}  // namespace assay::define
