// assay interleave: merges rankings, one request a line, into the log of what to show. And the
// other end of it: assay analyze --impressions … --clicks …, which ranker the clicks prefer.
#pragma once

#include <string>

#include "assay/cli/analyze_command.h"
#include "assay/cli/streams.h"

namespace assay::cli {

struct InterleaveOptions {
  std::string file;  // NDJSON, as POST /v1/interleavings has it; "-" is standard input.
  bool json = false;
};

// CSV: impression, unit, position, item, and the team or both ranks; with --json one answer a line.
int run_interleave(const InterleaveOptions& options, Streams streams);

// AnalyzeArguments::impressions and clicks.
int run_impressions(const AnalyzeArguments& arguments, Streams streams);

}  // namespace assay::cli
