// Short ways to write plans and to ask about units, for the tests of assign, of deliver and of the
// C face.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "assay/assign/assign.h"

namespace assay::assign {

inline define::Experiment plan_of(std::string id, std::vector<std::uint32_t> weights = {1, 1}) {
  define::Experiment plan;
  plan.id = std::move(id);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    std::string key = i == 0 ? "control" : "treatment" + (i == 1 ? "" : std::to_string(i));
    plan.variants.push_back(
        {.key = std::move(key), .weight = weights[i], .payload_json = {}, .endpoint = {}});
  }
  plan.control = "control";
  return plan;
}

inline define::Condition leaf(define::Op op, std::string attribute,
                              std::vector<define::Scalar> values) {
  return {.op = op, .attribute = std::move(attribute), .values = std::move(values), .children = {}};
}

inline define::Condition tree(define::Op op, std::vector<define::Condition> children) {
  return {.op = op, .attribute = {}, .values = {}, .children = std::move(children)};
}

inline Checked<std::shared_ptr<const Snapshot>> compile_plans(
    const std::vector<define::Experiment>& plans, const CompileOptions& options = {}) {
  std::vector<Running> running;
  for (const define::Experiment& plan : plans) running.push_back({.plan = plan});
  return compile(running, options);
}

// Throws, for a test to fail with all problems.
inline std::shared_ptr<const Snapshot> must_compile(const std::vector<Running>& running,
                                                    const CompileOptions& options = {}) {
  auto compiled = compile(running, options);
  if (!compiled) throw std::invalid_argument(to_text(compiled.error()));
  return *std::move(compiled);
}

inline std::shared_ptr<const Snapshot> must_compile(const std::vector<define::Experiment>& plans,
                                                    const CompileOptions& options = {}) {
  std::vector<Running> running;
  for (const define::Experiment& plan : plans) running.push_back({.plan = plan});
  return must_compile(running, options);
}

// Why it does not compile. Throws where it does.
inline std::string refusal(const std::vector<Running>& running) {
  const auto compiled = compile(running);
  if (compiled) throw std::invalid_argument("nothing was refused");
  return to_text(compiled.error());
}

inline std::string user(int i) { return "user_" + std::to_string(i); }

// The answer for a context that holds nothing but the targeting key.
inline Assignment ask(const Snapshot& snapshot, std::string_view experiment,
                      std::string_view unit) {
  Context context(snapshot);
  context.set_targeting_key(unit);
  return *snapshot.evaluate(experiment, context);
}

// Id number i of those that the peers' SDKs were asked about: idOf in tools/peers/schemes.mjs.
inline std::string peer_unit_id(std::uint32_t i, std::uint32_t families) {
  const std::string number = std::to_string(i);
  const std::uint32_t spread = i * 2654435761U;
  char uuid[48];
  switch (i % families) {
    case 0:
      return "user_" + number;
    case 1:
      return number;
    case 2:
      return "person" + number + "@example.com";
    case 3:
      std::snprintf(uuid, sizeof uuid, "%08x-%04x-4%03x-8%03x-%012x", spread, i & 0xffff, i & 0xfff,
                    i & 0xfff, spread);
      return uuid;
    default:
      return "ユーザー" + number + "🦊é";
  }
}

}  // namespace assay::assign
