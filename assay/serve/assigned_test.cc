#include "assay/serve/assigned.h"

#include <future>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/assign/testing.h"
#include "assay/io/duckdb/test_folder.h"

namespace assay::serve {
namespace {

using assign::plan_of;

class Assigned : public testing::Test {
 protected:
  Assigned() { experiment_.plan = plan_of("a"); }

  std::string drawn(const std::string& unit) const {
    const auto snapshot = assign::must_compile({experiment_.plan});
    const auto answer = assign::ask(*snapshot, "a", unit);
    return answer.assigned() ? std::string(snapshot->variant_key({0}, answer.variant)) : "";
  }
  static std::string other_than(const std::string& variant) {
    return variant == "control" ? "treatment" : "control";
  }
  // One second after the other.
  void expose(const std::string& unit, const std::string& variant,
              const std::string& kind = "user") {
    const auto number = static_cast<std::int64_t>(batch_.exposures.size());
    batch_.exposures.push_back({.id = "x" + std::to_string(number),
                                .time = {(1'800'000'000 + number) * kMicrosPerSecond},
                                .experiment = "a",
                                .variant = variant,
                                .unit_kind = kind,
                                .unit_id = unit,
                                .properties_json = "{}"});
  }
  std::optional<analyze::AssignmentCheck> check() {
    auto store = io::duckdb::EventStore::open(folder_.file("events.duckdb"), {}).value();
    std::promise<Result<collect::Appended>> stored;
    store->append(batch_, [&](auto done) { stored.set_value(std::move(done)); });
    EXPECT_TRUE(stored.get_future().get());
    experiment_.by_id = compile_by_id(experiment_);
    auto found = check_assignment(experiment_, *store, {2'000'000'000 * kMicrosPerSecond});
    EXPECT_TRUE(found) << to_text(found.error());
    return found.value();
  }

  io::duckdb::TestFolder folder_;
  Registered experiment_;
  collect::Batch batch_;
};

TEST_F(Assigned, CountsUnitsAndNamesTheFirstThatDiffers) {
  for (int i = 0; i < 10; ++i) {
    const std::string unit = assign::user(i);
    expose(unit, i == 4 || i == 7 ? other_than(drawn(unit)) : drawn(unit));
  }
  expose(assign::user(4), drawn(assign::user(4)));  // The first exposure counts.
  expose(assign::user(1), other_than(drawn(assign::user(1))));
  expose("forced", other_than(drawn("forced")));
  batch_.exposures.back().is_override = true;
  const auto found = check();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->noun, "units");
  EXPECT_EQ(found->rows, 10);
  EXPECT_EQ(found->left_out, 0);
  EXPECT_EQ(found->differing, 2);
  const std::string assigned = drawn(assign::user(4));
  EXPECT_EQ(found->example, "exposed at 2027-01-15T08:00:04Z, has " + other_than(assigned) +
                                " where " + assigned + " is assigned");
}

TEST_F(Assigned, AStoppedExperimentIsStillHeldAgainstItsPlan) {
  experiment_.record.state = io::sqlite::State::kStopped;
  expose("u", drawn("u"));
  EXPECT_EQ(check()->differing, 0);
}

// What keeps a unit out by its id alone is held against its exposure like another variant.
TEST_F(Assigned, UnitsWhomThePlanGivesNoVariantDiffer) {
  const define::Assignment plain = experiment_.plan.assignment;
  for (int i = 0; i < 100; ++i) expose(assign::user(i), drawn(assign::user(i)));
  for (const auto& change : std::vector<std::function<void(define::Assignment&)>>{
           [](auto& plan) { plan.traffic_ppm = 500'000; },
           [](auto& plan) {
             plan.slots = {{0, 400'000}};
           },
           [](auto& plan) {
             plan.holdouts = {{.name = "h", .unit = "user", .share_ppm = 300'000}};
           }}) {
    experiment_.plan.assignment = plain;
    change(experiment_.plan.assignment);
    int outside = 0;
    for (int i = 0; i < 100; ++i) outside += drawn(assign::user(i)).empty() ? 1 : 0;
    const auto found = check();
    EXPECT_EQ(found->rows, 100);
    EXPECT_EQ(found->left_out, 0);
    EXPECT_GT(outside, 10);
    EXPECT_EQ(found->differing, outside);
    EXPECT_THAT(found->example, testing::EndsWith("where no variant is assigned"));
  }
}

TEST_F(Assigned, WhoeverWasChosenByHandIsLeftOut) {
  experiment_.plan.assignment.traffic_ppm = 0;
  experiment_.plan.assignment.overrides = {{"tester", "treatment"}};
  expose("tester", "treatment");
  EXPECT_FALSE(check());
  expose("5", "treatment");
  EXPECT_EQ(check()->left_out, 1);
  EXPECT_EQ(check()->differing, 1);
}

TEST_F(Assigned, ANamespaceOfAnotherKindOfIdCannotBeAsked) {
  define::Namespace other{.salt = "n", .unit = "device", .ranges = {{0, 100'000}}};
  experiment_.plan.assignment.hash = define::HashScheme::kGrowthbookV2;
  experiment_.plan.assignment.namespaces = {other};
  for (int i = 0; i < 10; ++i) expose(assign::user(i), "control");
  EXPECT_FALSE(check());
  experiment_.plan.assignment.namespaces.front().unit = "user";
  EXPECT_GT(check()->differing, 0);
}

TEST_F(Assigned, ConditionsSayWhoIsInAndNotWhichVariant) {
  expose("5", drawn("5"));
  expose("6", other_than(drawn("6")));
  experiment_.plan.assignment.targeting =
      assign::leaf(define::Op::kEqual, "country", {std::string("IN")});
  const auto found = check();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->left_out, 0);
  EXPECT_EQ(found->differing, 1);
}

TEST_F(Assigned, TheSecondKindOfUnitIsDrawnByItsOwnId) {
  experiment_.plan.assignment.fallback_unit = "device";
  expose("5", drawn("5"));
  expose("5", drawn("5"), "device");
  expose("6", other_than(drawn("6")), "device");
  const auto found = check();
  EXPECT_EQ(found->rows, 3);
  EXPECT_EQ(found->differing, 1);
}

// Two seconds each, of which the first is burn-in, and no row.
TEST_F(Assigned, ASwitchbackIsDrawnForTheTimeOfTheExposure) {
  experiment_.plan.assignment.switchback =
      define::Switchback{.period_seconds = 2, .burn_in_seconds = 1, .start = {}};
  const auto snapshot = assign::must_compile({experiment_.plan});
  std::set<std::string> seen;
  for (int i = 0; i < 20; ++i) {
    const std::string unit = assign::user(i);
    assign::Context context(*snapshot);
    context.set_targeting_key(unit);
    context.set_time({(1'800'000'000 + i) * kMicrosPerSecond});
    const auto variant = static_cast<std::size_t>(snapshot->evaluate("a", context)->variant);
    expose(unit, std::string(snapshot->variant_key({0}, variant)));
    seen.insert(batch_.exposures.back().variant);
  }
  EXPECT_EQ(seen.size(), 2U);
  const auto found = check();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->rows, 10);
  EXPECT_EQ(found->left_out, 0);
  EXPECT_EQ(found->differing, 0) << found->example;
}

TEST_F(Assigned, NothingIsSaidWhereMoreThanIdAndTimeDecides) {
  expose("u", "control");
  const define::Assignment plain = experiment_.plan.assignment;
  for (const auto& change : std::vector<std::function<void(define::Assignment&)>>{
           [](auto& plan) { plan.sticky = true; }, [](auto& plan) { plan.reshuffle = true; },
           [](auto& plan) {
             plan.prerequisites = {{"other", {"treatment"}}};
           }}) {
    experiment_.plan.assignment = plain;
    change(experiment_.plan.assignment);
    EXPECT_FALSE(check());
  }
  experiment_.plan.assignment = plain;
  EXPECT_TRUE(check());
}

}  // namespace
}  // namespace assay::serve
