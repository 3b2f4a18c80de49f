// spec/conformance through the C face: the same answers and reasons as through C++.
#include <cmath>
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

TEST(ThroughC, Sticky) {
  const json file = conformance("sticky.json");
  const Handle snapshot = load(file["snapshot"].dump());
  for (const json& c : file["cases"]) {
    const json& context = c["context"];
    const std::string key = context.value("targetingKey", std::string());
    const std::string device = context.value("device", std::string());
    std::vector<std::string> variants;
    for (const json& memory : c["remembered"]) variants.push_back(memory["variant"]);
    std::vector<c_memory> memories;
    for (std::size_t i = 0; i < variants.size(); ++i) {
      memories.push_back({variants[i].c_str(), c["remembered"][i]["epoch"].get<std::int64_t>()});
    }
    c_answer answer = {};
    std::int64_t epoch = -1;
    EXPECT_TRUE(c_ask_remembering(snapshot.get(), key.empty() ? nullptr : key.c_str(),
                                  device.empty() ? nullptr : device.c_str(), memories.data(),
                                  memories.size(), &answer, &epoch));
    EXPECT_EQ(answer.reason, c["reason"].get<std::string>()) << c;
    EXPECT_EQ(answer.variant, c.value("variant", std::string())) << c;
    if (c.contains("epoch")) {
      EXPECT_EQ(epoch, c["epoch"].get<std::int64_t>()) << c;
    }
  }
  EXPECT_GT(file["cases"].size(), 400U);
  const c_memory unknown = {"no such variant", 2};
  c_answer answer = {};
  std::int64_t epoch = 0;
  EXPECT_FALSE(c_ask_remembering(snapshot.get(), "u", nullptr, &unknown, 1, &answer, &epoch));
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

assay_text text_of(const std::string& text) { return {text.data(), text.size()}; }
std::vector<assay_text> texts_of(const std::vector<std::string>& items) {
  std::vector<assay_text> texts;
  for (const std::string& item : items) texts.push_back(text_of(item));
  return texts;
}

TEST(ThroughC, Interleaving) {
  const json file = conformance("interleaving.json");
  const json teams = {"nobody", "control", "treatment"};
  for (const json& c : file["cases"]) {
    const auto control = c["control"].get<std::vector<std::string>>();
    const auto treatment = c["treatment"].get<std::vector<std::string>>();
    const auto a = texts_of(control), b = texts_of(treatment);
    const std::string request = c["request"], salt = c["salt"];
    const bool drafts = c["scheme"] == "team_draft";
    std::vector<assay_shown_item> out(c["length"].get<std::size_t>());
    std::size_t shown = 0;
    char why[1024] = "";
    ASSERT_TRUE(c_interleave(drafts ? ASSAY_TEAM_DRAFT : ASSAY_BALANCED, text_of(request),
                             text_of(salt), {a.data(), a.size()}, {b.data(), b.size()}, out.data(),
                             out.size(), &shown, why))
        << why << c;
    ASSERT_EQ(shown, c["items"].size()) << c;
    for (std::size_t i = 0; i < shown; ++i) {
      const json& item = c["items"][i];
      EXPECT_EQ(std::string(out[i].item.data, out[i].item.size), item["item"]) << c;
      EXPECT_EQ(teams[out[i].team], drafts ? item["team"] : json("nobody")) << c;
      EXPECT_EQ(out[i].control_rank, drafts ? 0 : item["control_rank"].get<int>()) << c;
      EXPECT_EQ(out[i].treatment_rank, drafts ? 0 : item["treatment_rank"].get<int>()) << c;
    }
  }
  EXPECT_GT(file["cases"].size(), 150U);
}

TEST(ThroughC, InterleavingSaysWhatItCannotUse) {
  const assay_text twice[] = {assay_text_of("x"), assay_text_of("x")};
  assay_shown_item out[2];
  std::size_t shown = 7;
  char why[1024] = "";
  const auto ask = [&](int scheme, const char* request, size_t length) {
    EXPECT_FALSE(c_interleave(static_cast<assay_interleaving>(scheme), assay_text_of(request),
                              assay_text_of("s"), {twice, 2}, {nullptr, 0}, out, length, &shown,
                              why));
    return std::string(why);
  };
  const std::string all = ask(ASSAY_TEAM_DRAFT, "", 0);
  EXPECT_NE(all.find("request"), std::string::npos) << all;
  EXPECT_NE(all.find("\nlength: must be 1 or more"), std::string::npos) << all;
  EXPECT_EQ(all.substr(0, 10), "1 request:") << "one sentence a line, with its place";
  EXPECT_NE(all.find("rankings.control[1]"), std::string::npos) << all;
  EXPECT_NE(ask(3, "q", 2).find("no such scheme"), std::string::npos);
  EXPECT_EQ(shown, 7U) << "left as it was";
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
  for (const double none : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    c_ask_attributes(snapshot.get(), "exp", "IN", none, true, &answer);
    EXPECT_STREQ(answer.explanation, "age is missing") << none;
  }
  c_answer untouched = {};
  c_ask_attributes(snapshot.get(), "no such experiment", "IN", 30, true, &untouched);
  EXPECT_STREQ(untouched.reason, "");
  const assay_text id = assay_snapshot_experiment(snapshot.get(), 0);
  EXPECT_EQ(std::string_view(id.data, id.size), "exp");
}

TEST(ThroughC, AnAnswerHasItsVersionItsChanceAndItsPayload) {
  assign::Running running{.plan = assign::plan_of("exp", {1, 3}), .version = 7, .epoch = 2};
  running.plan.variants[1].payload_json = R"({"depth":9})";
  running.plan.assignment.fallback_unit = "device";
  const Handle snapshot = load(assign::snapshot_json(std::span(&running, 1)));
  assay_context* context = assay_context_new(snapshot.get());
  const auto text = [](assay_text from) { return std::string(from.data, from.size); };
  int treated = 0;
  for (int i = 0; i < 40; ++i) {
    const std::string device = "d" + std::to_string(i);
    assay_context_set_text(context, assay_text_of("device"), {device.data(), device.size()});
    const assay_assignment out = assay_evaluate_number(snapshot.get(), 0, context);
    EXPECT_EQ(out.version, 7U);
    EXPECT_EQ(out.epoch, 2);
    EXPECT_EQ(text(out.unit_kind), "device");
    treated += out.variant_number;
    EXPECT_EQ(out.propensity, out.variant_number == 1 ? 0.75 : 0.25);
    if (out.variant_number == 1) {
      EXPECT_EQ(text(out.payload_json), R"({"depth":9})");
    } else {
      EXPECT_EQ(out.payload_json.data, nullptr);
    }
  }
  EXPECT_NEAR(treated, 30, 9);
  assay_context_reset(context);
  const assay_assignment nobody = assay_evaluate_number(snapshot.get(), 0, context);
  EXPECT_EQ(text(nobody.reason), "no_unit");
  EXPECT_EQ(nobody.variant_number, -1);
  assay_context_free(context);
}

TEST(ThroughC, TheKeyIsAnAttributeAndWhatIsNoIdIsSaid) {
  json plan = even("exp");
  plan["targeting"] = {{"attribute", "targetingKey"}, {"starts_with", "vip"}};
  const Handle snapshot = load_plans(json::array({plan}));
  EXPECT_GE(c_ask_key(snapshot.get(), "vip1", 4), 0);
  EXPECT_EQ(c_ask_key(snapshot.get(), "u1", 2), -1);
  assay_context* context = assay_context_new(snapshot.get());
  const auto why = [&] {
    const assay_owned_text text = assay_explain(snapshot.get(), 0, context);
    const std::string copy(text.data, text.size);
    assay_text_free(text);
    return copy;
  };
  EXPECT_EQ(why(), "the context has no id of the kind user");
  assay_context_set_number(context, assay_text_of("user"), 17);
  EXPECT_EQ(why(), "user is no text, but the id of a unit is one");
  assay_context_free(context);
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
  EXPECT_EQ(doubled.rfind("1 exp.id: this experiment is there twice", 0), 0U) << doubled;
  EXPECT_NE(doubled.find("[exp.id]"), std::string::npos) << doubled;
  json unknown = json::parse(assign::snapshot_json(std::span(&twice, 1)));
  unknown["experiments"][0]["quota"] = 1;
  EXPECT_EQ(refused(unknown.dump()),
            "1 exp: quota is not known (it may come from a newer assay) [exp]");

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
  for (const char* more : {R"({"targetingKey":"u1"},"x":{})", R"({"targetingKey":"u1"}})",
                           R"({},"context":{"targetingKey":"u1"})"}) {
    EXPECT_NE(ask("exp", more).find("the context is not JSON"), std::string::npos) << more;
  }
  EXPECT_NE(ask("exp", R"({"targetingKey":7})").find("targetingKey"), std::string::npos);
  EXPECT_EQ(ask("exp", R"({"targetingKey":"u","x":[{"k":1,"k":2}]})"),
            "1 x[0].k is there twice (give it once) [x[0].k]");
  EXPECT_EQ(ask("exp", R"({"age":1e400})"),
            "1 age is a number that is too large: 1e400 (the largest is about 1.8e308) [age]");
  EXPECT_EQ(assay_snapshot_load({nullptr, 0}, nullptr), nullptr);
  assay_snapshot_free(nullptr);
  assay_context_free(nullptr);
  assay_error_free(nullptr);
  assay_error error = {};
  EXPECT_EQ(assay_snapshot_load(assay_text_of("{"), &error), nullptr);
  assay_error_free(&error);
  EXPECT_EQ(error.message.data, nullptr) << "may be freed again";
  assay_error_free(&error);
}

}  // namespace
}  // namespace assay
