// `assay assign … --out answers.parquet`: the answers as a Parquet file. Of one experiment unit,
// variant, reason, propensity and because, as in JSON (and unit_kind where the plan has a
// fallback_unit); of several the units and a column per experiment (assign_many.h). Null where
// there is no variant, no cause, or nobody.
#pragma once

#include <string>

#include "assay/assign/snapshot.h"
#include "assay/base/problem.h"
#include "assay/cli/progress.h"
#include "assay/cli/row_context.h"
#include "assay/cli/unit_rows.h"

namespace assay::cli {

// The problems of the rows: the file is written only where none is an error. An Error where it
// cannot be written. Memory for one group of rows, whatever the length.
Result<Problems> assign_to_parquet(const assign::Snapshot& snapshot, const Answered& answered,
                                   UnitRows& rows, const std::string& path, Progress& progress);

}  // namespace assay::cli
