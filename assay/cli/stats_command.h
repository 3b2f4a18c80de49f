// `assay stats METHOD < request.json`: any statistical method on numbers, JSON in and JSON out.
// `--list` names the methods, `--schema METHOD` prints the JSON Schema of a request.
#pragma once

#include <string>

#include "assay/cli/streams.h"

namespace assay::cli {

struct StatsOptions {
  std::string method;
  bool list = false;
  bool schema = false;
  bool json = false;  // Only changes --list; an answer is JSON anyway.
};

int run_stats(const StatsOptions& options, Streams streams);

}  // namespace assay::cli
