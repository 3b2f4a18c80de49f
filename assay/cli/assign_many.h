// `assay assign a.yaml b.yaml … --units ids.csv`: one column per experiment, with the unit's
// variant or nothing.
//
// An experiment's ids are in the column named like its unit. The first one's may be in `unit` or in
// the first column instead, and so may others' of the same unit.
#pragma once

#include <iosfwd>

#include "assay/assign/snapshot.h"
#include "assay/base/problem.h"
#include "assay/cli/progress.h"
#include "assay/cli/row_context.h"
#include "assay/cli/unit_rows.h"

namespace assay::cli {

struct ManyOptions {
  Answered answered;
  bool json = false;
};

// Writes to `out` as it reads; memory for one block of units, whatever the length.
Problems assign_many(const assign::Snapshot& snapshot, const ManyOptions& options, UnitRows& rows,
                     std::ostream& out, Progress& progress);

}  // namespace assay::cli
