// `assay analyze exp.yaml --table data.csv`: a table with one row per unit, analyzed by a plan.
// Each unit's variant is what the plan assigns (its id and attributes are columns); or, with
// --variant, what a column says, held against what the plan assigns. Metrics of the plan are the
// columns of their names (a ratio's: of its two events), or those that --metric names.
#pragma once

#include "assay/analyze/analyze.h"
#include "assay/base/expected.h"
#include "assay/cli/analyze_command.h"
#include "assay/cli/define_command.h"

namespace assay::cli {

struct PlanTableAnswer {
  analyze::Scorecard card;
  Problems warnings;  // A kind of unit, or what conditions ask for, that has no column.
};

// Where the weights changed while it ran, each unit counts in the epoch whose split it has, as on
// the server. Every problem of the arguments and of the table at once.
Checked<PlanTableAnswer> analyze_plan_table(const Assignable& loaded,
                                            const TableArguments& arguments, Timestamp as_of);

}  // namespace assay::cli
