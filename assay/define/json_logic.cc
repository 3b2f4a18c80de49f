#include "assay/define/json_logic.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "assay/define/flagd_version.h"
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
  return made->op == "var" ? truth(*value) : call(*made, *value);
}

namespace {

bool is_var(const Value& value) {
  return value.is_map() && value.node().items.size() == 1 && value.node().keys[0].text == "var";
}

// As JavaScript makes a number of a constant; nothing where that is NaN.
std::optional<double> number_from(const Scalar& scalar) {
  if (const auto* flag = std::get_if<bool>(&scalar)) return *flag ? 1 : 0;
  if (const auto* number = std::get_if<double>(&scalar)) return *number;
  const std::string_view text = std::get<std::string>(scalar);
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return 0.0;
  return parse_number(text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin));
}

// What is `== constant`: numbers for texts that read as one, and the other way round.
std::vector<Scalar> loose_values(const Scalar& constant) {
  std::vector<Scalar> values = {constant};
  const auto number = number_from(constant);
  if (!number) return values;
  const bool is_text = std::holds_alternative<std::string>(constant);
  const auto add = [&](Scalar same) {
    if (same != constant) values.push_back(std::move(same));
  };
  if (*number == 0 || *number == 1) add(*number == 1);
  add(*number);
  if (!is_text) add(number_text(*number));
  if (!is_text && *number == 0) add("");
  return values;
}

// The default in {"var": [ATTRIBUTE, DEFAULT]}, where it is one.
std::optional<Value> default_of(const Value& value) {
  const auto made = is_var(value) ? call_of(value) : std::nullopt;
  const bool has_one = made && made->arguments.size() == 2 && !made->arguments[1].is_null();
  return has_one ? std::optional(made->arguments[1]) : std::nullopt;
}

}  // namespace

std::optional<std::string> JsonLogic::attribute_with_default(const Value& value) {
  const bool before = std::exchange(ignores_defaults_, true);
  auto name = attribute(value);
  ignores_defaults_ = before;
  return name;
}

// An attribute by itself: there, and not false, 0 or ""; else its default.
std::optional<Condition> JsonLogic::truth(const Value& value) {
  const auto otherwise = default_of(value);
  const auto name = attribute_with_default(value);
  const auto is_default_true = otherwise ? condition(*otherwise) : never();
  if (!name || !is_default_true) return std::nullopt;
  Condition there = all_of({exists(*name), negate(compare(Op::kEqual, *name, {false})),
                            negate(compare(Op::kEqual, *name, {0.0})),
                            negate(compare(Op::kEqual, *name, {std::string{}}))});
  return is_always(*is_default_true) ? any_of({exists(*name, false), std::move(there)}) : there;
}

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
    const auto alike = test->op == "==" ? loose_values(*scalar) : std::vector{*scalar};
    values.insert(values.end(), alike.begin(), alike.end());
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
  const bool before = begin_branch(call);
  auto made = branches(call);
  end_branch(before);
  return made;
}

