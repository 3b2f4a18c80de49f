#include "assay/define/json_logic.h"

#include <algorithm>
#include <cctype>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "assay/define/import_rules.h"

namespace assay::define {
namespace {

constexpr int kMaxNesting = 64;    // Through $refs too, of which some may be a circle.
constexpr int kMaxSteps = 20'000;  // Of one flag, each $ref as often as it is used.

}  // namespace

bool JsonLogic::enter(const Value& value) {
  if (depth_ < kMaxNesting && ++steps_ < kMaxSteps) {
    ++depth_;
    return true;
  }
  value.error("is nested too deeply, or its $refs lead in circles");
  return false;
}

std::optional<Call> call_of(const Value& value) {
  if (!value.is_map() || value.node().items.size() != 1) return std::nullopt;
  const auto entries = value.entries();
  if (entries.empty()) return std::nullopt;
  Call made{entries[0].key, {}};
  const Value& arguments = entries[0].value;
  made.arguments = arguments.is_list() ? arguments.list() : std::vector<Value>{arguments};
  return made;
}

std::optional<Value> JsonLogic::resolve(const Value& value) const {
  const auto made = call_of(value);
  if (!made || made->op != "$ref") return value;
  const auto name = made->arguments.empty() ? std::nullopt : made->arguments[0].text();
  if (!name) return std::nullopt;
  const Node* found = evaluators_ == nullptr ? nullptr : evaluators_->find(*name);
  if (found != nullptr) return Value(value.report(), *found, "$evaluators." + *name);
  value.error(fmt::format("$evaluators has no '{}'", *name));
  return std::nullopt;
}

std::optional<std::string> JsonLogic::attribute(const Value& value) const {
  const auto made = call_of(value);
  if (!made || made->op != "var" || made->arguments.empty()) {
    value.error("expected {\"var\": ATTRIBUTE} here",
                "an attribute is compared with a value, and computed ones have no equal");
    return std::nullopt;
  }
  auto name = made->arguments[0].text();
  if (!name) return std::nullopt;
  const bool has_default = made->arguments.size() > 1 && !made->arguments[1].is_null();
  if (has_default && !ignores_defaults_) {
    value.error(fmt::format("'{}' has a default here, which has no equal", *name),
                "compared with a value it has one");
  } else if (name->starts_with("$flagd.") || name->empty()) {
    value.error(fmt::format("'{}' is no attribute of the unit", *name),
                "experiments do not depend on the time; see `schedule`");
  } else {
    return name;
  }
  return std::nullopt;
}

// An attribute by itself: there, and not false, 0 or "".
std::optional<Condition> JsonLogic::truth(const std::string& name) const {
  return all_of({exists(name), negate(compare(Op::kEqual, name, {false})),
                 negate(compare(Op::kEqual, name, {0.0})),
                 negate(compare(Op::kEqual, name, {std::string{}}))});
}

std::optional<Condition> JsonLogic::condition(const Value& given) {
  if (!enter(given)) return std::nullopt;
  const auto value = resolve(given);
  auto made = value ? read(*value) : std::nullopt;
  leave();
  if (made && is_too_large(*value, {*made})) return std::nullopt;
  return made;
}

std::optional<Condition> JsonLogic::read(const Value& given) {
  const Value* value = &given;
  const auto made = call_of(given);
  if (made && made->op == "$ref") return condition(given);
  if (value->is_null()) return never();
  if (const auto scalar = scalar_of(value->node())) {
    const bool is_true =
        *scalar != Scalar{false} && *scalar != Scalar{0.0} && *scalar != Scalar{std::string{}};
    return is_true ? always() : never();
  }
  if (!made) {
    value->error("expected a condition", "an object with one operator");
    return std::nullopt;
  }
  if (made->op == "var") {
    const auto name = attribute(*value);
    return name ? truth(*name) : std::nullopt;
  }
  return call(*made, *value);
}

namespace {

bool is_var(const Value& value) {
  return value.is_map() && value.node().items.size() == 1 && value.node().keys[0].text == "var";
}

// The default in {"var": [ATTRIBUTE, DEFAULT]}, where it is one.
std::optional<Value> default_of(const Value& value) {
  const auto made = is_var(value) ? call_of(value) : std::nullopt;
  const bool has_one = made && made->arguments.size() == 2 && !made->arguments[1].is_null();
  return has_one ? std::optional(made->arguments[1]) : std::nullopt;
}

}  // namespace

// What is there is compared, else the default, which is a constant.
std::optional<Condition> JsonLogic::with_default(const Call& made, std::size_t argument,
                                                 const Value& value) {
  const auto otherwise = default_of(made.arguments[argument]);
  ignores_defaults_ = true;
  const auto name = attribute(made.arguments[argument]);
  auto there = name ? call(made, value) : std::nullopt;
  ignores_defaults_ = false;
  if (!there) return std::nullopt;
  Call constant = made;
  constant.arguments[argument] = *otherwise;
  auto absent = call(constant, value);
  if (!absent) return std::nullopt;
  return any_of({all_of({exists(*name), std::move(*there)}),
                 all_of({exists(*name, false), std::move(*absent)})});
}

std::optional<Condition> JsonLogic::call(const Call& made, const Value& value) {
  const std::string& op = made.op;
  const bool compares = op != "and" && op != "or" && op != "!" && op != "!!" && op != "if";
  for (std::size_t i = 0; compares && !ignores_defaults_ && i < made.arguments.size(); ++i) {
    if (default_of(made.arguments[i])) return with_default(made, i, value);
  }
  if (op == "and" || op == "or" || op == "!" || op == "!!" || op == "if") {
    return logic(made, value);
  }
  if (op == "==" || op == "===" || op == "!=" || op == "!==") return equality(made, value);
  if (op == "<" || op == "<=" || op == ">" || op == ">=") return order(made, value);
  if (op == "in") return membership(made, value);
  if (op == "starts_with" || op == "ends_with") return affix(made, value);
  if (op == "sem_ver") return version(made, value);
  if (op == "missing") return missing(made, value);
  if (op == "some" || op == "none") return element(made, value);
  value.error(fmt::format("the operator '{}' has no equal", op.substr(0, 60)),
              "conditions have and, or, !, !!, if, ==, !=, <, <=, >, >=, in, starts_with, "
              "ends_with, sem_ver, missing, some and none; what is computed, the context can give");
  return std::nullopt;
}

// That one of the attributes is not there; an empty text is, for flagd's evaluators.
std::optional<Condition> JsonLogic::missing(const Call& call, const Value& value) const {
  std::vector<Condition> ways;
  for (const Value& argument : call.arguments) {
    const auto name = argument.is_scalar() ? argument.text() : std::nullopt;
    if (!name) {
      if (!argument.is_scalar()) value.error("'missing' takes names of attributes");
      return std::nullopt;
    }
    ways.push_back(exists(*name, false));
  }
  return any_of(std::move(ways));
}

// {"some": [{"var": LIST}, {"==": [{"var": ""}, VALUE]}]}, or with {"in": [{"var": ""}, VALUES]}.
std::optional<Condition> JsonLogic::element(const Call& call, const Value& value) {
  const auto test = call.arguments.size() == 2 ? call_of(call.arguments[1]) : std::nullopt;
  const auto of_element =
      test && test->arguments.size() == 2 ? call_of(test->arguments[0]) : std::nullopt;
  const bool is_element = of_element && of_element->op == "var" &&
                          of_element->arguments.size() == 1 &&
                          of_element->arguments[0].node().text.empty();
  const bool is_equal = is_element && (test->op == "==" || test->op == "===");
  if (!is_equal && !(is_element && test->op == "in" && test->arguments[1].is_list())) {
    value.error(fmt::format("'{}' looks into elements in a way that has no equal", call.op),
                "an element that equals a value, or is one of some, has");
    return std::nullopt;
  }
  const auto name = attribute(call.arguments[0]);
  if (!name) return std::nullopt;
  std::vector<Scalar> values;
  for (const Value& item :
       is_equal ? std::vector<Value>{test->arguments[1]} : test->arguments[1].list()) {
    const auto scalar = scalar_of(item.node());
    if (!scalar) {
      item.error("elements are compared with texts, numbers, true and false only");
      return std::nullopt;
    }
    values.push_back(*scalar);
  }
  if (extent_.add(value, values.size())) return std::nullopt;
  auto some = is_list_with(*name, std::move(values));
  return call.op == "some" ? std::move(some) : negate(std::move(some));
}

std::optional<Condition> JsonLogic::logic(const Call& call, const Value& value) {
  if (call.op == "if") return branch(call);
  std::vector<Condition> parts;
  for (const Value& argument : call.arguments) {
    auto part = condition(argument);
    if (!part) return std::nullopt;
    parts.push_back(std::move(*part));
  }
  if (call.op == "and") return all_of(std::move(parts));
  if (call.op == "or") return any_of(std::move(parts));
  if (parts.size() != 1) {
    value.error(fmt::format("'{}' takes one argument", call.op));
    return std::nullopt;
  }
  return call.op == "!" ? negate(std::move(parts[0])) : std::move(parts[0]);
}

// if as a condition: (c1 and t1) or (not c1 and (c2 and t2 or …)).
std::optional<Condition> JsonLogic::branch(const Call& call) {
  std::vector<Condition> ways;
  std::vector<Condition> before;
  for (std::size_t i = 0; i < call.arguments.size(); i += 2) {
    auto test = condition(call.arguments[i]);
    if (!test) return std::nullopt;
    std::vector<Condition> path = before;
    before.push_back(negate(*test));
    if (is_too_large(call.arguments[i], before)) return std::nullopt;
    for (const Condition& one : before) {
      if (extent_.add(call.arguments[i], one)) return std::nullopt;
    }
    path.push_back(std::move(*test));
    if (i + 1 < call.arguments.size()) {
      auto then = condition(call.arguments[i + 1]);
      if (!then) return std::nullopt;
      path.push_back(std::move(*then));
    }
    ways.push_back(all_of(std::move(path)));
  }
  return any_of(std::move(ways));
}

namespace {

// As JavaScript makes a number of a constant; nothing where that is NaN.
std::optional<double> number_from(const Scalar& scalar) {
  if (const auto* flag = std::get_if<bool>(&scalar)) return *flag ? 1 : 0;
  if (const auto* number = std::get_if<double>(&scalar)) return *number;
  const std::string_view text = std::get<std::string>(scalar);
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return 0.0;
  return parse_number(text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin));
}

// `a == b` of JavaScript; nothing where flagd's evaluator fails.
std::optional<bool> are_loosely_equal(const Scalar& a, const Scalar& b) {
  if (a.index() == b.index()) return a == b;
  const auto x = number_from(a);
  const auto y = number_from(b);
  return x && y ? std::optional(*x == *y) : std::nullopt;
}

constexpr std::string_view kTargetingKey = "targetingKey";  // Always a text.

// An attribute `== constant`. flagd's evaluator takes what is missing for 0 before a number or a
// boolean (not behind it), and numbers for texts that read as one.
Condition loosely_equal(const std::string& name, const Scalar& constant, bool is_turned) {
  std::vector<Scalar> values = {constant};
  const auto number = number_from(constant);
  if (!number || name == kTargetingKey) return compare(Op::kEqual, name, std::move(values));
  const bool is_text = std::holds_alternative<std::string>(constant);
  const auto add = [&](Scalar same) {
    if (same != constant) values.push_back(std::move(same));
  };
  if (*number == 0 || *number == 1) add(*number == 1);
  add(*number);
  if (!is_text) add(number_text(*number));
  if (is_text || *number != 0) return compare(Op::kIn, name, std::move(values));
  add("");
  if (is_turned) return compare(Op::kIn, name, std::move(values));
  return any_of({exists(name, false), compare(Op::kIn, name, std::move(values))});
}

}  // namespace

