// What a started experiment may still change: its name and its overrides, and by opening an epoch
// its traffic (upwards) and its weights. For whoever takes in the next version of a plan.
#pragma once

#include <string>
#include <vector>

#include "assay/define/experiment.h"

namespace assay::define {

struct PlanChange {
  std::vector<std::string> frozen;  // Fields of the file that differ and must not.
  bool opens_epoch = false;         // The allocation differs.
};

// A plan that asks for the same share of its layer keeps the slots that were found for it.
void keep_slots(const Experiment& running, Experiment& wanted);

PlanChange compare_plans(const Experiment& running, const Experiment& wanted);

}  // namespace assay::define
