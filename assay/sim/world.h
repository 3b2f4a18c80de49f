// World: units with a behaviour whose true effect is known. The unit's variant comes from the real
// assignment hash, its outcome from a law with a given control value and lift.
//
//   const World world{.law = Law::kProportion, .baseline = 0.1, .lift = 0.05};
//   Random random(7);
//   const double clicked = world.outcome(random, Arm::kTreatment);
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "assay/base/random.h"

namespace assay::sim {

enum class Law {
  kProportion,  // Bernoulli(baseline)
  kNormal,      // N(baseline, 1)
  kRevenue,     // Zero for 90 % of the units, else lognormal with σ = 1.5: heavy-tailed,
                // zero-inflated; mean baseline.
  kCount,       // Poisson with a gamma-distributed rate: overdispersed; mean baseline.
};

enum class Arm { kControl, kTreatment };

struct World {
  Law law = Law::kProportion;
  double baseline = 0.1;  // Mean of the control's outcome.
  double lift = 0.0;      // Relative effect of the treatment on the mean.

  double mean(Arm arm) const { return arm == Arm::kControl ? baseline : baseline * (1 + lift); }
  double true_difference() const { return mean(Arm::kTreatment) - mean(Arm::kControl); }
  double outcome(Random& random, Arm arm) const;
};

std::string_view law_name(Law law);  // "proportion", "normal", "revenue", "count"
std::optional<Law> law_of(std::string_view name);
std::array<std::string_view, 4> law_names();

}  // namespace assay::sim
