// That GrowthBook's own SDKs answer like assay is proven by tools/sdks; here, what they are told.
#include "assay/deliver/growthbook.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/assign/testing.h"

namespace assay::deliver {
namespace {

using assign::leaf;
using assign::plan_of;
using assign::tree;
using define::Experiment;
using define::Op;
using nlohmann::json;

Experiment growthbook_plan(const std::string& id) {
  Experiment plan = plan_of(id, {1, 3});
  plan.assignment.hash = define::HashScheme::kGrowthbookV2;
  return plan;
}

json feature_of(const Experiment& plan, bool is_stopped = false) {
  const assign::Running running{.plan = plan, .epoch = 2, .is_stopped = is_stopped};
  const GrowthbookPayload payload = growthbook_payload(std::span(&running, 1));
  EXPECT_TRUE(payload.left_out.empty());
  return json::parse(payload.features_json)[plan.id];
}

json condition_of(const define::Condition& condition) {
  Experiment plan = growthbook_plan("exp");
  plan.assignment.targeting = condition;
  return feature_of(plan)["rules"][0]["condition"];
}

TEST(Growthbook, TellsTheSplit) {
  Experiment plan = growthbook_plan("ranker");
  plan.assignment.salt = "seed-7";
  plan.assignment.unit = "session";
  plan.assignment.targeting = leaf(Op::kExists, "session", {true});
  plan.assignment.traffic_ppm = 250'000;
  plan.variants[0].payload_json = R"({"model":"old"})";
  plan.assignment.forced = {
      {.variant = "treatment", .when = leaf(Op::kIn, "session", {std::string("tester")})},
      {.variant = "control", .when = leaf(Op::kExists, "robot", {true})}};
  EXPECT_EQ(feature_of(plan), json::parse(R"({
    "defaultValue": {"model": "old"},
    "rules": [
      {"condition": {"session": {"$in": ["tester"]}}, "force": "treatment"},
      {"condition": {"robot": {"$exists": true}}, "force": {"model": "old"}},
      {"key": "ranker", "seed": "seed-7", "hashAttribute": "session", "hashVersion": 2,
       "phase": "2", "condition": {"session": {"$exists": true}},
       "coverage": 0.25, "variations": [{"model": "old"}, "treatment"], "weights": [0.25, 0.75],
       "meta": [{"key": "control"}, {"key": "treatment"}]}]})"));
}

TEST(Growthbook, AStoppedExperimentIsControlForAll) {
  EXPECT_EQ(feature_of(growthbook_plan("ranker"), true),
            json::parse(R"({"defaultValue":"control"})"));
}

TEST(Growthbook, TranslatesConditionsWithTheirTypes) {
  EXPECT_EQ(condition_of(leaf(Op::kEqual, "age", {5.0})),
            json::parse(R"({"age":{"$type":"number","$eq":5.0}})"));
  EXPECT_EQ(condition_of(leaf(Op::kNotEqual, "beta", {true})),
            json::parse(R"({"beta":{"$exists":true,"$not":{"$type":"boolean","$eq":true}}})"));
  EXPECT_EQ(condition_of(leaf(Op::kNotIn, "country", {std::string("IN")})),
            json::parse(R"({"country":{"$exists":true,"$not":{"$in":["IN"]}}})"));
  EXPECT_EQ(condition_of(leaf(Op::kGreaterEqual, "age", {18.0})),
            json::parse(R"({"age":{"$type":"number","$gte":18.0}})"));
  EXPECT_EQ(condition_of(leaf(Op::kSuffix, "mail", {std::string("@a.b"), std::string("c")})),
            json::parse(R"json({"mail":{"$type":"string","$regex":"(?:@a\\.b|c)$",
                        "$not":{"$regex":"(?:\n|\u000b|\f|\r|\u0085|\u2028|\u2029)$"}}})json"))
      << "where $ is also before a last line break, too";
}

TEST(Growthbook, TranslatesEveryOrderAndPlace) {
  const std::pair<Op, const char*> orders[] = {{Op::kLess, "$lt"},
                                               {Op::kLessEqual, "$lte"},
                                               {Op::kGreater, "$gt"},
                                               {Op::kGreaterEqual, "$gte"}};
  for (const auto& [op, name] : orders) {
    const json expected = {{"age", {{"$type", "number"}, {name, 18.0}}}};
    EXPECT_EQ(condition_of(leaf(op, "age", {18.0})), expected);
  }
  EXPECT_EQ(condition_of(leaf(Op::kPrefix, "os", {std::string("iOS 1")})),
            json::parse(R"json({"os":{"$type":"string","$regex":"^(?:iOS 1)"}})json"));
  EXPECT_EQ(condition_of(leaf(Op::kContains, "tags", {std::string("a+b")})),
            json::parse(R"json({"$or":[{"tags":{"$type":"string","$regex":"(?:a\\+b)"}},
                                       {"tags":{"$type":"array","$in":["a+b"]}}]})json"));
  EXPECT_EQ(condition_of(leaf(Op::kExists, "plan", {false})),
            json::parse(R"({"plan":{"$exists":false}})"));
}

