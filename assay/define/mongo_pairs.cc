#include "assay/define/mongo_pairs.h"

#include <algorithm>
#include <string_view>

#include "assay/define/import_rules.h"

namespace assay::define {
namespace {

// Types are indices of Scalar.
bool is_any_of_type(const std::vector<Scalar>& values, std::size_t type) {
  return std::ranges::any_of(values, [&](const Scalar& value) { return value.index() == type; });
}

// Without the ways that need a value of another type, or none.
Condition only_of_type(const Condition& condition, std::size_t type) {
  std::vector<Condition> ways;
  switch (condition.op) {
    case Op::kAny:
      for (const Condition& way : condition.children) ways.push_back(only_of_type(way, type));
      return any_of(std::move(ways));
    case Op::kExists:
      return std::get<bool>(condition.values.front()) ? condition : never();
    case Op::kEqual:
    case Op::kIn:
    case Op::kLess:
    case Op::kLessEqual:
    case Op::kGreater:
    case Op::kGreaterEqual:
    case Op::kPrefix:
    case Op::kSuffix:
    case Op::kContains:
      return is_any_of_type(condition.values, type) ? condition : never();
    default:
      return condition;
  }
}

// Whether it holds for one type only; `in` and `contains` look into lists, too.
bool tells_type(const Condition& condition) {
  if (condition.op == Op::kAny) return std::ranges::all_of(condition.children, tells_type);
  constexpr Op kTell[] = {Op::kEqual,        Op::kLess,   Op::kLessEqual, Op::kGreater,
                          Op::kGreaterEqual, Op::kPrefix, Op::kSuffix};
  return std::ranges::find(kTell, condition.op) != std::end(kTell);
}

// Whether no text ends with one of both.
bool ends_exclude(const std::vector<Scalar>& some, const std::vector<Scalar>& others) {
  const auto text = [](const Scalar& value) -> const std::string& {
    return std::get<std::string>(value);
  };
  return std::ranges::all_of(some, [&](const Scalar& one) {
    return std::ranges::none_of(others, [&](const Scalar& other) {
      return text(one).ends_with(text(other)) || text(other).ends_with(text(one));
    });
  });
}

}  // namespace

Condition is_boolean(const std::string& name) {
  return any_of({compare(Op::kEqual, name, {true}), compare(Op::kEqual, name, {false})});
}

Condition is_number(const std::string& name) {
  return any_of({compare(Op::kLess, name, {0.0}), compare(Op::kGreaterEqual, name, {0.0})});
}

Condition of_type(std::string_view type, Condition is_type, Condition tested) {
  constexpr std::string_view kTypes[] = {"boolean", "number", "string"};
  const auto index = std::ranges::find(kTypes, type) - std::begin(kTypes);
  if (index < std::ssize(kTypes)) {
    tested = only_of_type(tested, static_cast<std::size_t>(index));
    if (tells_type(tested)) return tested;
  }
  return all_of({std::move(is_type), std::move(tested)});
}

Condition both(const std::string& name, Condition first, Condition second) {
  if (second.op == Op::kNot) {
    const Condition& inner = second.children.front();
    if (first == exists(name) && (inner.op == Op::kEqual || inner.op == Op::kIn)) {
      return compare(inner.op == Op::kEqual ? Op::kNotEqual : Op::kNotIn, name, inner.values);
    }
    const bool is_redundant = (inner == is_boolean(name) && !is_any_of_type(first.values, 0)) ||
                              (inner == is_number(name) && !is_any_of_type(first.values, 1));
    if (first.op == Op::kIn && is_redundant) return first;
    const bool are_ends = first.op == Op::kSuffix && inner.op == Op::kSuffix;
    if (are_ends && ends_exclude(first.values, inner.values)) return first;
  }
  return all_of({std::move(first), std::move(second)});
}

Condition either(Condition first, Condition second) {
  if (second.op == Op::kAll && second.children.front().op == Op::kIn) {
    const auto& [op, name, texts, none] = second.children.front();
    Condition contains = compare(Op::kContains, name, texts);
    const bool are_texts = !is_any_of_type(texts, 0) && !is_any_of_type(texts, 1);
    const bool is_any_text = std::ranges::find(texts, Scalar{""}) != texts.end();
    const Condition in_text = is_any_text ? is_text(name) : all_of({is_text(name), contains});
    if (are_texts && first == in_text && second == is_list_with(name, texts)) return contains;
  }
  return any_of({std::move(first), std::move(second)});
}

}  // namespace assay::define
