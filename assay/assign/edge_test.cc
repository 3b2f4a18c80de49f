// What lies exactly on a limit: draws on the edge of a share, which one unit in thousands meets;
// the largest and the smallest that is accepted; and what is one beyond.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/assign/balance.h"
#include "assay/assign/testing.h"
#include "assay/base/hash.h"

namespace assay::assign {
namespace {

using testing::HasSubstr;

constexpr std::uint32_t kMillion = 1'000'000;

// A unit whose draw is the first one outside of a share, or (behind: 1) the last one within.
struct EdgeUnit {
  std::string id;
  std::uint32_t share_ppm = 0;
};
EdgeUnit edge_unit(std::string_view salt, std::uint64_t behind) {
  for (int i = 0;; ++i) {
    EdgeUnit unit{.id = "u" + std::to_string(i)};
    const std::uint64_t bits = draw(unit_digest(unit.id), salt_digest(salt)) + behind;
    unit.share_ppm = static_cast<std::uint32_t>((bits * kMillion) >> 32);
    const std::uint64_t first = ((std::uint64_t{unit.share_ppm} << 32) + kMillion - 1) / kMillion;
    const bool is_between = unit.share_ppm > 0 && unit.share_ppm < kMillion;
    if (bits == first && is_between) return unit;
  }
}

TEST(Edge, AHoldoutEndsBeforeTheFirstDrawOutside) {
  for (const std::uint64_t behind : {0U, 1U}) {
    const EdgeUnit edge = edge_unit("holdout:all", behind);
    Running running{.plan = plan_of("a"), .version = 7};
    running.plan.assignment.holdouts = {
        {.name = "all", .unit = "user", .share_ppm = edge.share_ppm}};
    const Assignment answer = ask(*must_compile({running}), "a", edge.id);
    EXPECT_EQ(answer.reason, behind == 1 ? Reason::kHoldout : Reason::kSplit);
    EXPECT_EQ(answer.version, 7U);
  }
}

TEST(Edge, TrafficAndSlotsEndBeforeTheFirstDrawOutside) {
  for (const std::uint64_t behind : {0U, 1U}) {
    const EdgeUnit edge = edge_unit("layer:a", behind);
    define::Experiment plan = plan_of("a");
    plan.assignment.traffic_ppm = edge.share_ppm;
    EXPECT_EQ(ask(*must_compile({plan}), "a", edge.id).reason,
              behind == 1 ? Reason::kSplit : Reason::kTraffic);
    plan.assignment.traffic_ppm = kMillion;
    plan.assignment.slots = {{0, edge.share_ppm}};
    EXPECT_EQ(ask(*must_compile({plan}), "a", edge.id).reason,
              behind == 1 ? Reason::kSplit : Reason::kExcluded);
    plan.assignment.slots = {{edge.share_ppm, kMillion}};
    EXPECT_EQ(ask(*must_compile({plan}), "a", edge.id).reason,
              behind == 1 ? Reason::kExcluded : Reason::kSplit);
  }
}

TEST(Edge, AVariantEndsBeforeTheFirstDrawOfTheNext) {
  for (const std::uint64_t behind : {0U, 1U}) {
    const EdgeUnit edge = edge_unit("a", behind);
    const std::vector<std::uint32_t> weights = {edge.share_ppm, kMillion - edge.share_ppm};
    const int expected = behind == 1 ? 0 : 1;
    EXPECT_EQ(ask(*must_compile({plan_of("a", weights)}), "a", edge.id).variant, expected);
    const std::vector<std::uint32_t> later = {0, weights[0], weights[1]};
    EXPECT_EQ(ask(*must_compile({plan_of("a", later)}), "a", edge.id).variant, expected + 1);
    const std::uint64_t digest = unit_digest(edge.id);
    const Balance balance = find_balance({&digest, 1}, {}, weights, "a", {.salts = 1});
    EXPECT_EQ(balance.counts[0][0][static_cast<std::size_t>(expected)], 1U);
  }
}

TEST(Edge, ACohortEndsBeforeTheFirstDrawOutside) {
  for (const std::uint64_t behind : {0U, 1U}) {
    const EdgeUnit edge = edge_unit("layer:a", behind);
    Running running{.plan = plan_of("a"), .epoch = 1};
    running.earlier = {{.epoch = 0, .traffic_ppm = edge.share_ppm, .weights = {1, 0}}};
    EXPECT_EQ(ask(*must_compile({running}), "a", edge.id).epoch, behind == 1 ? 0 : 1);
  }
}

Running with_epochs(const std::vector<std::uint32_t>& traffic) {
  Running running{.plan = plan_of("a"), .epoch = static_cast<std::int64_t>(traffic.size())};
  for (std::size_t i = 0; i < traffic.size(); ++i) {
    running.earlier.push_back(
        {.epoch = static_cast<std::int64_t>(i), .traffic_ppm = traffic[i], .weights = {1, 3}});
  }
  return running;
}

TEST(Edge, EpochsThatCannotHaveBeen) {
  must_compile({with_epochs({100, 100, 200})});
  EXPECT_THAT(refusal({with_epochs({200, 100, 300})}), HasSubstr("epoch 1 does not fit"));
  for (const std::vector<std::uint32_t>& weights :
       std::vector<std::vector<std::uint32_t>>{{0, 0}, {1, 0x7fffffff}}) {
    Running running = with_epochs({100});
    running.earlier[0].weights = weights;
    EXPECT_THAT(refusal({running}), HasSubstr("epoch 0 does not fit"));
  }
  Running largest = with_epochs({100});
  largest.earlier[0].weights = {0, 0x7fffffff};
  must_compile({largest});
}

TEST(Edge, TheFirstEpochThatHolds) {
  EXPECT_EQ(must_compile({with_epochs({100, 200})})->first_epoch(Handle{0}), 0);
  EXPECT_EQ(must_compile({with_epochs({})})->first_epoch(Handle{0}), 0);
}

Running switching(std::int64_t period, std::int64_t burn_in) {
  Running running{.plan = plan_of("a")};
  running.plan.assignment.switchback =
      define::Switchback{.period_seconds = period, .burn_in_seconds = burn_in, .start = {}};
  return running;
}

TEST(Edge, ASwitchbacksPeriodAndSaltAreBounded) {
  constexpr std::int64_t kTenYears = 3650 * kSecondsPerDay;
  for (const auto& [period, burn_in] : std::vector<std::pair<std::int64_t, std::int64_t>>{
           {0, 0}, {-1, 0}, {kTenYears + 1, 0}, {INT64_MAX, 0}, {60, 60}, {60, -1}}) {
    EXPECT_THAT(refusal({switching(period, burn_in)}), HasSubstr("a.switchback"));
  }
  must_compile({switching(1, 0)});
  must_compile({switching(kTenYears, kTenYears - 1)});
  Running salted = switching(60, 0);
  salted.plan.assignment.salt.assign(1025, 's');
  EXPECT_THAT(refusal({salted}), HasSubstr("at most 1024 bytes"));
  salted.plan.assignment.salt.assign(1024, 's');
  const auto snapshot = must_compile({salted});
  Context context(*snapshot);
  context.set_targeting_key("u");
  context.set_time({.micros = 61 * kMicrosPerSecond});
  const std::uint64_t salt = salt_digest(salted.plan.assignment.salt + "@1");
  EXPECT_EQ(snapshot->evaluate("a", context)->variant,
            static_cast<int>(scale(draw(unit_digest("u"), salt), 2)));
}

TEST(Edge, ABurnInDoesNotHideAnOverride) {
  Running running = switching(60, 10);
  running.plan.assignment.overrides = {{.unit_id = "tester", .variant = "treatment"}};
  const auto snapshot = must_compile({running});
  for (const auto& [second, reason] : std::vector<std::pair<std::int64_t, Reason>>{
           {0, Reason::kBurnIn}, {9, Reason::kBurnIn}, {10, Reason::kSplit}}) {
    Context context(*snapshot);
    context.set_time({.micros = second * kMicrosPerSecond});
    context.set_targeting_key("tester");
    EXPECT_EQ(snapshot->evaluate("a", context)->reason, Reason::kOverride);
    context.set_targeting_key("u");
    EXPECT_EQ(snapshot->evaluate("a", context)->reason, reason) << second;
    EXPECT_EQ(snapshot->period(Handle{0}, context), 0);
  }
}

TEST(Edge, AnOverrideAsksForNoPrerequisite) {
  Running running{.plan = plan_of("a")};
  running.plan.assignment.prerequisites = {{"missing", {"treatment"}}};
  running.plan.assignment.overrides = {{.unit_id = "tester", .variant = "treatment"}};
  const auto snapshot = must_compile({running});
  EXPECT_EQ(ask(*snapshot, "a", "tester").reason, Reason::kOverride);
  EXPECT_EQ(ask(*snapshot, "a", "u").reason, Reason::kPrerequisite);
}

TEST(Edge, AHoldoutOfAnotherKindNeedsAUnitOfThatKind) {
  Running running{.plan = plan_of("a")};
  running.plan.assignment.unit = "session";
  running.plan.assignment.holdouts = {{.name = "all", .unit = "user", .share_ppm = kMillion}};
  const auto snapshot = must_compile({running});
  Context context(*snapshot);
  context.set_text("session", "s");
  EXPECT_EQ(snapshot->evaluate("a", context)->reason, Reason::kSplit) << "nobody is held out";
  context.set_text("user", "u");
  EXPECT_EQ(snapshot->evaluate("a", context)->reason, Reason::kHoldout);
}

TEST(Edge, ANamespaceOfAnotherKindNeedsAUnitOfThatKind) {
  Running running{.plan = plan_of("a")};
  running.plan.assignment.unit = "session";
  running.plan.assignment.namespaces = {{.hash = define::HashScheme::kGrowthbookV2,
                                         .salt = "all",
                                         .unit = "user",
                                         .ranges = {{0, kMillion}}}};
  const auto snapshot = must_compile({running});
  Context context(*snapshot);
  context.set_text("session", "s");
  EXPECT_EQ(snapshot->evaluate("a", context)->reason, Reason::kExcluded) << "nobody is in it";
  context.set_text("user", "u");
  EXPECT_EQ(snapshot->evaluate("a", context)->reason, Reason::kSplit);
}

// Each of forty asks all that come before it: 2^39 evaluations, beyond what an int counts.
TEST(Edge, EvaluationsAreCountedWithoutOverflow) {
  std::vector<Running> running;
  for (int i = 0; i < 40; ++i) {
    running.push_back({.plan = plan_of("e" + std::to_string(i))});
    for (int j = 0; j < i; ++j) {
      running.back().plan.assignment.prerequisites.push_back(
          {"e" + std::to_string(j), {"control"}});
    }
  }
  const auto compiled = compile(running);
  ASSERT_FALSE(compiled);
  EXPECT_EQ(compiled.error().size(), 33U) << "e7 and all that follow";
}

// A chain of 64 is allowed: the last one asks 63 others.
TEST(Edge, AnEvaluationAsksSixtyFourAtMost) {
  std::vector<Running> chain;
  for (int i = 0; i < 65; ++i) {
    chain.push_back({.plan = plan_of("e" + std::to_string(i))});
    if (i > 0)
      chain.back().plan.assignment.prerequisites = {{"e" + std::to_string(i - 1), {"control"}}};
  }
  const auto compiled = compile(chain);
  ASSERT_FALSE(compiled);
  ASSERT_EQ(compiled.error().size(), 1U);
  EXPECT_EQ(compiled.error()[0].field, "e64.prerequisites");
  chain.pop_back();
  must_compile(chain);
}

TEST(Edge, SlotsEndWithTheLayerAndComeInOrder) {
  const auto refused = [](std::vector<define::SlotRange> slots) {
    Running running{.plan = plan_of("a")};
    running.plan.assignment.slots = std::move(slots);
    return refusal({running});
  };
  EXPECT_THAT(refused({{5, kMillion + 1}}), HasSubstr("[5, 1000001) is empty, out of order"));
  EXPECT_THAT(refused({{5, 5}}), HasSubstr("[5, 5) is empty"));
  EXPECT_THAT(refused({{5, 9}, {8, 12}}), HasSubstr("[8, 12) is empty, out of order"));
  EXPECT_THAT(refused({{5, 9}, {1, 2}}), HasSubstr("[1, 2) is empty, out of order"));
  define::Experiment plan = plan_of("a");
  plan.assignment.slots = {{0, 9}, {9, kMillion}};
  must_compile({plan});
}

TEST(Edge, AStoppedExperimentOwnsNoSlots) {
  Running stopped{.plan = plan_of("stopped"), .is_stopped = true};
  Running running{.plan = plan_of("running")};
  stopped.plan.assignment.layer = running.plan.assignment.layer = "home";
  const auto snapshot = must_compile({stopped, running});
  EXPECT_EQ(ask(*snapshot, "running", "u").reason, Reason::kSplit);
  stopped.is_stopped = false;
  EXPECT_FALSE(compile(std::vector<Running>{stopped, running}));
}

TEST(Edge, EachOfManyOverridesIsFound) {
  define::Experiment plan = plan_of("a");
  for (int i = 0; i < 100; ++i) {
    plan.assignment.overrides.push_back(
        {.unit_id = std::to_string(i), .variant = i % 2 == 0 ? "control" : "treatment"});
  }
  const auto snapshot = must_compile({plan});
  for (int i = 0; i < 200; ++i) {
    const Assignment answer = ask(*snapshot, "a", std::to_string(i));
    ASSERT_EQ(answer.reason, i < 100 ? Reason::kOverride : Reason::kSplit) << i;
    if (i < 100) {
      ASSERT_EQ(answer.variant, i % 2);
    }
  }
}

TEST(Edge, EveryKindOfUnitHasAnIdOfItsOwn) {
  constexpr std::size_t kKinds = Schema::kMaxUnitKinds;
  std::vector<define::Experiment> plans;
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < kKinds; ++i) {
    plans.push_back(plan_of("e" + std::to_string(i)));
    plans.back().assignment.unit = "kind" + std::to_string(i);
    ids.push_back("id" + std::to_string(i));
  }
  plans.push_back(plans.front());  // A kind may serve any number of experiments.
  plans.back().id = "another";
  const auto snapshot = must_compile(plans);
  Context context(*snapshot);
  for (std::size_t i = 0; i < kKinds; ++i) context.set_text(plans[i].assignment.unit, ids[i]);
  for (std::size_t i = 0; i < kKinds; ++i) {
    const Handle handle = *snapshot->find(plans[i].id);
    const Assignment answer = snapshot->evaluate(handle, context);
    EXPECT_EQ(answer.reason, Reason::kSplit);
    EXPECT_EQ(snapshot->unit(handle, answer, context).id, ids[i]);
  }
  plans.back().assignment.unit = "one more";
  EXPECT_FALSE(compile_plans(plans));
}

TEST(Edge, AThousandVariantsAndTheLargestWeights) {
  must_compile({plan_of("a", std::vector<std::uint32_t>(1000, 1))});
  EXPECT_THAT(refusal({{.plan = plan_of("a", std::vector<std::uint32_t>(1001, 1))}}),
              HasSubstr("1001 variants, not 1 to 1000"));
  EXPECT_THAT(refusal({{.plan = plan_of("a", {})}}), HasSubstr("0 variants"));
  must_compile({plan_of("a", {1, 0x7ffffffe})});
  EXPECT_THAT(refusal({{.plan = plan_of("a", {1, 0x7fffffff})}}), HasSubstr("2147483648"));
}

}  // namespace
}  // namespace assay::assign