std::optional<Condition> JsonLogic::equality(const Call& call, const Value& value) {
  if (call.arguments.size() != 2) {
    value.error(fmt::format("'{}' takes two arguments", call.op));
    return std::nullopt;
  }
  const bool is_turned = !is_var(call.arguments[0]) && is_var(call.arguments[1]);
  const Value& constant = call.arguments[is_turned ? 0 : 1];
  const auto operand = scalar_of(constant.node());
  const bool is_positive = call.op.front() == '=';
  const bool is_strict = call.op.size() == 3;
  if (!is_var(call.arguments[is_turned ? 1 : 0])) {  // Two constants.
    const auto other = scalar_of(call.arguments[0].node());
    const bool is_known = other && operand;
    const auto are_equal = !is_known || is_strict ? std::optional(other == operand)
                                                  : are_loosely_equal(*other, *operand);
    if (!are_equal) {
      value.error("compares a text that is no number with a number, true or false",
                  "flagd's evaluator fails on it: compare values of one type");
      return std::nullopt;
    }
    if (is_known) return *are_equal == is_positive ? always() : never();
  }
  const auto name = attribute(call.arguments[is_turned ? 1 : 0]);
  if (!name) return std::nullopt;
  if (constant.is_null()) return exists(*name, !is_positive);
  if (!operand) {
    constant.error("attributes are compared with a text, a number, true or false only");
    return std::nullopt;
  }
  auto equal = is_strict ? compare(Op::kEqual, *name, {*operand})
                         : loosely_equal(*name, *operand, is_turned);
  return is_positive ? std::move(equal) : negate(std::move(equal));
}

