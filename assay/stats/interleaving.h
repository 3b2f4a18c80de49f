// Which of two rankers do people prefer, when every impression showed a merge of both rankings?
//
// First each impression's clicks are credited and one ranker wins it, or neither (a tie, also where
// nothing was clicked). Then the preference for the treatment is
//   Δ = (wins + ties/2) / (wins + losses + ties) - 1/2,
// a mean of scores 1/2, 0 and -1/2 (Chapelle, Joachims, Radlinski & Yue, TOIS 2012). Impressions of
// one unit are alike, so the error is that of a ratio of sums over units: V = G/(G-1) Σ (S_u - Δ
// N_u)² / N², with Student's t at G-1 degrees of freedom. With one impression per unit that is the
// t test of the scores. Beside it the exact sign test of units: how many won more than they lost.
//
// Assumes independent units, and lists made by assign/interleave.h. Δ is a preference, between -1/2
// and 1/2: not the lift of a metric. Golden: spec/golden/interleaving.csv; credits:
// spec/conformance/interleaving.json.
//
//   const auto contrast = preference_contrast(units);         // one entry per unit
//   const auto answer = fixed(*contrast, {.alpha = 0.05});
#pragma once

#include <cstdint>
#include <span>

#include "assay/stats/contrast.h"

namespace assay::stats {

enum class Preferred : std::int8_t { kControl, kNeither, kTreatment };

// Team draft: the team of each clicked item, an item once; kNeither for what belongs to nobody. The
// team with more clicks wins.
Preferred team_draft_winner(std::span<const Preferred> clicked);

// An item's rank in both rankings, from 1; 0: not ranked there.
struct Ranks {
  std::uint32_t control = 0;
  std::uint32_t treatment = 0;
};
// Balanced: the clicked items in the order shown. With k the better rank of the lowest click, the
// ranking with more clicks in its top k wins (Joachims 2002).
Preferred balanced_winner(std::span<const Ranks> clicked);

// The impressions of one unit, from the treatment's side; or of several units that are all so.
struct UnitPreferences {
  std::int64_t wins = 0;
  std::int64_t losses = 0;
  std::int64_t ties = 0;
  std::int64_t units = 1;
};

// Δ as a contrast with a control that is 0 and known. A unit meets both rankers and counts in both
// arms' n; units without impressions are left out. kTooFewUnits below two, kNoVariance where all
// units are of one mind, kOutOfRange for negative counts and more than 2^53 units.
Stat<Contrast> preference_contrast(std::span<const UnitPreferences> units);

struct SignTest {
  std::int64_t units_won = 0;  // By the treatment: more wins than losses.
  std::int64_t units_lost = 0;
  double p_value = 1;  // Exact, two-sided; 1 where no unit prefers either.
};
// Of units that preference_contrast accepts.
SignTest sign_test(std::span<const UnitPreferences> units);

}  // namespace assay::stats
