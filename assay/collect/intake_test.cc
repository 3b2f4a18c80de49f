#include <gtest/gtest.h>

#include "assay/collect/collect.h"
#include "assay/collect/testing.h"

namespace assay::collect {
namespace {

const Timestamp kNow = *parse_time("2026-03-10T12:00:00Z");
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kLines = "application/x-ndjson";

KnownByHeart known() {
  KnownExperiment ranker{.variants = {"control", "treatment"}, .version = "1"};
  ranker.epochs = {{0, *parse_time("2026-03-01")}, {1, *parse_time("2026-03-05")}};
  ranker.propensities = {{0, {0.5, 0.5}}, {1, {0.25, 0.75}}};
  ranker.overridden = {"tester"};
  KnownExperiment draft{.state = State::kDraft, .variants = {"a"}};
  KnownExperiment pages{.variants = {"a", "b"}, .unit_kind = "page", .expose_on_evaluation = true};
  KnownExperiment shop{.variants = {"a", "b"}, .fallback_unit = "device"};
  return KnownByHeart({{"ranker", ranker}, {"draft", draft}, {"pages", pages}, {"shop", shop}});
}

ParsedExposures exposures(std::string_view body, std::string_view type = kJson) {
  return parse_exposures(body, type, kNow, known());
}

ParsedEvents events(std::string_view body, std::string_view type = kJson) {
  return parse_events(body, type, kNow);
}

// The only complaint about a body that must be refused.
Rejected refusal(const ParsedEvents& parsed) {
  EXPECT_TRUE(parsed.events.empty());
  EXPECT_EQ(parsed.rejected.size(), 1u);
  return parsed.rejected.empty() ? Rejected{} : parsed.rejected.front();
}

Rejected refusal(const ParsedExposures& parsed) {
  EXPECT_TRUE(parsed.exposures.empty());
  EXPECT_EQ(parsed.rejected.size(), 1u);
  return parsed.rejected.empty() ? Rejected{} : parsed.rejected.front();
}

bool says(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

constexpr std::string_view kExposure =
    R"({"id":"x1","time":"2026-03-06T00:00:00Z","experiment":"ranker","variant":"treatment",)"
    R"("unit":"u1","properties":{"country":"IN"}})";
constexpr std::string_view kEvent =
    R"({"id":"e1","time":"2026-03-06T00:00:00Z","name":"purchase","units":{"user":"u1",)"
    R"("session":7},"value":12.5,"properties":{"sku":"a\"b"}})";

TEST(Intake, AnExposureIsOfTheFallbackKindWhereTheFirstIsNotNamed) {
  const auto unit_of = [](const std::string& rest) {
    const auto parsed = exposures(R"({"id":"x","experiment":"shop","variant":"a",)" + rest + "}");
    if (parsed.exposures.empty()) return parsed.rejected.front().message;
    return parsed.exposures.front().unit_kind + " " + parsed.exposures.front().unit_id;
  };
  EXPECT_EQ(unit_of(R"("units":{"device":"d1","user":"u1"})"), "user u1");
  EXPECT_EQ(unit_of(R"("units":{"device":"d1"})"), "device d1");
  EXPECT_EQ(unit_of(R"("units":{"device":"d1","user":""})"), "device d1");
  EXPECT_EQ(unit_of(R"("units":{"device":"d1","user":7.5})"),
            "unit is a number, but no whole one of 64 bits");
  EXPECT_EQ(unit_of(R"("units":{"device":"d1","user":true})"), "unit is not a text");
  EXPECT_EQ(unit_of(R"("unit":18446744073709551615)"), "user 18446744073709551615");
  EXPECT_EQ(unit_of(R"("unit":-9223372036854775808)"), "user -9223372036854775808");
  EXPECT_EQ(unit_of(R"("unit":"u1")"), "user u1");
  EXPECT_EQ(unit_of(R"("units":{"session":"s1"})"), "unit is missing");
}

