// Interleaving: one list out of two rankings, with what is needed to credit its clicks.
//
//   const std::string_view a[] = {"d1", "d2", "d3"}, b[] = {"d2", "d4", "d1"};
//   const auto shown = interleave({a, b}, {.request = "q-81723", .salt = "ranker_v2"});
//   // d2 (treatment), d1 (control), d4 (treatment) …
//
// Team draft (Radlinski, Kurup & Joachims, CIKM 2008): in each round a coin says which ranking
// picks first; each picks its best item that is not shown yet, and has the credit for its clicks.
// A round counts only if both rankings are sure to pick in it, however the coins of this and of
// earlier rounds fall; what is shown after the last such round belongs to nobody. So rankings of
// unequal length have the same chances, and clicks that do not depend on the ranking, one or
// several in a list, prefer neither. Rankings with `length` items each are credited throughout.
// Balanced (Joachims, KDD 2002): rank by rank, the ranking that one coin says goes first; an item
// is known by its rank in each. Clicks that do not depend on the ranking may prefer one of two
// rankings that are shifted against each other (Radlinski et al. 2008, section 3.2): choose team
// draft unless you must compare with older results.
//
// Coin n (from 0) of a request falls for control where draw(request, salt@n) is in the lower half,
// as for an even split: frozen like every draw (spec/conformance/interleaving.json). The rules of
// credit are in stats/interleaving.h. Pure; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "assay/base/expected.h"

namespace assay::assign {

enum class InterleavingScheme { kTeamDraft, kBalanced };

struct Rankings {
  std::span<const std::string_view> control;
  std::span<const std::string_view> treatment;
};

struct InterleavingOptions {
  InterleavingScheme scheme = InterleavingScheme::kTeamDraft;
  std::string_view request;       // Names the impression, so that asking again shows the same list.
  std::string_view salt;          // Names the test.
  std::size_t length = SIZE_MAX;  // At most so many items.
};

enum class Team : std::int8_t { kNobody, kControl, kTreatment };

struct ShownItem {
  std::string_view item;      // Of the rankings: borrowed.
  Team team = Team::kNobody;  // Team draft.
  // Balanced: from 1; 0 where the ranking has it not, or beyond the shorter ranking's end.
  std::uint32_t control_rank = 0;
  std::uint32_t treatment_rank = 0;
  bool operator==(const ShownItem&) const = default;
};

// All problems: an item twice in one ranking, no request, no salt, a length of 0. Rankings may be
// of unequal length, and empty.
Checked<std::vector<ShownItem>> interleave(const Rankings& rankings,
                                           const InterleavingOptions& options);

}  // namespace assay::assign
