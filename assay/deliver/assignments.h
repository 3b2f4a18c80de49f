// POST /v1/assignments: the variant of each unit in one experiment, or of each in all of them; see
// spec/http/openapi.yaml. Records nothing: asking is not exposure.
#pragma once

#include <cstddef>
#include <string_view>

#include "assay/assign/assign.h"
#include "assay/base/expected.h"

namespace assay::deliver {

// Rows one answer may have: units times experiments.
inline constexpr std::size_t kMaxRows = 200'000;

// The answer's JSON, or why not: kInvalid (400) or kNotFound (404).
Result<std::string> answer_assignments(const assign::Snapshot& snapshot, std::string_view body);

}  // namespace assay::deliver
