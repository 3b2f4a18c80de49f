#include "assay/assign/snapshot.h"

#include <cmath>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "assay/assign/testing.h"
#include "assay/base/hash.h"

namespace assay::assign {
namespace {

using define::Experiment;
using define::Op;

// The example in the header.
TEST(Snapshot, AnswersVariantAndReason) {
  const Running running{.plan = plan_of("ranker_v2"), .version = 3, .epoch = 7};
  const auto snapshot = compile(std::span(&running, 1)).value();
  Context context(*snapshot);
  context.set_targeting_key("user_42");
  const auto a = snapshot->evaluate("ranker_v2", context);
  ASSERT_TRUE(a && a->assigned());
  EXPECT_EQ(a->reason, Reason::kSplit);
  EXPECT_EQ(a->version, 3U);
  EXPECT_EQ(a->epoch, 7);
  EXPECT_DOUBLE_EQ(a->propensity, 0.5);
  const std::uint32_t expected = scale(draw(unit_digest("user_42"), salt_digest("ranker_v2")), 2);
  EXPECT_EQ(a->variant, static_cast<int>(expected));
  EXPECT_FALSE(snapshot->evaluate("other", context));
}

TEST(Snapshot, EachReasonInItsOrder) {
  Experiment plan = plan_of("exp");
  plan.assignment.layer = "home";
  plan.assignment.slots = {{.begin = 0, .end = 500'000}};
  plan.assignment.traffic_ppm = 500'000;
  plan.assignment.targeting = leaf(Op::kEqual, "country", {std::string("IN")});
  plan.assignment.overrides = {{.unit_id = "tester", .variant = "treatment"}};
  const auto snapshot = must_compile({plan});
  std::map<Reason, int> counts;
  for (int i = 0; i < 4000; ++i) {
    const std::string unit = "u" + std::to_string(i);
    const std::uint32_t slot =
        scale(draw(unit_digest(unit), salt_digest("layer:home")), define::kLayerSlots);
    Context context(*snapshot);
    context.set_targeting_key(unit);
    EXPECT_EQ(snapshot->evaluate("exp", context)->reason, Reason::kTargeting);
    context.set_text("country", "IN");
    const Reason reason = snapshot->evaluate("exp", context)->reason;
    EXPECT_EQ(reason, slot < 250'000   ? Reason::kSplit
                      : slot < 500'000 ? Reason::kTraffic
                                       : Reason::kExcluded);
    ++counts[reason];
  }
  EXPECT_EQ(counts.size(), 3U);
  EXPECT_EQ(ask(*snapshot, "exp", "").reason, Reason::kNoUnit);
  const Assignment tester = ask(*snapshot, "exp", "tester");
  EXPECT_EQ(tester.reason, Reason::kOverride);
  EXPECT_EQ(tester.variant, 1);
  EXPECT_DOUBLE_EQ(tester.propensity, 1.0);

  const Running stopped{.plan = plan, .is_stopped = true};
  EXPECT_EQ(ask(*compile(std::span(&stopped, 1)).value(), "exp", "tester").reason,
            Reason::kStopped);
}

// Everything stands in one unit's way; taken away bit by bit, it is named in this order, whether
// the experiment asks for others or not.
TEST(Snapshot, NamesTheFirstOfManyObstacles) {
  for (const bool asks_others : {false, true}) {
    Running running{.plan = plan_of("exp"), .is_stopped = true};
    define::Assignment& plan = running.plan.assignment;
    std::string unit;
    const auto expect = [&](Reason reason) {
      const auto snapshot = must_compile({running});
      Context context(*snapshot);
      context.set_targeting_key(unit);
      EXPECT_EQ(snapshot->evaluate("exp", context)->reason, reason) << asks_others;
      std::vector<Assignment> all(1);
      snapshot->evaluate_all(context, all);
      EXPECT_EQ(all[0].reason, reason) << asks_others;
    };
    plan.overrides = {{.unit_id = "u", .variant = "treatment"}};
    plan.holdouts = {{.name = "all", .unit = "user", .share_ppm = 1'000'000}};
    if (asks_others) plan.prerequisites = {{"nobody", {"treatment"}}};
    plan.targeting = leaf(Op::kEqual, "country", {std::string("IN")});
    plan.slots = {{.begin = 0, .end = 1}};
    plan.traffic_ppm = 0;
    expect(Reason::kStopped);
    running.is_stopped = false;
    expect(Reason::kNoUnit);
    unit = "u";
    expect(Reason::kOverride);
    plan.overrides.clear();
    expect(Reason::kHoldout);
    plan.holdouts.clear();
    if (asks_others) expect(Reason::kPrerequisite);
    plan.prerequisites.clear();
    expect(Reason::kTargeting);
    plan.targeting = {};
    expect(Reason::kExcluded);
    plan.slots.clear();
    expect(Reason::kTraffic);
    plan.traffic_ppm = 1'000'000;
    expect(Reason::kSplit);
  }
}

TEST(Snapshot, ExplainsEveryReason) {
  Experiment plan = plan_of("exp");
  plan.assignment.targeting = leaf(Op::kEqual, "country", {std::string("IN")});
  const auto snapshot = must_compile({plan});
  EXPECT_EQ(snapshot->explain(ask(*snapshot, "exp", "u")), "country is missing");
  Context context(*snapshot);
  context.set_targeting_key("u");
  context.set_bool("country", true);
  EXPECT_EQ(snapshot->explain(*snapshot->evaluate("exp", context)),
            "country is of another type than the condition's");
  context.set_text("country", "US");
  EXPECT_EQ(snapshot->explain(*snapshot->evaluate("exp", context)),
            "country does not meet the condition");
  for (int i = 0; i <= static_cast<int>(Reason::kSplit); ++i) {
    Assignment answer;
    answer.reason = static_cast<Reason>(i);
    EXPECT_FALSE(snapshot->explain(answer).empty());
    EXPECT_FALSE(reason_name(answer.reason).empty());
  }
}

TEST(Snapshot, UnitOfItsKind) {
  Experiment by_session = plan_of("by_session");
  by_session.assignment.unit = "session";
  const auto snapshot = must_compile({plan_of("by_user"), by_session});
  for (int i = 0; i < 100; ++i) {
    const std::string session = "s" + std::to_string(i);
    Context context(*snapshot);
    context.set_targeting_key("u1");
    context.set_text("session", session);
    const std::uint32_t expected = scale(draw(unit_digest(session), salt_digest("by_session")), 2);
    EXPECT_EQ(snapshot->evaluate("by_session", context)->variant, static_cast<int>(expected));
    EXPECT_EQ(snapshot->evaluate("by_user", context)->variant,
              ask(*snapshot, "by_user", "u1").variant);
  }
  Context context(*snapshot);
  context.set_targeting_key("u1");
  EXPECT_EQ(snapshot->evaluate("by_session", context)->reason, Reason::kSplit);  // Falls back.
  context.set_number("session", 17);  // Not silently the user's id.
  EXPECT_EQ(snapshot->evaluate("by_session", context)->reason, Reason::kNoUnit);
  EXPECT_EQ(snapshot->unit_kind(*snapshot->find("by_session")), "session");
  Context sessionless(*snapshot);
  sessionless.set_targeting_key("u1");
  sessionless.set_nobody("session");
  const Assignment nobody = *snapshot->evaluate("by_session", sessionless);
  EXPECT_EQ(nobody.reason, Reason::kNoUnit);
  EXPECT_EQ(snapshot->explain(nobody), "the context has no id of the kind session");
  EXPECT_EQ(snapshot->evaluate("by_user", sessionless)->reason, Reason::kSplit);
}

TEST(Snapshot, ContextForgetsOnReset) {
  Experiment plan = plan_of("exp");
  plan.assignment.targeting = leaf(Op::kExists, "country", {true});
  const auto snapshot = must_compile({plan});
  Context context(*snapshot);
  context.set_targeting_key("u");
  context.set_text("country", "IN");
  EXPECT_TRUE(snapshot->evaluate("exp", context)->assigned());
  context.reset();
  EXPECT_EQ(snapshot->evaluate("exp", context)->reason, Reason::kNoUnit);
  context.set_targeting_key("u");
  EXPECT_EQ(snapshot->evaluate("exp", context)->reason, Reason::kTargeting);
}

TEST(Snapshot, ManyAttributesAndTheLaterValueWins) {
  std::vector<define::Condition> conditions;
  for (int i = 0; i < 40; ++i) {
    conditions.push_back(leaf(Op::kEqual, "a" + std::to_string(i), {std::to_string(i)}));
  }
  Experiment plan = plan_of("exp");
  plan.assignment.targeting = tree(Op::kAll, conditions);
  const auto snapshot = must_compile({plan});
  Context context(*snapshot);
  context.set_targeting_key("u");
  std::vector<std::string> texts;
  for (int i = 0; i < 40; ++i) texts.push_back(std::to_string(i));
  for (int i = 0; i < 40; ++i) context.set_text("a" + std::to_string(i), "wrong");
  EXPECT_FALSE(snapshot->evaluate("exp", context)->assigned());
  for (int i = 0; i < 40; ++i) context.set_text("a" + std::to_string(i), texts[std::size_t(i)]);
  EXPECT_TRUE(snapshot->evaluate("exp", context)->assigned());
  context.reset();
  EXPECT_FALSE(snapshot->evaluate("exp", context)->assigned());
}

TEST(Snapshot, IdsOfAnyLengthAndBytes) {
  const auto snapshot = must_compile({plan_of("exp")});
  EXPECT_EQ(ask(*snapshot, "exp", "").reason, Reason::kNoUnit);
  EXPECT_TRUE(ask(*snapshot, "exp", std::string(1 << 20, 'x')).assigned());
  EXPECT_TRUE(ask(*snapshot, "exp", std::string("\xff\x00\xfe", 3)).assigned());
}

TEST(Snapshot, WeightsOfZeroNeverServe) {
  const auto snapshot = must_compile({plan_of("exp", {0, 3, 0, 1, 0})});
  int counts[5] = {};
  for (int i = 0; i < 4000; ++i) ++counts[ask(*snapshot, "exp", "u" + std::to_string(i)).variant];
  EXPECT_EQ(counts[0] + counts[2] + counts[4], 0);
  EXPECT_NEAR(counts[1], 3000, 150);
  const auto one = must_compile({plan_of("exp", {0x7fffffff, 0})});
  EXPECT_EQ(ask(*one, "exp", "u").variant, 0);
}

// The thresholds on the draw are the contract's (high32 * total) >> 32, at and around every edge.
TEST(Snapshot, ThresholdsAreTheContractsToTheBit) {
  for (const std::uint32_t total : {2U, 3U, 7U, 100U, 1'000'000U, 0x7fffffffU}) {
    for (const std::uint32_t share : {1U, total / 3 + 1, total - 1}) {
      const std::uint64_t edge = first_draw(share, total);
      for (std::uint64_t bits = edge - 2; bits <= edge + 2 && bits < (1ULL << 32); ++bits) {
        EXPECT_EQ(bits >= edge, scale(static_cast<std::uint32_t>(bits), total) >= share);
      }
    }
  }
}

TEST(Snapshot, RefusesWithEveryProblem) {
  Experiment none = plan_of("none", {0, 0});
  Experiment much = plan_of("much", {0x7fffffff, 1});
  Experiment twin = plan_of("twin");
  twin.variants[1].key = "control";
  twin.assignment.overrides = {{.unit_id = "u", .variant = "treatment"}};
  Experiment apart = plan_of("apart", {1, 1, 1});
  apart.variants[2].key = "control";
  Experiment slots = plan_of("slots");
  slots.assignment.slots = {{.begin = 10, .end = 10}, {.begin = 5, .end = 1'000'001}};
  slots.assignment.traffic_ppm = 1'000'001;
  Experiment share = plan_of("share");
  share.assignment.share_ppm = 100'000;
  Experiment salt = plan_of("salt");
  salt.assignment.salt = "layer:salt";
  const auto compiled =
      compile_plans({none, much, twin, apart, slots, share, salt, plan_of("salt"), plan_of("")});
  ASSERT_FALSE(compiled);
  const std::string text = to_text(compiled.error());
  for (const char* part : {"none.variants", "much.variants", "2147483648",
                           "twin.variants: the variant \"control\" is there twice",
                           "apart.variants: the variant \"control\" is there twice",
                           "not a variant", "[10, 10)", "1000001", "slots.traffic",
                           "share.layer.share", "salt.salt", "salt.id", ".id: is missing"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST(Snapshot, RefusesOverlapInALayerByName) {
  Experiment first = plan_of("first");
  first.assignment.layer = "home";
  first.assignment.slots = {{.begin = 0, .end = 600'000}};
  Experiment second = plan_of("second");
  second.assignment.layer = "home";
  second.assignment.slots = {{.begin = 500'000, .end = 1'000'000}};
  const auto compiled = compile_plans({first, second});
  ASSERT_FALSE(compiled);
  EXPECT_NE(
      to_text(compiled.error()).find("first and second both own slots 500000-599999 of layer home"),
      std::string::npos)
      << to_text(compiled.error());
  second.assignment.slots = {{.begin = 600'000, .end = 1'000'000}};
  EXPECT_TRUE(compile_plans({first, second}));
}

TEST(Snapshot, RefusesTooManyKindsOfUnit) {
  std::vector<Experiment> plans;
  for (std::size_t i = 0; i <= Schema::kMaxUnitKinds; ++i) {
    plans.push_back(plan_of("exp" + std::to_string(i)));
    plans.back().assignment.unit = "kind" + std::to_string(i);
  }
  EXPECT_FALSE(compile_plans(plans));
  plans.pop_back();
  EXPECT_TRUE(compile_plans(plans));
}

TEST(Snapshot, EmptyIsFine) {
  const auto snapshot = must_compile(std::vector<Running>{});
  EXPECT_EQ(snapshot->size(), 0U);
  EXPECT_FALSE(snapshot->find(""));
}

}  // namespace
}  // namespace assay::assign
