// spec/conformance: what every language must reproduce, answer and reason.
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/assign/assign.h"
#include "assay/base/hash.h"
#include "assay/define/parse.h"

namespace assay::assign {
namespace {

// Variants count in the order in which the file names them.
using json = nlohmann::ordered_json;

json conformance(const std::string& name) {
  std::ifstream file(ASSAY_SOURCE_DIR "/spec/conformance/" + name);
  EXPECT_TRUE(file) << name;
  return json::parse(file);
}

std::uint64_t from_hex(const json& text) {
  return std::stoull(text.get<std::string>(), nullptr, 16);
}

int variant_for(std::uint32_t bits, std::initializer_list<std::uint32_t> weights) {
  std::uint32_t total = 0;
  for (const std::uint32_t weight : weights) total += weight;
  std::uint32_t cumulative = 0;
  int index = 0;
  for (const std::uint32_t weight : weights) {
    cumulative += weight;
    if (scale(bits, total) < cumulative) return index;
    ++index;
  }
  return -1;
}

TEST(Conformance, Hash) {
  const json file = conformance("hash.json");
  for (const json& c : file["digests"]) {
    EXPECT_EQ(xxh3_64(c["text"].get<std::string>()), from_hex(c["xxh3_64"])) << c;
  }
  for (const json& c : file["fmix64"]) EXPECT_EQ(fmix64(from_hex(c["in"])), from_hex(c["out"]));
  for (const json& c : file["draws"]) {
    const std::uint32_t bits =
        draw(unit_digest(c["unit"].get<std::string>()), salt_digest(c["salt"].get<std::string>()));
    EXPECT_EQ(bits, c["draw"]) << c;
    EXPECT_EQ(scale(bits, define::kLayerSlots), c["slot"]) << c;
    EXPECT_EQ(variant_for(bits, {1, 1}), c["variant_1_1"]) << c;
    EXPECT_EQ(variant_for(bits, {2, 3, 5}), c["variant_2_3_5"]) << c;
    EXPECT_EQ(variant_for(bits, {1, 0, 9999}), c["variant_1_0_9999"]) << c;
  }
  EXPECT_EQ(file["digests"].size() + file["fmix64"].size() + file["draws"].size(), 64U);
}

void fill(const json& object, Context& context) {
  for (const auto& [name, value] : object.items()) {
    if (name == "targetingKey") {
      context.set_targeting_key(value.get_ref<const std::string&>());
    } else if (value.is_string()) {
      context.set_text(name, value.get_ref<const std::string&>());
      if (name == "time") context.set_time(*parse_time(value.get_ref<const std::string&>()));
    } else if (value.is_number()) {
      context.set_number(name, value.get<double>());
    } else if (value.is_boolean()) {
      context.set_bool(name, value.get<bool>());
    } else {
      ASSERT_TRUE(value.is_null()) << value;
    }
  }
}

void check_cases(const std::string& name, std::size_t at_least) {
  const json file = conformance(name);
  std::vector<Running> running;
  for (const json& plan : file["experiments"]) {
    json whole = {{"experiment", plan}};
    const std::string id = plan["id"].get<std::string>();
    if (file.contains("holdouts") && file["holdouts"].contains(id)) {
      whole["holdouts"] = file["holdouts"][id];
    }
    const auto parsed = define::parse(whole.dump(), {.file = name});
    ASSERT_TRUE(parsed) << to_text(parsed.error());
    running.push_back({.plan = parsed->experiment});
  }
  const auto snapshot = compile(running);
  ASSERT_TRUE(snapshot) << to_text(snapshot.error());
  for (const json& c : file["cases"]) {
    Context context(**snapshot);
    fill(c["context"], context);
    const auto handle = (*snapshot)->find(c["experiment"].get<std::string>());
    ASSERT_TRUE(handle) << c;
    const Assignment answer = (*snapshot)->evaluate(*handle, context);
    EXPECT_EQ(reason_name(answer.reason), c["reason"].get<std::string>()) << c;
    ASSERT_EQ(answer.assigned(), c.contains("variant")) << c;
    if (!answer.assigned()) continue;
    const auto variant = static_cast<std::size_t>(answer.variant);
    EXPECT_EQ((*snapshot)->variant_key(*handle, variant), c["variant"].get<std::string>()) << c;
  }
  EXPECT_GT(file["cases"].size(), at_least);
}

TEST(Conformance, Sticky) {
  const json file = conformance("sticky.json");
  const auto running = parse_snapshot(file["snapshot"].dump());
  ASSERT_TRUE(running) << to_text(running.error());
  EXPECT_EQ(parse_snapshot(snapshot_json(*running))->front().plan, running->front().plan);
  const auto snapshot = compile(*running);
  ASSERT_TRUE(snapshot) << to_text(snapshot.error());
  for (const json& c : file["cases"]) {
    Context context(**snapshot);
    fill(c["context"], context);
    const Handle handle = *(*snapshot)->find(c["experiment"].get<std::string>());
    for (const json& memory : c["remembered"]) {
      const auto variant = (*snapshot)->find_variant(handle, memory["variant"].get<std::string>());
      context.remember({handle, *variant, memory["epoch"].get<std::int64_t>()});
    }
    const Assignment answer = (*snapshot)->evaluate(handle, context);
    EXPECT_EQ(reason_name(answer.reason), c["reason"].get<std::string>()) << c;
    ASSERT_EQ(answer.assigned(), c.contains("variant")) << c;
    if (!answer.assigned()) continue;
    const auto variant = static_cast<std::size_t>(answer.variant);
    EXPECT_EQ((*snapshot)->variant_key(handle, variant), c["variant"].get<std::string>()) << c;
    EXPECT_EQ(answer.epoch, c["epoch"].get<std::int64_t>()) << c;
    EXPECT_EQ(answer.propensity, c["propensity"].get<double>()) << c;
  }
  EXPECT_GT(file["cases"].size(), 400U);
}

TEST(Conformance, Assignment) { check_cases("assignment.json", 200); }
TEST(Conformance, Model) { check_cases("model.json", 150); }

}  // namespace
}  // namespace assay::assign
