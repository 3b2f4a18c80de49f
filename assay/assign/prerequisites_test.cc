// What an experiment asks of others: each answer and reason, and which graphs are refused.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/assign/testing.h"

namespace assay::assign {
namespace {

using define::Op;
using testing::HasSubstr;

Running needs(std::string id, std::vector<define::Prerequisite> prerequisites) {
  Running running{.plan = plan_of(std::move(id))};
  running.plan.assignment.prerequisites = std::move(prerequisites);
  return running;
}

TEST(Prerequisite, AsksForTheOtherExperimentsVariant) {
  const auto snapshot = must_compile({needs("b", {{"a", {"treatment"}}}), {.plan = plan_of("a")}});
  std::array<int, 2> split{};
  for (int i = 0; i < 4000; ++i) {
    const bool treated = ask(*snapshot, "a", user(i)).variant == 1;
    const Assignment answer = ask(*snapshot, "b", user(i));
    ASSERT_EQ(answer.reason, treated ? Reason::kSplit : Reason::kPrerequisite);
    if (treated) ++split[static_cast<std::size_t>(answer.variant)];
  }
  EXPECT_NEAR(split[0], split[1], 250);
  int i = 0;
  while (ask(*snapshot, "b", user(i)).assigned()) ++i;
  EXPECT_EQ(snapshot->explain(ask(*snapshot, "b", user(i))),
            "the unit has no variant of a that this experiment needs");
}

TEST(Prerequisite, EvaluatingAllGivesTheSameAnswers) {
  std::vector<Running> running = {needs("c", {{"a", {"control"}}, {"b", {"control", "treatment"}}}),
                                  needs("b", {{"a", {"control"}}}),
                                  {.plan = plan_of("a")}};
  const auto snapshot = must_compile(running);
  for (int i = 0; i < 200; ++i) {
    const std::string id = user(i);
    Context context(*snapshot);
    context.set_targeting_key(id);
    std::vector<Assignment> all(3);
    snapshot->evaluate_all(context, all);
    for (std::uint32_t e = 0; e < 3; ++e) {
      const Assignment one = snapshot->evaluate(Handle{e}, context);
      ASSERT_EQ(one.variant, all[e].variant);
      ASSERT_EQ(one.reason, all[e].reason);
    }
    ASSERT_EQ(all[0].assigned(), all[2].variant == 0);
  }
}

TEST(Prerequisite, NobodyHasAVariantOfWhatIsMissingOrStopped) {
  const auto missing = must_compile({needs("b", {{"a", {"treatment"}}})});
  EXPECT_EQ(ask(*missing, "b", "u").reason, Reason::kPrerequisite);
  const Running stopped{.plan = plan_of("a"), .is_stopped = true};
  const auto snapshot = must_compile({needs("b", {{"a", {"treatment", "control"}}}), stopped});
  EXPECT_EQ(ask(*snapshot, "b", "u").reason, Reason::kPrerequisite);
}

TEST(Prerequisite, ACycleIsRefusedByName) {
  const auto both = [](std::string other) {
    return std::vector<define::Prerequisite>{{std::move(other), {"treatment"}}};
  };
  EXPECT_THAT(refusal({needs("z", both("a")),
                       needs("a", both("b")),
                       needs("b", both("c")),
                       needs("c", both("a")),
                       {.plan = plan_of("d")}}),
              HasSubstr("form a cycle: a → b → c → a"));
  EXPECT_THAT(refusal({needs("a", both("a"))}), HasSubstr("a → a"));
  std::vector<Running> ring;
  for (int i = 0; i < 2000; ++i) {
    ring.push_back(needs("e" + std::to_string(i), both("e" + std::to_string((i + 1) % 2000))));
  }
  EXPECT_THAT(refusal(ring), HasSubstr("e9 → … → e0"));
  std::vector<Running> ten(ring.begin(), ring.begin() + 9);
  ten.push_back(needs("e9", both("e0")));
  EXPECT_THAT(refusal(ten), HasSubstr("e8 → e9 → e0")) << "ten are named";
  ring[1999].is_stopped = true;
  EXPECT_THAT(refusal(ring), HasSubstr("lead to more than 64 experiments")) << "no cycle, but long";
}

// Each of eight asks all that come before it: 2^7 evaluations where there are seven experiments.
TEST(Prerequisite, AnEvaluationAsksABoundedNumber) {
  std::vector<Running> running;
  for (int i = 0; i < 8; ++i) {
    std::vector<define::Prerequisite> all;
    for (int j = 0; j < i; ++j) all.push_back({"e" + std::to_string(j), {"control"}});
    running.push_back(needs("e" + std::to_string(i), all));
  }
  EXPECT_THAT(refusal(running), HasSubstr("e7.prerequisites"));
  running.pop_back();
  EXPECT_TRUE(compile(running));
}

TEST(Prerequisite, RefusesVariantsThatAreNot) {
  EXPECT_THAT(refusal({needs("b", {{"a", {"tretment"}}}), {.plan = plan_of("a")}}),
              HasSubstr("a has no variant \"tretment\""));
  EXPECT_THAT(
      refusal({needs("b", {{"missing", {"any"}}, {"a", {"tretment"}}}), {.plan = plan_of("a")}}),
      HasSubstr("a has no variant \"tretment\""));
}

TEST(Prerequisite, MayTakeInWhoIsOutside) {
  Running a{.plan = plan_of("a")};
  a.plan.assignment.traffic_ppm = 300'000;
  const auto snapshot = must_compile({needs("b", {{"a", {"control"}, true}}), a});
  std::array<int, 3> seen{};
  for (int i = 0; i < 400; ++i) {
    const int other = ask(*snapshot, "a", user(i)).variant;
    ++seen[static_cast<std::size_t>(other + 1)];
    ASSERT_EQ(ask(*snapshot, "b", user(i)).reason,
              other == 1 ? Reason::kPrerequisite : Reason::kSplit);
  }
  EXPECT_GT(std::ranges::min(seen), 30);
  a.is_stopped = true;
  EXPECT_TRUE(ask(*must_compile({needs("b", {{"a", {"control"}, true}}), a}), "b", "u").assigned());
}

TEST(Prerequisite, ForcesAVariant) {
  Running b{.plan = plan_of("b")};
  b.plan.assignment.targeting = leaf(Op::kEqual, "staff", {true});
  b.plan.assignment.forced = {{"treatment", {}, {{"a", {"treatment"}}}}};
  const auto snapshot = must_compile({b, {.plan = plan_of("a")}});
  for (int i = 0; i < 100; ++i) {
    const Assignment answer = ask(*snapshot, "b", user(i));
    const bool is_forced = ask(*snapshot, "a", user(i)).variant == 1;
    ASSERT_EQ(answer.reason, is_forced ? Reason::kOverride : Reason::kTargeting);
    ASSERT_EQ(answer.variant, is_forced ? 1 : Assignment::kNone);
  }
  EXPECT_TRUE(snapshot->find("b") && !snapshot->needs_memory(*snapshot->find("b")));
  b.plan.assignment.forced[0].prerequisites[0].variants = {"third"};
  EXPECT_THAT(refusal({b, {.plan = plan_of("a")}}), HasSubstr("a has no variant \"third\""));
  b.plan.assignment.forced[0].prerequisites = {{"a", {"treatment"}}};
  EXPECT_THAT(refusal({b, needs("a", {{"b", {"control"}}})}), HasSubstr("form a cycle: "));
  Running sticky{.plan = plan_of("a")};
  sticky.plan.assignment.sticky = true;
  const auto remembering = must_compile({b, sticky});
  EXPECT_TRUE(remembering->needs_memory(*remembering->find("b")));
}

TEST(Prerequisite, KnowsWhichOfThemRemember) {
  const auto sticky = [](Running running) {
    running.plan.assignment.sticky = true;
    return running;
  };
  Running forced{.plan = plan_of("forced")};
  forced.plan.assignment.forced = {{"treatment", {}, {{"far", {"treatment"}}}}};
  const auto snapshot = must_compile(
      {sticky(needs("top", {{"middle", {"control"}}, {"near", {"control"}}, {"gone", {"x"}}})),
       needs("middle", {{"near", {"control"}}, {"forced", {"control"}}}),
       sticky({.plan = plan_of("near")}), forced, sticky({.plan = plan_of("far")})});
  const auto names = [&](const char* experiment) {
    std::string all;
    for (const Handle one : snapshot->sticky_prerequisites(*snapshot->find(experiment))) {
      all += std::string(snapshot->id(one)) + " ";
    }
    return all;
  };
  EXPECT_EQ(names("top"), "near far ") << "not itself, through one that does not, each once";
  EXPECT_EQ(names("middle"), "near far ");
  EXPECT_EQ(names("forced"), "far ");
  EXPECT_EQ(names("near"), "");
  EXPECT_TRUE(snapshot->needs_memory(*snapshot->find("forced")));
}

// Else a stopped flag would not be answered while the store fails, and fill it while it works.
TEST(Prerequisite, WhoIsStoppedOrStandsOnNobodyWhoRemembersNeedsNoMemory) {
  Running near{.plan = plan_of("near")}, stopped = needs("stopped", {{"near", {"control"}}});
  near.plan.assignment.sticky = true;
  stopped.is_stopped = true;
  const auto with = [&](const Running& sticky) {
    return must_compile({sticky,
                         stopped,
                         needs("behind", {{"stopped", {"control"}}}),
                         needs("apart", {{"plain", {"control"}}}),
                         {.plan = plan_of("plain")},
                         needs("open", {{"near", {"control"}}})});
  };
  const auto who = [](const Snapshot& snapshot) {
    std::string all;
    for (std::uint32_t i = 0; i < snapshot.size(); ++i) {
      if (snapshot.needs_memory({i})) all += std::string(snapshot.id({i})) + " ";
    }
    return all;
  };
  EXPECT_EQ(who(*with(near)), "near open ");
  EXPECT_EQ(with(near)->sticky().size(), 1U);
  near.is_stopped = true;
  EXPECT_EQ(who(*with(near)), "");
  EXPECT_TRUE(with(near)->sticky().empty()) << "no unit is looked up";
}

}  // namespace
}  // namespace assay::assign
