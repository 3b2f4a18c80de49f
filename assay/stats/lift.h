// The relative lift by any of three ways. Fieller's interval agrees with the test of the difference
// and is the default everywhere; the delta method's is symmetric, and may contradict that test; the
// logarithm's suits positive metrics with large lifts, and never reaches below -100 %.
//
//   const auto percent = lift(contrast, LiftMethod::kLog, 0.05);
//
// The estimate is treatment over |control| - 1. Golden: spec/golden/lift.csv (mpmath)
#pragma once

#include "assay/stats/contrast.h"

namespace assay::stats {

enum class LiftMethod { kFieller, kDelta, kLog };

Stat<Estimate> lift(const Contrast& contrast, LiftMethod method, double alpha = 0.05);

}  // namespace assay::stats
