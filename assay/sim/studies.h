// The catalogue of studies: every method in worlds where it promises something, and in worlds where
// it breaks. One function per family; docs/methods/calibration.md shows what came out.
//
//   for (const Study& study : studies()) run_study(study);
#pragma once

#include <vector>

#include "assay/sim/study.h"

namespace assay::sim {

std::vector<Study> studies();  // All of them, in the order of the families below.

std::vector<Study> mean_studies();           // Two means, relative lifts, ranks, resampling.
std::vector<Study> share_studies();          // Two proportions, rare events too.
std::vector<Study> metric_studies();         // Ratios, quantiles, covariates, strata of epochs.
std::vector<Study> decision_studies();       // Equivalence, non-inferiority, limits.
std::vector<Study> peeking_studies();        // Every way of inference at many looks.
std::vector<Study> planned_look_studies();   // Group-sequential bounds on Brownian paths.
std::vector<Study> family_studies();         // Many p-values or e-values; several treatments.
std::vector<Study> trust_studies();          // Sample ratios.
std::vector<Study> posterior_studies();      // Posteriors when the truth comes from the prior.
std::vector<Study> strata_studies();         // Strata, pairs of experiments, balance, novelty.
std::vector<Study> cluster_studies();        // Whole clusters randomized.
std::vector<Study> portfolio_studies();      // Segments, and many experiments.
std::vector<Study> power_studies();          // Planned power against measured, at one look …
std::vector<Study> planned_power_studies();  // … and at many.
std::vector<Study> combination_studies();    // CUPED, clusters and quantiles together; sums.
std::vector<Study> interleaving_studies();   // Two rankers on merged lists.
std::vector<Study> switchback_studies();     // Variants that take turns, with carry-over.

}  // namespace assay::sim
