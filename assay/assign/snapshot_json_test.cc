#include "assay/assign/snapshot_json.h"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/assign/testing.h"
#include "assay/define/parse.h"

namespace assay::assign {
namespace {

using define::Op;
using nlohmann::json;

Running rich() {
  define::Experiment plan = plan_of("rich", {2, 3, 5});
  plan.variants[1].payload_json = R"({"a \"b\"\n":[1,0.1,1e+300,null,true,"ü\\"],"n":-7})";
  plan.variants[2].endpoint = "http://127.0.0.1:9000";
  plan.control = "treatment";
  plan.assignment = {
      .unit = "session",
      .layer = "home",
      .slots = {{.begin = 5, .end = 400'000}, {.begin = 500'000, .end = 600'000}},
      .traffic_ppm = 250'000,
      .salt = "tab\there, \x1f and \x01",
      .reshuffle = true,
      .expose_on_evaluation = true,
      .targeting = tree(Op::kAny, {leaf(Op::kIn, "country", {std::string("IN"), 7.25, true}),
                                   tree(Op::kNot, {leaf(Op::kExists, "beta", {false})})}),
      .overrides = {{.unit_id = "tester", .variant = "treatment2"}},
  };
  return {.plan = plan, .version = 4, .epoch = 2, .is_stopped = true};
}

// The example in the header.
TEST(SnapshotJson, ReadsWhatItWrites) {
  const std::vector<Running> running = {rich(), {.plan = plan_of("plain")}};
  const std::string text = snapshot_json(running);
  const auto loaded = parse_snapshot(text);
  ASSERT_TRUE(loaded) << to_text(loaded.error());
  ASSERT_EQ(loaded->size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ((*loaded)[i].plan, running[i].plan);
    EXPECT_EQ((*loaded)[i].version, running[i].version);
    EXPECT_EQ((*loaded)[i].epoch, running[i].epoch);
    EXPECT_EQ((*loaded)[i].is_stopped, running[i].is_stopped);
  }
  EXPECT_EQ(snapshot_json(*loaded), text);
  EXPECT_EQ(json::parse(text)["experiments"][0]["variants"][1]["payload"]["n"], -7);
  EXPECT_EQ(compile(*loaded).value()->size(), 2U);
  EXPECT_TRUE(parse_snapshot(snapshot_json(std::vector<Running>()))->empty());
}

std::vector<Assignment> answers(const Snapshot& snapshot, const std::string& id) {
  Context context(snapshot);
  context.set_targeting_key(id);
  context.set_text("session", id);
  context.set_text("country", "IN");
  std::vector<Assignment> all(snapshot.size());
  snapshot.evaluate_all(context, all);
  return all;
}

// By load_snapshot, and step by step.
void expect_same_snapshot(const std::string& text) {
  const auto quick = load_snapshot(text);
  ASSERT_TRUE(quick) << to_text(quick.error());
  const auto loaded = parse_snapshot(text);
  ASSERT_TRUE(loaded) << to_text(loaded.error());
  const auto slow = compile(*loaded).value();
  ASSERT_EQ((*quick)->size(), slow->size());
  for (std::uint32_t e = 0; e < slow->size(); ++e) {
    EXPECT_EQ((*quick)->id({e}), slow->id({e}));
    EXPECT_EQ((*quick)->version({e}), slow->version({e}));
    EXPECT_EQ((*quick)->control({e}), slow->control({e}));
    for (std::size_t v = 0; v < slow->variant_count({e}); ++v) {
      EXPECT_EQ((*quick)->variant_key({e}, v), slow->variant_key({e}, v));
      EXPECT_EQ((*quick)->payload_json({e}, v), slow->payload_json({e}, v));
    }
  }
  for (int i = 0; i < 500; ++i) {
    const auto one = answers(**quick, "u" + std::to_string(i));
    const auto other = answers(*slow, "u" + std::to_string(i));
    for (std::size_t e = 0; e < one.size(); ++e) {
      EXPECT_EQ(one[e].variant, other[e].variant) << i;
      EXPECT_EQ(one[e].reason, other[e].reason) << i;
      EXPECT_EQ(one[e].epoch, other[e].epoch) << i;
      EXPECT_EQ(one[e].propensity, other[e].propensity) << i;
    }
  }
}

// A snapshot in which experiments depend on each other, in both directions of the list.
std::vector<Running> related() {
  std::vector<Running> all = {{.plan = plan_of("first")}, rich()};
  all[1].is_stopped = false;
  all[0].plan.assignment.prerequisites = {{.experiment = "last", .variants = {"treatment"}}};
  all[0].plan.assignment.prerequisites[0].or_outside = true;
  all[0].plan.assignment.namespaces = {
      {define::HashScheme::kGrowthbookV1, "__all", "user", {{0, 500'000}, {600'000, 900'000}}}};
  all[0].plan.assignment.forced = {
      {"control", leaf(Op::kExists, "beta", {true}), {{"beside", {"control"}, false}}}};
  all[0].plan.assignment.holdouts = {{.name = "all", .unit = "user", .share_ppm = 50'000}};
  all.push_back({.plan = plan_of("beside")});
  all[2].plan.assignment.layer = "home";
  all[2].plan.assignment.slots = {{.begin = 400'000, .end = 500'000}};
  all.push_back({.plan = plan_of("switching")});
  all[3].plan.assignment.switchback = {.period_seconds = 60, .burn_in_seconds = 5, .start = {}};
  all.push_back({.plan = plan_of("ramped", {1, 3}),
                 .version = 3,
                 .epoch = -1,
                 .earlier = {{.epoch = -2, .traffic_ppm = 100'000, .weights = {1, 1}}}});
  all[4].plan.assignment.targeting = leaf(Op::kGreater, "age", {17.5});
  all.push_back({.plan = plan_of("last")});
  all.push_back({.plan = plan_of("forcing")});
  all[6].plan.assignment.forced = {
      {.variant = "treatment", .when = {}, .prerequisites = {{"named", {"control"}}}}};
  all.push_back({.plan = plan_of("named")});
  return all;
}

// The quick reader of load_snapshot takes a text as it is written, or with spaces; any other order
// of members is left to the slow one.
TEST(SnapshotJson, LoadsWhateverTheLayout) {
  const std::string text = snapshot_json(related());
  expect_same_snapshot(text);
  expect_same_snapshot(nlohmann::ordered_json::parse(text).dump(2) + "\r\n\t ");
  expect_same_snapshot(json::parse(text).dump());  // Members by their names.
  EXPECT_EQ(load_snapshot(snapshot_json(std::vector<Running>())).value()->size(), 0U);
}

// The shortest text of such a double is a whole number that 64 bits do not hold.
TEST(SnapshotJson, NumbersOfAnySize) {
  Running one{.plan = plan_of("large")};
  one.plan.assignment.targeting = {
      .op = define::Op::kIn,
      .attribute = "a",
      .values = {std::string("18446744073709551616"), 18446744073709551616.0, -1e19, 1e300}};
  const std::string text = snapshot_json(std::span(&one, 1));
  EXPECT_NE(text.find("[\"18446744073709551616\",18446744073709551616,"), std::string::npos);
  expect_same_snapshot(text);
  const auto loaded = load_snapshot(text);
  ASSERT_TRUE(loaded) << to_text(loaded.error());
  Context context(**loaded);
  context.set_targeting_key("u");
  context.set_number("a", 18446744073709551616.0);
  EXPECT_EQ((*loaded)->evaluate("large", context)->reason, Reason::kSplit);
}

std::string load_error(const std::string& text) {
  const auto loaded = load_snapshot(text);
  return loaded ? "no error" : to_text(loaded.error());
}

TEST(SnapshotJson, LoadingSaysWhatIsWrong) {
  EXPECT_NE(load_error("").find("the snapshot is not JSON"), std::string::npos);
  for (const std::string format : {"0", "2"}) {
    EXPECT_NE(load_error(R"({"format":)" + format + R"(,"experiments":[]})").find("of format"),
              std::string::npos);
  }
  const std::string text = snapshot_json(related());
  for (std::size_t size = 1; size < text.size(); size += 7) {
    EXPECT_NE(load_error(text.substr(0, size)).find("not JSON"), std::string::npos) << size;
  }
  EXPECT_NE(load_error(text + "]").find("not JSON"), std::string::npos);
  EXPECT_NE(load_error(text + '\0').find("not JSON"), std::string::npos);
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string copy = text;
    return load_error(copy.replace(copy.find(from), from.size(), to));
  };
  EXPECT_NE(changed("\"version\":", "\"quota\":1,\"version\":").find("quota is not known"),
            std::string::npos);
  EXPECT_NE(changed("\"control\":", "\"id\":\"again\",\"control\":").find("id is not there once"),
            std::string::npos);
  EXPECT_NE(changed("\"version\":1", "\"version\":01").find("not JSON"), std::string::npos);
  EXPECT_NE(changed("\"version\":1", "\"version\":1.5").find("version is not a whole number"),
            std::string::npos);
  EXPECT_NE(changed("\"version\":1", "\"version\":9999999999999999999").find("version is not"),
            std::string::npos);
  EXPECT_NE(changed("\"version\":1", "\"version\":999999999999999999").find("version is not"),
            std::string::npos);
  EXPECT_NE(changed("\"epoch\":0", "\"epoch\":9999999999999999999").find("epoch is not"),
            std::string::npos);
  EXPECT_NE(
      changed("\"control\":\"control\"", "\"control\":\"zz\"").find("\"zz\" is not a variant"),
      std::string::npos);
  EXPECT_NE(load_error(R"({"format":1,"experiments":[],"zz":1})").find("zz is not known"),
            std::string::npos);
  EXPECT_NE(changed("\"first\"", "\"fi\xffst\"").find("not JSON"), std::string::npos);
  EXPECT_NE(changed("\"first\"", "\"fi\x1fst\"").find("not JSON"), std::string::npos);
}

// What one experiment does to another is found although no plan is kept.
TEST(SnapshotJson, LoadingChecksExperimentsAgainstEachOther) {
  const auto error_with = [](auto change) {
    std::vector<Running> all = related();
    change(all);
    const auto compiled = compile(all);
    const std::string loaded = load_error(snapshot_json(all));
    EXPECT_EQ(loaded, compiled ? "no error" : to_text(compiled.error()));
    return loaded;
  };
  EXPECT_EQ(error_with([](auto&) {}), "no error");
  EXPECT_NE(error_with([](auto& all) {
              all[2].plan.assignment.slots = {{0, 6}};
            }).find("rich and beside both own slots 5-5 of layer home"),
            std::string::npos);
  // A layer named like a plain experiment, which owns all of it.
  EXPECT_NE(error_with([](auto& all) { all[1].plan.assignment.layer = "last"; }).find("both own"),
            std::string::npos);
  EXPECT_NE(
      error_with([](auto& all) { all[1].plan.assignment.layer = "switching"; }).find("both own"),
      std::string::npos);
  EXPECT_NE(error_with([](auto& all) {
              all[2].plan.assignment.slots.clear();
            }).find("rich and beside both own"),
            std::string::npos);
  EXPECT_EQ(error_with([](auto& all) {
              all[3].plan.assignment.slots = {{.begin = 0, .end = 400'000}};
              all[2].plan.assignment.layer = "switching";
            }),
            "no error")
      << "beside what it owns of its own layer";
  for (const int stops : {1, 3}) {
    EXPECT_EQ(error_with([&](auto& all) {
                all[1].plan.assignment.layer = "switching";
                all[static_cast<std::size_t>(stops)].is_stopped = true;
              }),
              "no error");
  }
  EXPECT_NE(error_with([](auto& all) {
              all[0].plan.assignment.prerequisites[0].variants = {"third"};
            }).find("last has no variant \"third\""),
            std::string::npos);
  EXPECT_NE(
      error_with([](auto& all) {
        all[5].plan.assignment.prerequisites = {{.experiment = "first", .variants = {"control"}}};
      }).find("form a cycle"),
      std::string::npos);
  EXPECT_NE(error_with([](auto& all) {
              all[6].plan.assignment.forced[0].prerequisites[0].variants = {"third"};
            }).find("named has no variant \"third\""),
            std::string::npos);
  std::vector<Running> twins = related();
  twins[3].plan.id = "last";
  EXPECT_NE(load_error(snapshot_json(twins)).find("there twice"), std::string::npos);
}

// Every plan of the conformance file answers the same after the journey.
TEST(SnapshotJson, CarriesEveryConformancePlan) {
  std::ifstream file(ASSAY_SOURCE_DIR "/spec/conformance/assignment.json");
  const auto conformance = nlohmann::ordered_json::parse(file);
  std::vector<Running> running;
  for (const auto& plan : conformance["experiments"]) {
    const auto parsed = define::parse(plan.dump(), {.file = "assignment.json"});
    ASSERT_TRUE(parsed) << to_text(parsed.error());
    running.push_back({.plan = parsed->experiment});
  }
  ASSERT_EQ(running.size(), 7U);
  const auto before = compile(running).value();
  const auto loaded = parse_snapshot(snapshot_json(running));
  ASSERT_TRUE(loaded) << to_text(loaded.error());
  const auto after = compile(*loaded).value();
  std::vector<Assignment> first(before->size());
  std::vector<Assignment> second(before->size());
  for (int i = 0; i < 2000; ++i) {
    const std::string id = "u" + std::to_string(i);
    Context a(*before);
    Context b(*after);
    for (Context* context : {&a, &b}) {
      context->set_targeting_key(id);
      context->set_text("country", i % 2 == 0 ? "IN" : "US");
    }
    before->evaluate_all(a, first);
    after->evaluate_all(b, second);
    for (std::size_t k = 0; k < first.size(); ++k) {
      EXPECT_EQ(first[k].reason, second[k].reason);
      EXPECT_EQ(first[k].variant, second[k].variant);
      EXPECT_EQ(first[k].propensity, second[k].propensity);
    }
  }
}

std::string error_of(const std::string& text) {
  const auto loaded = parse_snapshot(text);
  return loaded ? "no error" : to_text(loaded.error());
}

TEST(SnapshotJson, SaysWhatIsWrong) {
  struct Case {
    const char* text;
    const char* message;
  };
  for (const Case& c : {
           Case{"", "not JSON"},
           {"{", "not JSON"},
           {"\"\xff\"", "not JSON"},
           {"[]", "does not say its format"},
           {R"({"experiments":[]})", "does not say its format"},
           {R"({"format":2,"rules":{}})", "of format 2, this version reads format 1"},
           {R"({"format":1})", "no list of experiments"},
           {R"({"format":1,"experiments":[],"zz":1})", "the snapshot: zz is not known"},
           {R"({"format":1,"experiments":[],"format":1})", "format is not there once"},
           {R"({"experiments":[],"format":1,"experiments":[]})", "experiments is not there once"},
           {R"({"format":1,"experiments":[7]})", "something else where an object should be"},
           {R"({"format":1,"experiments":[{}]})", "id is not there"},
           {R"({"format":1,"experiments":[{"id":7}]})", "experiments[0]: id is not a text"},
       }) {
    EXPECT_NE(error_of(c.text).find(c.message), std::string::npos) << error_of(c.text);
  }
}

TEST(SnapshotJson, RefusesWhatItDoesNotKnow) {
  const std::vector<Running> running = {rich()};
  const json good = json::parse(snapshot_json(running));
  const auto changed = [&](const char* pointer, const json& value) {
    json copy = good;
    copy[json::json_pointer(std::string("/experiments/0/") + pointer)] = value;
    return error_of(copy.dump());
  };
  EXPECT_EQ(changed("version", 4), "no error");
  EXPECT_NE(changed("quota", 1).find("rich: quota is not known"), std::string::npos);
  EXPECT_NE(changed("assignment/gate", 1).find("gate is not known"), std::string::npos);
  EXPECT_NE(changed("assignment/hash", "crc").find("hash is not a word"), std::string::npos);
  EXPECT_NE(changed("assignment/slots", "all").find("slots is not a list"), std::string::npos);
  EXPECT_NE(changed("assignment/traffic_ppm", -1).find("traffic_ppm is not a whole number"),
            std::string::npos);
  EXPECT_NE(changed("stopped", 1).find("stopped is not true or false"), std::string::npos);
  EXPECT_NE(changed("version", 4294967296).find("version is not a whole number"),
            std::string::npos);
  const std::string twice = R"({"format":1,"experiments":[{"id":"a","id":"b"}]})";
  EXPECT_NE(error_of(twice).find("control is not there"), std::string::npos) << error_of(twice);
}

// A hostile document neither exhausts the stack nor the memory.
TEST(SnapshotJson, BoundsTheNesting) {
  for (const char* piece : {"[", R"({"a":)", R"({"format":1,"experiments":)"}) {
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += piece;
    EXPECT_NE(error_of(deep).find("the snapshot is n"), std::string::npos);
  }
  define::Condition nested = leaf(Op::kEqual, "a", {std::string("b")});
  for (int i = 0; i < Targeting::kMaxDepth - 1; ++i) nested = tree(Op::kNot, {nested});
  Running deepest{.plan = plan_of("deep")};
  deepest.plan.assignment.targeting = nested;
  const std::string text = snapshot_json(std::span(&deepest, 1));
  const auto loaded = parse_snapshot(text);
  ASSERT_TRUE(loaded) << to_text(loaded.error());
  EXPECT_TRUE(compile(*loaded)) << "as deep as conditions may be";
  EXPECT_TRUE(load_snapshot(text));
  // Laid out as snapshot_json writes it, for the quick reader, which goes down by itself.
  const std::string level = R"("children":[{"op":"not","attribute":"","values":[],)";
  std::string levels;
  for (int i = 0; i < 100'000; ++i) levels += level;
  std::string deeper = text;
  deeper.replace(deeper.find(level), level.size(), levels);
  EXPECT_NE(load_error(deeper).find("the snapshot is n"), std::string::npos);
}

}  // namespace
}  // namespace assay::assign
