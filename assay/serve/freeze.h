// What a started experiment may still change. Pure.
#pragma once

#include <string>
#include <vector>

#include "assay/define/experiment.h"

namespace assay::serve {

struct PlanChange {
  std::vector<std::string> frozen;  // Fields that differ and must not: "analysis.alpha".
  bool opens_epoch = false;         // The allocation differs.
};

PlanChange compare_plans(const define::Experiment& running, const define::Experiment& wanted);

}  // namespace assay::serve
