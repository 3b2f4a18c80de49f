// Conditions as a file writes them: `where`, and `targeting` with its shorthands.
#pragma once

#include "assay/define/condition.h"
#include "assay/define/fields.h"

namespace assay::define {

// A whole targeting block; everything given must hold.
Condition parse_targeting(const Value& value);
// A metric's filter: the same language without semver.
Condition parse_where(const Value& value);

}  // namespace assay::define
