// spec/conformance through the C face: the same answers and reasons as through C++.
#include <fstream>
#include <memory>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/assign/testing.h"
#include "assay/base/hash.h"
#include "assay/base/time.h"
#include "assay/define/parse.h"
#include "bindings/c/through_c.h"

namespace assay {
namespace {

using json = nlohmann::ordered_json;
using Handle = std::unique_ptr<assay_snapshot, decltype(&assay_snapshot_free)>;

json conformance(const std::string& name) {
  std::ifstream file("spec/conformance/" + name);
  EXPECT_TRUE(file) << name;
  return json::parse(file);
}

Handle load(const std::string& text) {
  char why[1024] = "";
  Handle snapshot(c_load(text.data(), text.size(), why), assay_snapshot_free);
  EXPECT_TRUE(snapshot) << why;
  return snapshot;
}

// Plans in the format of the experiment file, each with its holdouts.
Handle load_plans(const json& plans, const json& holdouts = json::object()) {
  std::vector<assign::Running> running;
  for (json plan : plans) {
    if (!plan.contains("metrics")) {
      plan["metrics"] = {{"primary", json::array({{{"name", "clicks"}, {"type", "count"}}})}};
    }
    json whole = {{"experiment", plan}};
    const std::string id = plan["id"];
    if (holdouts.contains(id)) whole["holdouts"] = holdouts[id];
    const auto parsed = define::parse(whole.dump(), {.file = "conformance"});
    EXPECT_TRUE(parsed) << to_text(parsed.error()) << plan;
    if (parsed) running.push_back({.plan = parsed->experiment});
  }
  return load(assign::snapshot_json(running));
}

json even(const std::string& id) {
  return {{"id", id}, {"allocation", {{"control", 1}, {"treatment", 1}}}};
}

// Every case with its context as JSON; where that is a key and the time, through a context too.
void check_cases(const std::string& name, std::size_t at_least) {
  const json file = conformance(name);
  const Handle snapshot =
      load_plans(file["experiments"], file.value("holdouts", json(json::object())));
  ASSERT_EQ(assay_snapshot_size(snapshot.get()), file["experiments"].size());
  for (const json& c : file["cases"]) {
    const json& context = c["context"];
    std::int64_t micros = 0;
    const bool has_time = context.contains("time");
    if (has_time) micros = parse_time(context["time"].get<std::string>()).value().micros;
    const std::int64_t* time = has_time ? &micros : nullptr;
    const std::string experiment = c["experiment"];
    c_answer answer = {};
    char why[1024] = "";
    ASSERT_TRUE(
        c_ask(snapshot.get(), experiment.c_str(), context.dump().c_str(), time, &answer, why))
        << why << c;
    EXPECT_EQ(answer.reason, c["reason"].get<std::string>()) << c;
    EXPECT_EQ(answer.variant, c.value("variant", std::string())) << c;
    if (context.size() != (has_time ? 2U : 1U) || !context.contains("targetingKey")) continue;
    c_answer again = {};
    const std::string key = context["targetingKey"];
    c_ask_key_at(snapshot.get(), experiment.c_str(), {key.data(), key.size()}, time, &again);
    EXPECT_STREQ(again.reason, answer.reason) << c;
    EXPECT_STREQ(again.variant, answer.variant) << c;
  }
  EXPECT_GT(file["cases"].size(), at_least);
}

TEST(ThroughC, Assignment) { check_cases("assignment.json", 200); }
TEST(ThroughC, Model) { check_cases("model.json", 150); }

TEST(ThroughC, Conditions) {
  const json file = conformance("conditions.json");
  for (const json& c : file["cases"]) {
    json plan = even("exp");
    plan["targeting"] = c["condition"];
    const Handle snapshot = load_plans(json::array({plan}));
    json context = c["attributes"];
    context["targetingKey"] = "u";
    c_answer answer = {};
    char why[1024] = "";
    ASSERT_TRUE(c_ask(snapshot.get(), "exp", context.dump().c_str(), nullptr, &answer, why))
        << why << c;
    EXPECT_EQ(answer.reason, std::string(c["expect"].get<bool>() ? "split" : "targeting")) << c;
  }
  EXPECT_GT(file["cases"].size(), 50U);
}

// The slot of a draw is the middle one of three variants, one slot wide.
json slot_weights(const json& slot) {
  const std::uint32_t below = slot;
  return {{"below", below}, {"slot", 1}, {"above", define::kLayerSlots - below - 1}};
}

// A layer's own draw: who owns this slot alone has the unit, who owns all but it has not.
void check_layer_slot(const std::string& layer, const std::string& unit, std::uint32_t slot) {
  const auto range = [](std::uint32_t begin, std::uint32_t end) {
    return std::to_string(begin) + "-" + std::to_string(end - 1);
  };
  json owner = even("owner"), others = even("others");
  owner["layer"] = {{"name", layer}, {"slots", range(slot, slot + 1)}};
  others["layer"] = {
      {"name", layer},
      {"slots", json::array({range(0, slot), range(slot + 1, define::kLayerSlots)})}};
  const Handle snapshot = load_plans(json::array({owner, others}));
  for (const auto& [id, reason] : {std::pair("owner", "split"), {"others", "excluded"}}) {
    c_answer answer = {};
    c_ask_key_at(snapshot.get(), id, {unit.data(), unit.size()}, nullptr, &answer);
    EXPECT_STREQ(answer.reason, reason) << layer << " " << unit;
  }
}

TEST(ThroughC, Draws) {
  const json file = conformance("hash.json");
  EXPECT_GT(file["draws"].size(), 30U);
  int layers = 0;
  for (const json& c : file["draws"]) {
    const std::string unit = c["unit"], salt = c["salt"];
    if (salt.empty()) continue;  // Means the id.
    for (const auto& [variant, weights] :
         {std::pair(c["variant_1_1"], json{{"a", 1}, {"b", 1}}),
          {c["variant_2_3_5"], {{"a", 2}, {"b", 3}, {"c", 5}}},
          {c["variant_1_0_9999"], {{"a", 1}, {"b", 0}, {"c", 9999}}},
          {1, slot_weights(c["slot"])}}) {
      const json plan = {{"id", "exp"}, {"allocation", weights}, {"salt", salt}};
      const Handle snapshot = load_plans(json::array({plan}));
      EXPECT_EQ(c_ask_key(snapshot.get(), unit.data(), unit.size()), variant.get<int>()) << c;
    }
    if (!salt.starts_with("layer:")) continue;
    ++layers;
    check_layer_slot(salt.substr(6), unit, c["slot"]);
  }
  EXPECT_EQ(layers, 16);
}

TEST(ThroughC, SchemesOfOtherTools) {
  const json file = conformance("schemes.json");
  for (const json& c : file["cases"]) {
    json plan = {{"id", "moved"},
                 {"allocation", c["allocation"]},
                 {"hash", c["scheme"]},
                 {"salt", c["salt"]},
                 {"traffic", c["traffic"]}};
    const Handle snapshot = load_plans(json::array({plan}));
    std::string answers;
    for (std::uint32_t i = 0; i < file["count"].get<std::uint32_t>(); ++i) {
      const std::string id = assign::peer_unit_id(i, c["id_families"]);
      const int variant = c_ask_key(snapshot.get(), id.data(), id.size());
      ASSERT_GE(variant, -1);
      answers += variant < 0 ? '-' : static_cast<char>('0' + variant);
    }
    EXPECT_EQ(answers.substr(0, 1000), c["answers"]) << c["scheme"];
    EXPECT_EQ(sha256_hex(answers), c["sha256"]) << c["scheme"];
  }
}

TEST(ThroughC, AttributesAndExplanations) {
  json plan = even("exp");
  plan["targeting"] = {{"all", json::array({{{"attribute", "country"}, {"equals", "IN"}},
                                            {{"attribute", "age"}, {"at_least", 18}},
                                            {{"attribute", "beta"}, {"equals", true}}})}};
  const Handle snapshot = load_plans(json::array({plan}));
  c_answer answer = {};
  c_ask_attributes(snapshot.get(), "exp", "IN", 30, true, &answer);
  EXPECT_STREQ(answer.reason, "split");
  EXPECT_STREQ(answer.explanation, "chosen by hash");
  c_ask_attributes(snapshot.get(), "exp", "IN", 17, true, &answer);
  EXPECT_STREQ(answer.reason, "targeting");
  EXPECT_STREQ(answer.variant, "");
  EXPECT_STREQ(answer.explanation, "age does not meet the condition");
  c_answer untouched = {};
  c_ask_attributes(snapshot.get(), "no such experiment", "IN", 30, true, &untouched);
  EXPECT_STREQ(untouched.reason, "");
  const assay_text id = assay_snapshot_experiment(snapshot.get(), 0);
  EXPECT_EQ(std::string_view(id.data, id.size), "exp");
}

TEST(ThroughC, ErrorsSayWhatAndWhere) {
  const auto refused = [](const std::string& text) {
    char why[1024] = "";
    const Handle snapshot(c_load(text.data(), text.size(), why), assay_snapshot_free);
    EXPECT_FALSE(snapshot);
    return std::string(why);
  };
  EXPECT_NE(refused("{").find("1 the snapshot is not JSON"), std::string::npos);
  EXPECT_NE(refused(R"({"format":9})").find("is of format 9"), std::string::npos);
  assign::Running twice{.plan = define::parse(R"({"id":"exp","allocation":{"a":1,"b":1},
      "metrics":{"primary":[{"name":"clicks","type":"count"}]}})",
                                              {})
                                    .value()
                                    .experiment};
  const std::string doubled = refused(assign::snapshot_json(std::vector{twice, twice}));
  EXPECT_NE(doubled.find("this experiment is there twice"), std::string::npos) << doubled;
  EXPECT_NE(doubled.find("[exp.id]"), std::string::npos) << doubled;

  const Handle snapshot = load(assign::snapshot_json(std::span(&twice, 1)));
  const auto ask = [&](const char* experiment, const char* context) {
    c_answer answer = {};
    char why[1024] = "";
    EXPECT_FALSE(c_ask(snapshot.get(), experiment, context, nullptr, &answer, why));
    return std::string(why);
  };
  EXPECT_NE(ask("other", "{}").find("no experiment other"), std::string::npos);
  EXPECT_NE(ask("exp", "{").find("the context is not JSON"), std::string::npos);
  EXPECT_NE(ask("exp", "7").find("not a JSON object"), std::string::npos);
  EXPECT_NE(ask("exp", R"({"targetingKey":7})").find("targetingKey"), std::string::npos);
  EXPECT_EQ(assay_snapshot_load({nullptr, 0}, nullptr), nullptr);
  assay_snapshot_free(nullptr);
  assay_context_free(nullptr);
  assay_error_free(nullptr);
}

}  // namespace
}  // namespace assay
