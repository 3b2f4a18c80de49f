// `assay analyze exp.yaml --table data.csv`: a table with one row per unit, analyzed by a plan.
// Each unit's variant is what the plan assigns (its id and attributes are columns); or, with
// --variant, what a column says, held against what the plan assigns. Metrics of the plan are the
// columns of their names (a ratio's: of its two events), or those that --metric names.
#pragma once

#include "assay/analyze/analyze.h"
#include "assay/assign/snapshot.h"
#include "assay/base/expected.h"
#include "assay/cli/analyze_command.h"

namespace assay::cli {

// The snapshot's first experiment is the plan's. Every problem of the arguments and of the table at
// once.
Checked<analyze::Scorecard> analyze_plan_table(const assign::Snapshot& snapshot,
                                               const define::Experiment& plan,
                                               const TableArguments& arguments, Timestamp as_of);

}  // namespace assay::cli
