// Winsorizing: values beyond a cap count as the cap, so that a few giants do not hide an effect.
// The estimand becomes the mean of the capped metric. One cap for all arms, from the pooled values
// (a cap per arm biases the comparison).
//
//   ASSAY_TRY(const double cap, pooled_cap(control, treatment, 0.99));
//   const Capped c = capped(control, cap), t = capped(treatment, cap);
//
// Golden: spec/golden/winsorize.csv (NumPy and SciPy)
#pragma once

#include <cstdint>
#include <span>

#include "assay/stats/summary.h"

namespace assay::stats {

// The smallest value with at least `share` of all values at or below it (type 1).
Stat<double> pooled_cap(std::span<const double> control, std::span<const double> treatment,
                        double share);

struct Capped {
  Summary summary;
  std::int64_t capped_n = 0;  // Values above the cap.
};
Capped capped(std::span<const double> values, double cap);

}  // namespace assay::stats
