#include "assay/deliver/sticky.h"

#include <map>
#include <tuple>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/assign/testing.h"
#include "assay/deliver/assignments.h"
#include "assay/deliver/ofrep.h"

namespace assay::deliver {
namespace {

using assign::plan_of;
using nlohmann::json;

// Keeps everything in a map; fails on demand; counts how often it is asked.
class MapStore : public StickyStore {
 public:
  Result<std::vector<Memory>> recall(std::string_view kind, std::string_view id) override {
    ++asked;
    if (fails) return fail(Code::kUnavailable, "no disk");
    std::vector<Memory> memories;
    for (const auto& [key, memory] : kept) {
      if (std::get<0>(key) == kind && std::get<1>(key) == id) memories.push_back(memory);
    }
    return memories;
  }
  void remember(std::vector<NewMemory> memories, Done done) override {
    for (NewMemory& one : memories) {
      kept[{one.unit_kind, one.unit_id, one.memory.experiment}] = one.memory;
    }
    done(true);
  }
  std::map<std::tuple<std::string, std::string, std::string>, Memory> kept;
  int asked = 0;
  bool fails = false;
};

// One epoch of a sticky experiment beside a plain one and one that needs its treatment.
Ofrep world(StickyStore& store, std::vector<std::uint32_t> weights, std::int64_t epoch) {
  assign::Running sticky{.plan = plan_of("sticky", std::move(weights)), .epoch = epoch};
  sticky.plan.assignment.sticky = true;
  sticky.plan.assignment.fallback_unit = "device";
  for (std::int64_t e = 0; e < epoch; ++e) {
    sticky.earlier.push_back({.epoch = e, .traffic_ppm = 1'000'000, .weights = {1, 1}});
  }
  assign::Running needs{.plan = plan_of("needs")};
  needs.plan.assignment.prerequisites = {{"sticky", {"treatment"}}};
  const std::vector<assign::Running> running = {sticky, {.plan = plan_of("plain")}, needs};
  return Ofrep(assign::compile(running).value(), &store);
}

std::string body_of(const json& context) { return json{{"context", context}}.dump(); }

// Asks as the server does: what is new is remembered.
json ask(const Ofrep& ofrep, StickyStore& store, const json& context) {
  Answer answer = ofrep.evaluate_flag("sticky", body_of(context));
  store.remember(std::move(answer.memories), [](Result<bool>) {});
  return json::parse(answer.body);
}

TEST(Sticky, WeightsChangeAtFullTrafficAndMoveNobodyWhoWasAnswered) {
  MapStore store;
  const Ofrep before = world(store, {1, 1}, 0);
  const Ofrep after = world(store, {1, 9}, 1);
  int kept = 0;
  for (int i = 0; i < 200; ++i) {
    const json context = {{"targetingKey", "u" + std::to_string(i)}};
    const json first = ask(before, store, context);
    EXPECT_EQ(first["metadata"]["assay_reason"], "split");
    EXPECT_EQ(ask(before, store, context)["metadata"]["assay_reason"], "sticky");
    const json then = ask(after, store, context);
    ASSERT_EQ(then["variant"], first["variant"]);
    ASSERT_EQ(then["reason"], "SPLIT");
    ASSERT_EQ(then["metadata"]["assay_reason"], "sticky");
    ASSERT_EQ(then["metadata"]["epoch"], 0) << "its epoch is that of the draw";
    ASSERT_EQ(then["metadata"]["propensity"], 0.5);
    kept += then["variant"] == "control" ? 1 : 0;
  }
  EXPECT_NEAR(kept, 100, 40);
  int control = 0;
  for (int i = 1000; i < 1200; ++i) {
    const json fresh = ask(after, store, {{"targetingKey", "u" + std::to_string(i)}});
    control += fresh["variant"] == "control" ? 1 : 0;
    ASSERT_EQ(fresh["metadata"]["epoch"], 1);
  }
  EXPECT_NEAR(control, 20, 18);
}

TEST(Sticky, WhoLogsInKeepsTheVariantOfTheDevice) {
  MapStore store;
  const Ofrep ofrep = world(store, {1, 1}, 0);
  for (int i = 0; i < 50; ++i) {
    const std::string user = "u" + std::to_string(i), device = "d" + std::to_string(i);
    const json anonymous = ask(ofrep, store, {{"device", device}});
    EXPECT_EQ(anonymous["metadata"]["unit_kind"], "device");
    const json known = ask(ofrep, store, {{"user", user}, {"device", device}});
    ASSERT_EQ(known["variant"], anonymous["variant"]);
    ASSERT_EQ(known["metadata"]["unit_kind"], "user");
    const json elsewhere = ask(ofrep, store, {{"user", user}, {"device", "new" + device}});
    ASSERT_EQ(elsewhere["variant"], anonymous["variant"]) << "remembered under the user too";
    ASSERT_EQ(ask(ofrep, store, {{"device", "new" + device}})["variant"], anonymous["variant"]);
  }
}

TEST(Sticky, TheDeviceRemembersTheEpochOfTheUsersDraw) {
  MapStore store;
  store.kept[{"user", "u", "sticky"}] = {"sticky", "treatment", 0};
  const Ofrep ofrep = world(store, {1, 9}, 1);
  ask(ofrep, store, {{"user", "u"}, {"device", "d"}});
  const json alone = ask(ofrep, store, {{"device", "d"}});
  EXPECT_EQ(alone["variant"], "treatment");
  EXPECT_EQ(alone["metadata"]["epoch"], 0);
  EXPECT_EQ(alone["metadata"]["propensity"], 0.5);
}

TEST(Sticky, TheUserComesBeforeTheDevice) {
  MapStore store;
  store.kept[{"user", "u", "sticky"}] = {"sticky", "control", 0};
  store.kept[{"device", "d", "sticky"}] = {"sticky", "treatment", 0};
  const Ofrep ofrep = world(store, {1, 1}, 0);
  EXPECT_EQ(ask(ofrep, store, {{"user", "u"}, {"device", "d"}})["variant"], "control");
  EXPECT_EQ(ask(ofrep, store, {{"device", "d"}})["variant"], "treatment") << "kept as it was";
}

TEST(Sticky, RememberingIsNoExposure) {
  MapStore store;
  const Answer answer = world(store, {1, 1}, 0).evaluate_flag("sticky", body_of({{"user", "u"}}));
  EXPECT_EQ(answer.memories.size(), 1U);
  EXPECT_TRUE(answer.exposures.empty()) << "the plan does not say expose_on_evaluation";
  EXPECT_EQ(answer.evaluations.size(), 1U) << "counted once";
}

TEST(Sticky, OnlyWhatNeedsMemoryAsksForIt) {
  MapStore store;
  const Ofrep ofrep = world(store, {1, 1}, 0);
  const std::string body = body_of({{"targetingKey", "u"}});
  EXPECT_TRUE(ofrep.evaluate_flag("plain", body).memories.empty());
  EXPECT_EQ(store.asked, 0);
  store.kept[{"user", "u", "sticky"}] = {"sticky", "treatment", 0};
  EXPECT_EQ(json::parse(ofrep.evaluate_flag("needs", body).body)["metadata"]["assay_reason"],
            "split");
  EXPECT_EQ(store.asked, 1);
  store.fails = true;
  EXPECT_EQ(ofrep.evaluate_flag("plain", body).status, 200);
  EXPECT_EQ(ofrep.evaluate_flag("sticky", body).status, 503);
  EXPECT_EQ(json::parse(ofrep.evaluate_flag("sticky", body).body)["errorCode"], "GENERAL");
  const auto rows = answer_assignments(
      ofrep.snapshot(), R"({"experiment":"needs","units":[{"id":"u"}]})", {.store = &store});
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().code, Code::kUnavailable);
}

// Else other weights could take the variant away that it was answered for.
TEST(Sticky, AnAnswerAloneRemembersTheVariantsThatItStandsOn) {
  MapStore store;
  const Ofrep before = world(store, {1, 1}, 0), after = world(store, {9, 1}, 1);
  const auto reason = [&](const Ofrep& ofrep, const std::string& unit) {
    Answer answer = ofrep.evaluate_flag("needs", body_of({{"targetingKey", unit}}));
    store.remember(std::move(answer.memories), [](Result<bool>) {});
    return json::parse(answer.body)["metadata"]["assay_reason"].get<std::string>();
  };
  std::map<std::string, int> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string unit = "u" + std::to_string(i);
    const std::string first = reason(before, unit);
    ++seen[first];
    const std::string kept = store.kept.at({"user", unit, "sticky"}).variant;
    ASSERT_EQ(kept, first == "split" ? "treatment" : "control");
    ASSERT_EQ(reason(after, unit), first) << unit;
    ASSERT_EQ(ask(after, store, {{"targetingKey", unit}})["variant"], kept);
  }
  EXPECT_TRUE(seen["split"] > 20 && seen["prerequisite"] > 20) << seen["split"];
  const char* rows = R"({"experiment":"needs","units":[{"id":"new"},{"id":"new"}]})";
  const auto assigned = answer_assignments(before.snapshot(), rows, {.store = &store});
  ASSERT_TRUE(assigned) << to_text(assigned.error());
  ASSERT_EQ(assigned->memories.size(), 1U) << "known in the second row";
  EXPECT_EQ(assigned->memories[0].memory.experiment, "sticky");
}