namespace {

bool holds(Op op, double a, double b) {
  if (op == Op::kLess) return a < b;
  if (op == Op::kLessEqual) return a <= b;
  return op == Op::kGreater ? a > b : a >= b;
}

// The operator of "5 < x" as one of "x > 5".
Op turned(Op op) {
  if (op == Op::kLess) return Op::kGreater;
  if (op == Op::kLessEqual) return Op::kGreaterEqual;
  return op == Op::kGreater ? Op::kLess : Op::kLessEqual;
}

}  // namespace

std::optional<Condition> JsonLogic::order(const Call& call, const Value& value) {
  const std::map<std::string_view, Op> ops = {
      {"<", Op::kLess}, {"<=", Op::kLessEqual}, {">", Op::kGreater}, {">=", Op::kGreaterEqual}};
  const std::size_t count = call.arguments.size();
  if (count != 2 && !(count == 3 && call.op.front() == '<')) {
    value.error(fmt::format("'{}' takes two arguments", call.op));
    return std::nullopt;
  }
  std::vector<Condition> parts;
  for (std::size_t i = 0; i + 1 < count; ++i) {
    const Op op = ops.at(call.op);
    const bool is_turned = !is_var(call.arguments[i]);
    const Value& constant = call.arguments[is_turned ? i : i + 1];
    const auto number = scalar_of(constant.node());
    if (is_turned && !is_var(call.arguments[i + 1])) {
      const auto other = scalar_of(call.arguments[i + 1].node());
      const auto* a = number ? std::get_if<double>(&*number) : nullptr;
      const auto* b = other ? std::get_if<double>(&*other) : nullptr;
      if (a != nullptr && b != nullptr) {
        parts.push_back(holds(op, *a, *b) ? always() : never());
        continue;
      }
    }
    const auto name = attribute(call.arguments[is_turned ? i + 1 : i]);
    if (!name) return std::nullopt;
    if (!number || !std::holds_alternative<double>(*number)) {
      constant.error("orders compare an attribute with a number only");
      return std::nullopt;
    }
    const Op effective = is_turned ? turned(op) : op;
    std::vector<Condition> either = {compare(effective, *name, {*number})};
    if (holds(effective, 0, std::get<double>(*number))) either.push_back(exists(*name, false));
    parts.push_back(any_of(std::move(either)));
  }
  return all_of(std::move(parts));
}

