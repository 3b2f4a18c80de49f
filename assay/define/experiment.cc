#include "assay/define/experiment.h"

#include <algorithm>

#include "assay/base/check.h"

namespace assay::define {

const Variant& Experiment::control_variant() const {
  const auto found = std::ranges::find(variants, control, &Variant::key);
  ASSAY_CHECK(found != variants.end());
  return *found;
}

std::uint64_t Experiment::total_weight() const {
  std::uint64_t total = 0;
  for (const Variant& variant : variants) total += variant.weight;
  return total;
}

}  // namespace assay::define
