// No evaluation allocates: operator new is replaced by one that counts.
#include <cstdlib>
#include <new>
#include <string>

#include <gtest/gtest.h>

#include "assay/assign/testing.h"

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