// Every text begins with the empty one, wherever that stands in the list.
TEST(Growthbook, TheEmptyTextIsInEveryText) {
  const auto texts = {define::Scalar{std::string()}, define::Scalar{std::string("x")}};
  for (const Op op : {Op::kPrefix, Op::kSuffix}) {
    EXPECT_EQ(condition_of(leaf(op, "a", texts)), json::parse(R"({"a":{"$type":"string"}})"));
  }
  EXPECT_EQ(condition_of(leaf(Op::kContains, "a", texts)),
            json::parse(R"({"$or":[{"a":{"$type":"string"}},
                                   {"a":{"$type":"array","$in":["","x"]}}]})"));
}

// Python takes True for 1, and JavaScript an empty $or for true.
TEST(Growthbook, TellsBooleansFromNumbersAndNoneFromAny) {
  EXPECT_EQ(condition_of(leaf(Op::kIn, "n", {1.0, std::string("x")})),
            json::parse(R"({"n":{"$in":[1.0,"x"],"$not":{"$type":"boolean"}}})"));
  EXPECT_EQ(condition_of(leaf(Op::kIn, "n", {true})),
            json::parse(R"({"n":{"$in":[true],"$not":{"$type":"number"}}})"));
  EXPECT_EQ(condition_of(leaf(Op::kIn, "n", {true, 1.0})),
            json::parse(R"({"n":{"$in":[true,1.0]}})"));
  const auto is_ios = leaf(Op::kEqual, "os", {std::string("ios")});
  EXPECT_EQ(condition_of(tree(Op::kAny, {is_ios})),
            json::parse(R"({"$or":[{"os":{"$type":"string","$eq":"ios"}}]})"));
  EXPECT_EQ(condition_of(tree(Op::kAll, {is_ios})),
            json::parse(R"({"$and":[{"os":{"$type":"string","$eq":"ios"}}]})"));
  EXPECT_EQ(condition_of(tree(Op::kNot, {is_ios})),
            json::parse(R"({"$not":{"os":{"$type":"string","$eq":"ios"}}})"));
  EXPECT_EQ(condition_of(tree(Op::kAny, {})), json::parse(R"({"$not":{"$and":[]}})"));
}

// "user" is GrowthBook's "id", and its older hash is version 1.
TEST(Growthbook, TellsWhatIsHashedAndHow) {
  Experiment plan = growthbook_plan("exp");
  plan.assignment.overrides = {{.unit_id = "tester", .variant = "treatment"}};
  const json rules = feature_of(plan)["rules"];
  EXPECT_EQ(rules[0]["condition"], json::parse(R"({"id":{"$in":["tester"]}})"));
  EXPECT_EQ(rules[1]["hashAttribute"], "id");
  EXPECT_EQ(rules[1]["hashVersion"], 2);
  EXPECT_EQ(rules[1]["seed"], "exp");
  plan.assignment.hash = define::HashScheme::kGrowthbookV1;
  EXPECT_EQ(feature_of(plan)["rules"][1]["hashVersion"], 1);
}

