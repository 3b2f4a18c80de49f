// Logs of interleaved lists become wins and losses per unit, for
// `assay analyze --impressions i.csv --clicks c.csv` (.csv, .ndjson, .jsonl, .parquet).
//
// Columns, by their first name that exists:
//   impressions  impression: impression, impression_id, request · item: item, item_id · position
//                (1 is the top) · team draft: team (control, treatment; nobody or empty) ·
//                balanced: control_rank and treatment_rank (0 or empty: none)
//                optional: unit (unit_id, user, user_id); without it each impression is a unit
//   clicks       impression and item, as above; every other column is ignored
// One row per item shown. Clicks on an item count once; those on what was not shown are counted
// apart. Memory grows with impressions and clicks, not with items shown.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "assay/base/expected.h"
#include "assay/stats/interleaving.h"

namespace assay::io::duckdb {

struct InterleavedLog {
  bool is_team_draft = true;
  std::vector<stats::UnitPreferences> units;  // Alike ones together.
  std::int64_t impressions = 0;
  std::int64_t clicked = 0;  // Impressions with a click on something shown.
  std::int64_t wins = 0;     // Impressions that the treatment won.
  std::int64_t losses = 0;
  std::int64_t control_first = 0;  // Impressions whose top item is control's alone.
  std::int64_t treatment_first = 0;
  std::int64_t clicks = 0;    // Rows.
  std::int64_t repeated = 0;  // Of the same item again.
  std::int64_t unknown = 0;   // Of an item or impression that was not shown.
};

// All problems at once: missing columns of all files, unusable rows with file and row.
Checked<InterleavedLog> read_impressions(const std::vector<std::string>& impressions,
                                         const std::vector<std::string>& clicks);

}  // namespace assay::io::duckdb
