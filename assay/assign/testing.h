// Short ways to write plans, for the tests of assign and deliver.
#pragma once

#include <memory>
#include <string>
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

}  // namespace assay::assign
