// Targeting: the conditions of all experiments, compiled once into one flat program.
//
// Each comparison ("country is IN or US") is stored once however many experiments ask it. A
// condition tree becomes a run of steps: test a comparison, then go to one step or another, until
// accepted or rejected. There is no stack, no recursion, and no comparison of long lists of texts:
// texts are numbers (TextTable), looked up once per context. After D. E. Knuth, TAOCP 4A 7.1.4: a
// branching program.
//
// A missing attribute or a value of another type makes a comparison false; the Outcome says which
// of the two it was. Compiled by one thread, evaluated by many.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "assay/assign/context.h"
#include "assay/base/problem.h"
#include "assay/define/condition.h"

namespace assay::assign {

class Targeting {
 public:
  static constexpr std::uint32_t kAlways = 0xffffffff;  // The program of no condition at all.
  static constexpr int kMaxDepth = 32;

  // Returns the program's number; equal trees share one. `problems` receives what cannot be
  // evaluated (a bad version range, nesting beyond kMaxDepth).
  std::uint32_t compile(const define::Condition& condition, Schema& schema,
                        const std::string& field, Problems& problems);

  Match match(std::uint32_t program, const Context& context) const;
  // The same where the steps alone decide; else the cause is kUnknown.
  Match match_short(std::uint32_t program, const Context& context) const;
  // Every program, by its number: each comparison that any of them asks is tested once. Uses, and
  // the first time allocates, context.memo().
  std::span<const Match> match_all(Context& context) const;
  // Compiling is over: drops what only it needed.
  void seal();

  std::uint32_t attribute_of(std::uint32_t comparison) const {
    return comparisons_[comparison].attribute;
  }
  std::size_t comparison_count() const { return comparisons_.size(); }

 private:
  static constexpr std::uint32_t kAccept = 0xfffffffe, kReject = 0xffffffff;
  static constexpr std::uint32_t kWindow = 64;  // Bits of Step::first.
  struct Comparison {
    define::Op op = define::Op::kAlways;
    bool is_negated = false;
    std::uint8_t types = 0;     // Of the operands.
    std::uint8_t booleans = 0;  // Bit 0: false is listed; bit 1: true.
    std::uint32_t attribute = 0;
    std::uint32_t begin = 0, end = 0;  // In text_numbers_ (sorted), patterns_ or ranges_.
    std::uint32_t numbers_begin = 0, numbers_end = 0;
  };
  struct Range {
    std::uint32_t begin = 0, end = 0;  // In comparators_; all must hold.
  };
  // Nearly all comparisons need no more than the step itself.
  enum class Test : std::uint8_t {
    kRest,     // See comparisons_.
    kText,     // The number of the text, less `base`, is a bit of `first`.
    kVersion,  // The key of the version, less `first`, is below `second`.
  };
  // The outcome with which the step behind this one is next: known without a look at where it
  // leads, so that a run of steps is read ahead.
  enum class Follow : std::uint8_t { kOnFalse, kOnTrue, kNever };
  struct Step {
    Test test = Test::kRest;
    bool is_negated = false;
    Follow follow = Follow::kNever;
    std::uint32_t attribute = 0;
    std::uint32_t comparison = 0;
    std::uint32_t on_true = 0;
    std::uint32_t on_false = 0;
    std::uint32_t base = 0;
    std::uint64_t first = 0;
    std::uint64_t second = 0;
  };
  static_assert(sizeof(Step) == 40);
  Step step_of(std::uint32_t comparison) const;
  static Outcome test_short(const Step& step, const Context& context);
  Outcome test(const Step& step, const Context& context) const;
  Outcome test_rest(const Comparison& comparison, const Context& context) const;
  Outcome test_membership(const Comparison& comparison, std::uint8_t types,
                          const Context& context) const;
  bool lists(const Comparison& comparison, const Element& element, const TextTable& texts) const;
  bool lists_text(const Comparison& comparison, std::uint32_t text) const;
  bool lists_number(const Comparison& comparison, double number) const;
  Outcome test_order(const Comparison& comparison, std::uint8_t types, const Value& value) const;
  Outcome test_text(const Comparison& comparison, std::uint8_t types, const Value& value) const;
  Outcome test_version(const Comparison& comparison, std::uint8_t types, const Value& value) const;

  template <typename TestFunction>
  Match run(std::uint32_t program, TestFunction test_comparison) const;

  bool check(const define::Condition& condition, int depth, const std::string& field,
             Problems& problems) const;
  void emit(const define::Condition& condition, Schema& schema, std::uint32_t on_true,
            std::uint32_t on_false);
  std::uint32_t comparison_index(const define::Condition& condition, Schema& schema);
  void add_operands(const define::Condition& condition, Schema& schema, Comparison& comparison);

  std::vector<Comparison> comparisons_;
  std::vector<Step> steps_;
  std::vector<std::uint32_t> text_numbers_;
  std::vector<double> numbers_;
  std::vector<std::string> patterns_;  // Of prefix, suffix and contains.
  std::vector<Range> ranges_;
  std::vector<Comparator> comparators_;
  std::vector<std::uint32_t> programs_;  // The first step of each.

  // Only while compiling: what was seen before, by its written form.
  std::unordered_map<std::string, std::uint32_t> known_comparisons_, known_programs_;
};

// Inlined into each evaluation, which would else spend a fifth of its time on the call. kUnknown:
// the step itself does not tell.
[[gnu::always_inline]] inline Outcome Targeting::test_short(const Step& step,
                                                            const Context& context) {
  const Value& value = context.value(step.attribute);
  if (step.test == Test::kText && context.types(step.attribute) == kText) {
    const std::uint32_t bit = value.text_number - step.base;
    const bool is_listed = bit < kWindow && ((step.first >> (bit % kWindow)) & 1) != 0;
    return is_listed != step.is_negated ? Outcome::kTrue : Outcome::kFalse;
  }
  if (step.test == Test::kVersion && (context.types(step.attribute) & kText) != 0 &&
      value.version_key < kLongVersion) {
    return value.version_key - step.first < step.second ? Outcome::kTrue : Outcome::kFalse;
  }
  return Outcome::kUnknown;
}

inline Outcome Targeting::test(const Step& step, const Context& context) const {
  const Outcome outcome = test_short(step, context);
  return outcome != Outcome::kUnknown ? outcome : test_rest(comparisons_[step.comparison], context);
}

template <typename TestFunction>
[[gnu::always_inline]] inline Match Targeting::run(std::uint32_t program,
                                                   TestFunction test_step) const {
  for (const Step* step = &steps_[programs_[program]];;) {
    const Outcome outcome = test_step(*step);
    if (outcome == Outcome::kUnknown) return {false, outcome, step->comparison};
    const bool is_true = outcome == Outcome::kTrue;
    if (step->follow == (is_true ? Follow::kOnTrue : Follow::kOnFalse)) {
      ++step;
      continue;
    }
    const std::uint32_t next = is_true ? step->on_true : step->on_false;
    if (next >= kAccept) return {next == kAccept, outcome, step->comparison};
    step = &steps_[next];
  }
}

inline Match Targeting::match_short(std::uint32_t program, const Context& context) const {
  return run(program, [&](const Step& step) { return test_short(step, context); });
}

}  // namespace assay::assign
