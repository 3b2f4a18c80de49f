#include "assay/assign/assignment.h"

#include <array>

namespace assay::assign {

std::string_view reason_name(Reason reason) {
  static constexpr std::array<std::string_view, 11> kNames = {
      "stopped",  "no_unit", "override", "holdout", "prerequisite", "targeting",
      "excluded", "sticky",  "traffic",  "burn_in", "split"};
  return kNames[static_cast<std::size_t>(reason)];
}

}  // namespace assay::assign
