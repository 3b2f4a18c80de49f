// The importers against the projects' own public vectors: what is taken over must be answered
// alike, whatever the attributes; what is not must say why. The counts are printed.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/define/import.h"
#include "assay/deliver/ofrep.h"

namespace assay::deliver {
namespace {

using nlohmann::json;

const std::string kVectors = "../shared/vectors/";

// Counts by reason, printed at the end.
struct Tally {
  std::string title;
  std::size_t alike = 0;
  std::map<std::string, std::size_t> refused = {};

  void refuse(const Problems& problems) {
    ASSERT_FALSE(problems.empty());
    ++refused[problems.front().message.substr(0, 70)];
  }
  ~Tally() {
    std::size_t total = 0;
    for (const auto& [reason, count] : refused) total += count;
    std::cout << title << ": " << alike << " answered alike, " << total << " not:\n";
    for (const auto& [reason, count] : refused) {
      std::cout << "  " << count << " × " << reason << "\n";
    }
  }
};

// How one experiment answers, for a unit whose id is the attribute "id". Where there is no id, a
// split has nothing to hash, and the application's default counts; a fixed value needs none.
struct Asked {
  bool is_inside = false;
  json value;
};

std::string id_of(const json& attributes) {
  const json id = attributes.value("id", json());
  return id.is_string() ? id.get<std::string>() : id.is_number() ? id.dump() : std::string();
}

Asked ask(const define::Experiment& plan, const json& attributes,
          const std::vector<assign::Running>& beside = {}) {
  std::vector<assign::Running> running = beside;
  if (running.empty()) running.push_back({.plan = plan});
  const auto snapshot = assign::compile(running);
  EXPECT_TRUE(snapshot) << to_text(snapshot.error());
  if (!snapshot) return {};
  const define::Assignment& assignment = plan.assignment;
  const bool is_fixed =
      assignment.hash == define::HashScheme::kAssay && assignment.namespaces.empty();
  json context = attributes;
  context["targetingKey"] = id_of(attributes);
  if (id_of(attributes).empty() && is_fixed) context["targetingKey"] = "anybody";
  const Ofrep ofrep(*snapshot);
  const Answer answer = ofrep.evaluate_flag(plan.id, json{{"context", context}}.dump());
  const json flag = json::parse(answer.body);
  if (flag.contains("errorCode")) {
    EXPECT_EQ(flag["errorCode"], "TARGETING_KEY_MISSING") << context;
    const std::string& payload = plan.control_variant().payload_json;
    return {false, payload.empty() ? json(plan.control) : json::parse(payload)};
  }
  return {flag["variant"] != "", flag.value("value", json())};
}

bool meets(const define::Condition& condition, const json& attributes) {
  define::Experiment plan;
  plan.id = "exp";
  plan.variants = {{.key = "a", .weight = 1}, {.key = "b", .weight = 1}};
  plan.control = "a";
  plan.assignment.targeting = condition;
  return ask(plan, attributes).is_inside;
}

std::optional<json> read(const std::string& file) {
  std::ifstream in(kVectors + file);
  if (!in) return std::nullopt;
  return json::parse(in);
}

// Where the attribute, not the condition, is of a form that GrowthBook converts and assay does not:
// a number as text, and texts that are no versions.
bool is_converted(const std::string& title) {
  return title == "comparing numbers and strings" || title == "version a.b.c.d.e.f > 1.2.3" ||
         title.starts_with("version 1-2-3 ==") || title == "version 1.2.3.4 == 1.2.3-4";
}

TEST(GrowthbookVectors, Conditions) {
  const auto cases = read("growthbook/cases.json");
  if (!cases) GTEST_SKIP() << "../shared/vectors/growthbook/cases.json is not here";
  Tally tally{"GrowthBook conditions"};
  for (const json& one : (*cases)["evalCondition"]) {
    const std::string groups = one.size() > 4 ? one[4].dump() : "";
    const auto condition = define::import_growthbook_condition(one[1].dump(), groups, "cases.json");
    if (!condition) {
      tally.refuse(condition.error());
      continue;
    }
    const bool is_alike = meets(*condition, one[2]) == one[3].get<bool>();
    EXPECT_EQ(is_alike, !is_converted(one[0])) << one << to_text(*condition);
    if (is_alike) ++tally.alike;
    if (!is_alike) ++tally.refused["(answered otherwise: the attribute would be converted)"];
  }
  EXPECT_GE(tally.alike, 207U);
}

TEST(GrowthbookVectors, Hashes) {
  const auto cases = read("growthbook/cases.json");
  if (!cases) GTEST_SKIP() << "../shared/vectors/growthbook/cases.json is not here";
  Tally tally{"GrowthBook hashes"};
  for (const json& one : (*cases)["hash"]) {
    const int version = one[2];
    if (version != 1 && version != 2) {
      EXPECT_TRUE(one[3].is_null());
      ++tally.refused["no such version"];
      continue;
    }
    const auto scheme =
        version == 1 ? define::HashScheme::kGrowthbookV1 : define::HashScheme::kGrowthbookV2;
    const double buckets = version == 1 ? 1000 : 10'000;
    const std::uint64_t bucket =
        assign::peer_bucket(scheme, one[0].get<std::string>(), one[1].get<std::string>());
    EXPECT_DOUBLE_EQ(static_cast<double>(bucket) / buckets, one[3].get<double>()) << one;
    ++tally.alike;
  }
  EXPECT_GE(tally.alike, 10U);
}

// One feature of a payload, or why not.
void check_feature(const json& context, const std::string& key, const json& expected,
                   const json& line, Tally& tally) {
  json payload = {{"features", context.value("features", json::object())}};
  if (context.contains("savedGroups")) payload["savedGroups"] = context["savedGroups"];
  const auto read = define::import_growthbook(payload.dump(), "cases.json");
  ASSERT_TRUE(read) << line;
  std::vector<assign::Running> running;
  for (const auto& flag : read->flags) running.push_back({.plan = flag.experiment});
  for (const auto& flag : read->flags) {
    if (flag.experiment.id != key) continue;
    const Asked asked = ask(flag.experiment, context.value("attributes", json::object()), running);
    EXPECT_EQ(asked.value, expected) << line;
    ++tally.alike;
    return;
  }
  if (!payload["features"].contains(key)) {
    ++tally.refused["no such feature"];
    return;
  }
  tally.refuse(read->refused);
}

TEST(GrowthbookVectors, Features) {
  const auto cases = read("growthbook/cases.json");
  if (!cases) GTEST_SKIP() << "../shared/vectors/growthbook/cases.json is not here";
  Tally tally{"GrowthBook features"};
  for (const json& one : (*cases)["feature"]) {
    if (one[1].contains("forcedVariations")) {
      ++tally.refused["(variations forced by the page)"];
      continue;
    }
    check_feature(one[1], one[2], one[3]["value"], one, tally);
  }
  EXPECT_GE(tally.alike, 40U);
}

TEST(GrowthbookVectors, Experiments) {
  const auto cases = read("growthbook/cases.json");
  if (!cases) GTEST_SKIP() << "../shared/vectors/growthbook/cases.json is not here";
  Tally tally{"GrowthBook experiments"};
  for (const json& one : (*cases)["run"]) {
    json context = one[1];
    if (context.contains("forcedVariations") || context.contains("qaMode") ||
        context.contains("enabled") || context.contains("url") || one[2].contains("force") ||
        !one[2].value("active", true)) {
      ++tally.refused["(the page decides: url, forced, inactive)"];
      continue;
    }
    const std::string key = one[2].value("key", "");
    context["features"][key] = {{"defaultValue", "outside"}, {"rules", {one[2]}}};
    const bool is_inside = one[4];
    check_feature(context, key, is_inside ? one[3] : json("outside"), one, tally);
  }
  EXPECT_GE(tally.alike, 60U);
}

TEST(GrowthbookVectors, Namespaces) {
  const auto cases = read("growthbook/cases.json");
  if (!cases) GTEST_SKIP() << "../shared/vectors/growthbook/cases.json is not here";
  for (const json& one : (*cases)["inNamespace"]) {
    const json rule = {{"variations", {"in", "in"}}, {"namespace", one[2]}};
    const json payload = {{"features", {{"f", {{"defaultValue", "out"}, {"rules", {rule}}}}}}};
    const auto read = define::import_growthbook(payload.dump(), "cases.json");
    ASSERT_TRUE(read && read->flags.size() == 1) << one;
    const Asked asked = ask(read->flags[0].experiment, {{"id", one[1]}});
    EXPECT_EQ(asked.value, one[3].get<bool>() ? "in" : "out") << one;
    EXPECT_EQ(asked.is_inside, one[3].get<bool>()) << one;
  }
  EXPECT_EQ((*cases)["inNamespace"].size(), 16U);
}

// Where nothing counts that the application remembers, for that is not in the payload.
TEST(GrowthbookVectors, FallbackAttributes) {
  const auto cases = read("growthbook/cases.json");
  if (!cases) GTEST_SKIP() << "../shared/vectors/growthbook/cases.json is not here";
  Tally tally{"GrowthBook sticky buckets"};
  for (const json& one : (*cases)["stickyBucket"]) {
    if (one[4].is_null() || one[4]["stickyBucketUsed"] == true) {
      ++tally.refused["(the application remembers)"];
      continue;
    }
    check_feature(one[1], one[3], one[4]["value"], one, tally);
  }
  EXPECT_GE(tally.alike, 7U);
}

TEST(FlagdVectors, GoodFilesAreTakenOrRefusedWithAReason) {
  if (!std::filesystem::exists(kVectors + "flagd")) {
    GTEST_SKIP() << "../shared/vectors/flagd is not here";
  }
  Tally tally{"flagd flags"};
  std::size_t files = 0;
  for (const char* folder : {"flags/positive", "flagd/positive"}) {
    for (const auto& entry :
         std::filesystem::directory_iterator(kVectors + "flagd/test/" + folder)) {
      const auto content =
          read("flagd/test/" + std::string(folder) + "/" + entry.path().filename().string());
      const auto read = define::import_flagd(content->dump(), entry.path().filename().string());
      ASSERT_TRUE(read) << entry.path() << to_text(read.error());
      tally.alike += read->flags.size();
      for (const Problem& problem : read->refused) tally.refuse({problem});
      EXPECT_EQ(read->flags.size() + read->refused.size(), (*content)["flags"].size());
      ++files;
    }
  }
  EXPECT_EQ(files, 11U);
  EXPECT_GE(tally.alike, 50U);
}

TEST(FlagdVectors, BadFilesAreRefused) {
  if (!std::filesystem::exists(kVectors + "flagd")) {
    GTEST_SKIP() << "../shared/vectors/flagd is not here";
  }
  for (const char* name :
       {"empty-variants", "malformed-flag", "missing-variants", "mixed-variant-types.ffconfig",
        "state-set-incorrectly", "with-invalid-targeting"}) {
    const auto content = read("flagd/test/flags/negative/" + std::string(name) + ".json");
    ASSERT_TRUE(content) << name;
    const auto read = define::import_flagd(content->dump(), name);
    EXPECT_TRUE(!read || !read->refused.empty()) << name;
    EXPECT_TRUE(!read || read->flags.empty()) << name;
  }
}

// A flag whose targeting is the given rule; "yes", "no" and the rule's own names are its variants.
json flag_with(const json& targeting) {
  json flag = {{"state", "ENABLED"}, {"defaultVariant", "no"}, {"targeting", targeting}};
  for (const char* name :
       {"yes",   "no",    "true",   "false",   "clubs",        "diamonds", "hearts", "spades",
        "heads", "tails", "prefix", "postfix", "equal",        "greater",  "lesser", "minor",
        "major", "none",  "on",     "off",     "single-entry", "not"}) {
    flag["variants"][name] = name;
  }
  return {{"flags", {{"flag", flag}}}};
}

TEST(FlagdVectors, RulesAreTakenOrRefusedWithAReason) {
  if (!std::filesystem::exists(kVectors + "flagd")) {
    GTEST_SKIP() << "../shared/vectors/flagd is not here";
  }
  Tally tally{"flagd rules"};
  const std::string folder = "flagd/test/targeting/";
  for (const char* name : {"basic-json-ops", "custom-ops", "if-shorthand"}) {
    const json rules = *read(folder + "positive/" + name + ".json");
    for (const json& rule : rules["*"]) {
      const auto read = define::import_flagd(flag_with(rule).dump(), name);
      ASSERT_TRUE(read) << rule << to_text(read.error());
      ASSERT_NE(read->flags.empty(), read->refused.empty()) << rule;
      if (read->flags.empty()) tally.refuse(read->refused);
      tally.alike += read->flags.size();
    }
  }
  int negative = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kVectors + folder + "negative")) {
    const json rule = *read(folder + "negative/" + entry.path().filename().string());
    const auto read = define::import_flagd(flag_with(rule).dump(), "negative");
    ASSERT_TRUE(read) << rule;
    EXPECT_TRUE(read->flags.empty() && !read->refused.empty()) << rule;
    ++negative;
  }
  EXPECT_EQ(negative, 9);
  EXPECT_GE(tally.alike, 33U);
}

}  // namespace
}  // namespace assay::deliver
