// assay serve: one process, API and dashboard on one port.
#pragma once

#include <string>

#include "assay/cli/streams.h"
#include "assay/serve/serve.h"

namespace assay::cli {

struct ServeCommandOptions {
  serve::ServeOptions server;
  double analyze_every_seconds = 60;
  std::string create_token;  // Not empty: make a token of this name, print it, and end.
  bool json = false;
};

// Returns after SIGTERM or SIGINT.
int run_serve(const ServeCommandOptions& options, Streams streams);

// The dashboard's built files: the folder "dashboard" beside the program, or dashboard/dist of the
// source tree the program was built in. Empty when there is neither.
std::string find_dashboard();

}  // namespace assay::cli
