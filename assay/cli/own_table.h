// assay simulate aa --table: is the analysis right on this very data? The units of a table (or its
// clusters) are given to two variants by the product's hash under salts of their own, many times;
// each time the product analyzes them as `assay analyze --table` would. Nothing distinguishes the
// variants, so whatever is claimed is false.
#pragma once

#include <vector>

#include "assay/base/expected.h"
#include "assay/cli/simulate_command.h"
#include "assay/sim/study.h"

namespace assay::cli {

// One study per metric, with the three methods; every problem of the options and the table at once.
Checked<std::vector<sim::Study>> own_studies(const SimulateOptions& options);

// For people: alarms, stated errors and uniformity beside what each method promises.
std::string own_table_text(const sim::StudyResult& result);

}  // namespace assay::cli
