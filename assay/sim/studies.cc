#include "assay/sim/studies.h"

#include <iterator>

namespace assay::sim {

std::vector<Study> studies() {
  std::vector<Study> all;
  for (const auto family :
       {mean_studies, share_studies, metric_studies, decision_studies, peeking_studies,
        planned_look_studies, family_studies, trust_studies, posterior_studies, cluster_studies,
        strata_studies, portfolio_studies, power_studies, planned_power_studies,
        combination_studies, interleaving_studies, switchback_studies}) {
    std::vector<Study> made = family();
    std::move(made.begin(), made.end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace assay::sim