TEST(Intake, ReadsAnExposure) {
  const auto parsed = exposures(kExposure);
  ASSERT_EQ(parsed.exposures.size(), 1u) << parsed.rejected.front().message;
  const Exposure& exposure = parsed.exposures.front();
  EXPECT_EQ(exposure.id, "x1");
  EXPECT_EQ(exposure.time, parse_time("2026-03-06"));
  EXPECT_EQ(exposure.experiment, "ranker");
  EXPECT_EQ(exposure.variant, "treatment");
  EXPECT_EQ(exposure.unit_kind, "user");
  EXPECT_EQ(exposure.unit_id, "u1");
  EXPECT_EQ(exposure.version, "1");
  EXPECT_EQ(exposure.epoch, 1);
  EXPECT_EQ(exposure.propensity, 0.75) << "of its epoch";
  EXPECT_FALSE(exposure.is_override);
  EXPECT_EQ(exposure.properties_json, R"({"country":"IN"})");
}

TEST(Intake, ReadsAnEvent) {
  const auto parsed = events(kEvent);
  ASSERT_EQ(parsed.events.size(), 1u) << parsed.rejected.front().message;
  const Event& event = parsed.events.front();
  EXPECT_EQ(event.id, "e1");
  EXPECT_EQ(event.name, "purchase");
  const std::vector<std::pair<std::string, std::string>> units = {{"user", "u1"}, {"session", "7"}};
  EXPECT_EQ(event.units, units);
  EXPECT_EQ(event.value, 12.5);
  EXPECT_EQ(event.properties_json, R"({"sku":"a\"b"})");
}

TEST(Intake, TakesEveryWrapping) {
  const std::string one(kEvent);
  for (const std::string& body :
       {"[" + one + "," + one + "]", R"({"events":[)" + one + "," + one + "]}",
        R"({"batch":[)" + one + "," + one + "]}"}) {
    EXPECT_EQ(events(body).events.size(), 2u) << body;
    EXPECT_EQ(events(body, "").events.size(), 2u) << body;
  }
  const std::string lines = "\n" + one + "\r\n\n" + one;
  for (const std::string_view type : {kLines, std::string_view("application/jsonl"),
                                      std::string_view("application/x-www-form-urlencoded")}) {
    EXPECT_EQ(events(lines, type).events.size(), 2u) << type;
  }
  EXPECT_EQ(events("\xef\xbb\xbf" + one).events.size(), 1u);
  EXPECT_TRUE(events("[]").rejected.empty());
}

TEST(Intake, NamesEachBadLineAndKeepsTheRest) {
  const std::string body = std::string(kEvent) + "\n\n{\"id\":\"e2\"}\n[1]\n{\"id\":\"e3\",\"na";
  const auto parsed = events(body, kLines);
  EXPECT_EQ(parsed.events.size(), 1u);
  ASSERT_EQ(parsed.rejected.size(), 3u);
  EXPECT_EQ(parsed.rejected[0].line, 3);
  EXPECT_EQ(parsed.rejected[0].id, "e2");
  EXPECT_EQ(parsed.rejected[0].message, "name is missing");
  EXPECT_EQ(parsed.rejected[1].line, 4);
  EXPECT_EQ(parsed.rejected[1].message, "is not a JSON object");
  EXPECT_EQ(parsed.rejected[2].line, 5);
  EXPECT_TRUE(says(parsed.rejected[2].hint, "cut off"));
}

TEST(Intake, WholeNumbersOfAnySize) {
  for (const std::string_view type : {kJson, kLines}) {
    const auto parsed = events(R"({"id":18446744073709551615,"name":"n","units":{"user":"u"},)"
                               R"("value":123456789012345678901,"properties":{"k":-1e-400}})",
                               type);
    ASSERT_EQ(parsed.events.size(), 1U);
    EXPECT_EQ(parsed.events[0].id, "18446744073709551615");
    EXPECT_EQ(parsed.events[0].value, 123456789012345678901.0);
  }
}