// Overrides come before the targeting that asks for the attribute.
TEST(Growthbook, LeavesOutOverridesThatTargetingKeysMayMeet) {
  Experiment plan = growthbook_plan("exp");
  define::Assignment& assignment = plan.assignment;
  assignment.unit = "device";
  assignment.targeting = leaf(Op::kExists, "device", {true});
  assignment.overrides = {{.unit_id = "d7", .variant = "treatment"}};
  EXPECT_NE(why_not_growthbook(plan).find("overrides count for targeting keys"), std::string::npos);
  assignment.overrides.clear();
  assignment.forced = {
      {.variant = "treatment", .when = leaf(Op::kIn, "device", {std::string("d7")})}};
  EXPECT_EQ(why_not_growthbook(plan), "");
}

// "force": null is no value for the SDK for Python, which goes on to the split.
TEST(Growthbook, LeavesOutANullThatIsForced) {
  Experiment plan = growthbook_plan("exp");
  plan.variants[0].payload_json = "null";
  EXPECT_EQ(why_not_growthbook(plan), "");
  plan.assignment.overrides = {{.unit_id = "u7", .variant = "treatment"}};
  EXPECT_EQ(why_not_growthbook(plan), "");
  plan.assignment.overrides = {{.unit_id = "u7", .variant = "control"}};
  EXPECT_NE(why_not_growthbook(plan).find("payload null"), std::string::npos);
  plan.assignment.overrides.clear();
  plan.assignment.forced = {{.variant = "control", .when = leaf(Op::kExists, "robot", {true})}};
  EXPECT_NE(why_not_growthbook(plan).find("payload null"), std::string::npos);
}

TEST(Growthbook, SaysWhyAnExperimentIsLeftOut) {
  const auto reason = [](auto change) {
    Experiment plan = growthbook_plan("exp");
    change(plan.assignment);
    return why_not_growthbook(plan);
  };
  EXPECT_EQ(reason([](auto&) {}), "");
  EXPECT_NE(reason([](auto& a) { a.sticky = true; }).find("sticky"), std::string::npos);
  EXPECT_NE(reason([](auto& a) { a.fallback_unit = "device"; }).find("fallback"),
            std::string::npos);
  EXPECT_NE(reason([](auto& a) {
              a.prerequisites = {{"other", {"on"}}};
            }).find("prerequisites"),
            std::string::npos);
}

