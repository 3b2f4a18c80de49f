// No evaluation allocates: operator new is replaced by one that counts.
#include <array>
#include <cstdlib>
#include <new>
#include <string>

#include <gtest/gtest.h>

#include "assay/assign/testing.h"
#include "assay/base/time.h"
#include "assay/define/words.h"

namespace {
thread_local long allocations = 0;
}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size > 0 ? size : 1)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size > 0 ? size : 1);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace assay::assign {
namespace {

using define::Op;

std::vector<define::Experiment> plans_with_conditions() {
  std::vector<define::Experiment> plans;
  for (int i = 0; i < 50; ++i) {
    plans.push_back(plan_of("experiment_" + std::to_string(i)));
    plans.back().assignment.targeting =
        tree(Op::kAll,
             {leaf(Op::kIn, "country", {std::string("IN"), std::string("US")}),
              leaf(Op::kEqual, "platform", {std::string("ios")}),
              leaf(Op::kSemver, "version", {std::string(">=2.3.0")}),
              leaf(Op::kPrefix, "name", {std::string("some")}), leaf(Op::kGreater, "age", {17.0})});
    plans.back().assignment.traffic_ppm = 900'000;
    plans.back().assignment.overrides = {{.unit_id = "tester", .variant = "control"}};
  }
  return plans;
}

TEST(Allocation, NoneForContextAndEvaluation) {
  const auto snapshot = compile_plans(plans_with_conditions()).value();
  const long before = allocations;
  int assigned = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::array<char, 3> id = {'u', static_cast<char>('a' + i % 26),
                                    static_cast<char>('a' + i / 26 % 26)};
    Context context(*snapshot);
    context.set_targeting_key({id.data(), id.size()});
    context.set_text("country", "IN");
    context.set_text("platform", "ios");
    context.set_text("version", "2.10.1-beta.3");
    context.set_text("name", "someone");
    context.set_number("age", 40);
    assigned += snapshot->evaluate("experiment_7", context)->assigned() ? 1 : 0;
    const Handle handle = *snapshot->find("experiment_30");
    assigned += snapshot->evaluate(handle, context).assigned() ? 1 : 0;
  }
  EXPECT_EQ(allocations, before);
  EXPECT_GT(assigned, 1500);
}

// Everything that a plan may have beyond targeting: each is answered for some ids.
std::vector<Running> special_plans() {
  std::vector<Running> running;
  const auto add = [&](std::string id) -> define::Assignment& {
    running.push_back({.plan = plan_of(std::move(id)), .epoch = 2});
    return running.back().plan.assignment;
  };
  add("plain").overrides = {{.unit_id = "ua", .variant = "control"}};
  add("sticky").sticky = true;
  running.back().earlier = {{.epoch = 1, .traffic_ppm = 300'000, .weights = {9, 1}}};
  define::Assignment& adaptive = add("adaptive");
  adaptive.sticky = true;
  adaptive.adaptive_floor_ppm = 50'000;
  define::Assignment& fallback = add("fallback");
  fallback.unit = "account";
  fallback.fallback_unit = "device";
  add("switchback").switchback = define::Switchback{.period_seconds = 3600, .burn_in_seconds = 60};
  add("held_out").holdouts = {{.name = "all", .unit = "user", .share_ppm = 500'000}};
  add("after").prerequisites = {{.experiment = "plain", .variants = {"treatment"}}};
  add("forced").forced = {
      {.variant = "treatment", .when = leaf(Op::kEqual, "country", {std::string("IN")})}};
  define::Assignment& part = add("part");
  part.layer = "page";
  part.slots = {{0, 100'000}, {500'000, 700'000}};
  for (const auto& [name, scheme] : define::words(define::HashScheme{})) {
    add("peer_" + std::string(name)).hash = scheme;
  }
  return running;
}

TEST(Allocation, NoneForMemoryPeriodsHoldoutsPrerequisitesAndPeers) {
  const auto snapshot = must_compile(special_plans());
  const Handle sticky = *snapshot->find("sticky");
  const auto now = parse_time("2026-03-01T10:30:00Z").value();
  std::vector<int> met(static_cast<std::size_t>(Reason::kSplit) + 1);
  std::vector<Handle> handles;
  for (std::uint32_t i = 0; i < snapshot->size(); ++i) handles.push_back({i});
  Context context(*snapshot);
  context.remember({.experiment = sticky, .variant = 1, .epoch = 2});  // The first one allocates.
  const long before = allocations;
  for (int i = 0; i < 1000; ++i) {
    const std::array<char, 3> id = {'u', static_cast<char>('a' + i % 26),
                                    static_cast<char>('a' + i / 26 % 26)};
    context.reset();
    context.set_targeting_key({id.data(), i < 26 ? 2U : 3U});
    context.set_text("device", {id.data(), 2});
    if (i % 3 == 0) context.set_text("account", "");
    context.set_text("country", i % 2 == 0 ? "IN" : "US");
    context.set_time({now.micros + std::int64_t{i} * 7'000'000});
    if (i % 4 == 0) context.remember({.experiment = sticky, .variant = 1, .epoch = 2});
    for (const Handle handle : handles) {
      ++met[static_cast<std::size_t>(snapshot->evaluate(handle, context).reason)];
    }
  }
  EXPECT_EQ(allocations, before);
  for (const Reason reason :
       {Reason::kOverride, Reason::kHoldout, Reason::kPrerequisite, Reason::kExcluded,
        Reason::kSticky, Reason::kBurnIn, Reason::kSplit}) {
    EXPECT_GT(met[static_cast<std::size_t>(reason)], 0) << reason_name(reason);
  }
}

TEST(Allocation, NoneForAllExperimentsOnceTheContextIsWarm) {
  const auto snapshot = compile_plans(plans_with_conditions()).value();
  std::vector<Assignment> answers(snapshot->size());
  Context context(*snapshot);
  context.set_targeting_key("u");
  snapshot->evaluate_all(context, answers);
  const long before = allocations;
  context.reset();
  context.set_targeting_key("v");
  snapshot->evaluate_all(context, answers);
  EXPECT_EQ(allocations, before);
  EXPECT_GT(before, 0) << "the counter counts";
}

}  // namespace
}  // namespace assay::assign
