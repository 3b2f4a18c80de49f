// e-values and always-valid p-values from mixtures over the alternative: 1/E bounds the chance of
// ever seeing so much evidence against a true null, at whatever moment one stops (Ville).
//
// mixture_sprt: the effect is N(null, tau²) under the alternative (Johari, Koomen, Pekelis & Walsh,
// Operations Research 2022). conversion_log_e: under equal rates each conversion belongs to the
// treatment with its share of the traffic; the alternative is a Beta(1, 1) over that probability;
// exact, also when the rate drifts (Lindon & Malek 2022).
//
//   const auto look = mixture_sprt(0.4, 0.1, {.tau = 0.3});
//   if (look->log_e > std::log(1 / 0.05)) stop();
#pragma once

#include <cstdint>

#include "assay/stats/estimate.h"

namespace assay::stats {

struct MixtureOptions {
  double alpha = 0.05;
  double tau = 1;  // Fixed before looking, in the metric's unit.
  double null_value = 0;
  double running_p = 1;  // The smallest p of earlier looks.
};

struct Mixture {
  Estimate estimate;  // Confidence sequence and always-valid p-value.
  double log_e = 0;   // ln of the evidence at this look alone.
};

Stat<Mixture> mixture_sprt(double difference, double std_error, const MixtureOptions& options);

Stat<double> conversion_log_e(std::int64_t control, std::int64_t treatment, double treatment_share);

}  // namespace assay::stats
