// Holdouts, namespaces, cohorts and switchbacks: each answer and reason, and on a world of twelve
// slots that nobody moves who should not. Prerequisites: prerequisites_test.cc.
#include <array>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/assign/testing.h"
#include "assay/base/hash.h"

namespace assay::assign {
namespace {

using define::Experiment;
using define::Op;
using testing::HasSubstr;

TEST(Holdout, HoldsTheSameUnitsOutOfEveryExperimentThatHasIt) {
  Running a{.plan = plan_of("a")};
  Running b{.plan = plan_of("b")};
  a.plan.assignment.holdouts =
      b.plan.assignment.holdouts = {{.name = "global", .unit = "user", .share_ppm = 100'000}};
  a.plan.assignment.overrides = {{.unit_id = user(1), .variant = "treatment"}};
  const auto snapshot = must_compile({a, b, {.plan = plan_of("free")}});
  int held = 0;
  std::array<int, 2> rest{};
  for (int i = 2; i < 10'000; ++i) {
    const bool out =
        scale(draw(unit_digest(user(i)), salt_digest("holdout:global")), 1'000'000) < 100'000;
    const Assignment answer = ask(*snapshot, "a", user(i));
    ASSERT_EQ(answer.reason, out ? Reason::kHoldout : Reason::kSplit);
    ASSERT_EQ(ask(*snapshot, "b", user(i)).reason, answer.reason);
    ASSERT_EQ(ask(*snapshot, "free", user(i)).reason, Reason::kSplit);
    ASSERT_EQ(answer.assigned(), !out);
    ASSERT_EQ(answer.propensity, out ? 0.0 : 0.5);
    if (out) {
      ++held;
      ASSERT_EQ(snapshot->explain(answer), "the unit is held out by global");
    } else {
      ++rest[static_cast<std::size_t>(answer.variant)];
    }
  }
  EXPECT_NEAR(held, 1000, 150);
  EXPECT_NEAR(rest[0], rest[1], 400) << "the split does not depend on the holdout";
  EXPECT_EQ(ask(*snapshot, "a", user(1)).reason, Reason::kOverride) << "asked before the holdout";
}

TEST(Holdout, IsNotThatOfAnotherExperiment) {
  std::vector<define::Experiment> plans = {plan_of("a"), plan_of("b"), plan_of("free")};
  plans[0].assignment.holdouts = {{.name = "all", .unit = "user", .share_ppm = 1'000'000}};
  plans[1].assignment.holdouts = {{.name = "none", .unit = "user", .share_ppm = 0}};
  const auto snapshot = must_compile(plans);
  EXPECT_EQ(ask(*snapshot, "a", "u").reason, Reason::kHoldout);
  EXPECT_EQ(ask(*snapshot, "b", "u").reason, Reason::kSplit);
  EXPECT_EQ(ask(*snapshot, "free", "u").reason, Reason::kSplit);
}

TEST(Holdout, ALargerShareOnlyAdds) {
  std::set<int> held;
  for (std::uint32_t share = 0; share <= 1'000'000; share += 125'000) {
    Running running{.plan = plan_of("a")};
    running.plan.assignment.holdouts = {{.name = "global", .unit = "user", .share_ppm = share}};
    const auto snapshot = must_compile({running});
    std::set<int> now;
    for (int i = 0; i < 1000; ++i) {
      if (ask(*snapshot, "a", user(i)).reason == Reason::kHoldout) now.insert(i);
    }
    ASSERT_TRUE(std::includes(now.begin(), now.end(), held.begin(), held.end()));
    held = std::move(now);
  }
  EXPECT_EQ(held.size(), 1000U);
}

// An experiment with the holdout's draw as its salt compares exactly the held out with the rest.
TEST(Holdout, IsMeasuredByAnExperimentOfItsSalt) {
  Running measure{.plan = plan_of("measure", {5, 95})};
  measure.plan.assignment.salt = "holdout:global";
  Running a{.plan = plan_of("a")};
  a.plan.assignment.holdouts = {{.name = "global", .unit = "user", .share_ppm = 50'000}};
  const auto snapshot = must_compile({measure, a});
  for (int i = 0; i < 5000; ++i) {
    ASSERT_EQ(ask(*snapshot, "measure", user(i)).variant == 0,
              ask(*snapshot, "a", user(i)).reason == Reason::kHoldout);
  }
  measure.plan.assignment.holdouts = a.plan.assignment.holdouts;
  EXPECT_THAT(refusal({measure}), HasSubstr("is the salt of the holdout global"));
}

TEST(Holdout, LooksAtItsOwnKindOfUnit) {
  Running by_session{.plan = plan_of("a")};
  by_session.plan.assignment.unit = "session";
  by_session.plan.assignment.holdouts = {{.name = "h", .unit = "user", .share_ppm = 500'000}};
  const auto snapshot = must_compile({by_session});
  for (int i = 0; i < 200; ++i) {
    std::set<Reason> reasons;
    for (const char* session : {"s1", "s2", "s3", "s4"}) {
      const std::string id = user(i);
      Context context(*snapshot);
      context.set_text("user", id);
      context.set_text("session", session);
      reasons.insert(snapshot->evaluate("a", context)->reason);
    }
    ASSERT_EQ(reasons.size(), 1U) << "all sessions of a user are held out, or none";
  }
}

// GrowthBook's own numbers are in its public vectors (deliver) and in spec/conformance.
TEST(Namespace, KeepsUnitsOutAfterTargetingAndTraffic) {
  Running running{.plan = plan_of("a")};
  define::Assignment& plan = running.plan.assignment;
  plan.traffic_ppm = 500'000;
  plan.overrides = {{.unit_id = "tester", .variant = "treatment"}};
  plan.targeting = leaf(Op::kEqual, "country", {std::string("IN")});
  plan.namespaces = {{define::HashScheme::kGrowthbookV2, "seed", "user", {{0, 300'000}}}};
  const auto snapshot = must_compile({running});
  std::array<int, 3> seen{};
  for (int i = 0; i < 2000; ++i) {
    Context context(*snapshot);
    const std::string id = user(i);
    context.set_targeting_key(id);
    EXPECT_EQ(snapshot->evaluate(Handle{0}, context).reason, Reason::kTargeting);
    context.set_text("country", "IN");
    const Assignment answer = snapshot->evaluate(Handle{0}, context);
    const bool is_in = peer_bucket(define::HashScheme::kGrowthbookV2, "seed", id) < 3000;
    ASSERT_EQ(answer.reason == Reason::kExcluded, !is_in);
    ASSERT_EQ(answer.assigned(), answer.reason == Reason::kSplit);
    ASSERT_EQ(answer.propensity, answer.assigned() ? 0.5 : 0.0);
    ++seen[answer.reason == Reason::kExcluded ? 0 : answer.reason == Reason::kTraffic ? 1 : 2];
  }
  EXPECT_NEAR(seen[0], 1400, 100);
  EXPECT_NEAR(seen[1], 300, 60);
  EXPECT_NEAR(seen[2], 300, 60);
  EXPECT_EQ(ask(*snapshot, "a", "tester").reason, Reason::kOverride);
}

TEST(Namespace, RefusesWhatIsNone) {
  Running running{.plan = plan_of("a")};
  auto& all = running.plan.assignment.namespaces;
  all = {{define::HashScheme::kEppo, "seed", "user", {{0, 1}}}};
  EXPECT_THAT(refusal({running}), HasSubstr("GrowthBook's alone"));
  all[0].hash = define::HashScheme::kGrowthbookV1;
  for (const define::SlotRange range :
       {define::SlotRange{5, 5}, define::SlotRange{5, 4}, define::SlotRange{0, 1'000'001}}) {
    all[0].ranges = {range};
    EXPECT_THAT(refusal({running}), HasSubstr("a range that is empty"));
  }
}

struct Step {
  std::uint32_t used = 0;  // Of twelve slots.
  std::vector<std::uint32_t> weights;
};

// The plan after these steps, as the server makes it of its versions.
Running after(const std::vector<Step>& steps) {
  Running running{.plan = plan_of("exp")};
  running.plan.assignment.layer = "world";
  const auto ppm = [](std::uint32_t used) { return (used * 1'000'000 + 11) / 12; };
  std::vector<Cohort> epochs;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    epochs.push_back({.epoch = static_cast<std::int64_t>(i),
                      .traffic_ppm = ppm(steps[i].used),
                      .weights = steps[i].weights});
  }
  running.epoch = epochs.back().epoch;
  running.plan.assignment.traffic_ppm = ppm(steps.back().used);
  for (std::size_t v = 0; v < 2; ++v) running.plan.variants[v].weight = steps.back().weights[v];
  running.earlier = lasting(running.plan, epochs);
  return running;
}

std::vector<std::int64_t> numbers_of(const std::vector<Cohort>& epochs) {
  std::vector<std::int64_t> numbers;
  for (const Cohort& one : epochs) numbers.push_back(one.epoch);
  return numbers;
}

// Epochs 0 to 4, the last two with the present weights.
TEST(Cohort, LastsUntilEverybodyIsDrawnAnew) {
  define::Experiment plan = plan_of("a", {1, 3});
  std::vector<Cohort> epochs;
  for (const std::uint32_t second : {3U, 1U, 2U, 3U, 3U}) {
    epochs.push_back({.epoch = std::ssize(epochs), .weights = {1, second}});
  }
  EXPECT_EQ(numbers_of(lasting(plan, epochs)), (std::vector<std::int64_t>{0, 1, 2, 3}));
  plan.assignment.reshuffle = true;
  EXPECT_TRUE(lasting(plan, epochs).empty()) << "one split holds for everybody";
  plan.assignment.sticky = true;
  EXPECT_EQ(numbers_of(lasting(plan, epochs)), (std::vector<std::int64_t>{3}))
      << "remembered since the reshuffle";
  EXPECT_TRUE(lasting(plan, {}).empty());
}

// Who is in stays, with the variant and the epoch of its slot; who comes in gets the new weights.
// While there is one split for all, all are of the present epoch.
void check_every_epoch(const std::vector<Step>& steps) {
  for (std::size_t now = 0; now < steps.size(); ++now) {
    const bool is_one_split =
        std::all_of(steps.begin(), steps.begin() + static_cast<int>(now),
                    [&](const Step& s) { return s.weights == steps[now].weights; });
    const auto snapshot = must_compile(
        {after({steps.begin(), steps.begin() + static_cast<int>(now) + 1})}, {.layer_slots = 12});
    for (int i = 0; i < 40; ++i) {
      const std::uint32_t slot = scale(draw(unit_digest(user(i)), salt_digest("layer:world")), 12);
      std::size_t cohort = 0;
      while (cohort <= now && slot >= steps[cohort].used) ++cohort;
      const Assignment answer = ask(*snapshot, "exp", user(i));
      ASSERT_EQ(answer.assigned(), cohort <= now);
      if (cohort > now) continue;
      const auto& mine = steps[cohort].weights;
      const std::uint32_t total = mine[0] + mine[1];
      const std::uint32_t bits = draw(unit_digest(user(i)), salt_digest("exp"));
      const std::size_t expected = scale(bits, total) < mine[0] ? 0 : 1;
      ASSERT_EQ(answer.variant, static_cast<int>(expected)) << "moved at step " << now;
      ASSERT_EQ(answer.epoch, static_cast<std::int64_t>(is_one_split ? now : cohort));
      ASSERT_EQ(snapshot->epoch_of(Handle{0}, user(i)), answer.epoch);
      ASSERT_EQ(answer.propensity, static_cast<double>(mine[expected]) / total);
    }
  }
}

// Every ramp of twelve slots in three steps with every change between three splits.
TEST(Cohort, NewWeightsMoveNobodyInAWorldOfTwelveSlots) {
  const std::vector<std::vector<std::uint32_t>> weights = {{1, 1}, {1, 3}, {1, 0}};
  for (std::uint32_t first = 1; first <= 10; ++first) {
    for (std::uint32_t second = first; second <= 11; ++second) {
      for (std::size_t code = 0; code < 27; ++code) {
        check_every_epoch(
            {{first, weights[code % 3]}, {second, weights[code / 3 % 3]}, {12, weights[code / 9]}});
        if (HasFatalFailure()) FAIL() << first << " " << second << " " << code;
      }
    }
  }
}

TEST(Cohort, RefusesWhatCannotHaveBeen) {
  Running running = after({{6, {1, 1}}, {12, {1, 3}}});
  for (const std::size_t variants : {1U, 3U}) {
    running.earlier[0].weights.assign(variants, 1);
    EXPECT_THAT(refusal({running}), HasSubstr("epoch 0 does not fit"));
  }
  running = after({{6, {1, 1}}, {12, {1, 3}}});
  running.plan.assignment.traffic_ppm = 1000;
  EXPECT_THAT(refusal({running}), HasSubstr("traffic is out of order"));
  running = after({{6, {1, 1}}, {12, {1, 3}}});
  running.plan.assignment.hash = define::HashScheme::kEppo;
  EXPECT_THAT(refusal({running}), HasSubstr("use assay's own hash"));
}

Running with_fallback() {
  Running running{.plan = plan_of("a")};
  running.plan.assignment.fallback_unit = "device";
  return running;
}

struct Ids {
  const char* key = nullptr;
  const char* user = nullptr;
  const char* device = nullptr;
};

TEST(Fallback, TheSecondKindDecidesWhereTheFirstHasNoId) {
  const auto snapshot = must_compile({with_fallback(), {.plan = plan_of("plain")}});
  const auto check = [&](const Ids& ids, Reason reason, std::string_view unit,
                         std::string_view kind) {
    Context context(*snapshot);
    if (ids.key != nullptr) context.set_targeting_key(ids.key);
    if (ids.user != nullptr) context.set_text("user", ids.user);
    if (ids.device != nullptr) context.set_text("device", ids.device);
    const Assignment answer = *snapshot->evaluate("a", context);
    EXPECT_EQ(answer.reason, reason);
    EXPECT_EQ(snapshot->unit_kind(Handle{0}, answer), kind);
    EXPECT_EQ(snapshot->unit(Handle{0}, answer, context).id, unit);
    if (!answer.assigned()) return;
    const std::uint32_t bits = draw(unit_digest(unit), salt_digest("a"));
    EXPECT_EQ(answer.variant, static_cast<int>(scale(bits, 2)));
  };
  check({.user = "u1", .device = "d1"}, Reason::kSplit, "u1", "user");
  check({.key = "u1", .device = "d1"}, Reason::kSplit, "u1", "user");
  check({.device = "d1"}, Reason::kSplit, "d1", "device");
  check({.key = "k1", .user = ""}, Reason::kSplit, "k1", "device");  // Explicitly nobody.
  check({.key = "k1", .user = "", .device = "d1"}, Reason::kSplit, "d1", "device");
  check({.user = "", .device = ""}, Reason::kNoUnit, "", "user");
  check({}, Reason::kNoUnit, "", "user");
  EXPECT_TRUE(snapshot->has_fallback(Handle{0}));
  EXPECT_FALSE(snapshot->has_fallback(Handle{1}));
  Running stopped = with_fallback();
  stopped.is_stopped = true;
  const auto over = must_compile({stopped});
  EXPECT_EQ(over->unit_kind(Handle{0}, ask(*over, "a", "")), "user") << "nobody falls back";
}

TEST(Fallback, AnIdOfTheWrongTypeIsAMistake) {
  const auto snapshot = must_compile({with_fallback()});
  Context context(*snapshot);
  context.set_text("device", "d1");
  context.set_number("user", 7);
  EXPECT_EQ(snapshot->evaluate("a", context)->reason, Reason::kNoUnit);
}

TEST(Fallback, GoesThroughEveryOtherStep) {
  Running running = with_fallback();
  running.plan.assignment.overrides = {{.unit_id = "d1", .variant = "treatment"}};
  running.plan.assignment.holdouts = {{.name = "h", .unit = "device", .share_ppm = 1'000'000}};
  running.plan.assignment.slots = {{0, 500'000}};
  const auto snapshot = must_compile({running});
  const auto reason_of = [&](const std::string& device) {
    Context context(*snapshot);
    context.set_text("device", device);
    return snapshot->evaluate("a", context)->reason;
  };
  EXPECT_EQ(reason_of("d1"), Reason::kOverride);
  EXPECT_EQ(reason_of("d2"), Reason::kHoldout);
  running.plan.assignment.holdouts.clear();
  const auto open = must_compile({running});
  for (int i = 0; i < 100; ++i) {
    const std::string device = "d" + std::to_string(i + 2);
    Context context(*open);
    context.set_text("device", device);
    const bool owned =
        scale(draw(unit_digest(device), salt_digest("layer:a")), 1'000'000) < 500'000;
    EXPECT_EQ(open->evaluate("a", context)->reason, owned ? Reason::kSplit : Reason::kExcluded);
  }
}

TEST(Fallback, CountsAmongTheKindsOfUnit) {
  std::vector<Running> many;
  for (std::size_t i = 0; i < Schema::kMaxUnitKinds; ++i) {
    many.push_back({.plan = plan_of("e" + std::to_string(i))});
    many.back().plan.assignment.unit = "kind" + std::to_string(i);
  }
  must_compile(many);
  many.front().plan.assignment.fallback_unit = "one too many";
  EXPECT_THAT(refusal(many), HasSubstr("the experiments, stopped ones too, name more than 32 kinds "
                                       "of unit: kind0, one too many, kind1,"));
}

// Sticky, in its second epoch: the weights were 1:1, and are 1:3 now.
Running reweighed() {
  Running running{.plan = plan_of("a", {1, 3}), .version = 2, .epoch = 1};
  running.plan.assignment.sticky = true;
  running.earlier = {{.epoch = 0, .traffic_ppm = 1'000'000, .weights = {1, 1}}};
  return running;
}

Assignment ask_remembering(const Snapshot& snapshot, const std::string& unit, std::int16_t variant,
                           std::int64_t epoch) {
  Context context(snapshot);
  context.set_targeting_key(unit);
  context.remember({.experiment = *snapshot.find("a"), .variant = variant, .epoch = epoch});
  return *snapshot.evaluate("a", context);
}

TEST(Sticky, ARememberedUnitKeepsItsVariantWithThePropensityOfItsEpoch) {
  const auto snapshot = must_compile({{.plan = plan_of("plain")}, reweighed()});
  for (int i = 0; i < 200; ++i) {
    const Assignment fresh = ask(*snapshot, "a", user(i));
    ASSERT_EQ(fresh.reason, Reason::kSplit);
    ASSERT_EQ(fresh.epoch, 1) << "whoever is not remembered gets the present weights";
    ASSERT_EQ(fresh.propensity, fresh.variant == 0 ? 0.25 : 0.75);
    for (const std::int16_t variant : std::initializer_list<std::int16_t>{0, 1}) {
      const Assignment kept = ask_remembering(*snapshot, user(i), variant, 0);
      ASSERT_EQ(kept.reason, Reason::kSticky);
      ASSERT_EQ(kept.variant, variant);
      ASSERT_EQ(kept.epoch, 0);
      ASSERT_EQ(kept.propensity, 0.5);
      ASSERT_EQ(ask_remembering(*snapshot, user(i), variant, 1).propensity,
                variant == 0 ? 0.25 : 0.75);
    }
  }
  EXPECT_EQ(snapshot->explain(ask_remembering(*snapshot, "u", 1, 0)),
            "remembered from an earlier answer");
}

TEST(Sticky, WhatDoesNotHoldAnyMoreIsForgotten) {
  Running running = reweighed();
  running.earlier[0].epoch = 2;
  running.epoch = 3;  // Reshuffled after epoch 1.
  const auto snapshot = must_compile({running});
  EXPECT_EQ(snapshot->first_epoch(Handle{0}), 2);
  EXPECT_EQ(ask_remembering(*snapshot, "u", 1, 1).reason, Reason::kSplit);
  EXPECT_EQ(ask_remembering(*snapshot, "u", 1, 4).reason, Reason::kSplit) << "of the future";
  EXPECT_EQ(ask_remembering(*snapshot, "u", 2, 2).reason, Reason::kSplit) << "no such variant";
  EXPECT_EQ(ask_remembering(*snapshot, "u", -1, 2).reason, Reason::kSplit);
  EXPECT_EQ(ask_remembering(*snapshot, "u", 1, 2).reason, Reason::kSticky);
  Context context(*snapshot);
  context.set_targeting_key("u");
  context.remember({.experiment = Handle{0}, .variant = 0, .epoch = 1});
  context.remember({.experiment = Handle{0}, .variant = 1, .epoch = 2});
  EXPECT_EQ(snapshot->evaluate("a", context)->variant, 1) << "the first that holds";
  context.reset();
  context.set_targeting_key("u");
  EXPECT_EQ(snapshot->evaluate("a", context)->reason, Reason::kSplit) << "dropped by reset";
}

TEST(Sticky, EverythingThatKeepsAUnitOutWinsButTraffic) {
  Running running = reweighed();
  running.plan.assignment.slots = {{0, 500'000}};
  running.plan.assignment.traffic_ppm = 1;
  running.earlier[0].traffic_ppm = 0;
  running.plan.assignment.overrides = {{.unit_id = "tester", .variant = "control"}};
  auto snapshot = must_compile({running});
  EXPECT_EQ(ask_remembering(*snapshot, "tester", 1, 0).reason, Reason::kOverride);
  EXPECT_EQ(ask_remembering(*snapshot, "", 1, 0).reason, Reason::kNoUnit);
  int excluded = 0;
  for (int i = 0; i < 200; ++i) {
    const Reason without = ask(*snapshot, "a", user(i)).reason;
    excluded += without == Reason::kExcluded ? 1 : 0;
    ASSERT_EQ(ask_remembering(*snapshot, user(i), 1, 0).reason,
              without == Reason::kExcluded ? Reason::kExcluded : Reason::kSticky);
  }
  EXPECT_NEAR(excluded, 100, 40);
  running.plan.assignment.slots.clear();
  auto& namespaces = running.plan.assignment.namespaces;
  namespaces = {{define::HashScheme::kGrowthbookV2, "seed", "user", {{0, 1}}}};
  snapshot = must_compile({running});
  EXPECT_EQ(ask_remembering(*snapshot, "u", 1, 0).reason, Reason::kExcluded);
  namespaces.clear();
  running.plan.assignment.targeting = leaf(define::Op::kEqual, "country", {std::string("IN")});
  snapshot = must_compile({running});
  EXPECT_EQ(ask_remembering(*snapshot, "u", 1, 0).reason, Reason::kTargeting);
  running.plan.assignment.holdouts = {{.name = "h", .unit = "user", .share_ppm = 1'000'000}};
  snapshot = must_compile({running});
  EXPECT_EQ(ask_remembering(*snapshot, "u", 1, 0).reason, Reason::kHoldout);
  running.is_stopped = true;
  snapshot = must_compile({running});
  EXPECT_EQ(ask_remembering(*snapshot, "u", 1, 0).reason, Reason::kStopped);
}

TEST(Sticky, AnotherExperimentAsksForTheRememberedVariant) {
  Running dependent{.plan = plan_of("b")};
  dependent.plan.assignment.prerequisites = {{"a", {"treatment"}}};
  const auto snapshot = must_compile({dependent, reweighed()});
  EXPECT_TRUE(snapshot->needs_memory(Handle{0}));
  for (const std::int16_t variant : std::initializer_list<std::int16_t>{0, 1}) {
    Context context(*snapshot);
    context.set_targeting_key("u");
    context.remember({.experiment = Handle{1}, .variant = variant, .epoch = 0});
    std::vector<Assignment> all(2);
    snapshot->evaluate_all(context, all);
    EXPECT_EQ(all[0].reason, variant == 1 ? Reason::kSplit : Reason::kPrerequisite);
    EXPECT_EQ(all[1].reason, Reason::kSticky);
  }
}

// A targeting key that stands for the user does not stand for the device too.
TEST(Sticky, RemembersUnderTheUnitsThatTheContextNames) {
  Running running = reweighed();
  running.plan.assignment.fallback_unit = "device";
  const auto snapshot = must_compile({running, {.plan = plan_of("plain")}});
  const auto names = [&](const Ids& ids) {
    Context context(*snapshot);
    if (ids.key != nullptr) context.set_targeting_key(ids.key);
    if (ids.user != nullptr) context.set_text("user", ids.user);
    if (ids.device != nullptr) context.set_text("device", ids.device);
    std::string text;
    for (const auto& one : snapshot->rememberers(Handle{0}, context)) {
      text += std::string(snapshot->kind_name(one.kind)) + ":" + std::string(one.id) + " ";
    }
    return text;
  };
  EXPECT_EQ(names({.key = "k"}), "user:k ");
  EXPECT_EQ(names({.key = "k", .device = "d"}), "user:k device:d ");
  EXPECT_EQ(names({.user = "u", .device = "d"}), "user:u device:d ");
  EXPECT_EQ(names({.device = "d"}), "device:d ");
  EXPECT_EQ(names({.key = "k", .user = ""}), "device:k ");
  EXPECT_EQ(names({}), "");
  EXPECT_FALSE(snapshot->needs_memory(Handle{1}));
}

TEST(Sticky, RefusesWhatItCannotKeep) {
  Running running = reweighed();
  running.plan.assignment.switchback = define::Switchback{.period_seconds = 60};
  EXPECT_THAT(refusal({running}), HasSubstr("a.sticky"));
  EXPECT_THAT(to_text(unsupported(running.plan)), HasSubstr("a.sticky")) << "before it starts";
  running = reweighed();
  running.plan.assignment.hash = define::HashScheme::kEppo;
  must_compile({running});  // Memory holds the old split, whichever hash drew it.
}

TEST(Forced, TheFirstConditionThatIsMetDecides) {
  Running running{.plan = plan_of("a", {1, 0, 0})};
  define::Assignment& plan = running.plan.assignment;
  plan.overrides = {{.unit_id = "tester", .variant = running.plan.variants[0].key}};
  plan.forced = {
      {.variant = running.plan.variants[1].key, .when = leaf(Op::kEqual, "staff", {true})},
      {.variant = running.plan.variants[2].key, .when = leaf(Op::kExists, "country", {true})}};
  plan.targeting = leaf(Op::kEqual, "country", {std::string("US")});
  plan.holdouts = {{.name = "all", .share_ppm = 1'000'000}};
  const auto snapshot = must_compile({running});
  const auto check = [&](const char* unit, bool is_staff, const char* country, Reason reason,
                         int variant) {
    Context context(*snapshot);
    context.set_targeting_key(unit);
    if (is_staff) context.set_bool("staff", true);
    if (country != nullptr) context.set_text("country", country);
    const Assignment answer = *snapshot->evaluate("a", context);
    EXPECT_EQ(answer.reason, reason) << unit;
    EXPECT_EQ(answer.variant, variant) << unit;
    EXPECT_EQ(answer.propensity, reason == Reason::kOverride ? 1.0 : 0.0);
    std::vector<Assignment> all(1);
    snapshot->evaluate_all(context, all);
    EXPECT_EQ(all[0].variant, answer.variant);
    EXPECT_EQ(all[0].reason, answer.reason);
  };
  check("u1", true, "US", Reason::kOverride, 1);
  check("u1", true, nullptr, Reason::kOverride, 1);
  check("u1", false, "IN", Reason::kOverride, 2);
  check("tester", true, "IN", Reason::kOverride, 0);
  check("u1", false, nullptr, Reason::kHoldout, Assignment::kNone);
  check("", true, nullptr, Reason::kNoUnit, Assignment::kNone);
  running.is_stopped = true;
  const auto stopped = must_compile({running});
  Context context(*stopped);
  context.set_targeting_key("u1");
  context.set_bool("staff", true);
  EXPECT_EQ(stopped->evaluate("a", context)->reason, Reason::kStopped);
}

TEST(Forced, NamesAVariantThatIsNotThere) {
  Running running{.plan = plan_of("a")};
  running.plan.assignment.forced = {{.variant = "nobody", .when = {}}};
  EXPECT_THAT(refusal({running}), HasSubstr("\"nobody\" is not a variant"));
}

Running switching() {
  Running running{.plan = plan_of("prices")};
  running.plan.assignment.unit = "city";
  running.plan.assignment.switchback = define::Switchback{
      .period_seconds = 3600, .burn_in_seconds = 600, .start = {.micros = 7200 * kMicrosPerSecond}};
  return running;
}

TEST(Switchback, IsAFunctionOfUnitAndPeriod) {
  const auto snapshot = must_compile({switching()});
  int switches = 0;
  int before = -1;
  for (std::int64_t second = 7200; second < 7200 + 400 * 3600; second += 300) {
    const std::int64_t period = (second - 7200) / 3600;
    Context context(*snapshot);
    context.set_targeting_key("pune");
    context.set_time({.micros = second * kMicrosPerSecond});
    const Assignment answer = *snapshot->evaluate("prices", context);
    const std::string salt = "prices@" + std::to_string(period);
    ASSERT_EQ(answer.variant,
              static_cast<int>(scale(draw(unit_digest("pune"), salt_digest(salt)), 2)));
    ASSERT_EQ(answer.reason, second % 3600 < 600 ? Reason::kBurnIn : Reason::kSplit);
    ASSERT_EQ(answer.propensity, 0.5);
    ASSERT_EQ(snapshot->period(Handle{0}, context), period);
    switches += before >= 0 && answer.variant != before ? 1 : 0;
    before = answer.variant;
  }
  EXPECT_NEAR(switches, 200, 50) << "a new coin in each period";
}

TEST(Switchback, NeedsTheTimeAndItsStart) {
  const auto snapshot = must_compile({switching()});
  const Assignment timeless = ask(*snapshot, "prices", "pune");
  EXPECT_EQ(timeless.reason, Reason::kNoUnit);
  EXPECT_THAT(snapshot->explain(timeless), HasSubstr("no time"));
  EXPECT_THAT(snapshot->explain(ask(*snapshot, "prices", "")), HasSubstr("no id of the kind city"));
  Context context(*snapshot);
  context.set_targeting_key("pune");
  context.set_time({.micros = 7199 * kMicrosPerSecond});
  EXPECT_EQ(snapshot->evaluate("prices", context)->reason, Reason::kStopped);
  EXPECT_EQ(snapshot->period(Handle{0}, context), std::nullopt) << "before the first";
  Context nobody(*snapshot);
  nobody.set_time({.micros = 7199 * kMicrosPerSecond});
  EXPECT_EQ(snapshot->evaluate("prices", nobody)->reason, Reason::kStopped) << "whoever asks";
  nobody.set_time({.micros = 7200 * kMicrosPerSecond});
  EXPECT_EQ(snapshot->evaluate("prices", nobody)->reason, Reason::kNoUnit);
  const auto plain = must_compile({plan_of("plain")});
  Context other(*plain);
  other.set_time({.micros = 0});
  EXPECT_EQ(plain->period(Handle{0}, other), std::nullopt);
  Running old = switching();
  old.plan.assignment.switchback->start.micros = -9'000'000'000'000'000;
  const auto ancient = must_compile({old});
  Context last(*ancient);
  last.set_targeting_key("pune");
  constexpr std::int64_t kLastMoment = std::numeric_limits<std::int64_t>::max();
  last.set_time({.micros = kLastMoment});
  EXPECT_EQ(ancient->period(Handle{0}, last), (kLastMoment / 1'000'000 + 9'000'000'000) / 3600);
  EXPECT_TRUE(ancient->evaluate("prices", last)->assigned());
  Running peer = switching();
  peer.plan.assignment.hash = define::HashScheme::kEppo;
  EXPECT_THAT(refusal({peer}), HasSubstr("prices.hash"));
}

}  // namespace
}  // namespace assay::assign
