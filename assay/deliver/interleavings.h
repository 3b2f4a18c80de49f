// One list out of two rankings, asked for in JSON: POST /v1/interleavings and `assay interleave`.
// Nothing is stored and no experiment is looked up: asking again gives the same list.
//
//   {"request": "q-81723", "unit": "user_42", "salt": "ranker_v2", "scheme": "team_draft",
//    "length": 10, "rankings": {"control": ["d1", …], "treatment": ["d2", …]}}
//
// `unit` is handed on to the log of impressions; scheme and length may be absent: team_draft, and
// everything.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "assay/assign/interleave.h"
#include "assay/base/expected.h"

namespace assay::deliver {

inline constexpr std::size_t kMaxRankedItems = 10'000;  // In each ranking.

struct Interleaved {
  std::string request;
  std::string unit;  // May be empty.
  assign::InterleavingScheme scheme = assign::InterleavingScheme::kTeamDraft;
  struct Item {
    std::string item;
    assign::Team team = assign::Team::kNobody;
    std::uint32_t control_rank = 0;
    std::uint32_t treatment_rank = 0;
  };
  std::vector<Item> items;
};

// All problems of the request at once.
Checked<Interleaved> interleave_json(std::string_view body);

// "control", "treatment", "nobody"
std::string_view team_name(assign::Team team);

// {"request", "scheme", "items": [{"item", "team"} or {"item", "control_rank", "treatment_rank"}]}
std::string to_json(const Interleaved& list);

}  // namespace assay::deliver
