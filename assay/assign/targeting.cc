#include "assay/assign/targeting.h"

#include <algorithm>
#include <bit>

namespace assay::assign {
namespace {

using define::Condition;
using define::Op;

constexpr std::ptrdiff_t kLinear = 12;  // Up to here a loop beats a binary search.

bool is_tree(Op op) { return op == Op::kAll || op == Op::kAny || op == Op::kNot; }
bool is_order(Op op) {
  return op == Op::kLess || op == Op::kLessEqual || op == Op::kGreater || op == Op::kGreaterEqual;
}
bool is_membership(Op op) {
  return op == Op::kEqual || op == Op::kNotEqual || op == Op::kIn || op == Op::kNotIn;
}

void append_bytes(const void* data, std::size_t size, std::string& out) {
  out.append(static_cast<const char*>(data), size);
}
void append_text(std::string_view text, std::string& out) {
  const std::size_t size = text.size();
  append_bytes(&size, sizeof size, out);
  out += text;
}

// An unambiguous written form: equal forms are equal conditions.
void write_key(const Condition& condition, std::string& out) {
  out += static_cast<char>(condition.op);
  append_text(condition.attribute, out);
  for (const define::Scalar& value : condition.values) {
    out += static_cast<char>('1' + value.index());
    if (const auto* text = std::get_if<std::string>(&value)) append_text(*text, out);
    if (const auto* number = std::get_if<double>(&value)) append_bytes(number, sizeof *number, out);
    if (const auto* boolean = std::get_if<bool>(&value)) out += *boolean ? 't' : 'f';
  }
  out += '(';
  for (const Condition& child : condition.children) write_key(child, out);
  out += ')';
}

std::string key_of(const Condition& condition) {
  std::string key;
  write_key(condition, key);
  return key;
}

// Steps that a tree becomes; a tree without children is one constant step.
std::uint32_t step_count(const Condition& condition) {
  if (!is_tree(condition.op) || condition.children.empty()) return 1;
  std::uint32_t sum = 0;
  for (const Condition& child : condition.children) sum += step_count(child);
  return sum;
}

bool matches_pattern(Op op, std::string_view text, std::string_view pattern) {
  if (op == Op::kPrefix) return text.starts_with(pattern);
  if (op == Op::kSuffix) return text.ends_with(pattern);
  return text.find(pattern) != std::string_view::npos;
}

Outcome result(bool outcome) { return outcome ? Outcome::kTrue : Outcome::kFalse; }

}  // namespace

// --- Compiling ---

bool Targeting::check(const Condition& condition, int depth, const std::string& field,
                      Problems& problems) const {
  const auto problem = [&](std::string message, std::string hint) {
    problems.push_back(
        {.place = {}, .field = field, .message = std::move(message), .hint = std::move(hint)});
    return false;
  };
  if (depth > kMaxDepth) {
    return problem("conditions are nested deeper than " + std::to_string(kMaxDepth) + " levels",
                   "");
  }
  const std::size_t children = condition.children.size();
  if (condition.op == Op::kNot && children != 1) return problem("`not` needs one condition", "");
  if ((is_order(condition.op) || condition.op == Op::kExists) && condition.values.size() != 1) {
    return problem("the comparison of \"" + condition.attribute + "\" needs one value", "");
  }
  for (const define::Scalar& value : condition.values) {
    if (condition.op != Op::kSemver) break;
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr || !parse_range(*text)) {
      return problem("\"" + (text != nullptr ? *text : std::string("a number")) +
                         "\" is not a range of versions",
                     "write it like \">=2.3.0\", \"^1.4\" or \"~1.4.2\"");
    }
  }
  bool good = true;
  for (const Condition& child : condition.children) {
    good = check(child, depth + 1, field, problems) && good;
  }
  return good;
}

std::uint32_t Targeting::compile(const Condition& condition, Schema& schema,
                                 const std::string& field, Problems& problems) {
  if (condition.op == Op::kAlways) return kAlways;
  std::string key = key_of(condition);
  if (const auto known = known_programs_.find(key); known != known_programs_.end()) {
    return known->second;
  }
  if (!check(condition, 1, field, problems)) return kAlways;
  const auto number = static_cast<std::uint32_t>(programs_.size());
  known_programs_.emplace(std::move(key), number);
  programs_.push_back(static_cast<std::uint32_t>(steps_.size()));
  emit(condition, schema, kAccept, kReject);
  return number;
}

