#include "assay/sim/claims.h"

#include <cmath>

namespace assay::sim {

Claim claim_of(const stats::Stat<stats::Estimate>& answer, double truth, double alpha) {
  if (!answer) return {};
  Claim claim{.misses = !answer->interval.contains(truth), .error = answer->value - truth};
  if (answer->p_value) claim.rejects = *answer->p_value < alpha;
  claim.p_value = answer->p_value;
  claim.std_error = answer->std_error;
  return claim;
}

Claim claim_of(const stats::Stat<stats::Inference>& answer, double truth, double alpha) {
  if (!answer) return {};
  return claim_of(answer->difference, truth, alpha);
}

Claim without_p(Claim claim) {
  claim.p_value.reset();
  return claim;
}

stats::Proportion share_of(const stats::Summary& summary) {
  const double n = static_cast<double>(summary.n());
  return {.successes = std::llround(n * summary.mean(0)), .n = summary.n()};
}

Claim two_proportions_claim(const TwoSample& data, stats::ProportionInterval interval) {
  const auto answer = stats::two_proportions(share_of(data.control()), share_of(data.treatment()),
                                             {.alpha = data.alpha, .interval = interval});
  return without_p(claim_of(answer, data.difference, data.alpha));
}

Method<TwoSample> fixed_method(std::string name, MakeContrast make, Promise promise) {
  return {{.name = std::move(name), .promise = promise}, [make](const TwoSample& data) -> Claim {
            const auto contrast = make(data.control(), data.treatment());
            if (!contrast) return {};
            return claim_of(fixed(*contrast, {.alpha = data.alpha}), data.difference, data.alpha);
          }};
}

Method<TwoSample> sequential_method(std::string name, MakeContrast make, Promise promise) {
  return {{.name = std::move(name), .promise = promise}, [make](const TwoSample& data) -> Claim {
            const auto contrast = make(data.control(), data.treatment());
            if (!contrast) return {};
            const auto answer = stats::sequential(
                *contrast, {.alpha = data.alpha, .target_n = static_cast<double>(data.units)});
            return without_p(claim_of(answer, data.difference, data.alpha));
          }};
}

}  // namespace assay::sim
