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

struct Assigned {
  std::string json;
  std::vector<NewMemory> memories;  // To be remembered before the answer leaves.
};

// The answer, or why not: kInvalid (400), kNotFound (404), or what the store says. Without a store
// (null), sticky experiments remember nothing; without `now`, switchbacks have no unit.
Result<Assigned> answer_assignments(const assign::Snapshot& snapshot, std::string_view body,
                                    StickyStore* store = nullptr,
                                    std::optional<Timestamp> now = {});

}  // namespace assay::deliver