std::optional<Condition> JsonLogic::branches(const Call& call) {
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

// `a == b` of JavaScript; nothing where flagd's evaluator fails.
std::optional<bool> are_loosely_equal(const Scalar& a, const Scalar& b) {
  if (a.index() == b.index()) return a == b;
  const auto x = number_from(a);
  const auto y = number_from(b);
  return x && y ? std::optional(*x == *y) : std::nullopt;
}

constexpr std::string_view kTargetingKey = "targetingKey";  // Always a text.

// An attribute `== constant`, which may take what is missing for 0.
Condition loosely_equal(const std::string& name, const Scalar& constant, bool is_missing_zero) {
  const auto number = number_from(constant);
  const bool is_text = std::holds_alternative<std::string>(constant);
  if (!number || (is_text && name == kTargetingKey)) return compare(Op::kEqual, name, {constant});
  auto equal = compare(Op::kIn, name, loose_values(constant));
  if (!is_missing_zero || *number != 0 || is_text) return equal;
  return any_of({exists(name, false), std::move(equal)});
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
  // flagd's evaluator takes null for 0 beside a number or boolean; where it compiles, before it
  // only.
  const bool is_null_zero = !is_strict && (!is_turned || is_interpreted_);
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
  if (constant.is_null()) {
    Condition equal = exists(*name, false);
    if (is_null_zero) equal = any_of({std::move(equal), compare(Op::kIn, *name, {0.0, false})});
    return is_positive ? std::move(equal) : negate(std::move(equal));
  }
  if (!operand) {
    constant.error("attributes are compared with a text, a number, true or false only");
    return std::nullopt;
  }
  auto equal = is_strict ? compare(Op::kEqual, *name, {*operand})
                         : loosely_equal(*name, *operand, is_null_zero);
  return is_positive ? std::move(equal) : negate(std::move(equal));
}

std::optional<Condition> JsonLogic::nothing(const Value& given) {
  if (!enter(given)) return std::nullopt;
  const auto value = resolve(given);
  const auto made = value ? call_of(*value) : std::nullopt;
  std::optional<Condition> when;
  if (made) {
    when = made->op == "$ref" ? nothing(*value) : nothing_of(*made, *value);
  } else if (value) {
    when = value->is_null() ? always() : never();
  }
  leave();
  if (when && is_too_large(given, {*when})) return std::nullopt;
  return when;
}

std::optional<Condition> JsonLogic::nothing_of(const Call& call, const Value& value) {
  if (call.op == "var") {
    const auto name = attribute_with_default(value);
    if (!name) return std::nullopt;
    return default_of(value) ? never() : exists(*name, false);
  }
  if (call.op == "missing") {
    value.error("is a list, which names no variant", "{\"!!\": {\"missing\": …}} is true or false");
    return std::nullopt;
  }
  if (call.op == "if") {
    const bool before = begin_branch(call);
    auto when = nothing_of_branch(call);
    end_branch(before);
    return when;
  }
  if (call.op == "and" || call.op == "or") return nothing_of_several(call);
  const bool is_affix = call.op == "starts_with" || call.op == "ends_with";
  if ((!is_affix && call.op != "sem_ver") || !is_var(call.arguments[0])) return never();
  const auto name = attribute_with_default(call.arguments[0]);
  if (!name) return std::nullopt;
  Condition known = is_affix ? is_text(*name) : compare(Op::kSemver, *name, {">=0.0.0-0"});
  if (default_of(call.arguments[0])) known = any_of({std::move(known), exists(*name, false)});
  return negate(std::move(known));
}

// The first argument that decides is the value, else the last.
std::optional<Condition> JsonLogic::nothing_of_several(const Call& call) {
  std::vector<Condition> ways;
  std::vector<Condition> before;
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    const Value& argument = call.arguments[i];
    const bool is_last = i + 1 == call.arguments.size();
    auto here = call.op == "and" || is_last ? nothing(argument) : never();
    auto test = is_last ? never() : condition(argument);
    if (!here || !test) return std::nullopt;
    std::vector<Condition> path = before;
    path.push_back(std::move(*here));
    ways.push_back(all_of(std::move(path)));
    before.push_back(call.op == "and" ? std::move(*test) : negate(std::move(*test)));
    if (is_too_large(argument, before) || is_too_large(argument, ways)) return std::nullopt;
  }
  return any_of(std::move(ways));
}

std::optional<Condition> JsonLogic::nothing_of_branch(const Call& call) {
  std::vector<Condition> ways;
  std::vector<Condition> before;
  for (std::size_t i = 0; i < call.arguments.size(); i += 2) {
    const bool is_last = i + 1 == call.arguments.size();
    auto test = is_last ? always() : condition(call.arguments[i]);
    auto here = test ? nothing(call.arguments[is_last ? i : i + 1]) : std::nullopt;
    if (!here) return std::nullopt;
    std::vector<Condition> path = before;
    before.push_back(negate(*test));
    path.push_back(std::move(*test));
    path.push_back(std::move(*here));
    ways.push_back(all_of(std::move(path)));
    if (is_too_large(call.arguments[i], before) || is_too_large(call.arguments[i], ways)) {
      return std::nullopt;
    }
  }
  if (call.arguments.size() % 2 == 0) ways.push_back(all_of(std::move(before)));
  return any_of(std::move(ways));
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

bool is_empty_list(const Value& value) { return value.is_list() && value.node().items.empty(); }

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
  return !within->empty() && within->find(*part) != std::string::npos;
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
    Condition contains = compare(Op::kContains, *name, {*text});
    if (*text != Scalar{std::string{}}) return contains;
    return all_of({std::move(contains), negate(compare(Op::kEqual, *name, {*text}))});
  }
  const auto name = attribute(needle);
  if (!name) return std::nullopt;
  if (is_empty_list(haystack)) return never();
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
  return compare(Op::kIn, *name, std::move(values));
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

std::optional<Condition> JsonLogic::version(const Call& call, const Value& value) {
  if (call.arguments.size() != 3) {
    value.error("'sem_ver' takes [{\"var\": …}, OPERATOR, VERSION]");
    return std::nullopt;
  }
  const auto name = attribute(call.arguments[0]);
  return name ? compare_version(*name, call.arguments[1], call.arguments[2]) : std::nullopt;
}

}  // namespace assay::define
