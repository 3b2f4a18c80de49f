// Experiments in one layer exclude each other: no slot may belong to two of them.
#pragma once

#include <span>

#include "assay/base/problem.h"
#include "assay/define/experiment.h"

namespace assay::define {

// One problem per pair of experiments that own the same slots of a layer; names both, the slots,
// and what is still free there.
Problems layer_conflicts(std::span<const Experiment> experiments);

}  // namespace assay::define
