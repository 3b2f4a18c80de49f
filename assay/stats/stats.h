// The front door of stats: every method over mergeable summaries. Pure; call from any thread.
//
// A metric of any kind is summarized per variant (summary.h, quantile.h), two variants reduce to a
// Contrast (contrast.h), and every way of inference reads only that (inference.h,
// noninferiority.h). What does not exist answers with its reason (estimate.h), never NaN.
//
//   Summary control = …, treatment = …;
//   ASSAY_TRY(const Contrast contrast, mean_contrast(control, treatment));
//   ASSAY_TRY(const Inference answer, sequential(contrast, {.alpha = 0.05}));
#pragma once

#include "assay/stats/augmentation.h"
#include "assay/stats/beta_binomial.h"
#include "assay/stats/bootstrap.h"
#include "assay/stats/calculators.h"
#include "assay/stats/cluster.h"
#include "assay/stats/contingency.h"
#include "assay/stats/contrast.h"
#include "assay/stats/cost_benefit.h"
#include "assay/stats/covariate_balance.h"
#include "assay/stats/distributions.h"
#include "assay/stats/dunnett.h"
#include "assay/stats/duration.h"
#include "assay/stats/effect_trend.h"
#include "assay/stats/equivalence.h"
#include "assay/stats/estimate.h"
#include "assay/stats/gamma_poisson.h"
#include "assay/stats/group_sequential.h"
#include "assay/stats/heterogeneity.h"
#include "assay/stats/inference.h"
#include "assay/stats/interaction.h"
#include "assay/stats/lift.h"
#include "assay/stats/mann_whitney.h"
#include "assay/stats/mixture.h"
#include "assay/stats/multiplicity.h"
#include "assay/stats/noninferiority.h"
#include "assay/stats/oec.h"
#include "assay/stats/peeking.h"
#include "assay/stats/permutation.h"
#include "assay/stats/poststratification.h"
#include "assay/stats/proportion.h"
#include "assay/stats/proportion_sequence.h"
#include "assay/stats/quantile.h"
#include "assay/stats/quantile_sequence.h"
#include "assay/stats/sequential_power.h"
#include "assay/stats/sequentialized.h"
#include "assay/stats/shrinkage.h"
#include "assay/stats/sizing.h"
#include "assay/stats/srm.h"
#include "assay/stats/stratified_tables.h"
#include "assay/stats/summary.h"
#include "assay/stats/unit_sd.h"
#include "assay/stats/winsorize.h"
