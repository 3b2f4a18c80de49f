// A table with one row per unit as an experiment: its plan is made of the command line's words, its
// numbers come from io/duckdb's reader, and from there on it is analyzed like any other.
#pragma once

#include "assay/analyze/analyze.h"
#include "assay/base/expected.h"
#include "assay/cli/analyze_command.h"

namespace assay::cli {

// Every problem of the arguments and of the table at once.
Checked<analyze::Scorecard> analyze_table(const TableArguments& arguments, Timestamp as_of);

}  // namespace assay::cli
