// From a method's answer to a Claim about the truth, and the methods that several families of
// studies share.
#pragma once

#include <string>
#include <vector>

#include "assay/sim/two_sample.h"
#include "assay/stats/stats.h"

namespace assay::sim {

// Rejects when p is below alpha, misses when the interval leaves out the truth.
Claim claim_of(const stats::Stat<stats::Estimate>& answer, double truth, double alpha);
Claim claim_of(const stats::Stat<stats::Inference>& answer, double truth, double alpha);
// For discrete p-values and for those of peeking, whose law is not uniform.
Claim without_p(Claim claim);

// Counts of a study of 0/1 outcomes, and the two-proportion z test of them.
stats::Proportion share_of(const stats::Summary& summary);
Claim two_proportions_claim(const TwoSample& data, stats::ProportionInterval interval);

// What reduces two summaries to a Contrast.
using MakeContrast = stats::Stat<stats::Contrast> (*)(const stats::Summary&, const stats::Summary&);

// The ways to infer from a contrast at one look.
Method<TwoSample> fixed_method(std::string name, MakeContrast make, Promise promise);
Method<TwoSample> sequential_method(std::string name, MakeContrast make, Promise promise);

}  // namespace assay::sim