// Its answer does not depend on what is remembered, and stands on nobody's.
TEST(Sticky, AStoppedExperimentNeitherAsksTheStoreNorWritesToIt) {
  MapStore store;
  assign::Running sticky{.plan = plan_of("sticky")}, needs{.plan = plan_of("needs")};
  sticky.plan.assignment.sticky = true;
  needs.plan.assignment.prerequisites = {{"sticky", {"treatment"}}};
  needs.is_stopped = true;
  const Ofrep ofrep(assign::compile(std::vector{sticky, needs}).value(), &store);
  const std::string body = body_of({{"targetingKey", "u"}});
  store.fails = true;
  const Answer alone = ofrep.evaluate_flag("needs", body);
  EXPECT_EQ(json::parse(alone.body)["reason"], "DISABLED") << alone.body;
  EXPECT_TRUE(alone.memories.empty());
  EXPECT_EQ(json::parse(ofrep.evaluate_bulk(body).body)["flags"][1]["reason"], "DISABLED");
  const auto rows = answer_assignments(
      ofrep.snapshot(), R"({"experiment":"needs","units":[{"id":"u"}]})", {.store = &store});
  ASSERT_TRUE(rows) << to_text(rows.error());
  EXPECT_TRUE(rows->memories.empty());
}

// The same at both doors.
TEST(Sticky, WhoeverHasNoUnitIsNotRememberedElsewhere) {
  MapStore store;
  assign::Running sticky{.plan = plan_of("sticky")}, needs{.plan = plan_of("needs")};
  sticky.plan.assignment.sticky = true;
  needs.plan.assignment.unit = "session";
  needs.plan.assignment.prerequisites = {{"sticky", {"treatment"}}};
  const Ofrep ofrep(assign::compile(std::vector{sticky, needs}).value(), &store);
  const auto memories = [&](const json& session) {
    const json row = {{"id", "u"}, {"attributes", {{"session", session}}}};
    const json units = {{"experiment", "needs"}, {"units", {row}}};
    const auto rows = answer_assignments(ofrep.snapshot(), units.dump(), {.store = &store});
    const std::string body = body_of({{"targetingKey", "u"}, {"session", session}});
    return std::pair(ofrep.evaluate_flag("needs", body).memories.size(),
                     rows.value().memories.size());
  };
  EXPECT_EQ(memories("s"), std::pair(std::size_t{1}, std::size_t{1}));
  EXPECT_EQ(memories(17), std::pair(std::size_t{0}, std::size_t{0}));
}

