// Two experiments on the rows of one table (buyers in one, sellers in the other): the four cells of
// `assay analyze --table F --variant A --by B --metric M:mean`, the effect of each treatment alone
// and of both, and whether they get in each other's way (stats/interaction.h).
#pragma once

#include "assay/cli/analyze_command.h"
#include "assay/cli/streams.h"

namespace assay::cli {

int run_cells(const AnalyzeArguments& arguments, Streams streams);

}  // namespace assay::cli
