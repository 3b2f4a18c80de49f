// flagd's sem_ver: which versions it reads, and what its operators mean as conditions of assay.
// Internal to define.
//
//   ["~", "v2.5.1"]  →  app semver >=2.5.0-0 and app semver <2.6.0-0
#pragma once

#include <optional>
#include <string>

#include "assay/define/condition.h"
#include "assay/define/fields.h"

namespace assay::define {

// Nothing after a problem, which `op` or `version` reports.
std::optional<Condition> compare_version(const std::string& attribute, const Value& op,
                                         const Value& version);

}  // namespace assay::define
