#include "assay/stats/poststratification.h"

#include <utility>

namespace assay::stats {
namespace {

struct Group {
  Stratum stratum;
  std::size_t first = 0;  // Position of the stratum that gave the group its place.
};

bool thin(const Stratum& stratum) { return stratum.control.n() < 2 || stratum.treatment.n() < 2; }

// Merges each thin stratum into the next one, the last into the one before.
std::vector<Group> merged(std::vector<Stratum> strata, std::vector<StratumMerge>& merges) {
  std::vector<Group> groups;
  for (std::size_t i = 0; i < strata.size(); ++i) groups.push_back({std::move(strata[i]), i});
  for (std::size_t i = 0; i < groups.size() && groups.size() > 1;) {
    if (!thin(groups[i].stratum)) {
      ++i;
      continue;
    }
    const std::size_t into = i + 1 < groups.size() ? i + 1 : i - 1;
    groups[into].stratum.control.merge(groups[i].stratum.control);
    groups[into].stratum.treatment.merge(groups[i].stratum.treatment);
    merges.push_back({groups[i].first, groups[into].first});
    groups.erase(groups.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return groups;
}

}  // namespace

Stat<Poststratified> poststratified(std::vector<Stratum> strata) {
  Poststratified out;
  std::vector<Contrast> contrasts;
  for (const Group& each : merged(std::move(strata), out.merges)) {
    const Summary& control = each.stratum.control;
    ASSAY_TRY(const Contrast contrast, control.columns().denominator
                                           ? ratio_contrast(control, each.stratum.treatment)
                                           : mean_contrast(control, each.stratum.treatment));
    contrasts.push_back(contrast);
  }
  ASSAY_TRY(out.contrast, stratified_contrast(contrasts));
  return out;
}

}  // namespace assay::stats
