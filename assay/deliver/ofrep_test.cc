#include "assay/deliver/ofrep.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/assign/testing.h"
#include "assay/deliver/request.h"

namespace assay::deliver {
namespace {

using assign::compile_plans;
using assign::leaf;
using assign::plan_of;
using define::Experiment;
using define::Op;
using nlohmann::json;

Ofrep ofrep_of(const std::vector<Experiment>& plans) { return Ofrep(compile_plans(plans).value()); }

// A world with one experiment for each protocol reason.
Ofrep world() {
  Experiment everyone = plan_of("everyone", {0, 1});
  everyone.variants[1].payload_json = R"({"model":"v2","k":[1,2]})";
  Experiment matched = plan_of("matched", {0, 1});
  matched.assignment.targeting = leaf(Op::kEqual, "country", {std::string("IN")});
  matched.assignment.overrides = {{.unit_id = "tester", .variant = "control"}};
  Experiment split = plan_of("split");
  split.variants[0].payload_json = "false";
  split.variants[1].payload_json = "true";
  Experiment session = plan_of("session_test");
  session.assignment.unit = "session";
  Experiment stopped = plan_of("stopped");
  std::vector<assign::Running> running;
  for (Experiment& plan : std::vector<Experiment>{everyone, matched, split, session, stopped}) {
    running.push_back({.plan = plan, .version = 2, .epoch = 1, .is_stopped = plan.id == "stopped"});
  }
  return Ofrep(assign::compile(running).value());
}

json answer_of(const Answer& answer, int status) {
  EXPECT_EQ(answer.status, status) << answer.body;
  return json::parse(answer.body);
}

std::string context_json(const json& context) { return json{{"context", context}}.dump(); }

TEST(Ofrep, SaysAndExposesTheKindOfUnitThatDecided) {
  Experiment plan = plan_of("exp");
  plan.assignment.fallback_unit = "device";
  plan.assignment.expose_on_evaluation = true;
  const Ofrep ofrep = ofrep_of({plan});
  const auto ask = [&](const json& context, const std::string& kind) {
    Answer answer = ofrep.evaluate_flag("exp", context_json(context));
    EXPECT_EQ(answer_of(answer, 200)["metadata"]["unit_kind"], kind);
    EXPECT_EQ(answer.exposures.size(), 1U);
    return answer.exposures.empty() ? Exposure{} : answer.exposures.front();
  };
  const Exposure user = ask({{"user", "5"}, {"device", "7"}}, "user");
  EXPECT_EQ(user.unit_kind + " " + user.unit_id, "user 5");
  const Exposure device = ask({{"device", "5"}}, "device");
  EXPECT_EQ(device.unit_kind + " " + device.unit_id, "device 5");
  EXPECT_NE(user.id, device.id) << "user 5 and device 5 are two units";
  EXPECT_EQ(answer_of(ofrep.evaluate_bulk(context_json({{"device", "5"}})),
                      200)["flags"][0]["metadata"]["unit_kind"],
            "device");
}

TEST(Ofrep, AnswersWithTheReasonOfTheProtocol) {
  const Ofrep ofrep = world();
  const std::string user = context_json({{"targetingKey", "user_42"}});
  EXPECT_EQ(answer_of(ofrep.evaluate_flag("everyone", user), 200),
            json::parse(R"({"key":"everyone","reason":"STATIC","variant":"treatment",
                            "value":{"model":"v2","k":[1,2]},
                            "metadata":{"version":"2","epoch":1,"assay_reason":"split"}})"));
  const json split = answer_of(ofrep.evaluate_flag("split", user), 200);
  EXPECT_EQ(split["reason"], "SPLIT");
  EXPECT_EQ(split["value"], split["variant"] == "treatment");
  const json outside = answer_of(ofrep.evaluate_flag("matched", user), 200);
  EXPECT_EQ(outside["reason"], "UNKNOWN");
  EXPECT_EQ(outside["value"], "control");  // What it would meet without the experiment …
  EXPECT_EQ(outside["variant"], "");       // … but it is none of control's units.
  EXPECT_EQ(outside["metadata"]["assay_reason"], "targeting");
  EXPECT_EQ(outside["metadata"]["assay_because"], "country is missing");
  const json numbered = answer_of(
      ofrep.evaluate_flag("matched", context_json({{"targetingKey", "user_42"}, {"country", 7}})),
      200);
  EXPECT_EQ(numbered["metadata"]["assay_because"],
            "country is of another type than the condition's");
  const std::string indian = context_json({{"targetingKey", "user_42"}, {"country", "IN"}});
  const json inside = answer_of(ofrep.evaluate_flag("matched", indian), 200);
  EXPECT_EQ(inside["reason"], "TARGETING_MATCH");
  EXPECT_EQ(inside["value"], "treatment");  // No payload: the key.
  const std::string tester = context_json({{"targetingKey", "tester"}});
  EXPECT_FALSE(inside["metadata"].contains("assay_because"));
  const json named = answer_of(ofrep.evaluate_flag("matched", tester), 200);
  EXPECT_EQ(named["reason"], "TARGETING_MATCH");
  EXPECT_EQ(named["metadata"]["assay_reason"], "override");
  const json stopped = answer_of(ofrep.evaluate_flag("stopped", user), 200);
  EXPECT_EQ(stopped["reason"], "DISABLED");
  EXPECT_EQ(stopped["value"], "control");
}

// Short flags are kept whole, long ones put together for each answer.
TEST(Ofrep, LongAndShortPayloadsHaveTheSameForm) {
  Experiment brief = plan_of("brief");
  Experiment lengthy = plan_of("lengthy");
  for (Experiment* plan : {&brief, &lengthy}) {
    plan->assignment.salt = "same";
    plan->variants[0].payload_json = "0";
    plan->variants[1].payload_json = plan == &brief ? "1" : '"' + std::string(5000, 'x') + '"';
  }
  const Ofrep ofrep = ofrep_of({brief, lengthy});
  std::set<json> values;
  for (int i = 0; i < 20; ++i) {
    const std::string body = context_json({{"targetingKey", "u" + std::to_string(i)}});
    const json flags = answer_of(ofrep.evaluate_bulk(body), 200)["flags"];
    json one = flags[0];
    json other = flags[1];
    EXPECT_EQ(other["value"] == 0, one["value"] == 0) << i;
    values.insert(other["value"]);
    EXPECT_EQ(answer_of(ofrep.evaluate_flag("lengthy", body), 200), other);
    one["key"] = other["key"];
    one["value"] = other["value"];
    EXPECT_EQ(one, other);
  }
  EXPECT_EQ(values, (std::set<json>{0, std::string(5000, 'x')}));
}

TEST(Ofrep, ErrorsByTheProtocol) {
  const Ofrep ofrep = world();
  const auto fails = [&](std::string_view body, std::string_view code) {
    const json flag = answer_of(ofrep.evaluate_flag("split", body), 400);
    EXPECT_EQ(flag["errorCode"], code) << body.substr(0, 100);
    EXPECT_EQ(flag["key"], "split");
    const json bulk = answer_of(ofrep.evaluate_bulk(body), 400);
    EXPECT_EQ(bulk["errorCode"], code) << body.substr(0, 100);
    EXPECT_FALSE(bulk.contains("key"));
  };
  fails("", "PARSE_ERROR");
  fails("{", "PARSE_ERROR");
  fails("{\"context\":{\"targetingKey\":\"\xff\"}}", "PARSE_ERROR");
  fails(std::string(100'000, '['), "PARSE_ERROR");
  fails(R"({"context":{"targetingKey":"u","n":1e999}})", "PARSE_ERROR");
  fails(std::string(kMaxBodyBytes + 1, ' '), "PARSE_ERROR");
  fails("[]", "INVALID_CONTEXT");
  fails("3", "INVALID_CONTEXT");
  fails("{}", "INVALID_CONTEXT");
  fails(R"({"context":null})", "INVALID_CONTEXT");
  fails(R"({"context":[1]})", "INVALID_CONTEXT");
  fails(R"({"context":{"targetingKey":7}})", "INVALID_CONTEXT");
  fails(R"({"context":{"targetingKey":{}}})", "INVALID_CONTEXT");
  fails(R"({"context":{}})", "TARGETING_KEY_MISSING");
  fails(R"({"context":{"targetingKey":""}})", "TARGETING_KEY_MISSING");
  fails(R"({"context":{"targetingKey":null}})", "TARGETING_KEY_MISSING");
  const json missing = answer_of(ofrep.evaluate_flag("no \"such\" \xff flag", "{}"), 404);
  EXPECT_EQ(missing["errorCode"], "FLAG_NOT_FOUND");
  EXPECT_EQ(missing["key"], "no \"such\" \xef\xbf\xbd flag");
}

TEST(Ofrep, SaysWhatCannotBeReadOfOneMeaning) {
  const Ofrep ofrep = world();
  const auto details = [&](std::string_view body) {
    const json flag = answer_of(ofrep.evaluate_flag("split", body), 400);
    const json bulk = answer_of(ofrep.evaluate_bulk(body), 400);
    EXPECT_EQ(flag["errorCode"], "PARSE_ERROR");
    EXPECT_EQ(flag["errorDetails"], bulk["errorDetails"]);
    return flag["errorDetails"].get<std::string>();
  };
  EXPECT_EQ(details(R"({"context":{"targetingKey":"a","x":{"k":1,"k":1}}})"),
            "context.x.k is there twice (give it once)");
  EXPECT_EQ(details(R"({"context":{"targetingKey":"a"},"context":{}})"),
            "context is there twice (give it once)");
  EXPECT_EQ(details(R"({"context":{"targetingKey":"a"},"other":[{},[{"\u006b":1,"k":1}]]})"),
            "other[1][0].k is there twice (give it once)");
  std::string many = R"({"k7":0)";
  for (int i = 0; i < 40; ++i) many += ",\"k" + std::to_string(i) + "\":0";
  EXPECT_EQ(details(R"({"context":)" + many + "}}"), "context.k7 is there twice (give it once)");
  EXPECT_EQ(details(R"({"context":{"targetingKey":"a","ages":[1,-1e400]}})"),
            "context.ages[1] is a number that is too large: -1e400 (the largest is about 1.8e308)");
  EXPECT_EQ(details(R"({"context":{"targetingKey":"a","age":1e}})"),
            "the body is not JSON of at most 4 MiB and 64 levels");
}

// An id that is no text is a mistake of the caller, and not as if nobody were named.
TEST(Ofrep, NamesTheUnitThatIsNoText) {
  const Ofrep ofrep = world();
  const auto told = [&](const json& context) {
    const json flag = answer_of(ofrep.evaluate_flag("split", context_json(context)), 400);
    return flag["errorCode"].get<std::string>() + ": " + flag["errorDetails"].get<std::string>();
  };
  EXPECT_EQ(told({{"user", 5}}),
            "INVALID_CONTEXT: user is a number, but the id of a unit is a text");
  EXPECT_EQ(told({{"user", true}}),
            "INVALID_CONTEXT: user is a boolean, but the id of a unit is a text");
  EXPECT_EQ(told({{"user", {"a"}}}),
            "INVALID_CONTEXT: user is a list, but the id of a unit is a text");
  EXPECT_EQ(told({{"user", {{"id", "a"}}}}),
            "INVALID_CONTEXT: user is an object, but the id of a unit is a text");
  EXPECT_EQ(told({{"user", nullptr}}),
            "TARGETING_KEY_MISSING: the context has no targetingKey (or it is empty)");
  EXPECT_EQ(told({{"targetingKey", "t"}, {"user", ""}}),
            "TARGETING_KEY_MISSING: user is empty, so that there is no unit");
  // Where another unit is named, the others are answered.
  const json flags =
      answer_of(ofrep.evaluate_bulk(context_json({{"user", "u"}, {"session", 7}})), 200)["flags"];
  EXPECT_EQ(flags[2]["reason"], "SPLIT");
  EXPECT_EQ(flags[3]["key"], "session_test");
  EXPECT_EQ(flags[3]["errorCode"], "INVALID_CONTEXT");
  EXPECT_EQ(flags[3]["errorDetails"], "session is a number, but the id of a unit is a text");
}

TEST(Ofrep, HostileBodiesGetDefinedAnswers) {
  const Ofrep ofrep = world();
  const std::string long_id(1 << 20, 'x');
  answer_of(ofrep.evaluate_flag("split", context_json({{"targetingKey", long_id}})), 200);
  json huge = {{"targetingKey", "u"}};
  for (int i = 0; i < 50'000; ++i) huge["attribute" + std::to_string(i)] = i;
  huge["country"] = "IN";
  const json answer = answer_of(ofrep.evaluate_flag("matched", context_json(huge)), 200);
  EXPECT_EQ(answer["reason"], "TARGETING_MATCH");
  json deep = "IN";
  for (int i = 0; i < 50; ++i) deep = json{{"country", deep}};
  answer_of(ofrep.evaluate_flag("split", context_json({{"targetingKey", "u"}, {"x", deep}})), 200);
  for (int i = 0; i < 50; ++i) deep = json::array({deep});
  EXPECT_EQ(ofrep.evaluate_flag("split", context_json({{"targetingKey", "u"}, {"x", deep}})).status,
            400);
}

TEST(Ofrep, ABodyAndANameHaveTheirLargestSize) {
  std::string body = context_json({{"targetingKey", "u"}});
  body.resize(kMaxBodyBytes, ' ');
  EXPECT_EQ(world().evaluate_flag("split", body).status, 200);
  body += ' ';
  EXPECT_EQ(world().evaluate_flag("split", body).status, 400);
  for (const std::size_t bytes : {1024U, 1025U}) {
    Experiment plan = plan_of("exp");
    const std::string name(bytes, 'n');
    plan.assignment.targeting = leaf(Op::kExists, name, {true});
    const std::string context = context_json({{"targetingKey", "u"}, {name, 1}});
    const json answer = answer_of(ofrep_of({plan}).evaluate_flag("exp", context), 200);
    EXPECT_EQ(answer["metadata"]["assay_reason"], bytes == 1024 ? "split" : "targeting");
  }
}

TEST(Ofrep, AttributesOfEveryShape) {
  Experiment plan = plan_of("shapes");
  plan.assignment.targeting = assign::tree(
      Op::kAll, {leaf(Op::kEqual, "device.os", {std::string("ios")}),
                 leaf(Op::kContains, "segments", {std::string("returning")}),
                 leaf(Op::kGreaterEqual, "age", {18.0}), leaf(Op::kEqual, "beta", {true}),
                 leaf(Op::kExists, "nothing", {false})});
  const Ofrep ofrep = ofrep_of({plan});
  const json good = json::parse(R"({"targetingKey":"u","device":{"os":"ios"},"age":18,"beta":true,
                                    "segments":["new","returning",3],"nothing":null})");
  EXPECT_EQ(answer_of(ofrep.evaluate_flag("shapes", context_json(good)), 200)["reason"], "SPLIT");
  for (const auto& [name, wrong] :
       std::vector<std::pair<std::string, json>>{{"device", "ios"},
                                                 {"device", {{"os", "web"}}},
                                                 {"age", "18"},
                                                 {"age", 17.5},
                                                 {"beta", 1},
                                                 {"segments", "new"},
                                                 {"segments", {1, 2}},
                                                 {"nothing", 1}}) {
    json bad = good;
    bad[name] = wrong;
    EXPECT_EQ(answer_of(ofrep.evaluate_flag("shapes", context_json(bad)), 200)["reason"], "UNKNOWN")
        << bad;
  }
  json whole = good;
  whole["device"]["os"] = "web";
  whole["device.os"] = "ios";  // The whole name wins over the way by dots.
  EXPECT_EQ(answer_of(ofrep.evaluate_flag("shapes", context_json(whole)), 200)["reason"], "SPLIT");
}

// One JSON object has one meaning, in whatever order its members are written.
TEST(Ofrep, TheLongestNameLeadsToAnAttribute) {
  Experiment plan = plan_of("a");
  plan.assignment.targeting =
      assign::tree(Op::kAny, {leaf(Op::kEqual, "a.b.c", {std::string("yes")}),
                              leaf(Op::kEqual, "w.x.y.z", {std::string("yes")})});
  const Ofrep ofrep = ofrep_of({plan});
  const auto reason = [&](const std::string& attributes) {
    const auto body = R"({"context":{"targetingKey":"u",)" + attributes + "}}";
    const json answer = answer_of(ofrep.evaluate_flag("a", body), 200);
    return answer["metadata"]["assay_reason"].get<std::string>();
  };
  const std::vector<std::string> longer = {R"("a":{"b":{"c":"yes"}})", R"("a.b":{"c":"yes"})",
                                           R"("a.b.c":"yes")"};
  const std::vector<std::string> shorter = {R"("a":{"b":{"c":"no"}})", R"("a.b":{"c":"no"})"};
  for (std::size_t i = 0; i < longer.size(); ++i) {
    for (std::size_t j = 0; j < std::min(i, shorter.size()); ++j) {
      EXPECT_EQ(reason(longer[i] + "," + shorter[j]), "split") << longer[i] << shorter[j];
      EXPECT_EQ(reason(shorter[j] + "," + longer[i]), "split") << shorter[j] << longer[i];
    }
  }
  EXPECT_EQ(reason(R"("a":{"b":{"c":"no"},"b.c":"yes"})"), "split");
  EXPECT_EQ(reason(R"("w.x.y":{"z":"yes"},"w.x":{"y.z":"no"})"), "split");
  EXPECT_EQ(reason(R"("w.x":{"y.z":"no"},"w.x.y":{"z":"yes"})"), "split");
  EXPECT_EQ(reason(R"("":{"a":{"b":{"c":"yes"}}})"), "targeting") << "not beside it";
}

// Such a number is JSON as well, and may not cost the rest of the context.
TEST(Ofrep, WholeNumbersOfAnySize) {
  Experiment plan = plan_of("a");
  plan.assignment.targeting = leaf(Op::kGreaterEqual, "size", {18446744073709551616.0});
  const Ofrep ofrep = ofrep_of({plan});
  const auto reason = [&](const std::string& size) {
    const auto body = R"({"context":{"targetingKey":"u","size":)" + size + "}}";
    const json answer = answer_of(ofrep.evaluate_flag("a", body), 200);
    return answer["metadata"]["assay_reason"].get<std::string>();
  };
  EXPECT_EQ(reason("18446744073709551616"), "split");
  EXPECT_EQ(reason("123456789012345678901234567890"), "split");
  EXPECT_EQ(reason("[1,123456789012345678901234567890]"), "targeting");
  EXPECT_EQ(reason("18446744073709551615"), "split") << "the nearest double";
  EXPECT_EQ(reason("-123456789012345678901234567890"), "targeting");
  EXPECT_EQ(reason(R"("123456789012345678901234567890")"), "targeting");
}

TEST(Ofrep, BulkAnswersEveryExperimentLikeItsFlag) {
  const Ofrep ofrep = world();
  for (const json& context :
       {json{{"targetingKey", "user_42"}, {"country", "IN"}}, json{{"targetingKey", "tester"}},
        json{{"targetingKey", "u"}, {"session", 5}}, json{{"session", "s1"}}}) {
    const json bulk = answer_of(ofrep.evaluate_bulk(context_json(context)), 200);
    ASSERT_EQ(bulk["flags"].size(), 5U);
    for (const json& flag : bulk["flags"]) {
      const Answer one = ofrep.evaluate_flag(flag["key"].get<std::string>(), context_json(context));
      EXPECT_EQ(json::parse(one.body), flag);
      EXPECT_EQ(one.status, flag.contains("errorCode") ? 400 : 200);
    }
  }
}

TEST(Ofrep, TellsTheEpochThatDrewTheUnit) {
  assign::Running running{.plan = plan_of("exp"), .version = 2, .epoch = 1};
  running.earlier = {{.epoch = 0, .traffic_ppm = 300'000, .weights = {9, 1}}};
  const Ofrep ofrep(assign::compile(std::vector{running}).value());
  std::set<std::int64_t> met;
  for (int i = 0; i < 100; ++i) {
    const std::string unit = "user_" + std::to_string(i);
    assign::Context context(ofrep.snapshot());
    context.set_targeting_key(unit);
    const assign::Assignment drawn = ofrep.snapshot().evaluate(assign::Handle{0}, context);
    met.insert(drawn.epoch);
    const json told =
        answer_of(ofrep.evaluate_flag("exp", context_json({{"targetingKey", unit}})), 200);
    EXPECT_EQ(told["metadata"]["epoch"], drawn.epoch);
    EXPECT_EQ(told["variant"], drawn.variant == 0 ? "control" : "treatment");
    EXPECT_EQ(told["reason"], "SPLIT");
  }
  EXPECT_EQ(met, (std::set<std::int64_t>{0, 1}));
}

TEST(Ofrep, EtagChangesExactlyWithTheAnswer) {
  const Ofrep ofrep = world();
  const std::string body = context_json({{"targetingKey", "user_42"}});
  const Answer first = ofrep.evaluate_bulk(body);
  ASSERT_GT(first.etag.size(), 2U);
  const std::string bare = first.etag.substr(1, first.etag.size() - 2);
  for (const std::string& sent : {first.etag, bare, "W/" + first.etag, "\"other\", " + first.etag,
                                  "\t" + first.etag + "\t,x", std::string("*")}) {
    const Answer again = ofrep.evaluate_bulk(body, {.if_none_match = sent});
    EXPECT_EQ(again.status, 304) << sent;
    EXPECT_TRUE(again.body.empty());
    EXPECT_EQ(again.etag, first.etag);
  }
  for (const std::string& sent :
       {std::string("\"0\""), std::string(","), bare.substr(1), "\"0" + bare + "\""}) {
    EXPECT_EQ(ofrep.evaluate_bulk(body, {.if_none_match = sent}).status, 200) << sent;
  }
  const std::string other = context_json({{"targetingKey", "user_42"}, {"country", "IN"}});
  EXPECT_EQ(ofrep.evaluate_bulk(other, {.if_none_match = first.etag}).status, 200);
}

// Whole flags, composed ones, failures, other plans at the same place, other addresses of streams.
TEST(Ofrep, EqualTagsAreEqualAnswers) {
  std::map<std::string, std::string> by_tag;
  std::set<std::string> answers;
  Experiment renamed = plan_of("split");
  renamed.id = "tilps";
  const std::vector<Ofrep> worlds = {world(), ofrep_of({plan_of("split")}), ofrep_of({renamed}),
                                     ofrep_of({plan_of("split"), plan_of("split_2")})};
  for (const Ofrep& ofrep : worlds) {
    for (int unit = 0; unit < 20; ++unit) {
      for (const json& session : {json("s"), json(1), json(true), json()}) {
        const std::string body = context_json({{"targetingKey", "u" + std::to_string(unit)},
                                               {"session", session},
                                               {"country", unit % 2 == 0 ? "IN" : "US"}});
        for (const std::string_view stream : {"", "/a", "/b"}) {
          const Answer answer = ofrep.evaluate_bulk(body, {.stream_target = stream});
          ASSERT_EQ(answer.status, 200);
          answers.insert(answer.body);
          const auto [known, is_new] = by_tag.emplace(answer.etag, answer.body);
          EXPECT_EQ(known->second, answer.body);
        }
      }
    }
  }
  EXPECT_EQ(by_tag.size(), answers.size());
  EXPECT_GT(answers.size(), 50U);
}

TEST(Ofrep, OutsideMeansTheValueOfControlWhereverItStands) {
  Experiment plan = plan_of("exp");
  plan.control = "treatment";
  plan.variants[1].payload_json = R"({"model":"old"})";
  plan.assignment.traffic_ppm = 0;
  const std::string body = context_json({{"targetingKey", "u"}});
  const json answer = answer_of(ofrep_of({plan}).evaluate_flag("exp", body), 200);
  EXPECT_EQ(answer["value"], json::parse(R"({"model":"old"})"));
  EXPECT_EQ(answer["variant"], "");
  EXPECT_EQ(answer["metadata"]["assay_reason"], "traffic");
  plan.variants[1].payload_json = "null";
  EXPECT_FALSE(answer_of(ofrep_of({plan}).evaluate_flag("exp", body), 200).contains("value"));
}

TEST(Ofrep, BulkTellsOfTheEventStream) {
  const Ofrep ofrep = world();
  const std::string body = context_json({{"targetingKey", "u"}});
  EXPECT_FALSE(answer_of(ofrep.evaluate_bulk(body), 200).contains("eventStreams"));
  const Answer told = ofrep.evaluate_bulk(body, {.stream_target = "/ofrep/v1/events?ticket=a"});
  EXPECT_EQ(
      answer_of(told, 200)["eventStreams"],
      json::parse(R"([{"type":"sse","endpoint":{"requestUri":"/ofrep/v1/events?ticket=a"}}])"));
  // Who holds an answer with another stream's address needs this one.
  EXPECT_NE(told.etag, ofrep.evaluate_bulk(body).etag);
}

TEST(Ofrep, AUnitThatNoEventCanNameIsNotExposed) {
  Experiment plan = plan_of("exp");
  plan.assignment.expose_on_evaluation = true;
  const Ofrep ofrep = ofrep_of({plan});
  for (const auto& [bytes, exposures] :
       {std::pair{kMaxUnitIdBytes, 1U}, {kMaxUnitIdBytes + 1, 0U}}) {
    const json context = {{"targetingKey", std::string(bytes, 'x')}};
    const Answer answer = ofrep.evaluate_flag("exp", context_json(context));
    EXPECT_EQ(answer_of(answer, 200)["reason"], "SPLIT");
    EXPECT_EQ(answer.exposures.size(), exposures) << bytes;
  }
}

TEST(Ofrep, ASwitchbackIsExposedOncePerPeriodAndNotInTheBurnIn) {
  Experiment plan = plan_of("prices");
  plan.assignment.expose_on_evaluation = true;
  plan.assignment.switchback =
      define::Switchback{.period_seconds = 3600, .burn_in_seconds = 600, .start = {}};
  const Ofrep ofrep = ofrep_of({plan});
  const std::string body = context_json({{"targetingKey", "pune"}});
  const auto ask = [&](std::int64_t second) {
    return ofrep.evaluate_flag("prices", body, Timestamp{.micros = second * kMicrosPerSecond});
  };
  const json timeless = answer_of(ofrep.evaluate_flag("prices", body), 400);
  EXPECT_EQ(timeless["errorCode"], "INVALID_CONTEXT");
  EXPECT_EQ(timeless["errorDetails"], "the context has no time, which a switchback asks for");
  EXPECT_EQ(answer_of(ofrep.evaluate_bulk(body), 200)["flags"][0], timeless);
  EXPECT_EQ(
      answer_of(ofrep.evaluate_flag("prices", context_json({{"user", ""}})), 400)["errorCode"],
      "TARGETING_KEY_MISSING")
      << "no unit and no time";
  const Answer early = ask(30);
  EXPECT_TRUE(early.exposures.empty());
  EXPECT_EQ(json::parse(early.body)["metadata"]["assay_reason"], "burn_in");
  EXPECT_EQ(json::parse(early.body)["reason"], "SPLIT") << "it has its variant already";
  std::set<std::string> ids;
  for (const std::int64_t second : {700, 3599, 3600 + 700, 3600 + 3599, 7200 + 700}) {
    const Answer answer = ask(second);
    ASSERT_EQ(answer.exposures.size(), 1U);
    ids.insert(answer.exposures[0].id);
  }
  EXPECT_EQ(ids.size(), 3U);
  const Timestamp later{.micros = 800 * kMicrosPerSecond};
  EXPECT_TRUE(ids.contains(ofrep.evaluate_bulk(body, {.now = later}).exposures.at(0).id));
}

TEST(Ofrep, ExposesOnEvaluationWhereThePlanSaysSo) {
  Experiment exposing = plan_of("exposing");
  exposing.assignment.expose_on_evaluation = true;
  exposing.assignment.overrides = {{.unit_id = "tester", .variant = "control"}};
  Experiment outside = plan_of("outside");
  outside.assignment.expose_on_evaluation = true;
  outside.assignment.traffic_ppm = 0;
  const Ofrep ofrep = ofrep_of({exposing, plan_of("silent"), outside});
  const std::string body = context_json({{"targetingKey", "user_42"}});
  const Answer one = ofrep.evaluate_flag("exposing", body);
  ASSERT_EQ(one.exposures.size(), 1U);
  EXPECT_EQ(one.exposures[0].experiment, "exposing");
  EXPECT_EQ(one.exposures[0].variant, json::parse(one.body)["variant"]);
  EXPECT_EQ(one.exposures[0].unit_kind, "user");
  EXPECT_EQ(one.exposures[0].unit_id, "user_42");
  EXPECT_FALSE(one.exposures[0].is_override);
  EXPECT_TRUE(ofrep.evaluate_flag("silent", body).exposures.empty());
  EXPECT_TRUE(ofrep.evaluate_flag("outside", body).exposures.empty());
  const Answer bulk = ofrep.evaluate_bulk(body);
  ASSERT_EQ(bulk.exposures.size(), 1U);
  EXPECT_EQ(bulk.exposures[0].id, one.exposures[0].id);  // A repeat is the same exposure.
  const Answer tester = ofrep.evaluate_flag("exposing", context_json({{"targetingKey", "tester"}}));
  ASSERT_EQ(tester.exposures.size(), 1U);
  EXPECT_TRUE(tester.exposures[0].is_override);
  EXPECT_NE(tester.exposures[0].id, one.exposures[0].id);
}

// Whoever gives an exposure the same id says that it is a repeat: two of these never are.
TEST(Ofrep, AnExposuresIdNamesExperimentVersionEpochAndUnit) {
  std::set<std::string> ids;
  const auto expose = [&](const std::string& experiment, std::uint32_t version, std::int64_t epoch,
                          const std::string& unit) {
    assign::Running running{
        .plan = plan_of(experiment, {1, 3}), .version = version, .epoch = epoch};
    running.plan.assignment.expose_on_evaluation = true;
    const Ofrep ofrep(assign::compile(std::span(&running, 1)).value());
    const Answer answer = ofrep.evaluate_flag(experiment, context_json({{"targetingKey", unit}}));
    ASSERT_EQ(answer.exposures.size(), 1U);
    const Exposure& exposure = answer.exposures[0];
    EXPECT_TRUE(ids.insert(exposure.id).second) << experiment << " " << unit;
    EXPECT_EQ(exposure.version, version);
    EXPECT_EQ(exposure.epoch, epoch);
    EXPECT_EQ(exposure.propensity, exposure.variant == "control" ? 0.25 : 0.75);
  };
  expose("exp", 1, 0, "u");
  expose("exp", 2, 0, "u");
  expose("exp", 1, 1, "u");
  expose("exp", 1, 0, "v");
  expose("a", 1, 2, "3:4:u");  // Told apart by the length of the experiment's id, were they joined.
  expose("a:1:2", 3, 4, "u");
}

TEST(Ofrep, QuotesWhatJsonNeedsQuoted) {
  Experiment plan = plan_of("exp", {0, 1});
  plan.variants[1].key = "new \"model\"\n";
  const json answer =
      answer_of(ofrep_of({plan}).evaluate_flag("exp", context_json({{"targetingKey", "u"}})), 200);
  EXPECT_EQ(answer["variant"], "new \"model\"\n");
  plan.variants[1].payload_json = "null";  // The protocol has no null: the code's default.
  EXPECT_FALSE(
      answer_of(ofrep_of({plan}).evaluate_flag("exp", context_json({{"targetingKey", "u"}})), 200)
          .contains("value"));
}

// Answers of every kind, checked against the protocol's own schemas by python3-jsonschema.
TEST(Ofrep, AnswersFitTheProtocolsSchemas) {
  const std::string specification = ASSAY_SOURCE_DIR "/../shared/vectors/ofrep/openapi.yaml";
  if (!std::filesystem::exists(specification)) {
    GTEST_SKIP() << "../shared/vectors/ofrep/openapi.yaml is not here";
  }
  if (std::system("python3 -c 'import jsonschema, yaml' 2>/dev/null") != 0) {
    GTEST_SKIP() << "python3-jsonschema and python3-yaml are not here";
  }
  const Ofrep ofrep = world();
  const std::filesystem::path file =
      std::filesystem::path(testing::TempDir()) / "assay_ofrep_answers.ndjson";
  {
    std::ofstream out(file);
    const auto write = [&](const char* schema, const Answer& answer) {
      out << json{{"schema", schema}, {"answer", json::parse(answer.body)}} << '\n';
    };
    for (const char* context : {R"({"context":{"targetingKey":"user_42","country":"IN"}})",
                                R"({"context":{"targetingKey":"tester"}})"}) {
      for (const char* key : {"everyone", "matched", "split", "session_test", "stopped"}) {
        write("serverEvaluationSuccess", ofrep.evaluate_flag(key, context));
      }
      write("bulkEvaluationSuccess", ofrep.evaluate_bulk(context));
      write("bulkEvaluationSuccess", ofrep.evaluate_bulk(context, {.stream_target = "/events"}));
    }
    write("bulkEvaluationSuccess", ofrep.evaluate_bulk(R"({"context":{"session":"s"}})"));
    write("flagNotFound", ofrep.evaluate_flag("other", "{}"));
    for (const char* bad : {"", "{}", R"({"context":{}})", R"({"context":{"targetingKey":1}})"}) {
      write("evaluationFailure", ofrep.evaluate_flag("split", bad));
      write("bulkEvaluationFailure", ofrep.evaluate_bulk(bad));
    }
  }
  const std::string command = "python3 " ASSAY_SOURCE_DIR "/assay/deliver/check_ofrep.py '" +
                              specification + "' '" + file.string() + "'";
  EXPECT_EQ(std::system(command.c_str()), 0);
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace assay::deliver
