#include "assay/deliver/assignments.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/assign/testing.h"
#include "assay/deliver/request.h"

namespace assay::deliver {
namespace {

using assign::leaf;
using assign::plan_of;
using define::Op;
using nlohmann::json;

std::shared_ptr<const assign::Snapshot> world() {
  define::Experiment targeted = plan_of("targeted", {1, 3});
  targeted.assignment.targeting = leaf(Op::kEqual, "country", {std::string("IN")});
  return assign::compile_plans({plan_of("plain"), targeted}).value();
}

TEST(Assignments, OneExperimentForManyUnits) {
  const auto answer = answer_assignments(*world(), R"({"experiment":"targeted","units":[{"id":"u1"},
                    {"id":"u\"2","attributes":{"country":"IN"}},{"id":""}]})");
  ASSERT_TRUE(answer) << to_text(answer.error());
  const json rows = json::parse(answer->body)["assignments"];
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0], json::parse(R"({"unit":"u1","experiment":"targeted","reason":"targeting",
                                     "because":"country is missing"})"));
  EXPECT_EQ(rows[1]["unit"], "u\"2");
  EXPECT_EQ(rows[1]["reason"], "split");
  EXPECT_EQ(rows[1]["propensity"], rows[1]["variant"] == "control" ? 0.25 : 0.75);
  EXPECT_EQ(rows[1]["epoch"], 0);
  EXPECT_EQ(rows[2]["reason"], "no_unit");
  EXPECT_EQ(rows[2]["because"], "the context has no id of the kind user");
}

TEST(Assignments, AllExperimentsForEachUnit) {
  const auto answer =
      answer_assignments(*world(), R"({"units":[{"id":"a"},{"id":"b","attributes":{}}]})");
  ASSERT_TRUE(answer);
  const json rows = json::parse(answer->body)["assignments"];
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0]["experiment"], "plain");
  EXPECT_EQ(rows[3]["experiment"], "targeted");
  EXPECT_EQ(rows[3]["unit"], "b");
  EXPECT_EQ(rows[3]["reason"], "targeting");
  EXPECT_EQ(rows[3]["because"], "country is missing");
  EXPECT_FALSE(rows[0].contains("because"));
  EXPECT_EQ(answer_assignments(*world(), R"({"experiment":null,"units":[{"id":"a"},{"id":"b"}]})")
                .value()
                .body,
            answer->body);
  EXPECT_EQ(answer_assignments(*world(), R"({"units":[]})")->body, R"({"assignments":[]})");
}

TEST(Assignments, SaysWhatCannotBeReadOfOneMeaning) {
  const auto refused = [](std::string_view body) {
    return to_text(answer_assignments(*world(), body).error());
  };
  EXPECT_EQ(refused(R"({"units":[{"id":"a"},{"id":"b","attributes":{"x":1,"\u0078":1}}]})"),
            "units[1].attributes.x is there twice (give it once)");
  EXPECT_EQ(refused(R"({"units":[{"id":"a","id":"a"}]})"),
            "units[0].id is there twice (give it once)");
  EXPECT_EQ(refused(R"({"units":[{"id":"a","attributes":{"x":1e400}}]})"),
            "units[0].attributes.x is a number that is too large: 1e400 (the largest is about "
            "1.8e308)");
  EXPECT_EQ(refused("{"), "the body is not JSON of at most 4 MiB and 64 levels");
}

// As in OFREP, where the key is an attribute of the context as well.
TEST(Assignments, TheIdIsTheAttributeTargetingKey) {
  define::Experiment plan = plan_of("exp");
  plan.assignment.targeting = leaf(Op::kPrefix, "targetingKey", {std::string("vip")});
  const auto snapshot = assign::compile_plans({plan}).value();
  const auto answer = answer_assignments(
      *snapshot, R"({"units":[{"id":"vip1"},{"id":"vip2","attributes":{"targetingKey":"x"}},
                     {"id":"u1","attributes":{"targetingKey":"vip1"}}]})");
  ASSERT_TRUE(answer) << to_text(answer.error());
  const json rows = json::parse(answer->body)["assignments"];
  EXPECT_EQ(rows[0]["reason"], "split");
  EXPECT_EQ(rows[1]["reason"], "split");
  EXPECT_EQ(rows[2]["reason"], "targeting");
}

TEST(Assignments, SayWhyThereIsNoUnit) {
  define::Experiment prices = plan_of("prices");
  prices.assignment.switchback = define::Switchback{.period_seconds = 3600};
  define::Experiment two = plan_of("two");
  two.assignment.fallback_unit = "device";
  const auto snapshot = assign::compile_plans({plan_of("exp"), prices, two}).value();
  const auto answer = answer_assignments(
      *snapshot, R"({"units":[{"id":"u1","attributes":{"user":17,"device":"d1"}}]})");
  ASSERT_TRUE(answer) << to_text(answer.error());
  const json rows = json::parse(answer->body)["assignments"];
  ASSERT_EQ(rows.size(), 3U);
  for (const json& row : rows) {
    EXPECT_EQ(row["reason"], "no_unit");
    EXPECT_EQ(row["because"], "user is no text, but the id of a unit is one") << row;
  }
  const auto timeless =
      answer_assignments(*snapshot, R"({"experiment":"prices","units":[{"id":"u1"}]})");
  EXPECT_EQ(json::parse(timeless->body)["assignments"][0]["because"],
            "the context has no time, which a switchback asks for");
}