// The targeting key is no attribute: without the attribute the SDKs draw nobody.
TEST(Growthbook, LeavesOutUnitsThatTheTargetingKeyStandsInFor) {
  Experiment plan = growthbook_plan("exp");
  define::Assignment& assignment = plan.assignment;
  assignment.unit = "device";
  EXPECT_NE(why_not_growthbook(plan).find("stands in"), std::string::npos);
  assignment.targeting = leaf(Op::kExists, "device", {true});
  EXPECT_EQ(why_not_growthbook(plan), "");
  assignment.targeting = tree(Op::kAny, {assignment.targeting, leaf(Op::kEqual, "a", {1.0})});
  EXPECT_NE(why_not_growthbook(plan).find("stands in"), std::string::npos);
  assignment.targeting = leaf(Op::kExists, "device", {false});
  EXPECT_NE(why_not_growthbook(plan).find("stands in"), std::string::npos);
  assignment = growthbook_plan("exp").assignment;
  assignment.namespaces = {{define::HashScheme::kGrowthbookV2, "s", "device", {{0, 400'000}}}};
  EXPECT_NE(why_not_growthbook(plan).find("stands in"), std::string::npos);
  for (const char* name : {"id", "device.id"}) {
    assignment = growthbook_plan("exp").assignment;
    assignment.unit = name;
    EXPECT_NE(why_not_growthbook(plan).find("its unit is named id"), std::string::npos) << name;
  }
}

TEST(Growthbook, LeavesOutWhatItsSdksWouldAnswerOtherwise) {
  Experiment slots = growthbook_plan("slots");
  slots.assignment.slots = {{0, 500'000}};
  Experiment versions = growthbook_plan("versions");
  versions.assignment.targeting =
      tree(Op::kNot, {leaf(Op::kSemver, "app_version", {std::string(">=2.0.0")})});
  const std::vector<assign::Running> running = {{.plan = plan_of("own_hash")},
                                                {.plan = slots},
                                                {.plan = versions},
                                                {.plan = growthbook_plan("good")}};
  const GrowthbookPayload payload = growthbook_payload(running);
  EXPECT_EQ(json::parse(payload.features_json).size(), 1U);
  ASSERT_EQ(payload.left_out.size(), 3U);
  Experiment held = growthbook_plan("held");
  EXPECT_EQ(why_not_growthbook(held), "");
  held.assignment.forced = {{.variant = "control", .when = versions.assignment.targeting}};
  EXPECT_NE(why_not_growthbook(held).find("version ranges"), std::string::npos);
  held.assignment.forced.clear();
  held.assignment.holdouts = {{.name = "all", .unit = "user", .share_ppm = 1}};
  EXPECT_NE(why_not_growthbook(held).find("holdouts"), std::string::npos);
  held.assignment.holdouts.clear();
  held.assignment.forced = {{"control", {}, {{"other", {"treatment"}}}}};
  EXPECT_NE(why_not_growthbook(held).find("prerequisites"), std::string::npos);
  held.assignment.forced.clear();
  held.assignment.targeting =
      tree(Op::kNot, {leaf(Op::kEqual, "targetingKey", {std::string("u")})});
  EXPECT_NE(why_not_growthbook(held).find("targetingKey"), std::string::npos);
  for (const char* name : {"user", "user.plan"}) {
    held.assignment.targeting = leaf(Op::kExists, name, {true});
    EXPECT_NE(why_not_growthbook(held).find("attribute user"), std::string::npos) << name;
  }
  for (const char* name : {"$and", "$or", "$nor", "$not", "$savedGroup"}) {
    held.assignment.targeting = leaf(Op::kExists, name, {true});
    EXPECT_NE(why_not_growthbook(held).find("read as logic"), std::string::npos) << name;
  }
  held.assignment.targeting = leaf(Op::kExists, "$price", {true});
  EXPECT_EQ(why_not_growthbook(held), "");
  for (const std::string end : {"\n", "x\r", "\v", "\f", "\u0085", "\u2028", "\u2029"}) {
    held.assignment.targeting = leaf(Op::kSuffix, "a", {std::string("b"), end});
    EXPECT_NE(why_not_growthbook(held).find("line break"), std::string::npos);
  }
  held.assignment.targeting = leaf(Op::kPrefix, "a", {std::string("\n")});
  EXPECT_EQ(why_not_growthbook(held), "");
  EXPECT_NE(payload.left_out.at("own_hash").find("hash: growthbook_v2"), std::string::npos);
  EXPECT_NE(payload.left_out.at("slots").find("slots"), std::string::npos);
  EXPECT_NE(payload.left_out.at("versions").find("version ranges"), std::string::npos);
}

TEST(Growthbook, NamespacesAreFilters) {
  Experiment plan = growthbook_plan("spaced");
  plan.assignment.targeting =
      tree(Op::kAll, {leaf(Op::kExists, "device", {true}), leaf(Op::kEqual, "a", {1.0})});
  plan.assignment.namespaces = {
      {define::HashScheme::kGrowthbookV1, "__n", "user", {{0, 400'000}, {600'000, 999'999}}},
      {define::HashScheme::kGrowthbookV2, "s", "device", {{250'000, 1'000'000}}}};
  const assign::Running running{.plan = plan};
  const auto features =
      nlohmann::json::parse(growthbook_payload(std::span(&running, 1)).features_json);
  EXPECT_EQ(features["spaced"]["rules"][0]["filters"], nlohmann::json::parse(R"([
      {"attribute": "id", "seed": "__n", "hashVersion": 1, "ranges": [[0.0, 0.4], [0.6, 0.999999]]},
      {"attribute": "device", "seed": "s", "hashVersion": 2, "ranges": [[0.25, 1.0]]}])"));
}

}  // namespace
}  // namespace assay::deliver