TEST(Intake, AMemberTwiceCostsItsElementOnly) {
  const std::string good(kEvent), bad = R"({"id":"b","properties":{"k":1,"k":2}})";
  for (const auto& [body, type] : {std::pair("[" + good + "," + bad + "]", kJson),
                                   {good + "\n" + bad, kLines},
                                   {R"({"events":[)" + good + "," + bad + "]}", kJson}}) {
    const auto parsed = events(body, type);
    EXPECT_EQ(parsed.events.size(), 1U) << body;
    ASSERT_EQ(parsed.rejected.size(), 1U) << body;
    EXPECT_EQ(parsed.rejected[0].line, 2) << body;
    EXPECT_EQ(parsed.rejected[0].message, "properties.k is there twice") << body;
  }
  for (const std::string& one : {good, bad}) {
    const auto whole = events(R"({"events":[)" + one + R"(],"events":[)" + good + "]}");
    EXPECT_TRUE(whole.events.empty());
    ASSERT_EQ(whole.rejected.size(), 1U);
    EXPECT_EQ(whole.rejected[0].message, "events is there twice");
  }
}

TEST(Intake, NumbersElementsOfAnArrayFromOne) {
  EXPECT_EQ(refusal(events("[7]")).line, 1);
  EXPECT_EQ(events("[" + std::string(kEvent) + ",7]").rejected.front().line, 2);
}

TEST(Intake, RefusesWhatIsNoBatch) {
  EXPECT_TRUE(says(refusal(events("")).message, "empty"));
  EXPECT_TRUE(says(refusal(events(" \n ")).message, "empty"));
  EXPECT_TRUE(says(refusal(events("7")).message, "expected an object"));
  EXPECT_TRUE(says(refusal(events(R"({"events":7})")).message, "expected an object"));
  EXPECT_TRUE(says(refusal(events("{\"id\":")).message, "not complete"));
  EXPECT_TRUE(says(refusal(events("{\"id\":\"\xff\"}")).message, "UTF-8"));
}

struct BadEvent {
  const char* body;
  const char* message;
};

TEST(Intake, RefusesBadEvents) {
  const BadEvent cases[] = {
      {R"({"name":"n","units":{"user":"u"}})", "id is missing"},
      {R"({"id":"","name":"n","units":{"user":"u"}})", "id is missing"},
      {R"({"id":{},"name":"n","units":{"user":"u"}})", "id is not a text"},
      {R"({"id":"a\u0000b","name":"n","units":{"user":"u"}})", "control characters"},
      {R"({"id":"a","units":{"user":"u"}})", "name is missing"},
      {R"({"id":"a","name":"n"})", "units is missing"},
      {R"({"id":"a","name":"n","units":{}})", "units is missing"},
      {R"({"id":"a","name":"n","units":["u"]})", "units is not an object"},
      {R"({"id":"a","name":"n","units":{"user":""}})", "units.user is missing"},
      {R"({"id":"a","name":"n","units":{"":"u"}})", "a kind in units is empty"},
      {R"({"id":"a","name":"n","units":{"user":"u","user":"v"}})", "units.user is there twice"},
      {R"({"id":"a","name":"n","units":{"user":"u"},"value":"12"})", "value is not a finite"},
      {R"({"id":"a","name":"n","units":{"user":"u"},"value":true})", "value is not a finite"},
      {R"({"id":"a","name":"n","units":{"user":"u"},"value":1e999})",
       "value is a number that is too large: 1e999"},
      {R"({"id":"a","name":"n","units":{"user":"u"},"value":01})", "malformed number"},
      {R"({"id":123456789012345678901,"name":"n","units":{"user":"u"}})", "no whole one of 64"},
      {R"({"id":"a","name":"n","units":{"user":"u"},"time":18446744073709551615})", "time is not"},
      {R"({"id":"a","name":"n","units":{"user":"u"},"value":NaN})", "not complete, valid JSON"},
      {R"({"id":"a","name":"n","units":{"user":"u"},"properties":[]})", "properties is not"},
      {R"({"id":"a","name":"n","units":{"user":"u"},"time":"soon"})", "time is not"},
      {R"({"id":"a","name":"n","units":{"user":"u"},"time":-5})", "time is not"},
      {R"({"id":"a","name":"n","units":{"user":"u"},"time":12})", "time is not"},
      {R"({"id":"a","name":"n","units":{"user":"u"},"time":1.5})", "time is not"},
      {R"({"id":"a","name":"n","units":{"user":"u"},"time":1e30})", "time is not"},
      {R"({"id":"a","name":"feature_flag.evaluation","units":{"user":"u"}})", "not an outcome"},
      {R"({"specversion":"1.0","id":"a","source":"s","type":"t"})", "CloudEvent without"},
  };
  for (const BadEvent& bad : cases) {
    const Rejected rejected = refusal(events(bad.body));
    EXPECT_TRUE(says(rejected.message, bad.message)) << bad.body << ": " << rejected.message;
    EXPECT_FALSE(rejected.hint.empty()) << bad.body;
  }
}

