// Conditions of a value that is known while importing: whether a prerequisite's value is the one
// that a rule waits for. Internal to define.
#pragma once

#include <optional>
#include <string>

#include "assay/define/condition.h"

namespace assay::define {

// Of the attribute "value" (and "value.part" of an object), given as JSON; as condition.h says.
// Nothing where the condition compares versions.
std::optional<bool> holds_for(const Condition& condition, const std::string& value_json);

}  // namespace assay::define
