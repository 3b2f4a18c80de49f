#include "assay/define/condition_parser.h"

#include <algorithm>

#include <fmt/format.h>

namespace assay::define {
namespace {

enum class Use { kTargeting, kWhere };

std::optional<Scalar> parse_scalar(const Value& value) {
  const Node& node = value.node();
  if (const auto flag = value.boolean()) return Scalar{*flag};
  if (value.is_beyond_json()) {
    value.error(fmt::format("{} is no decimal number", node.text.substr(0, 40)),
                "write it in quotes if it is a text");
    return std::nullopt;
  }
  if (value.is_numeric()) {
    const auto number = value.number({-1e300, 1e300});
    return number ? std::optional<Scalar>(*number) : std::nullopt;
  }
  if (value.is_scalar() && node.text.empty()) return Scalar{std::string{}};
  const auto text = value.text();
  return text ? std::optional<Scalar>(*text) : std::nullopt;
}

std::vector<Scalar> parse_scalars(const Value& value) {
  std::vector<Scalar> scalars;
  for (const Value& item : value.list(kMaxListed)) {
    if (auto scalar = parse_scalar(item)) scalars.push_back(std::move(*scalar));
  }
  return scalars;
}

// One text or a list of them.
std::vector<Scalar> parse_texts(const Value& value) {
  std::vector<Scalar> texts;
  const std::vector<Value> items = value.is_list() ? value.list() : std::vector<Value>{value};
  for (const Value& item : items) {
    // Every text starts with the empty one: a test that the attribute is a text.
    if (item.is_scalar() && item.node().quoted && item.node().text.empty()) {
      texts.emplace_back(std::string{});
    } else if (auto text = item.text()) {
      texts.emplace_back(std::move(*text));
    }
  }
  return texts;
}

std::vector<Scalar> parse_ranges(const Value& value, Use use) {
  if (use == Use::kWhere) {
    value.error("semver is for targeting only", "compare a numeric property instead");
    return {};
  }
  std::vector<Scalar> ranges = parse_texts(value);
  for (const Scalar& range : ranges) {
    const auto& text = std::get<std::string>(range);
    if (is_semver_range(text)) continue;
    value.error(fmt::format("'{}' is not a version range", text),
                "an operator and a version, such as >=2.3.0, ^1.4 or ~1.4.2; several ranges as a "
                "list (any may match), or under all: (each must)");
  }
  return ranges;
}

std::vector<Scalar> parse_operand(Op op, const Value& value, Use use) {
  switch (op) {
    case Op::kIn:
    case Op::kNotIn:
      return parse_scalars(value);
    case Op::kPrefix:
    case Op::kSuffix:
    case Op::kContains:
      return parse_texts(value);
    case Op::kSemver:
      return parse_ranges(value, use);
    case Op::kExists:
      if (const auto flag = value.flag()) return {*flag};
      return {};
    case Op::kLess:
    case Op::kLessEqual:
    case Op::kGreater:
    case Op::kGreaterEqual:
      if (const auto number = value.number({-1e300, 1e300})) return {*number};
      return {};
    default:
      break;
  }
  if (value.is_list()) {
    value.error("expected one value, not a list", "use in (or not_in) for several");
  } else if (auto scalar = parse_scalar(value)) {
    return {std::move(*scalar)};
  }
  return {};
}

Condition all_of(std::vector<Condition> parts) {
  if (parts.size() == 1) return std::move(parts.front());
  Condition all;
  all.op = parts.empty() ? Op::kAlways : Op::kAll;
  all.children = std::move(parts);
  return all;
}

Condition parse_condition(const Value& value, Use use);

void add_logic(const Fields& fields, Use use, std::vector<Condition>& parts) {
  for (const Op op : {Op::kAll, Op::kAny}) {
    const auto value = fields.get(to_word(op));
    if (!value) continue;
    Condition logic{.op = op, .attribute = {}, .values = {}, .children = {}};
    for (const Value& item : value->list()) logic.children.push_back(parse_condition(item, use));
    parts.push_back(std::move(logic));
  }
  if (const auto value = fields.get("not")) {
    Condition negation{.op = Op::kNot, .attribute = {}, .values = {}, .children = {}};
    negation.children.push_back(parse_condition(*value, use));
    parts.push_back(std::move(negation));
  }
}

void add_comparisons(const Fields& fields, Use use, std::vector<Condition>& parts) {
  const auto attribute = fields.text("attribute");
  bool compared = false;
  for (const Word<Op>& word : words(Op{})) {
    if (word.value == Op::kAll || word.value == Op::kAny || word.value == Op::kNot) continue;
    const auto value = fields.get(word.text);
    if (!value) continue;
    compared = true;
    parts.push_back({.op = word.value,
                     .attribute = attribute.value_or(""),
                     .values = parse_operand(word.value, *value, use),
                     .children = {}});
    if (!fields.has("attribute")) value->error("compares nothing", "add attribute: NAME beside it");
  }
  if (attribute && !compared) {
    fields.get("attribute")
        ->error(fmt::format("'{}' is not compared with anything", *attribute),
                "add equals, in, at_least, exists, …");
  }
}

Condition parse_condition(const Value& value, Use use) {
  const Fields fields(value, "condition");
  std::vector<Condition> parts;
  add_comparisons(fields, use, parts);
  add_logic(fields, use, parts);
  if (value.is_map() && value.node().items.empty()) value.error("is an empty condition");
  return all_of(std::move(parts));
}

}  // namespace

Condition parse_where(const Value& value) { return parse_condition(value, Use::kWhere); }

Condition parse_targeting(const Value& value) {
  const Fields fields(value, "targeting");
  std::vector<Condition> parts;
  const std::pair<std::string_view, std::string_view> shorthands[] = {
      {"platforms", "platform"}, {"countries", "country"}, {"user_segments", "user_segment"}};
  for (const auto& shorthand : shorthands) {
    const auto list = fields.get(shorthand.first);
    if (!list) continue;
    Condition in{
        .op = Op::kIn, .attribute = std::string(shorthand.second), .values = {}, .children = {}};
    for (const Value& item : list->list()) {
      if (auto text = item.text()) in.values.emplace_back(std::move(*text));
    }
    parts.push_back(std::move(in));
  }
  add_comparisons(fields, Use::kTargeting, parts);
  add_logic(fields, Use::kTargeting, parts);
  if (value.is_map() && value.node().items.empty()) {
    value.error("is empty", "remove the key: without it everyone is eligible");
  }
  return all_of(std::move(parts));
}

}  // namespace assay::define
