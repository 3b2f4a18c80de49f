// POST /v1/assignments: the variant of each unit in one experiment, or of each in all of them; see
// spec/http/openapi.yaml. Exposes nobody: asking is not exposure. What a sticky experiment answers
// is remembered.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "assay/assign/assign.h"
#include "assay/base/expected.h"
#include "assay/deliver/sticky.h"

namespace assay::deliver {

// Rows one answer may have: units times experiments.
inline constexpr std::size_t kMaxRows = 200'000;

struct AssignmentsOptions {
  StickyStore* store = nullptr;       // Null: sticky experiments remember nothing.
  std::optional<Timestamp> now = {};  // Without it, switchbacks have no unit.
  bool remembers = true;              // False: nothing new can be remembered.
};

struct Assigned {
  std::string json;
  std::vector<NewMemory> memories;  // To be remembered before the answer leaves.
  bool is_of_all = false;           // The body names no experiment.
  std::optional<Error> unread;      // What the store says; for the log.
};

// The answer, or why not: kInvalid (400), kNotFound (404), or what the store says where the body
// names an experiment that needs it. While the store fails, an answer of all experiments has the
// rows that need none; the others have an `error` in place of variant and reason.
Result<Assigned> answer_assignments(const assign::Snapshot& snapshot, std::string_view body,
                                    const AssignmentsOptions& options = {});

}  // namespace assay::deliver
