// One effect, or many? Compares the effects of a metric over segments, and asks whether the pooled
// effect comes from the segments' effects or from their mix (Simpson's paradox).
//
// Cochran's Q with I² for the first. For the second Kitagawa's identity (1955): the pooled
// difference is the sum of a rate part, Σ mean share · effect, and a mix part, Σ difference of
// shares · mean level; the two add up exactly. Segments must be known before the exposure.
#pragma once

#include <span>

#include "assay/stats/contrast.h"

namespace assay::stats {

struct Heterogeneity {
  double q = 0;
  double df = 0;
  double p_value = 1;
  double i_squared = 0;      // Share of the spread of effects that is not noise.
  double common_effect = 0;  // Weighted by precision.
  double rate_part = 0;      // Effects within segments.
  double mix_part = 0;       // A different mix of segments in the arms.
  bool reversed = false;     // The pooled difference and the rate part have opposite signs.
};

// At least two segments, each with a positive variance.
Stat<Heterogeneity> heterogeneity(std::span<const Contrast> segments);

}  // namespace assay::stats