// A child that does not decide the tree continues with the next child, which starts right behind
// its own steps; a child that decides it jumps to where the tree's outcome leads.
void Targeting::emit(const Condition& condition, Schema& schema, std::uint32_t on_true,
                     std::uint32_t on_false) {
  if (!is_tree(condition.op) || condition.children.empty()) {
    if (condition.op == Op::kAny) std::swap(on_true, on_false);  // Any of nothing: false.
    const Condition always;
    const Condition& leaf = is_tree(condition.op) ? always : condition;
    const std::uint32_t comparison = comparison_index(leaf, schema);
    Step step = step_of(comparison);
    const auto behind = static_cast<std::uint32_t>(steps_.size()) + 1;
    step.on_true = on_true;
    step.on_false = on_false;
    step.follow = on_true == behind    ? Follow::kOnTrue
                  : on_false == behind ? Follow::kOnFalse
                                       : Follow::kNever;
    steps_.push_back(step);
    return;
  }
  if (condition.op == Op::kNot) return emit(condition.children[0], schema, on_false, on_true);
  for (const Condition& child : condition.children) {
    const auto next = static_cast<std::uint32_t>(steps_.size()) + step_count(child);
    const bool last = &child == &condition.children.back();
    const bool all = condition.op == Op::kAll;
    emit(child, schema, all && !last ? next : on_true, all || last ? on_false : next);
  }
}

std::uint32_t Targeting::comparison_index(const Condition& condition, Schema& schema) {
  const auto [known, is_new] = known_comparisons_.try_emplace(
      key_of(condition), static_cast<std::uint32_t>(comparisons_.size()));
  if (!is_new) return known->second;
  Comparison comparison;
  comparison.op = condition.op;
  comparison.is_negated = condition.op == Op::kNotEqual || condition.op == Op::kNotIn;
  comparison.numbers_begin = static_cast<std::uint32_t>(numbers_.size());
  if (condition.op != Op::kAlways) {
    comparison.attribute = schema.attribute(condition.attribute);
    add_operands(condition, schema, comparison);
  }
  comparison.numbers_end = static_cast<std::uint32_t>(numbers_.size());
  comparisons_.push_back(comparison);
  return known->second;
}

void Targeting::add_operands(const Condition& condition, Schema& schema, Comparison& comparison) {
  Schema::Attribute& use = schema.attributes[comparison.attribute];
  const bool membership = is_membership(condition.op);
  const bool semver = condition.op == Op::kSemver;
  use.is_compared = use.is_compared || membership;
  use.is_version = use.is_version || semver;
  const auto position = [&] {
    return static_cast<std::uint32_t>(membership ? text_numbers_.size()
                                      : semver   ? ranges_.size()
                                                 : patterns_.size());
  };
  comparison.begin = position();
  for (const define::Scalar& value : condition.values) {
    comparison.types |= static_cast<std::uint8_t>(1U << (2 - value.index()));  // See ValueType.
    if (const auto* number = std::get_if<double>(&value)) numbers_.push_back(*number);
    if (const auto* boolean = std::get_if<bool>(&value)) comparison.booleans |= *boolean ? 2 : 1;
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) continue;
    if (membership) {
      text_numbers_.push_back(schema.texts.intern(*text));
    } else if (semver) {
      const VersionRange range = *parse_range(*text);
      const auto begin = static_cast<std::uint32_t>(comparators_.size());
      comparators_.insert(comparators_.end(), range.begin(), range.end());
      ranges_.push_back({begin, static_cast<std::uint32_t>(comparators_.size())});
    } else {
      patterns_.push_back(*text);
    }
  }
  comparison.end = position();
  if (membership) std::sort(text_numbers_.begin() + comparison.begin, text_numbers_.end());
}

// The comparison in short, where it has a short form.
Targeting::Step Targeting::step_of(std::uint32_t comparison) const {
  const Comparison& whole = comparisons_[comparison];
  Step step{.is_negated = whole.is_negated, .attribute = whole.attribute, .comparison = comparison};
  if (is_membership(whole.op) && whole.types == kText) {
    step.base = text_numbers_[whole.begin];
    if (text_numbers_[whole.end - 1] - step.base >= kWindow) return step;
    step.test = Test::kText;
    for (std::uint32_t i = whole.begin; i < whole.end; ++i) {
      step.first |= std::uint64_t{1} << (text_numbers_[i] - step.base);
    }
  } else if (whole.op == Op::kSemver && whole.end - whole.begin == 1) {
    const Range range = ranges_[whole.begin];
    const auto interval = key_interval({&comparators_[range.begin], range.end - range.begin});
    if (!interval) return step;
    step.test = Test::kVersion;
    step.first = interval->low;
    step.second = interval->width;
  }
  return step;
}

void Targeting::seal() {
  known_comparisons_ = {};
  known_programs_ = {};
}

// --- Evaluating ---

// kAbsent is never listed.
inline bool Targeting::lists_text(const Comparison& comparison, std::uint32_t text) const {
  const std::uint32_t* at = text_numbers_.data() + comparison.begin;
  const std::uint32_t* end = text_numbers_.data() + comparison.end;
  if (end - at > kLinear) return std::binary_search(at, end, text);
  bool found = false;
  for (; at != end; ++at) found |= *at == text;
  return found;
}

bool Targeting::lists_number(const Comparison& comparison, double number) const {
  const auto end = numbers_.begin() + comparison.numbers_end;
  return std::find(numbers_.begin() + comparison.numbers_begin, end, number) != end;
}