// The error codes of a bulk answer by key; of a flag that was answered, its reason.
std::map<std::string, std::string> outcomes(const Answer& answer) {
  EXPECT_EQ(answer.status, 200) << answer.body;
  std::map<std::string, std::string> all;
  const json body = json::parse(answer.body);
  for (const json& flag : body["flags"]) {
    const bool failed = flag.contains("errorCode");
    EXPECT_NE(failed, flag.contains("value")) << flag;
    all[flag["key"]] = failed ? flag["errorCode"] : flag["metadata"]["assay_reason"];
  }
  return all;
}

TEST(Sticky, WhileTheStoreFailsBulkAnswersWhatNeedsNoMemory) {
  using Outcomes = std::map<std::string, std::string>;
  MapStore store;
  const Ofrep ofrep = world(store, {1, 1}, 0);
  const std::string body = body_of({{"targetingKey", "u"}});
  const Outcomes only_plain = {{"sticky", "GENERAL"}, {"plain", "split"}, {"needs", "GENERAL"}};
  store.fails = true;
  const Answer unread = ofrep.evaluate_bulk(body);
  EXPECT_EQ(outcomes(unread), only_plain);
  EXPECT_EQ(unread.evaluations.size(), 1) << "what was not answered does not count";
  EXPECT_TRUE(unread.memories.empty());
  EXPECT_EQ(ofrep.evaluate_bulk(body, {.if_none_match = unread.etag}).status, 304);

  store.fails = false;
  const BulkOptions full = {.fault = StoreFault::kNotRemembered};
  EXPECT_EQ(outcomes(ofrep.evaluate_bulk(body, full)), only_plain) << "new";
  EXPECT_TRUE(ofrep.evaluate_bulk(body, full).memories.empty());
  EXPECT_NE(ofrep.evaluate_bulk(body, full).etag,
            ofrep.evaluate_bulk(body, {.fault = StoreFault::kOvertaken}).etag)
      << "another cause is another answer";
  store.kept[{"user", "u", "sticky"}] = {"sticky", "treatment", 0};
  EXPECT_EQ(outcomes(ofrep.evaluate_bulk(body, full))["sticky"], "sticky");
  const Outcomes all = {{"sticky", "sticky"}, {"plain", "split"}, {"needs", "split"}};
  EXPECT_EQ(outcomes(ofrep.evaluate_bulk(body)), all);
}

