// POST /v1/assignments: the variant of each unit in one experiment, or of each in all of them; see
// spec/http/openapi.yaml. Exposes nobody: asking is not exposure. What a sticky experiment answers
// is remembered.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "assay/assign/assign.h"
#include "assay/base/expected.h"
#include "assay/deliver/answer.h"

namespace assay::deliver {

// Rows one answer may have: units times experiments.
inline constexpr std::size_t kMaxRows = 200'000;

struct AssignmentsOptions {
  StickyStore* store = nullptr;          // Null: sticky experiments remember nothing.
  std::optional<Timestamp> now = {};     // Without it, switchbacks have no unit.
  StoreFault fault = StoreFault::kNone;  // When it was to remember the answer before.
};

// The answer (evaluations and exposures: none), or why not: kInvalid (400), kNotFound (404), or
// kUnavailable (503) where the body names an experiment that needs the store, which fails. An
// answer of all experiments has the rows that need none; the others have an `error` in place of
// variant and reason. After a fault nothing new is remembered.
Result<Answer> answer_assignments(const assign::Snapshot& snapshot, std::string_view body,
                                  const AssignmentsOptions& options = {});

}  // namespace assay::deliver