namespace {

// Of a constant in constants; nothing where one of them is not.
std::optional<bool> constant_membership(const Value& needle, const Value& haystack) {
  const auto sought = scalar_of(needle.node());
  if (!sought) return std::nullopt;
  if (haystack.is_list()) {
    return std::ranges::any_of(haystack.node().items,
                               [&](const Node& item) { return scalar_of(item) == sought; });
  }
  const auto text = scalar_of(haystack.node());
  const auto* within = text ? std::get_if<std::string>(&*text) : nullptr;
  const auto* part = std::get_if<std::string>(&*sought);
  if (within == nullptr || part == nullptr) return std::nullopt;
  return within->find(*part) != std::string::npos;
}

}  // namespace

// A text within an attribute, or an attribute among constants.
std::optional<Condition> JsonLogic::membership(const Call& call, const Value& value) {
  if (call.arguments.size() != 2) {
    value.error("'in' takes two arguments");
    return std::nullopt;
  }
  const Value& needle = call.arguments[0];
  const Value& haystack = call.arguments[1];
  if (const auto known = constant_membership(needle, haystack)) return *known ? always() : never();
  if (is_var(haystack)) {
    const auto name = attribute(haystack);
    const auto text = scalar_of(needle.node());
    if (!name) return std::nullopt;
    if (!text || !std::holds_alternative<std::string>(*text)) {
      needle.error("only a text can be looked for in an attribute");
      return std::nullopt;
    }
    return compare(Op::kContains, *name, {*text});
  }
  const auto name = attribute(needle);
  if (!name) return std::nullopt;
  std::vector<Scalar> values;
  for (const Value& item : haystack.list(kMaxListed)) {
    const auto scalar = scalar_of(item.node());
    if (!scalar) {
      item.error("lists to look in hold texts, numbers, true and false only");
      return std::nullopt;
    }
    values.push_back(*scalar);
  }
  if (!haystack.is_list() || extent_.add(haystack, values.size())) return std::nullopt;
  return values.empty() ? never() : compare(Op::kIn, *name, std::move(values));
}