// "unit experiment: reason" of every row; of one that is withheld, its error.
std::vector<std::string> rows_of(const Answer& answer) {
  std::vector<std::string> rows;
  const json body = json::parse(answer.body);
  for (const json& row : body["assignments"]) {
    EXPECT_NE(row.contains("error"), row.contains("reason")) << row;
    EXPECT_FALSE(row.contains("error") && row.contains("variant")) << row;
    const std::string outcome = row.contains("error") ? row["error"] : row["reason"];
    rows.push_back(row["unit"].get<std::string>() + " " + row["experiment"].get<std::string>() +
                   ": " + outcome);
  }
  return rows;
}

TEST(Sticky, WhileTheStoreFailsAssignmentsOfAllHaveTheRowsThatNeedNone) {
  const std::string unread = "the store of earlier answers cannot be read (try again soon)";
  const std::string forgets = "the answer cannot be remembered, so none is given (try again soon)";
  MapStore store;
  const Ofrep ofrep = world(store, {1, 1}, 0);
  const char* two = R"({"units":[{"id":"u"},{"id":"new"}]})";
  store.fails = true;
  const auto failed = answer_assignments(ofrep.snapshot(), two, {.store = &store});
  ASSERT_TRUE(failed) << to_text(failed.error());
  EXPECT_EQ(rows_of(*failed),
            (std::vector<std::string>{"u sticky: " + unread, "u plain: split", "u needs: " + unread,
                                      "new sticky: " + unread, "new plain: split",
                                      "new needs: " + unread}));
  EXPECT_EQ(store.asked, 1) << "ten thousand units do not wait for it one by one";
  EXPECT_TRUE(failed->memories.empty());

  store.fails = false;
  store.kept[{"user", "u", "sticky"}] = {"sticky", "treatment", 0};
  const auto full = answer_assignments(ofrep.snapshot(), two,
                                       {.store = &store, .fault = StoreFault::kNotRemembered});
  ASSERT_TRUE(full) << to_text(full.error());
  EXPECT_EQ(rows_of(*full),
            (std::vector<std::string>{"u sticky: sticky", "u plain: split", "u needs: " + forgets,
                                      "new sticky: " + forgets, "new plain: split",
                                      "new needs: " + forgets}));
  EXPECT_TRUE(full->memories.empty());
  const char* with_device = R"({"units":[{"id":"u","attributes":{"device":"d"}},
                                         {"id":"","attributes":{"device":"d"}}]})";
  const auto known = answer_assignments(ofrep.snapshot(), with_device,
                                        {.store = &store, .fault = StoreFault::kNotRemembered});
  EXPECT_EQ(rows_of(known.value()).at(0), "u sticky: sticky");
  EXPECT_EQ(rows_of(known.value()).at(3), " sticky: " + forgets) << "nor is it under the device";
}

