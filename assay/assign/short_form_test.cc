// The short forms of comparisons (Step: a window of texts, an interval of versions) answer as the
// long ones do, at their ends and beyond; and a context that is used again forgets.
#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "assay/assign/testing.h"

namespace assay::assign {
namespace {

using define::Op;

define::Experiment asking(std::string id, define::Condition condition) {
  define::Experiment plan = plan_of(std::move(id));
  plan.assignment.targeting = std::move(condition);
  return plan;
}

std::vector<define::Scalar> texts(int first, int last, int step = 1) {
  std::vector<define::Scalar> values;
  for (int i = first; i != last + step; i += step) values.emplace_back("t" + std::to_string(i));
  return values;
}

// The texts are numbered as they come: "all" makes t0 to t199 the numbers 0 to 199.
TEST(ShortForm, TextsAtTheEndsOfTheWindowAndBeyond) {
  const auto list = [](std::string id, std::vector<define::Scalar> values) {
    return asking(std::move(id), leaf(Op::kIn, "a", std::move(values)));
  };
  const std::vector<define::Experiment> plans = {
      list("all", texts(0, 199)),
      list("one", texts(70, 70)),
      list("window", texts(70, 133)),
      list("wider", texts(70, 134)),
      list("ends", {std::string("t70"), std::string("t133")}),
      list("far", {std::string("t70"), std::string("t134")}),
      list("backward", texts(133, 70, -1)),
      list("back_wide", texts(160, 70, -1))};
  const auto snapshot = must_compile(plans);
  for (int i = 0; i <= 200; ++i) {
    const std::string text = "t" + std::to_string(i);
    Context context(*snapshot);
    context.set_targeting_key("u");
    context.set_text("a", text);
    for (const define::Experiment& plan : plans) {
      const auto& values = plan.assignment.targeting.values;
      const bool is_listed = std::ranges::find(values, define::Scalar(text)) != values.end();
      ASSERT_EQ(snapshot->evaluate(plan.id, context)->assigned(), is_listed) << plan.id << text;
    }
  }
}

TEST(ShortForm, VersionsAtEveryEnd) {
  std::vector<std::string> versions = {
      "1.4.0-rc.1", "2.0.0-0", "v1.4", "33554431.524287.524287", "33554432.0.0", "1.524288.0",
      "1.0.524288", "none",    ""};
  for (const char* major : {"0", "1", "2"}) {
    for (const char* minor : {".0", ".3", ".4", ".5"}) {
      for (const char* patch : {".0", ".1", ".2"}) {
        versions.push_back(std::string(major) + minor + patch);
      }
    }
  }
  for (const char* text :
       {"=1.4.1",       "!=1.4.1",        "<1.4.1",         "<=1.4.1",    ">1.4.1",
        ">=1.4.1",      "^1.4.1",         "~1.4.1",         "^0.3",       "^0.0.1",
        "~1",           ">=1.3.1 <1.4.1", ">1.3.1 <=1.4.1", ">2 <1",      "=1.4.0-rc.1",
        "!=1.4.0-rc.1", "<1.4.0-rc.1",    ">1.4.0-rc.1",    ">=33554432", "<33554431.524287.524287",
        "<1.0.524289"}) {
    const auto range = parse_range(text);
    ASSERT_TRUE(range) << text;
    const auto snapshot =
        must_compile({asking("exp", leaf(Op::kSemver, "a", {std::string(text)}))});
    for (const std::string& version : versions) {
      Context context(*snapshot);
      context.set_targeting_key("u");
      context.set_text("a", version);
      const auto parsed = parse_version(version);
      ASSERT_EQ(snapshot->evaluate("exp", context)->assigned(), parsed && matches(*range, *parsed))
          << text << " " << version;
    }
  }
}

TEST(ShortForm, AListIsNoTextToBeginOrEndAs) {
  const Element elements[] = {std::string_view("x")};
  for (const Op op : {Op::kPrefix, Op::kSuffix, Op::kEqual}) {
    const auto snapshot = must_compile({asking("exp", leaf(op, "a", {std::string("x")}))});
    Context context(*snapshot);
    context.set_targeting_key("u");
    context.set_list("a", elements);
    const Assignment answer = *snapshot->evaluate("exp", context);
    EXPECT_EQ(answer.reason, Reason::kTargeting);
    EXPECT_EQ(answer.test, Outcome::kWrongType);
  }
}

TEST(ShortForm, AContextThatIsUsedAgainForgets) {
  define::Experiment by_device = asking("by_device", leaf(Op::kEqual, "a", {std::string("x")}));
  by_device.assignment.unit = "device";
  define::Experiment sticky = plan_of("sticky");
  sticky.assignment.sticky = true;
  sticky.assignment.fallback_unit = "device";
  const auto snapshot = must_compile({by_device, sticky});
  Context context(*snapshot);
  std::vector<Assignment> all(2);
  const auto reason = [&] {
    snapshot->evaluate_all(context, all);
    EXPECT_EQ(all[0].reason, snapshot->evaluate("by_device", context)->reason);
    return all[0].reason;
  };
  context.set_text("device", "d");
  context.set_text("a", "x");
  EXPECT_EQ(reason(), Reason::kSplit);
  context.set_text("a", "y");
  EXPECT_EQ(reason(), Reason::kTargeting) << "asked anew, not remembered";
  context.set_text("a", "x");
  EXPECT_EQ(reason(), Reason::kSplit);
  EXPECT_EQ(snapshot->rememberers(Handle{1}, context).size(), 1U);
  context.reset();
  EXPECT_EQ(reason(), Reason::kNoUnit);
  EXPECT_TRUE(snapshot->rememberers(Handle{1}, context).empty());
  context.set_targeting_key("k");
  EXPECT_EQ(reason(), Reason::kTargeting) << "a is gone";
  EXPECT_EQ(snapshot->rememberers(Handle{1}, context).size(), 1U) << "the key is no device";
  context.set_text("device", "");
  EXPECT_EQ(reason(), Reason::kNoUnit) << "explicitly nobody";
}

// Sixteen attributes lie in the context itself, and more beside it.
TEST(ShortForm, AnyNumberOfAttributes) {
  for (int count = 14; count <= 19; ++count) {
    std::vector<define::Condition> each;
    for (int i = 0; i < count; ++i) {
      each.push_back(leaf(Op::kEqual, "a" + std::to_string(i), {static_cast<double>(i)}));
    }
    const auto snapshot = must_compile({asking("exp", tree(Op::kAll, each))});
    for (int wrong = -1; wrong < count; ++wrong) {
      Context context(*snapshot);
      context.set_targeting_key("u");
      for (int i = 0; i < count; ++i) {
        context.set_number("a" + std::to_string(i), i == wrong ? -1 : i);
      }
      ASSERT_EQ(snapshot->evaluate("exp", context)->assigned(), wrong < 0) << count << wrong;
    }
  }
}

TEST(ShortForm, UntypedFalseIsABoolean) {
  for (const bool value : {false, true}) {
    const auto snapshot = must_compile({asking("exp", leaf(Op::kEqual, "a", {value}))});
    for (const char* text : {"false", "true"}) {
      Context context(*snapshot);
      context.set_targeting_key("u");
      context.set_untyped("a", text);
      EXPECT_EQ(snapshot->evaluate("exp", context)->assigned(), value == (text[0] == 't'));
    }
  }
}

}  // namespace
}  // namespace assay::assign
