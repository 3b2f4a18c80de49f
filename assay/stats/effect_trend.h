// Does the effect fade or grow while units get used to the treatment? (novelty, primacy)
//
// Takes one effect per day since a unit's first exposure, over a cohort whose units were all
// exposed on every one of these days. A line through the effects by weighted least squares with
// known variances: se = (X'V⁻¹X)^-½, not rescaled by the residuals. Beside it the last week minus
// the first. Both take the days as independent; a unit that returns makes days correlate, so where
// rows exist compare each unit's own change: mean_contrast of (last week - first week) per unit.
// A trend over calendar days is another question. Golden: spec/golden/effect_trend.csv
//
//   const auto trend = effect_trend(days);          // days[i] = {.day = i, .effect, .std_error}
//   trend->slope.p_value;                           // per day
#pragma once

#include <optional>
#include <span>

#include "assay/stats/estimate.h"

namespace assay::stats {

struct DayEffect {
  double day = 0;  // Since first exposure.
  double effect = 0;
  double std_error = 0;  // Positive.
};

struct EffectTrend {
  Estimate slope;      // Per day.
  Estimate intercept;  // The line at day 0.
  // The precision-weighted effect of the last seven days minus that of the first seven; none where
  // the days span less than 14.
  std::optional<Estimate> last_minus_first_week;
};

// At least three days, two of them different.
Stat<EffectTrend> effect_trend(std::span<const DayEffect> days, double alpha = 0.05);

}  // namespace assay::stats