// What every door says of it to somebody new; OFREP in its own form.
TEST(Sticky, EachFaultOfTheStoreHasOneTextInAllDoors) {
  MapStore store;
  const Ofrep ofrep = world(store, {1, 1}, 0);
  for (const auto& [fault, cause] :
       {std::pair{StoreFault::kNotRead, "the store of earlier answers cannot be read"},
        {StoreFault::kNotRemembered, "the answer cannot be remembered, so none is given"},
        {StoreFault::kOvertaken, "each time, another answer to one of the units was first"}}) {
    store.fails = fault == StoreFault::kNotRead;
    store.kept.clear();
    const StoreFault before = store.fails ? StoreFault::kNone : fault;
    const std::string text = cause + std::string(" (try again soon)");
    const json flag = {{"key", "sticky"}, {"errorCode", "GENERAL"}, {"errorDetails", text}};
    const std::string body = body_of({{"targetingKey", "new"}});
    const Answer single = ofrep.evaluate_flag("sticky", body, {}, before);
    EXPECT_EQ(single.status, 503);
    EXPECT_EQ(json::parse(single.body), flag);
    EXPECT_TRUE(single.memories.empty() && single.evaluations.empty());
    EXPECT_EQ(json::parse(ofrep.evaluate_bulk(body, {.fault = before}).body)["flags"][0], flag);
    const AssignmentsOptions options = {.store = &store, .fault = before};
    const auto rows = answer_assignments(ofrep.snapshot(), R"({"units":[{"id":"new"}]})", options);
    ASSERT_TRUE(rows);
    EXPECT_EQ(rows_of(*rows).at(0), "new sticky: " + text);
    const char* named = R"({"experiment":"sticky","units":[{"id":"new"}]})";
    const auto refused = answer_assignments(ofrep.snapshot(), named, options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kUnavailable);
    EXPECT_EQ(to_text(refused.error()), text);
    // Whoever is known by now is answered, unless that cannot be read.
    store.kept[{"user", "new", "sticky"}] = {"sticky", "treatment", 0};
    EXPECT_EQ(ofrep.evaluate_flag("sticky", body, {}, before).status, store.fails ? 503 : 200);
    EXPECT_EQ(answer_assignments(ofrep.snapshot(), named, options).has_value(), !store.fails);
  }
}

TEST(Sticky, AllRoutesAgree) {
  MapStore store;
  const Ofrep ofrep = world(store, {1, 1}, 0);
  store.kept[{"user", "u", "sticky"}] = {"sticky", "treatment", 0};
  store.kept[{"user", "w", "sticky"}] = {"sticky", "no longer there", 0};
  const std::string units = R"({"experiment":"sticky","units":[{"id":"u"},{"id":"w"}]})";
  const auto assigned = answer_assignments(ofrep.snapshot(), units, {.store = &store});
  ASSERT_TRUE(assigned);
  const json rows = json::parse(assigned->body)["assignments"];
  EXPECT_EQ(rows[0]["reason"], "sticky");
  EXPECT_EQ(rows[0]["variant"], "treatment");
  EXPECT_EQ(rows[1]["reason"], "split");
  ASSERT_EQ(assigned->memories.size(), 1U);
  EXPECT_EQ(assigned->memories[0].unit_id, "w");
  const Answer bulk = ofrep.evaluate_bulk(body_of({{"targetingKey", "u"}}));
  EXPECT_TRUE(bulk.memories.empty());
  EXPECT_EQ(json::parse(bulk.body)["flags"][0]["variant"], "treatment");
}