// A mistyped `experiment` would answer, and remember, for all of them.
TEST(Assignments, RefuseMembersThatTheyDoNotKnow) {
  const auto refused = [](const char* body) {
    const auto answer = answer_assignments(*world(), body);
    return answer ? "answered" : to_text(answer.error());
  };
  EXPECT_EQ(refused(R"({"experimant":"plain","units":[{"id":"u1"}]})"),
            "experimant is not known (did you mean experiment?)");
  EXPECT_EQ(refused(R"({"now":1,"units":[]})"),
            "now is not known (the body has `units` and may have `experiment`)");
  EXPECT_EQ(refused(R"({"units":[{"id":"u1"},{"id":"u2","country":"IN"}]})"),
            "units[1].country is not known (what conditions ask for goes into `attributes`)");
  EXPECT_EQ(refused(R"({"units":[{"id":"u1","attributes":{"now":1}}]})"), "answered");
}

TEST(Assignments, SayTheKindOfUnitThatDecided) {
  define::Experiment plan = plan_of("exp");
  plan.assignment.fallback_unit = "device";
  const auto snapshot = assign::compile_plans({plan}).value();
  const auto answer =
      answer_assignments(*snapshot, R"({"units":[{"id":"u1","attributes":{"device":"d1"}},
                     {"id":"","attributes":{"device":"d1"}},
                     {"id":"u2","attributes":{"user":"","device":"d2"}},
                     {"id":"s3","attributes":{"user":"u3"}}, {"id":""}]})");
  ASSERT_TRUE(answer);
  const json rows = json::parse(answer->body)["assignments"];
  EXPECT_EQ(rows[0]["unit_kind"], "user");
  EXPECT_EQ(rows[1]["unit_kind"], "device");
  // With its id, so that an exposure can name both.
  const auto unit = [&](std::size_t i) { return rows[i]["unit"].get<std::string>(); };
  EXPECT_EQ(unit(0), "u1");
  EXPECT_EQ(unit(1), "d1");
  EXPECT_EQ(unit(2), "d2");
  EXPECT_EQ(unit(3), "u3");
  EXPECT_EQ(unit(4), "") << "nobody";
  EXPECT_EQ(rows[4]["reason"], "no_unit");
}

TEST(Assignments, ASwitchbackIsAnsweredForTheTime) {
  define::Experiment plan = plan_of("prices");
  plan.assignment.switchback = define::Switchback{.period_seconds = 60, .start = {}};
  const auto snapshot = assign::compile_plans({plan}).value();
  const auto reason = [&](std::optional<Timestamp> now) {
    const auto answer = answer_assignments(*snapshot, R"({"units":[{"id":"u"}]})", {.now = now});
    return json::parse(answer->body)["assignments"][0]["reason"];
  };
  EXPECT_EQ(reason({}), "no_unit");
  EXPECT_EQ(reason(Timestamp{.micros = 0}), "split");
}

TEST(Assignments, RefusesWhatItCannotRead) {
  const auto snapshot = world();
  const auto code = [&](std::string_view body) {
    const auto answer = answer_assignments(*snapshot, body);
    EXPECT_FALSE(answer) << body.substr(0, 80);
    return answer ? Code::kCorrupt : answer.error().code;
  };
  for (const char* body :
       {"", "[]", "{}", R"({"units":3})", R"({"units":["u"]})", R"({"units":[{"id":5}]})",
        R"({"units":[{"id":"u","attributes":[]}]})", R"({"experiment":5,"units":[]})"}) {
    EXPECT_EQ(code(body), Code::kInvalid) << body;
  }
  EXPECT_EQ(code(R"({"experiment":"other","units":[]})"), Code::kNotFound);
  json many = {{"units", json::array()}};
  for (std::size_t i = 0; i <= kMaxUnits; ++i) many["units"].push_back({{"id", "u"}});
  EXPECT_EQ(code(many.dump()), Code::kInvalid);
}

TEST(Assignments, BoundsTheRowsOfOneAnswer) {
  std::vector<define::Experiment> plans;
  for (int i = 0; i < 21; ++i) plans.push_back(plan_of("exp" + std::to_string(i)));
  json many = {{"units", json::array()}};
  for (std::size_t i = 0; i < kMaxUnits; ++i) many["units"].push_back({{"id", "u"}});
  const auto snapshot = assign::compile_plans(plans).value();
  EXPECT_FALSE(answer_assignments(*snapshot, many.dump()));
  many["experiment"] = "exp0";
  EXPECT_TRUE(answer_assignments(*snapshot, many.dump()));
  many.erase("experiment");
  plans.pop_back();
  EXPECT_TRUE(answer_assignments(*assign::compile_plans(plans).value(), many.dump()));
}

}  // namespace
}  // namespace assay::deliver