TEST(Intake, BoundsEverything) {
  const auto body = [](std::string id, std::string properties) {
    return R"({"id":")" + id + R"(","name":"n","units":{"user":"u"},"properties":{"p":")" +
           properties + R"("}})";
  };
  EXPECT_EQ(events(body(std::string(256, 'i'), "")).events.size(), 1u);
  const Rejected long_id = refusal(events(body(std::string(257, 'i'), "")));
  EXPECT_TRUE(says(long_id.message, "id has 257 bytes"));
  EXPECT_TRUE(long_id.id.empty());
  EXPECT_EQ(events(body("i", std::string(16'000, 'p'))).events.size(), 1u);
  EXPECT_TRUE(says(refusal(events(body("i", std::string(16'400, 'p')))).message, "properties has"));
  EXPECT_TRUE(
      says(refusal(events(body("i", std::string(70'000, 'p')), kLines)).message, "at most 65536"));
  std::string kinds;
  for (int i = 0; i < 17; ++i) kinds += (i ? ",\"k" : "\"k") + std::to_string(i) + "\":\"u\"";
  EXPECT_TRUE(says(refusal(events(R"({"id":"a","name":"n","units":{)" + kinds + "}}")).message,
                   "17 kinds"));
}

TEST(Intake, RefusesABatchThatIsTooLongAsAWhole) {
  const Limits limits{.lines = 2};
  const std::string one(kEvent);
  const auto lines = parse_events(one + "\n" + one + "\n" + one, kLines, kNow, limits);
  EXPECT_TRUE(says(refusal(lines).message, "3 lines"));
  const auto array = parse_events("[" + one + "," + one + "," + one + "]", kJson, kNow, limits);
  EXPECT_TRUE(says(refusal(array).message, "3 lines"));
  EXPECT_EQ(parse_events(one + "\n" + one + "\n", kLines, kNow, limits).events.size(), 2u);
}

TEST(Intake, ToleratesTenMinutesOfClockSkew) {
  const auto at = [](std::string_view time) {
    return events(R"({"id":"a","name":"n","units":{"user":"u"},"time":")" + std::string(time) +
                  "\"}");
  };
  EXPECT_EQ(at("2026-03-10T12:10:00Z").events.size(), 1u);
  const Rejected late = refusal(at("2026-03-10T12:10:01Z"));
  EXPECT_TRUE(says(late.message, "in the future"));
  EXPECT_TRUE(says(late.hint, "clock"));
}

TEST(Intake, TakesNowAndEpochCountsForTime) {
  const auto missing = events(R"({"id":"a","name":"n","units":{"user":"u"}})");
  EXPECT_EQ(missing.events.front().time, kNow);
  const auto count = events(R"({"id":"a","name":"n","units":{"user":"u"},"time":1772359200000})");
  EXPECT_EQ(count.events.front().time, parse_time("2026-03-01T10:00:00Z"));
  const auto seconds = events(R"({"id":"a","name":"n","units":{"user":"u"},"time":1772359200.25})");
  EXPECT_EQ(seconds.events.front().time, parse_time("2026-03-01T10:00:00.25Z"));
  const auto fine = events(R"({"id":"a","name":"n","units":{"user":"u"},"time":1772359200000.5})");
  EXPECT_EQ(fine.events.front().time, parse_time("2026-03-01T10:00:00.001Z"));
}

TEST(Intake, RefusesExposuresThatFitNoRunningPlan) {
  const BadEvent cases[] = {
      {R"({"id":"a","variant":"control","unit":"u"})", "experiment is missing"},
      {R"({"id":"a","experiment":"rankr","variant":"control","unit":"u"})", "no experiment rankr"},
      {R"({"id":"a","experiment":"ranker","variant":"controll","unit":"u"})", "no variant contr"},
      {R"({"id":"a","experiment":"ranker","unit":"u"})", "variant is missing"},
      {R"({"id":"a","experiment":"ranker","variant":"control"})", "unit is missing"},
      {R"({"id":"a","experiment":"draft","variant":"a","unit":"u"})", "has not started"},
      {R"({"experiment":"ranker","variant":"control","unit":"u"})", "id is missing"},
  };
  for (const BadEvent& bad : cases) {
    const Rejected rejected = refusal(exposures(bad.body));
    EXPECT_TRUE(says(rejected.message, bad.message)) << bad.body << ": " << rejected.message;
    EXPECT_FALSE(rejected.hint.empty()) << bad.body;
  }
  EXPECT_EQ(refusal(exposures(cases[1].body)).hint, "did you mean ranker?");
  EXPECT_EQ(refusal(exposures(cases[2].body)).hint, "did you mean control?");
}

TEST(Intake, AStopEndsWhatCounts) {
  KnownByHeart known({{"e", {.state = State::kStopped, .variants = {"a"}}}});
  known.at("e").stopped_at = parse_time("2026-03-01T10:00:00Z");
  const auto at = [&](const char* time) {
    const std::string body =
        std::string(R"({"id":"1","experiment":"e","variant":"a","unit":"u","time":")") + time +
        "\"}";
    return parse_exposures(body, "application/json", *parse_time("2026-03-02"), known);
  };
  EXPECT_EQ(at("2026-03-01T10:00:00Z").exposures.size(), 1u);
  const auto late = at("2026-03-01T10:00:01Z");
  ASSERT_EQ(late.rejected.size(), 1u);
  EXPECT_NE(late.rejected[0].message.find("stopped at 2026-03-01T10:00:00Z"), std::string::npos);
}

TEST(Intake, CompletesExposures) {
  const auto at = [](std::string_view unit, std::string_view time) {
    return exposures(R"({"id":"a","experiment":"ranker","variant":"control","unit":")" +
                     std::string(unit) + R"(","time":")" + std::string(time) + "\"}")
        .exposures.at(0);
  };
  EXPECT_EQ(at("u", "2026-02-01").epoch, 0);
  EXPECT_EQ(at("u", "2026-03-04T23:59:59Z").epoch, 0);
  EXPECT_EQ(at("u", "2026-03-05").epoch, 1);
  EXPECT_TRUE(at("tester", "2026-03-05").is_override);
  const auto page = exposures(
      R"({"id":"a","experiment":"pages","variant":"b","units":{"user":"u","page":"p9"}})");
  EXPECT_EQ(page.exposures.at(0).unit_kind, "page");
  EXPECT_EQ(page.exposures.at(0).unit_id, "p9");
}

// Who evaluates in a process of its own remembers there which weights drew the variant.
TEST(Intake, TheEpochThatIsSentCounts) {
  const auto sent = [](const std::string& epoch) {
    return exposures(R"({"id":"a","experiment":"ranker","variant":"control","unit":"u",)"
                     R"("time":"2026-03-06","epoch":)" +
                     epoch + "}");
  };
  EXPECT_EQ(sent("0").exposures.at(0).epoch, 0) << "the time is of epoch 1";
  EXPECT_EQ(sent("0").exposures.at(0).propensity, 0.5);
  EXPECT_EQ(sent("null").exposures.at(0).epoch, 1);
  for (const char* wrong : {"2", "-1", "0.5", "\"0\"", "true", "[]"}) {
    const Rejected refused = refusal(sent(wrong));
    EXPECT_EQ(refused.message, "epoch is none of the epochs of ranker: 0, 1") << wrong;
    EXPECT_TRUE(says(refused.hint, "or leave it out"));
  }
  KnownByHeart remembered = known();
  remembered.at("ranker").epoch_of = [](const Exposure& exposure) {
    return exposure.unit_id == "u" ? std::optional<std::int64_t>(1) : std::nullopt;
  };
  const std::string body = R"({"id":"a","experiment":"ranker","variant":"control","unit":"u")";
  const auto epoch = [&](const std::string& more) {
    return parse_exposures(body + more + "}", kJson, kNow, remembered).exposures.at(0).epoch;
  };
  EXPECT_EQ(epoch(""), 1);
  EXPECT_EQ(epoch(R"(,"epoch":0)"), 0);
}

// Who met a condition of `forced` is known to the sender alone.
TEST(Intake, AForcedVariantIsLeftOutAndCertain) {
  const auto sent = [](const std::string& says) {
    return exposures(R"({"id":"a","experiment":"ranker","variant":"control","unit":"u")" + says +
                     "}");
  };
  const auto forced = sent(R"(,"override":true)").exposures.at(0);
  EXPECT_TRUE(forced.is_override);
  EXPECT_EQ(forced.propensity, 1.0);
  const auto drawn = sent(R"(,"override":false)").exposures.at(0);
  EXPECT_FALSE(drawn.is_override);
  EXPECT_EQ(drawn.propensity, 0.25) << "of its epoch";
  EXPECT_TRUE(says(refusal(sent(R"(,"override":"yes")")).message, "neither true nor false"));
}

TEST(Intake, ReadsSegmentTracks) {
  const auto exposed =
      exposures(R"({"type":"track","event":"Experiment Viewed","messageId":"m1","userId":"u1",)"
                R"("timestamp":"2026-03-06T00:00:00Z",)"
                R"("properties":{"experiment_id":"ranker","variation_id":"control"}})");
  ASSERT_EQ(exposed.exposures.size(), 1u) << exposed.rejected.front().message;
  EXPECT_EQ(exposed.exposures[0].id, "m1");
  EXPECT_EQ(exposed.exposures[0].unit_id, "u1");
  const auto ordered =
      events(R"({"type":"track","event":"Order Completed","messageId":"m2","userId":"u1",)"
             R"("anonymousId":"a1","properties":{"revenue":20,"currency":"INR"}})");
  ASSERT_EQ(ordered.events.size(), 1u) << ordered.rejected.front().message;
  EXPECT_EQ(ordered.events[0].name, "Order Completed");
  EXPECT_EQ(ordered.events[0].value, 20);
  EXPECT_EQ(ordered.events[0].units.size(), 2u);
}

TEST(Intake, ReadsPostHogsAndMixpanelsExposures) {
  const auto posthog = exposures(
      R"({"api_key":"k","batch":[{"event":"$feature_flag_called","uuid":"p1","distinct_id":"u1",)"
      R"("timestamp":"2026-03-06T00:00:00Z","properties":{"$feature_flag":"ranker",)"
      R"("$feature_flag_response":"treatment"}}]})");
  ASSERT_EQ(posthog.exposures.size(), 1u) << posthog.rejected.front().message;
  EXPECT_EQ(posthog.exposures[0].id, "p1");
  EXPECT_EQ(posthog.exposures[0].unit_id, "u1");
  EXPECT_EQ(posthog.exposures[0].variant, "treatment");
  const auto mixpanel = exposures(
      R"([{"event":"$experiment_started","properties":{"time":1772755200,"distinct_id":"u2",)"
      R"("$insert_id":"m1","Experiment name":"ranker","Variant name":"control"}}])");
  ASSERT_EQ(mixpanel.exposures.size(), 1u) << mixpanel.rejected.front().message;
  EXPECT_EQ(mixpanel.exposures[0].id, "m1");
  EXPECT_EQ(mixpanel.exposures[0].unit_id, "u2");
  EXPECT_EQ(mixpanel.exposures[0].time, parse_time("2026-03-06"));
  const auto on = refusal(
      exposures(R"({"event":"$feature_flag_called","uuid":"p2","distinct_id":"u1","properties":)"
                R"({"$feature_flag":"ranker","$feature_flag_response":true}})"));
  EXPECT_TRUE(says(on.message, "variant")) << on.message;
  const auto bought =
      events(R"({"event":"bought","uuid":"p3","distinct_id":"u1","properties":{"revenue":3}})");
  ASSERT_EQ(bought.events.size(), 1u);
  EXPECT_EQ(bought.events[0].units.at(0).second, "u1");
}

TEST(Intake, ReadsCloudEventsInBinaryMode) {
  const auto wrapped = events(cloud_event_json({.id = "7",
                                                .source = "/shop%20%C3%A9\"%zz",
                                                .type = "com.shop.cart",
                                                .time = "2026-03-06T00:00:00Z"},
                                               R"({"units":{"user":"u1"},"value":2})"));
  ASSERT_EQ(wrapped.events.size(), 1u) << wrapped.rejected.front().message;
  EXPECT_EQ(wrapped.events[0].id, "/shop é\"%zz 7");
  EXPECT_EQ(wrapped.events[0].name, "com.shop.cart");
  EXPECT_EQ(wrapped.events[0].value, 2);
  const auto own = exposures(cloud_event_json({.id = "7", .source = "/s"}, kExposure));
  EXPECT_EQ(own.exposures.at(0).id, "x1");
  EXPECT_TRUE(says(refusal(events(cloud_event_json({}, " "))).message, "CloudEvent without"));
  EXPECT_TRUE(says(refusal(events(cloud_event_json({.id = "1"}, "{"))).message, "valid JSON"));
  EXPECT_TRUE(says(
      refusal(events(cloud_event_json({.type = "t"}, R"({"units":{"user":"u"}})"))).message, "id"));
}

TEST(Intake, ReadsCloudEvents) {
  const auto wrapped =
      events(R"([{"specversion":"1.0","id":"7","source":"/shop","type":"com.shop.cart",)"
             R"("time":"2026-03-06T00:00:00Z","data":{"units":{"user":"u1"}}}])",
             "application/cloudevents-batch+json");
  ASSERT_EQ(wrapped.events.size(), 1u) << wrapped.rejected.front().message;
  EXPECT_EQ(wrapped.events[0].id, "/shop 7");
  EXPECT_EQ(wrapped.events[0].name, "com.shop.cart");
  EXPECT_EQ(wrapped.events[0].time, parse_time("2026-03-06"));
  const auto own = exposures(R"({"specversion":"1.0","id":"7","source":"/s","type":"t","data":)" +
                             std::string(kExposure) + "}");
  EXPECT_EQ(own.exposures.at(0).id, "x1");
}

TEST(Intake, CountsAnEvaluationOnlyWhereThePlanSaysSo) {
  const auto evaluated = [](std::string flag, std::string variant) {
    return exposures(R"({"event_name":"feature_flag.evaluation","attributes":{)"
                     R"("feature_flag.key":")" +
                     flag +
                     R"(","feature_flag.context.id":"u1",)"
                     R"("feature_flag.result.variant":")" +
                     variant + R"("}})");
  };
  const auto counted = evaluated("pages", "b");
  ASSERT_EQ(counted.exposures.size(), 1u) << counted.rejected.front().message;
  EXPECT_EQ(counted.exposures[0].id, "evaluation:pages:u1:b");
  EXPECT_TRUE(says(refusal(evaluated("ranker", "control")).message, "does not count evaluations"));
}

}  // namespace
}  // namespace assay::collect