TEST(Sticky, ALongIdIsKeptByItsHash) {
  MapStore store;
  const std::string long_id(1 << 20, 'x');
  const json first = ask(world(store, {1, 1}, 0), store, {{"targetingKey", long_id}});
  ASSERT_EQ(store.kept.size(), 1u);
  EXPECT_EQ(std::get<1>(store.kept.begin()->first).size(), std::string("sha256:").size() + 64);
  // With these weights nearly everybody would be drawn the other variant.
  const bool is_control = first["variant"] == "control";
  const json later = ask(
      world(store,
            is_control ? std::vector<std::uint32_t>{1, 99} : std::vector<std::uint32_t>{99, 1}, 1),
      store, {{"targetingKey", long_id}});
  EXPECT_EQ(later["variant"], first["variant"]);
  EXPECT_EQ(later["metadata"]["assay_reason"], "sticky");
}

// Every one of these is new to the store, and told so.
std::vector<NewMemory> news(const std::vector<assign::Running>& running, StickyStore& store,
                            const json& context) {
  const Ofrep ofrep(assign::compile(running).value(), &store);
  return ofrep.evaluate_bulk(body_of(context)).memories;
}

assign::Running remembering(std::string id) {
  assign::Running running{.plan = plan_of(std::move(id))};
  running.plan.assignment.sticky = true;
  return running;
}

TEST(Sticky, AMemoryIsOfOneExperiment) {
  MapStore store;
  const std::vector<assign::Running> running = {remembering("a"), remembering("c")};
  store.kept[{"user", "u", "b"}] = {"b", "treatment", 0};  // Ended, or not started here.
  store.kept[{"user", "u", "c"}] = {"c", "treatment", 0};
  const auto fresh = news(running, store, {{"targetingKey", "u"}});
  ASSERT_EQ(fresh.size(), 1U) << "c is known, a is not, b stands for neither";
  EXPECT_EQ(fresh[0].memory.experiment, "a");
}

TEST(Sticky, AVariantThatIsGoneStandsForNothingElse) {
  MapStore store;
  store.kept[{"user", "u", "sticky"}] = {"sticky", "gone", 0};
  store.kept[{"device", "d", "sticky"}] = {"sticky", "treatment", 0};
  const json answer = ask(world(store, {1, 0}, 0), store, {{"user", "u"}, {"device", "d"}});
  EXPECT_EQ(answer["variant"], "treatment");
  EXPECT_EQ(answer["metadata"]["assay_reason"], "sticky");
  const json only = ask(world(store, {1, 0}, 0), store, {{"user", "other"}, {"device", "e"}});
  EXPECT_EQ(only["variant"], "control");
  const json again = ask(world(store, {1, 0}, 0), store, {{"user", "other"}});
  EXPECT_EQ(again["metadata"]["assay_reason"], "sticky");
  EXPECT_EQ(again["reason"], "SPLIT") << "also where the split gives all to one";
}

TEST(Sticky, AMemoryOfBeforeAReshuffleIsReplaced) {
  MapStore store;
  assign::Running running = remembering("a");
  running.epoch = 3;
  running.earlier = {{.epoch = 2, .traffic_ppm = 1'000'000, .weights = {1, 3}}};
  store.kept[{"user", "u", "a"}] = {"a", "treatment", 1};
  const auto fresh = news({running}, store, {{"targetingKey", "u"}});
  ASSERT_EQ(fresh.size(), 1U);
  EXPECT_EQ(fresh[0].memory.epoch, 3);
  EXPECT_EQ(fresh[0].first_epoch, 2) << "what is of before that gives way";
  store.kept[{"user", "u", "a"}] = {"a", "treatment", 2};
  EXPECT_TRUE(news({running}, store, {{"targetingKey", "u"}}).empty());
}

