#include "assay/deliver/flag_texts.h"

#include <map>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/assign/testing.h"

namespace assay::deliver {
namespace {

using assign::Assignment;
using assign::Context;
using assign::Handle;
using assign::leaf;
using assign::plan_of;
using assign::Reason;
using assign::Running;
using assign::Snapshot;
using define::Op;
using nlohmann::json;

Running running(std::string id, std::vector<std::uint32_t> weights = {1, 1}) {
  return {.plan = plan_of(std::move(id), std::move(weights)), .version = 3, .epoch = 2};
}

// Every reason but no_unit, with every cause; payloads of every kind; texts that JSON must quote.
std::vector<Running> every_kind() {
  std::vector<Running> all;
  all.push_back(running("plain"));
  Running& targeted = all.emplace_back(running(R"(a "targeted" \ one é)", {1, 2, 3}));
  targeted.plan.assignment.targeting = leaf(Op::kEqual, "the \"country\"", {std::string("IN")});
  targeted.plan.variants[1].payload_json = R"({"reason":"\"split\"}}","epoch":7})";
  targeted.plan.variants[2].payload_json = "null";
  targeted.plan.assignment.overrides = {{.unit_id = "u1", .variant = "treatment"}};
  all.push_back(running("gate", {0, 1}));
  Running& market = all.emplace_back(running("market", {0, 1}));
  market.plan.assignment.targeting = leaf(Op::kEqual, "country", {std::string("IN")});
  market.plan.variants[1].payload_json = '"' + std::string(5000, 'x') + '"';
  market.plan.variants[0].payload_json = "null";
  Running& waiting = all.emplace_back(running("waiting"));
  waiting.plan.assignment.layer = "layer";
  waiting.plan.assignment.slots = {{.begin = 0, .end = 700'000}};
  waiting.plan.assignment.traffic_ppm = 500'000;
  Running& ramped = all.emplace_back(running("ramped"));
  ramped.earlier = {{.epoch = 1, .traffic_ppm = 300'000, .weights = {9, 1}}};
  Running& held = all.emplace_back(running("held"));
  held.plan.assignment.holdouts = {{.name = "h\"1", .unit = "user", .share_ppm = 300'000}};
  Running& needing = all.emplace_back(running("needing"));
  needing.plan.assignment.prerequisites = {{.experiment = "plain", .variants = {"treatment"}}};
  Running& falling = all.emplace_back(running("falling"));
  falling.plan.assignment.fallback_unit = "device";
  Running& kept = all.emplace_back(running("kept", {1, 2}));
  kept.plan.assignment.sticky = true;
  Running& turning = all.emplace_back(running("turning"));
  turning.plan.assignment.switchback = {
      .period_seconds = 3600, .burn_in_seconds = 1800, .start = {}};
  Running& forcing = all.emplace_back(running("forcing"));
  forcing.plan.assignment.forced = {
      {.variant = "control", .when = leaf(Op::kEqual, "country", {std::string("IN")})}};
  for (Running* one : {&all.emplace_back(running("over")), &all.emplace_back(running("gone"))}) {
    one->plan.assignment.targeting = leaf(Op::kEqual, "country", {std::string("IN")});
    one->is_stopped = true;
  }
  return all;
}

// What the protocol and docs/guides/openfeature.md say of this answer, put together anew.
json expected_flag(const Snapshot& snapshot, Handle experiment, const Assignment& answer) {
  const auto variant =
      answer.assigned() ? static_cast<std::size_t>(answer.variant) : snapshot.control(experiment);
  const std::string key(snapshot.variant_key(experiment, variant));
  const std::string payload(snapshot.payload_json(experiment, variant));
  json flag = {{"key", snapshot.id(experiment)}, {"variant", answer.assigned() ? key : ""}};
  if (payload != "null") flag["value"] = payload.empty() ? json(key) : json::parse(payload);
  json& more = flag["metadata"] = {
      {"version", "3"}, {"epoch", answer.epoch}, {"assay_reason", reason_name(answer.reason)}};
  if (names_a_cause(answer.reason)) more["assay_because"] = snapshot.explain(answer);
  if (snapshot.is_sticky(experiment) && answer.assigned()) more["propensity"] = answer.propensity;
  if (snapshot.has_fallback(experiment)) {
    more["unit_kind"] = snapshot.unit_kind(experiment, answer);
  }
  const bool is_drawn = answer.reason == Reason::kSplit || answer.reason == Reason::kBurnIn;
  flag["reason"] = is_drawn && answer.propensity == 1.0
                       ? (snapshot.has_targeting(experiment) ? "TARGETING_MATCH" : "STATIC")
                   : is_drawn || answer.reason == Reason::kSticky ? "SPLIT"
                   : answer.reason == Reason::kOverride           ? "TARGETING_MATCH"
                   : answer.reason == Reason::kStopped            ? "DISABLED"
                                                                  : "UNKNOWN";
  return flag;
}

TEST(FlagTexts, AreWhatAnAnswerSays) {
  const auto snapshot = assign::must_compile(every_kind());
  const FlagTexts texts(*snapshot);
  std::map<std::string, std::uint64_t> hashes;
  std::map<std::uint64_t, std::string> by_hash;
  std::set<Reason> reasons;
  std::vector<Assignment> answers(snapshot->size());
  for (int unit = 0; unit < 400; ++unit) {
    Context context(*snapshot);
    const std::string id = "u" + std::to_string(unit);
    context.set_targeting_key(id);
    for (const char* const attribute : {"country", "the \"country\""}) {
      if (unit % 5 < 2) context.set_text(attribute, unit % 5 == 0 ? "IN" : "US");
      if (unit % 5 == 2) context.set_number(attribute, 7);
    }
    context.set_time({(unit % 7 - 1) * 1'000'000'000LL});
    if (unit % 3 == 0) {
      context.remember({.experiment = *snapshot->find("kept"), .variant = 0, .epoch = 2});
    }
    snapshot->evaluate_all(context, answers);
    for (std::uint32_t e = 0; e < answers.size(); ++e) {
      std::string text = "before,";
      const std::uint64_t hash = texts.append({e}, answers[e], text);
      text.erase(0, std::string_view("before,").size());
      ASSERT_EQ(json::parse(text), expected_flag(*snapshot, {e}, answers[e])) << text;
      EXPECT_EQ(hashes.emplace(text, hash).first->second, hash) << text;
      EXPECT_EQ(by_hash.emplace(hash, text).first->second, text);
      reasons.insert(answers[e].reason);
    }
  }
  EXPECT_EQ(reasons.size(), 10U) << "all but no_unit";
}

TEST(FlagTexts, AnotherVersionOrEpochIsAnotherText) {
  std::set<std::uint64_t> hashes;
  for (const std::uint32_t version : {1U, 2U}) {
    for (const std::int64_t epoch : {0, 1}) {
      Running changed = running("plain");
      changed.version = version;
      changed.epoch = epoch;
      const auto snapshot = assign::must_compile(std::vector{changed});
      const FlagTexts texts(*snapshot);
      for (const Reason reason : {Reason::kSplit, Reason::kTraffic, Reason::kExcluded}) {
        const bool is_assigned = reason == Reason::kSplit;
        std::string text;
        hashes.insert(texts.append(
            {0}, {.reason = reason, .variant = std::int16_t(is_assigned ? 1 : -1), .epoch = epoch},
            text));
      }
    }
  }
  EXPECT_EQ(hashes.size(), 12U);
}

}  // namespace
}  // namespace assay::deliver
