#include "assay/define/mongo.h"

#include <algorithm>
#include <cctype>
#include <functional>

#include <fmt/format.h>

#include "assay/define/growthbook_fields.h"
#include "assay/define/import_rules.h"
#include "assay/define/mongo_pairs.h"
#include "assay/define/mongo_pattern.h"

namespace assay::define {
namespace {

constexpr std::size_t kMaxParts = 2000;      // Comparisons of one rule.
constexpr std::size_t kMaxSpellings = 1000;  // In one list, as in a file.
constexpr const char* kOperators =
    "$eq, $ne, $in, $nin, $ini, $nini, $inGroup, $notInGroup, $exists, $not, $lt, $lte, $gt, "
    "$gte, $veq to $vlte, $type, $elemMatch, $all, $alli, and a $regex or $regexi of plain texts "
    "have";

// What JavaScript takes for equal to a constant, where it compares `value + ""`, `value * 1` and
// `!!value` with it. Not for true, which whatever is not false, 0 or "" equals.
std::vector<Scalar> loose_values(const Scalar& constant) {
  std::vector<Scalar> values = {constant};
  if (const auto* text = std::get_if<std::string>(&constant)) {
    const auto number = parse_number(*text);
    if (number && number_text(*number) == *text) values.emplace_back(*number);
    if (*text == "true" || *text == "false") values.emplace_back(*text == "true");
  } else if (const auto* number = std::get_if<double>(&constant)) {
    values.emplace_back(number_text(*number));
    if (*number == 1) values.emplace_back(true);
    if (*number == 0) values.insert(values.end(), {Scalar{false}, Scalar{std::string{}}});
  } else {
    values.insert(values.end(), {Scalar{0.0}, Scalar{std::string{}}});
  }
  return values;
}

// A plain attribute compared with a constant; what is missing is null.
Condition loosely_equal(const std::string& name, const Scalar& constant) {
  if (constant == Scalar{true}) {
    return all_of({exists(name), negate(loosely_equal(name, false))});
  }
  std::vector<Condition> ways;
  for (Scalar& value : loose_values(constant)) {
    ways.push_back(compare(Op::kEqual, name, {std::move(value)}));
  }
  if (constant == Scalar{0.0} || constant == Scalar{"null"}) ways.push_back(exists(name, false));
  return any_of(std::move(ways));
}

// The values of {"type": "list", "values": […]}; null where it is none.
const Node* list_of(const Node& group) {
  const Node* type = group.find("type");
  const Node* values = group.find("values");
  const bool is_list = type != nullptr && type->text == "list" && values != nullptr &&
                       values->kind == Node::Kind::kList;
  return is_list ? values : nullptr;
}

// A value to `all`; where case is ignored, in all of its spellings.
bool append_spellings(const Scalar& value, bool ignores_case, const Value& at,
                      std::vector<Scalar>& all) {
  const auto* text = std::get_if<std::string>(&value);
  if (!ignores_case || text == nullptr) {
    all.push_back(value);
    return true;
  }
  const auto spelled = spellings(
      *text, {.max = kMaxSpellings - std::min(kMaxSpellings, all.size()), .has_kelvin = true});
  if (spelled) all.insert(all.end(), spelled->begin(), spelled->end());
  if (!spelled) {
    at.error("has too many spellings in capital and small letters, or letters beyond a to z",
             "give the context the attribute in small letters, and compare that with $in");
  }
  return spelled.has_value();
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
  if (parts.empty()) return std::nullopt;  // Too long.
  if (is_any && parts.size() == 2) return either(std::move(parts[0]), std::move(parts[1]));
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
  if (entry.key == "$savedGroup") return saved_group(entry.value);
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
  auto entries = value.entries();
  std::vector<Condition> parts;
  const auto is_negation = [](const Value::Entry& one) { return one.key == "$not"; };
  const auto last = std::stable_partition(entries.begin(), entries.end(), std::not_fn(is_negation));
  for (const std::size_t i : {0U, 1U}) {
    if (last - entries.begin() != 2 || entries[i].key != "$type") continue;
    auto part = typed(name, entries[i].value, entries[1 - i]);
    if (!part) return std::nullopt;
    parts.push_back(std::move(*part));
    entries.erase(entries.begin(), last);
    break;
  }
  for (const Value::Entry& one : entries) {
    auto part = operation(name, one);
    if (!part) return std::nullopt;
    parts.push_back(std::move(*part));
  }
  if (parts.size() == 2) return both(name, std::move(parts[0]), std::move(parts[1]));
  return all_of(std::move(parts));
}

// A test beside the type of what it tests, so that nothing is converted.
std::optional<Condition> Mongo::typed(const std::string& name, const Value& type,
                                      const Value::Entry& test) {
  if (type.node().text == "array" && test.key == "$in" && test.value.is_list()) {
    auto values = scalars(test.value);
    return values ? std::optional(is_list_with(name, std::move(*values))) : std::nullopt;
  }
  auto is_type = this->type(name, type);
  auto tested = is_type ? operation(name, test) : std::nullopt;
  if (!tested) return std::nullopt;
  return of_type(type.node().text, std::move(*is_type), std::move(*tested));
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
  if (op == "$in" || op == "$ini") return membership(name, entry.value, op == "$ini");
  if (op == "$nin" || op == "$nini") {
    if (!entry.value.is_list()) return never();
    return negated(membership(name, entry.value, op == "$nini"));
  }
  if (op == "$inGroup" || op == "$notInGroup") return group(name, entry.value, op == "$inGroup");
  if (op == "$exists") return exists(name, growthbook::is_truthy(entry.value.node()));
  if (op == "$not") return negated(attribute(name, entry.value));
  if (op == "$lt" || op == "$lte" || op == "$gt" || op == "$gte") return order(name, entry);
  if (op.starts_with("$v")) return version(name, entry);
  if (op == "$regex" || op == "$regexi") {
    auto made = pattern_condition(name, entry.value, op == "$regexi");
    if (made && extent_.add(entry.value, *made)) return std::nullopt;
    return made;
  }
  if (op == "$type") return type(name, entry.value);
  if (op == "$elemMatch") return element(name, entry.value);
  if (op == "$all" || op == "$alli") return every_element(name, entry.value, op == "$alli");
  const char* hint = op == "$size" ? "give the context the list's length as a number" : kOperators;
  entry.value.error(fmt::format("'{}' has no equal here", op.substr(0, 60)), hint);
  return std::nullopt;
}

// The values of a list; nothing after a problem.
std::optional<std::vector<Scalar>> Mongo::scalars(const Value& list) {
  std::vector<Scalar> values;
  if (list.node().items.empty()) return values;
  for (const Value& item : list.list(kMaxListed)) {
    auto scalar = scalar_of(item.node());
    if (!scalar) {
      item.error("lists to look in hold texts, numbers, true and false only");
      return std::nullopt;
    }
    values.push_back(std::move(*scalar));
  }
  if (values.empty() || extent_.add(list, values.size())) return std::nullopt;  // Too long.
  return values;
}

std::optional<Condition> Mongo::type(const std::string& name, const Value& value) {
  const std::string& type = value.node().text;
  if (type == "string") return is_text(name);
  if (type == "null") return exists(name, false);
  if (type == "undefined") return never();  // What is missing is null to the SDKs.
  if (type == "boolean") return is_boolean(name);
  if (type == "number") return is_number(name);
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

std::optional<Condition> Mongo::every_element(const std::string& name, const Value& value,
                                              bool ignores_case) {
  if (!value.is_list()) return never();
  if (value.node().items.empty()) {
    value.error("is any list at all, which has no equal here");
    return std::nullopt;
  }
  const auto values = scalars(value);
  if (!values) return std::nullopt;
  std::vector<Condition> parts;
  for (const Scalar& one : *values) {
    if (one == Scalar{true}) {
      value.error("true is whatever is not false, 0 or \"\", which has no equal in lists",
                  "{\"$elemMatch\": {\"$eq\": true}} has");
      return std::nullopt;
    }
    std::vector<Scalar> spelled;
    for (const Scalar& same : loose_values(one)) {
      if (!append_spellings(same, ignores_case, value, spelled)) return std::nullopt;
    }
    if (extent_.add(value, spelled.size())) return std::nullopt;
    parts.push_back(is_list_with(name, std::move(spelled)));
  }
  return all_of(std::move(parts));
}

std::optional<Condition> Mongo::membership(const std::string& name, const Value& list,
                                           bool ignores_case) {
  if (!list.is_list()) return never();
  if (list.node().items.empty()) return never();
  std::vector<Scalar> values;
  std::vector<Condition> ways;
  for (const Value& item : list.list(kMaxListed)) {
    if (item.is_null()) {
      ways.push_back(exists(name, false));
    } else if (const auto scalar = scalar_of(item.node())) {
      if (!append_spellings(*scalar, ignores_case, item, values)) return std::nullopt;
    } else {
      item.error("lists to look in hold texts, numbers, true and false only");
      return std::nullopt;
    }
  }
  if (values.empty() && ways.empty()) return std::nullopt;  // Too long.
  if (extent_.add(list, values.size())) return std::nullopt;
  if (!values.empty()) ways.push_back(compare(Op::kIn, name, std::move(values)));
  return any_of(std::move(ways));
}

// A group as a plain list, or {"type": "list", "values": […]}. An unknown one is an empty list; one
// that is neither holds nobody, and leaves nobody out either.
std::optional<Condition> Mongo::group(const std::string& name, const Value& value, bool is_in) {
  const std::string& id = value.node().text;
  const Node* found = saved_groups_ == nullptr ? nullptr : saved_groups_->find(id);
  if (found == nullptr) return is_in ? never() : always();
  const Node* values = found->kind == Node::Kind::kList ? found : list_of(*found);
  if (values == nullptr) return never();
  auto inside = membership(name, Value(value.report(), *values, "savedGroups." + id));
  if (!inside) return std::nullopt;
  return is_in ? std::move(*inside) : negate(std::move(*inside));
}

// {"id": GROUP, "attributeKey": ATTRIBUTE}, of a group that names its attribute or its condition.
std::optional<Condition> Mongo::saved_group(const Value& reference) {
  const Node* id = reference.node().find("id");
  const Node* found =
      saved_groups_ == nullptr || id == nullptr ? nullptr : saved_groups_->find(id->text);
  if (found == nullptr || found->kind != Node::Kind::kMap) return never();
  if (std::ranges::find(open_groups_, id->text) != open_groups_.end()) return never();
  const std::string place = "savedGroups." + id->text;
  if (const Node* values = list_of(*found)) {
    const Node* own = reference.node().find("attributeKey");
    const Node* name = own != nullptr ? own : found->find("attributeKey");
    if (name == nullptr || name->kind != Node::Kind::kScalar || name->text.empty()) return never();
    return membership(name->text, Value(reference.report(), *values, place));
  }
  const Node* type = found->find("type");
  const Node* inner = found->find("condition");
  if (type == nullptr || type->text != "condition" || inner == nullptr) return never();
  open_groups_.push_back(id->text);
  auto made = condition(Value(reference.report(), *inner, place + ".condition"));
  open_groups_.pop_back();
  return made;
}

// Numbers only; a missing attribute counts as 0, as null does in JavaScript.
std::optional<Condition> Mongo::order(const std::string& name, const Value::Entry& entry) {
  const auto constant = scalar_of(entry.value.node());
  const auto* number = constant ? std::get_if<double>(&*constant) : nullptr;
  if (number == nullptr) {
    entry.value.error("orders compare numbers only",
                      "a number without quotes; for a date, the attribute as days or seconds");
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

namespace {

// "2.3" has no third number, so that for GrowthBook it comes before every 2.3.x, and equals itself.
std::optional<Condition> short_version(const std::string& name, const std::string& op,
                                       const std::string& text) {
  const auto dots = std::ranges::count(text, '.');
  const std::string lowest = text + (dots == 0 ? ".0.0-0" : ".0-0");
  const Condition below = compare(Op::kSemver, name, {"<" + lowest});
  const Condition above = compare(Op::kSemver, name, {">=" + lowest});
  const Condition same = compare(Op::kIn, name, {text, "v" + text});
  if (op == "$veq") return same;
  if (op == "$vne") return negate(same);
  if (op == "$vgt") return all_of({above, negate(same)});
  if (op == "$vgte") return above;
  if (op == "$vlt") return any_of({exists(name, false), below});
  if (op == "$vlte") return any_of({exists(name, false), below, same});
  return std::nullopt;
}

std::optional<Condition> whole_version(const std::string& name, const std::string& op,
                                       const std::string& text) {
  const auto range = [&](const char* sign) { return compare(Op::kSemver, name, {sign + text}); };
  if (op == "$veq") return range("=");
  if (op == "$vgt") return range(">");
  if (op == "$vgte") return range(">=");
  if (op == "$vne") return negate(range("="));
  if (op == "$vlt") return any_of({exists(name, false), range("<")});
  if (op == "$vlte") return any_of({exists(name, false), range("<=")});
  return std::nullopt;
}

}  // namespace

// GrowthBook compares padded texts, where "1.4" is not 1.4.0.
std::optional<Condition> Mongo::version(const std::string& name, const Value::Entry& entry) {
  std::string text = entry.value.node().text;
  if (text.starts_with('v')) text.erase(0, 1);
  text = text.substr(0, text.find('+'));
  const auto dots = std::ranges::count(text.substr(0, text.find('-')), '.');
  const bool is_short = dots < 2 && text.find_first_not_of("0123456789.") == std::string::npos;
  if (!entry.value.is_scalar() || (dots != 2 && !is_short) || !is_semver_range(text) ||
      std::isdigit(static_cast<unsigned char>(text.front())) == 0 ||
      (is_short && text.find_first_not_of("0.") == std::string::npos)) {
    entry.value.error("is not a version that says the same here", "one to three numbers: 2.3.0");
    return std::nullopt;
  }
  auto made =
      is_short ? short_version(name, entry.key, text) : whole_version(name, entry.key, text);
  if (!made) {
    entry.value.error(fmt::format("'{}' has no equal here", entry.key.substr(0, 60)));
  }
  return made;
}

}  // namespace assay::define