bool Targeting::lists(const Comparison& comparison, const Element& element,
                      const TextTable& texts) const {
  if (const auto* text = std::get_if<std::string_view>(&element)) {
    return lists_text(comparison, texts.find(*text));
  }
  if (const auto* number = std::get_if<double>(&element)) return lists_number(comparison, *number);
  return (comparison.booleans >> (std::get<bool>(element) ? 1 : 0)) & 1;
}

// The negated forms are true exactly where the attribute is there and the positive one is false.
Outcome Targeting::test_membership(const Comparison& comparison, std::uint8_t types,
                                   const Context& context) const {
  const bool negated = comparison.is_negated;
  const bool takes_lists = comparison.op == Op::kIn || comparison.op == Op::kNotIn;
  const auto comparable = static_cast<std::uint8_t>(comparison.types | (takes_lists ? kList : 0));
  if ((types & comparable) == 0) return negated ? Outcome::kTrue : Outcome::kWrongType;
  const Value& value = context.value(comparison.attribute);
  bool found = false;
  if ((types & kText) != 0) found = lists_text(comparison, value.text_number);
  if (!found && (types & kNumber) != 0) found = lists_number(comparison, value.number);
  if (!found && (types & kBool) != 0) found = (comparison.booleans >> (value.boolean ? 1 : 0)) & 1;
  if ((types & kList) != 0) {
    found = std::any_of(value.list.begin(), value.list.end(), [&](const Element& element) {
      return lists(comparison, element, context.schema().texts);
    });
  }
  return result(found != negated);
}

Outcome Targeting::test_order(const Comparison& comparison, std::uint8_t types,
                              const Value& value) const {
  if ((types & kNumber) == 0 || comparison.types != kNumber) return Outcome::kWrongType;
  const double bound = numbers_[comparison.numbers_begin];
  switch (comparison.op) {
    case Op::kLess:
      return result(value.number < bound);
    case Op::kLessEqual:
      return result(value.number <= bound);
    case Op::kGreater:
      return result(value.number > bound);
    default:
      return result(value.number >= bound);
  }
}

Outcome Targeting::test_text(const Comparison& comparison, std::uint8_t types,
                             const Value& value) const {
  const auto begin = patterns_.begin() + comparison.begin;
  const auto end = patterns_.begin() + comparison.end;
  if ((types & kList) != 0 && comparison.op == Op::kContains) {
    return result(std::any_of(value.list.begin(), value.list.end(), [&](const Element& element) {
      const auto* text = std::get_if<std::string_view>(&element);
      return text != nullptr && std::find(begin, end, *text) != end;
    }));
  }
  if ((types & kText) == 0) return Outcome::kWrongType;
  return result(std::any_of(begin, end, [&](const std::string& pattern) {
    return matches_pattern(comparison.op, value.text, pattern);
  }));
}

Outcome Targeting::test_version(const Comparison& comparison, std::uint8_t types,
                                const Value& value) const {
  if ((types & kText) == 0 || value.version_key == kNoVersion) return Outcome::kWrongType;
  const Version version = *parse_version(value.text);  // The key may not say all of it.
  for (std::uint32_t i = comparison.begin; i < comparison.end; ++i) {
    const Range range = ranges_[i];
    if (matches({&comparators_[range.begin], range.end - range.begin}, version)) {
      return Outcome::kTrue;
    }
  }
  return Outcome::kFalse;
}

[[gnu::noinline]] Outcome Targeting::test_rest(const Comparison& comparison,
                                               const Context& context) const {
  if (comparison.op == Op::kAlways) return Outcome::kTrue;
  const std::uint8_t types = context.types(comparison.attribute);
  if (comparison.op == Op::kExists) return result((types != 0) == (comparison.booleans == 2));
  if (types == 0) return Outcome::kMissing;
  if (is_membership(comparison.op)) return test_membership(comparison, types, context);
  const Value& value = context.value(comparison.attribute);
  if (comparison.op == Op::kSemver) return test_version(comparison, types, value);
  return is_order(comparison.op) ? test_order(comparison, types, value)
                                 : test_text(comparison, types, value);
}

Match Targeting::match(std::uint32_t program, const Context& context) const {
  return run(program, [&](const Step& step) { return test(step, context); });
}

std::span<const Match> Targeting::match_all(Context& context) const {
  Context::Memo& memo = context.memo();
  memo.outcomes.assign(comparisons_.size(), Outcome::kUnknown);
  memo.matches.resize(programs_.size());
  for (std::uint32_t i = 0; i < programs_.size(); ++i) {
    memo.matches[i] = run(i, [&](const Step& step) {
      Outcome& outcome = memo.outcomes[step.comparison];
      if (outcome == Outcome::kUnknown) outcome = test(step, context);
      return outcome;
    });
  }
  return memo.matches;
}

}  // namespace assay::assign
