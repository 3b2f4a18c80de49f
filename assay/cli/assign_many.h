// `assay assign a.yaml b.yaml … --units ids.csv`: one column per experiment, with the unit's
// variant or nothing. Experiments whose answer follows from the id alone are assigned a block of
// units at a time (assign/bulk.h: each id hashed once), the others unit by unit; both give the
// same.
//
// An experiment's ids are in the column named like its unit. The first one's may be in `unit` or in
// the first column instead, and so may others' of the same unit.
#pragma once

#include <iosfwd>
#include <span>
#include <string>

#include "assay/assign/snapshot.h"
#include "assay/base/problem.h"
#include "assay/cli/csv_reader.h"
#include "assay/cli/progress.h"

namespace assay::cli {

inline constexpr std::size_t kMaxRowProblems = 20;  // More would hide the first.

struct ManyOptions {
  std::string units_file;       // For problems.
  std::size_t experiments = 0;  // The first so many of the snapshot are answered for.
  bool needs_time = false;      // Some experiment switches: `time` must be one in every row.
  bool json = false;
};

// Writes to `out` as it reads; memory for one block of 4,096 units, whatever the length.
Problems assign_many(const assign::Snapshot& snapshot, const ManyOptions& options,
                     CsvReader& reader, std::ostream& out, Progress& progress);

// Where the ids of a kind of unit are: the column named like it, else `unit`, else the first.
std::size_t unit_column(std::span<const std::string> header, std::string_view kind);

}  // namespace assay::cli