std::optional<Condition> JsonLogic::affix(const Call& call, const Value& value) {
  if (call.arguments.size() != 2) {
    value.error(fmt::format("'{}' takes two arguments", call.op));
    return std::nullopt;
  }
  const auto text = scalar_of(call.arguments[1].node());
  if (!text || !std::holds_alternative<std::string>(*text)) {
    call.arguments[1].error(fmt::format("'{}' looks for a text", call.op));
    return std::nullopt;
  }
  const auto known = scalar_of(call.arguments[0].node());
  if (const auto* whole = known ? std::get_if<std::string>(&*known) : nullptr) {
    const auto& part = std::get<std::string>(*text);
    return (call.op == "starts_with" ? whole->starts_with(part) : whole->ends_with(part)) ? always()
                                                                                          : never();
  }
  const auto name = attribute(call.arguments[0]);
  if (!name) return std::nullopt;
  return compare(call.op == "starts_with" ? Op::kPrefix : Op::kSuffix, *name, {*text});
}

namespace {

// "2.5.1-rc" → 2 or 2.5: what ^ and ~ of flagd compare, whatever follows.
std::vector<std::string> first_parts(std::string_view version, std::size_t count) {
  std::vector<std::string> parts;
  version = version.substr(0, version.find_first_of("-+"));
  while (parts.size() < count) {
    const std::size_t dot = std::min(version.find('.'), version.size());
    parts.emplace_back(version.substr(0, dot));
    if (parts.back().empty()) parts.back() = "0";
    version.remove_prefix(std::min(dot + 1, version.size()));
  }
  return parts;
}

}  // namespace

std::optional<Condition> JsonLogic::version(const Call& call, const Value& value) {
  const auto name = call.arguments.size() == 3 ? attribute(call.arguments[0]) : std::nullopt;
  const auto op = call.arguments.size() == 3 ? call.arguments[1].text() : std::nullopt;
  const auto text = call.arguments.size() == 3 ? call.arguments[2].text() : std::nullopt;
  if (call.arguments.size() != 3) value.error("'sem_ver' takes [{\"var\": …}, OPERATOR, VERSION]");
  if (!name || !op || !text) return std::nullopt;
  if (!is_semver_range(*text) || !std::isdigit(static_cast<unsigned char>(text->front()))) {
    call.arguments[2].error(fmt::format("'{}' is not a version", *text), "such as 2.3.0");
    return std::nullopt;
  }
  const auto range = [&](std::string limits) {
    return compare(Op::kSemver, *name, {std::move(limits)});
  };
  for (const std::string_view same : {"=", "<", "<=", ">", ">="}) {
    if (*op == same) return range(*op + *text);
  }
  if (*op == "!=") return any_of({range("<" + *text), range(">" + *text)});
  if (*op == "^" || *op == "~") {
    auto parts = first_parts(*text, *op == "^" ? 1 : 2);
    const std::string low = fmt::format("{}", fmt::join(parts, "."));
    const auto last = parse_number(parts.back()).value_or(0);
    parts.back() = fmt::format("{:.0f}", last + 1);
    const std::string fill = parts.size() == 1 ? ".0.0-0" : ".0-0";
    return all_of(
        {range(">=" + low + fill), range(fmt::format("<{}{}", fmt::join(parts, "."), fill))});
  }
  call.arguments[1].error(fmt::format("'{}' is no operator of sem_ver", *op),
                          "=, !=, <, <=, >, >=, ^ or ~");
  return std::nullopt;
}

}  // namespace assay::define