TEST(Sticky, OnlyASplitIsRemembered) {
  MapStore store;
  assign::Running running = remembering("a");
  running.plan.assignment.overrides = {{.unit_id = "tester", .variant = "treatment"}};
  EXPECT_TRUE(news({running}, store, {{"targetingKey", "tester"}}).empty());
  EXPECT_EQ(news({running}, store, {{"targetingKey", "u"}}).size(), 1U);
  running.plan.assignment.traffic_ppm = 0;
  EXPECT_TRUE(news({running}, store, {{"targetingKey", "u"}}).empty());
  const Ofrep nobody(assign::compile(std::vector{running}).value(), &store);
  const json outside =
      json::parse(nobody.evaluate_flag("a", body_of({{"targetingKey", "u"}})).body);
  EXPECT_EQ(outside["metadata"]["assay_reason"], "traffic");
  EXPECT_FALSE(outside["metadata"].contains("propensity")) << "nothing was drawn";
}

TEST(Sticky, AnIdIsKeptAsItIsUpToWhatAnEventMayName) {
  MapStore store;
  for (const auto& [bytes, is_kept_whole] :
       {std::pair{kMaxUnitIdBytes, true}, {kMaxUnitIdBytes + 1, false}}) {
    const std::string id(bytes, 'x');
    const auto fresh = news({remembering("a")}, store, {{"targetingKey", id}});
    ASSERT_EQ(fresh.size(), 1U);
    EXPECT_EQ(fresh[0].unit_id == id, is_kept_whole) << bytes;
  }
}

// The rows of one request are answered as if they were asked one after the other.
TEST(Sticky, WhoLogsInFurtherDownKeepsTheVariantOfTheDevice) {
  for (const std::string& experiment : {std::string(), std::string(R"("experiment":"sticky",)")}) {
    int devices = 0;
    for (int i = 0; i < 40; ++i) {
      MapStore store;
      store.kept[{"user", "u" + std::to_string(i), "zzz"}] = {"zzz", "control", 0};
      // Of an epoch that does not hold: answered anew further up.
      store.kept[{"device", "d" + std::to_string(i), "sticky"}] = {"sticky", "control", 7};
      const Ofrep ofrep = world(store, {1, 1}, 0);
      const std::string device = R"("attributes":{"device":"d)" + std::to_string(i) + "\"}}";
      const std::string user = R"({"id":"u)" + std::to_string(i) + "\"";
      const auto assigned = answer_assignments(ofrep.snapshot(),
                                               "{" + experiment + R"("units":[{"id":"",)" + device +
                                                   "," + user + "," + device + "," + user + "}]}",
                                               {.store = &store});
      ASSERT_TRUE(assigned) << to_text(assigned.error());
      std::vector<std::string> variants;
      for (const json body = json::parse(assigned->body); const json& row : body["assignments"]) {
        if (row["experiment"] == "sticky") variants.push_back(row["variant"]);
      }
      EXPECT_EQ(variants, std::vector<std::string>(3, variants.at(0))) << assigned->body;
      EXPECT_EQ(assigned->memories.size(), 2U) << "of the device and of the user, once each";
      devices += variants[0] == "control" ? 1 : 0;
    }
    EXPECT_TRUE(devices > 5 && devices < 35) << devices;
  }
}

TEST(Sticky, AssignmentsOfAllExperimentsAskToo) {
  MapStore store;
  const Ofrep ofrep = world(store, {1, 1}, 0);
  store.kept[{"user", "u", "sticky"}] = {"sticky", "treatment", 0};
  for (const char* units :
       {R"({"units":[{"id":"u"}]})", R"({"experiment":"needs","units":[{"id":"u"}]})"}) {
    const auto assigned = answer_assignments(ofrep.snapshot(), units, {.store = &store});
    ASSERT_TRUE(assigned);
    const json rows = json::parse(assigned->body)["assignments"];
    EXPECT_EQ(rows.back()["experiment"], "needs");
    EXPECT_EQ(rows.back()["reason"], "split") << "the treatment that it needs is remembered";
  }
}

}  // namespace
}  // namespace assay::deliver
