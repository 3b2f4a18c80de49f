#include "assay/assign/targeting.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "assay/assign/testing.h"

namespace assay::assign {
namespace {

using define::Condition;
using define::Op;

// One experiment with the condition, and the answer for a context that `fill` fills.
template <typename Fill>
Assignment ask(const Condition& condition, Fill fill) {
  define::Experiment plan = plan_of("exp");
  plan.assignment.targeting = condition;
  const auto snapshot = compile_plans({plan});
  EXPECT_TRUE(snapshot) << to_text(snapshot.error());
  Context context(**snapshot);
  context.set_targeting_key("u");
  fill(context);
  std::vector<Assignment> all(1);
  (*snapshot)->evaluate_all(context, all);
  const Assignment answer = *(*snapshot)->evaluate("exp", context);
  EXPECT_EQ(answer.reason, all[0].reason);
  EXPECT_EQ(answer.test, all[0].test);
  EXPECT_EQ(answer.reason == Reason::kSplit, answer.reason != Reason::kTargeting);
  return answer;
}

bool accepts_text(const Condition& condition, std::string_view text) {
  return ask(condition, [&](Context& c) { c.set_text("a", text); }).assigned();
}
bool accepts_number(const Condition& condition, double number) {
  return ask(condition, [&](Context& c) { c.set_number("a", number); }).assigned();
}
bool accepts_nothing(const Condition& condition) {
  return ask(condition, [](Context&) {}).assigned();
}

TEST(Targeting, EqualityOfEveryType) {
  EXPECT_TRUE(accepts_text(leaf(Op::kEqual, "a", {std::string("x")}), "x"));
  EXPECT_FALSE(accepts_text(leaf(Op::kEqual, "a", {std::string("x")}), "X"));
  EXPECT_FALSE(accepts_text(leaf(Op::kEqual, "a", {std::string("x")}), ""));
  EXPECT_TRUE(accepts_text(leaf(Op::kEqual, "a", {std::string("")}), ""));
  EXPECT_TRUE(accepts_number(leaf(Op::kEqual, "a", {0.0}), -0.0));
  EXPECT_FALSE(accepts_number(leaf(Op::kEqual, "a", {5.0}), 5.5));
  const auto yes = [](Context& c) { c.set_bool("a", true); };
  EXPECT_TRUE(ask(leaf(Op::kEqual, "a", {true}), yes).assigned());
  EXPECT_FALSE(ask(leaf(Op::kEqual, "a", {false}), yes).assigned());
  EXPECT_TRUE(ask(leaf(Op::kIn, "a", {true, std::string("x")}), yes).assigned());
}

TEST(Targeting, MembershipInListsShortAndLong) {
  for (const int size : {1, 5, 12, 13, 500}) {
    std::vector<define::Scalar> values;
    for (int i = 0; i < size; ++i) values.emplace_back("v" + std::to_string(i * 7919 % size));
    const Condition in = leaf(Op::kIn, "a", values);
    const Condition not_in = leaf(Op::kNotIn, "a", values);
    for (int i = 0; i <= size; ++i) {
      const std::string text = "v" + std::to_string(i);
      EXPECT_EQ(accepts_text(in, text), i < size) << size << " " << i;
      EXPECT_EQ(accepts_text(not_in, text), i >= size) << size << " " << i;
    }
  }
  EXPECT_TRUE(accepts_number(leaf(Op::kIn, "a", {1.0, 2.5, std::string("2")}), 2.5));
  EXPECT_FALSE(accepts_number(leaf(Op::kIn, "a", {1.0, std::string("2")}), 2.0));
}

TEST(Targeting, OrderOfNumbers) {
  const double below = 4.9;
  const double same = 5.0;
  const double above = 5.1;
  const struct {
    Op op;
    bool at_below, at_same, at_above;
  } cases[] = {{Op::kLess, true, false, false},
               {Op::kLessEqual, true, true, false},
               {Op::kGreater, false, false, true},
               {Op::kGreaterEqual, false, true, true}};
  for (const auto& c : cases) {
    EXPECT_EQ(accepts_number(leaf(c.op, "a", {5.0}), below), c.at_below);
    EXPECT_EQ(accepts_number(leaf(c.op, "a", {5.0}), same), c.at_same);
    EXPECT_EQ(accepts_number(leaf(c.op, "a", {5.0}), above), c.at_above);
    const Condition of_texts = leaf(c.op, "a", {std::string("5")});
    EXPECT_FALSE(accepts_number(tree(Op::kAny, {of_texts, leaf(Op::kEqual, "b", {same})}), same))
        << "a text is no bound";
  }
}

TEST(Targeting, TextsByPartAndLists) {
  const std::vector<define::Scalar> parts = {std::string("ab"), std::string("cd")};
  EXPECT_TRUE(accepts_text(leaf(Op::kPrefix, "a", parts), "cdx"));
  EXPECT_FALSE(accepts_text(leaf(Op::kPrefix, "a", parts), "xcd"));
  EXPECT_TRUE(accepts_text(leaf(Op::kSuffix, "a", parts), "xab"));
  EXPECT_FALSE(accepts_text(leaf(Op::kSuffix, "a", parts), "abx"));
  EXPECT_TRUE(accepts_text(leaf(Op::kContains, "a", parts), "xabx"));
  EXPECT_FALSE(accepts_text(leaf(Op::kContains, "a", parts), "xacbdx"));
  const Element list[] = {3.0, std::string_view("xx"), std::string_view("cd")};
  EXPECT_TRUE(
      ask(leaf(Op::kContains, "a", parts), [&](Context& c) { c.set_list("a", list); }).assigned());
  EXPECT_FALSE(ask(leaf(Op::kContains, "a", {std::string("c")}), [&](Context& c) {
                 c.set_list("a", list);
               }).assigned());
}

TEST(Targeting, MembershipOfAnyElement) {
  const Element list[] = {true, 2.0, std::string_view("x")};
  const auto fill = [&](Context& c) { c.set_list("a", list); };
  for (const define::Scalar& value :
       {define::Scalar(true), define::Scalar(2.0), define::Scalar(std::string("x"))}) {
    EXPECT_TRUE(ask(leaf(Op::kIn, "a", {value, std::string("y")}), fill).assigned());
    EXPECT_FALSE(ask(leaf(Op::kNotIn, "a", {value, std::string("y")}), fill).assigned());
    EXPECT_EQ(ask(leaf(Op::kEqual, "a", {value}), fill).test, Outcome::kWrongType);
    EXPECT_TRUE(ask(leaf(Op::kNotEqual, "a", {value}), fill).assigned());
  }
  for (const define::Scalar& value :
       {define::Scalar(false), define::Scalar(3.0), define::Scalar(std::string("2"))}) {
    EXPECT_FALSE(ask(leaf(Op::kIn, "a", {value}), fill).assigned());
    EXPECT_TRUE(ask(leaf(Op::kNotIn, "a", {value}), fill).assigned());
  }
}

TEST(Targeting, Versions) {
  for (const char* range : {"<2.0.0 <3.0.0", "<3.0.0 <2.0.0", ">=2.5.1 >=1.0.0", ">=1 >=2.5.1"}) {
    EXPECT_FALSE(accepts_text(leaf(Op::kSemver, "a", {std::string(range)}), "2.5.0")) << range;
  }
  const Condition range = leaf(Op::kSemver, "a", {std::string("^1.4"), std::string(">=3")});
  EXPECT_TRUE(accepts_text(range, "1.10.0"));
  EXPECT_FALSE(accepts_text(range, "2.0.0"));
  EXPECT_TRUE(accepts_text(range, "3.0.1"));
  const Assignment wrong = ask(range, [](Context& c) { c.set_text("a", "latest"); });
  EXPECT_EQ(wrong.test, Outcome::kWrongType);
}

TEST(Targeting, MissingAndWrongTypesAreFalseAndSaySo) {
  for (const Condition& condition :
       {leaf(Op::kEqual, "a", {std::string("x")}), leaf(Op::kNotEqual, "a", {std::string("x")}),
        leaf(Op::kIn, "a", {std::string("x")}), leaf(Op::kNotIn, "a", {std::string("x")}),
        leaf(Op::kPrefix, "a", {std::string("x")}), leaf(Op::kContains, "a", {std::string("x")}),
        leaf(Op::kSemver, "a", {std::string("1")})}) {
    const Assignment missing = ask(condition, [](Context&) {});
    EXPECT_EQ(missing.reason, Reason::kTargeting);
    EXPECT_EQ(missing.test, Outcome::kMissing);
    const bool negated = condition.op == Op::kNotEqual || condition.op == Op::kNotIn;
    if (negated) {  // True wherever the attribute is there and is not one of the values.
      EXPECT_TRUE(accepts_number(condition, 3));
      continue;
    }
    const Assignment wrong = ask(condition, [](Context& c) { c.set_number("a", 3); });
    EXPECT_EQ(wrong.reason, Reason::kTargeting);
    EXPECT_EQ(wrong.test, Outcome::kWrongType);
    const Assignment other = ask(condition, [](Context& c) { c.set_other("a"); });
    EXPECT_EQ(other.test, Outcome::kWrongType);
  }
  const Assignment wrong =
      ask(leaf(Op::kLess, "a", {5.0}), [](Context& c) { c.set_text("a", "1"); });
  EXPECT_EQ(wrong.test, Outcome::kWrongType);
  const Assignment no = ask(leaf(Op::kLess, "a", {5.0}), [](Context& c) { c.set_number("a", 9); });
  EXPECT_EQ(no.test, Outcome::kFalse);
}

TEST(Targeting, Existence) {
  EXPECT_TRUE(accepts_text(leaf(Op::kExists, "a", {true}), ""));
  EXPECT_FALSE(accepts_nothing(leaf(Op::kExists, "a", {true})));
  EXPECT_FALSE(accepts_text(leaf(Op::kExists, "a", {false}), "x"));
  EXPECT_TRUE(accepts_nothing(leaf(Op::kExists, "a", {false})));
}

TEST(Targeting, UntypedTextIsEveryTypeItReadsAs) {
  const auto ask_untyped = [](const Condition& condition, std::string_view text) {
    return ask(condition, [&](Context& c) { c.set_untyped("a", text); }).assigned();
  };
  EXPECT_TRUE(ask_untyped(leaf(Op::kGreater, "a", {5.0}), "7"));
  EXPECT_TRUE(ask_untyped(leaf(Op::kEqual, "a", {std::string("7")}), "7"));
  EXPECT_TRUE(ask_untyped(leaf(Op::kEqual, "a", {7.0}), "7.0"));
  EXPECT_TRUE(ask_untyped(leaf(Op::kEqual, "a", {7.0}), "+7"));
  EXPECT_TRUE(ask_untyped(leaf(Op::kEqual, "a", {std::string("+7")}), "+7"));
  for (const char* yes : {"true", "True", "TRUE"}) {  // By hand, by pandas, by R.
    EXPECT_TRUE(ask_untyped(leaf(Op::kEqual, "a", {true}), yes)) << yes;
    EXPECT_TRUE(ask_untyped(leaf(Op::kEqual, "a", {std::string(yes)}), yes)) << yes;
  }
  for (const char* no : {"false", "False", "FALSE"}) {
    EXPECT_TRUE(ask_untyped(leaf(Op::kEqual, "a", {false}), no)) << no;
    EXPECT_FALSE(ask_untyped(leaf(Op::kEqual, "a", {true}), no)) << no;
  }
  EXPECT_FALSE(ask_untyped(leaf(Op::kEqual, "a", {true}), "tRUE"));
  EXPECT_FALSE(ask_untyped(leaf(Op::kGreater, "a", {5.0}), "seven"));
}

// Every tree of all/any/not over three leaves, on all eight contexts, against a recursive reading.
struct World {
  bool bits[3];
};
bool truth(const Condition& condition, const World& world) {
  switch (condition.op) {
    case Op::kAll:
      for (const Condition& child : condition.children) {
        if (!truth(child, world)) return false;
      }
      return true;
    case Op::kAny:
      for (const Condition& child : condition.children) {
        if (truth(child, world)) return true;
      }
      return false;
    case Op::kNot:
      return !truth(condition.children[0], world);
    default:
      return world.bits[condition.attribute[0] - 'a'];
  }
}

std::vector<Condition> trees(int depth) {
  std::vector<Condition> out;
  for (const char* name : {"a", "b", "c"}) out.push_back(leaf(Op::kEqual, name, {true}));
  if (depth == 0) return out;
  const std::vector<Condition> below = trees(depth - 1);
  out.push_back(tree(Op::kAll, {}));
  out.push_back(tree(Op::kAny, {}));
  for (std::size_t i = 0; i < below.size(); i += 1 + below.size() / 40) {
    out.push_back(tree(Op::kNot, {below[i]}));
    for (std::size_t j = 0; j < below.size(); j += 1 + below.size() / 25) {
      out.push_back(tree(Op::kAll, {below[i], below[j], below[(i + j) % below.size()]}));
      out.push_back(tree(Op::kAny, {below[i], below[j]}));
    }
  }
  return out;
}

TEST(Targeting, TreesMeanWhatTheySay) {
  std::vector<define::Experiment> plans;
  for (const Condition& condition : trees(2)) {
    plans.push_back(plan_of("exp" + std::to_string(plans.size())));
    plans.back().assignment.targeting = condition;
  }
  ASSERT_GT(plans.size(), 500U);
  const auto snapshot = compile_plans(plans).value();
  std::vector<Assignment> answers(plans.size());
  for (int bits = 0; bits < 8; ++bits) {
    const World world{{(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0}};
    Context context(*snapshot);
    context.set_targeting_key("u");
    context.set_bool("a", world.bits[0]);
    context.set_bool("b", world.bits[1]);
    context.set_bool("c", world.bits[2]);
    snapshot->evaluate_all(context, answers);
    for (std::size_t i = 0; i < plans.size(); ++i) {
      const bool expected = truth(plans[i].assignment.targeting, world);
      ASSERT_EQ(answers[i].assigned(), expected) << i << " " << bits;
      ASSERT_EQ(snapshot->evaluate(plans[i].id, context)->assigned(), expected) << i;
    }
  }
}

// What is written alike is compiled once; what is not may not be taken for it.
TEST(Targeting, ConditionsThatLookAlikeAreTwo) {
  using Values = std::vector<define::Scalar>;
  const auto meets_first = [](const Values& one, const Values& other, auto fill) {
    define::Experiment first = plan_of("first");
    define::Experiment second = plan_of("second");
    first.assignment.targeting = leaf(Op::kIn, "a", one);
    second.assignment.targeting = leaf(Op::kIn, "a", other);
    const auto snapshot = must_compile({first, second});
    Context context(*snapshot);
    context.set_targeting_key("u");
    fill(context);
    return snapshot->evaluate("first", context)->assigned() &&
           !snapshot->evaluate("second", context)->assigned();
  };
  const std::string a = "a", b = "b";
  EXPECT_TRUE(meets_first({true}, {false}, [](Context& c) { c.set_bool("a", true); }));
  EXPECT_TRUE(meets_first({std::string()}, {0.0}, [](Context& c) { c.set_text("a", ""); }));
  EXPECT_TRUE(meets_first({a, b}, {a + "3" + b}, [](Context& c) { c.set_text("a", "b"); }));
}

// Asking in one way does not forget what the others need.
TEST(Targeting, AnAttributeMayBeAskedInEveryWay) {
  std::vector<Condition> ways = {leaf(Op::kEqual, "a", {std::string("1.2.3")}),
                                 leaf(Op::kSemver, "a", {std::string(">=1.2")}),
                                 leaf(Op::kPrefix, "a", {std::string("1.")})};
  for (std::size_t first = 0; first < ways.size(); ++first) {
    EXPECT_TRUE(accepts_text(tree(Op::kAll, ways), "1.2.3")) << first;
    EXPECT_FALSE(accepts_text(tree(Op::kAll, ways), "1.2.4")) << first;
    std::rotate(ways.begin(), ways.begin() + 1, ways.end());
  }
}

TEST(Targeting, NamesEveryConditionThatCannotBeEvaluated) {
  define::Experiment plan = plan_of("exp");
  plan.assignment.targeting =
      tree(Op::kAll, {leaf(Op::kSemver, "a", {std::string("newest")}), leaf(Op::kLess, "b", {}),
                      leaf(Op::kExists, "c", {true})});
  const auto compiled = compile_plans({plan});
  ASSERT_FALSE(compiled);
  EXPECT_EQ(compiled.error().size(), 2U) << to_text(compiled.error());
  plan.assignment.targeting = {};
  plan.assignment.forced = {
      {.variant = "control", .when = leaf(Op::kSemver, "a", {std::string("newest")})}};
  EXPECT_EQ(unsupported(plan).size(), 1U) << "said before it starts";
}

TEST(Targeting, RefusesWhatCannotBeEvaluated) {
  const auto refuse = [](const Condition& condition) {
    define::Experiment plan = plan_of("exp");
    plan.assignment.targeting = condition;
    EXPECT_FALSE(unsupported(plan).empty());
    EXPECT_FALSE(compile_plans({plan}));
  };
  refuse(leaf(Op::kSemver, "a", {std::string("newest")}));
  refuse(leaf(Op::kSemver, "a", {1.0}));
  refuse(leaf(Op::kLess, "a", {}));
  refuse(leaf(Op::kExists, "a", {}));
  refuse(tree(Op::kNot, {}));
  Condition deep = leaf(Op::kExists, "a", {true});
  for (int i = 0; i < Targeting::kMaxDepth; ++i) deep = tree(Op::kNot, {deep});
  refuse(deep);
  refuse(tree(Op::kAll, {deep}));
}

}  // namespace
}  // namespace assay::assign
