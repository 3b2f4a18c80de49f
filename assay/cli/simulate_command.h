// assay simulate aa: what each way of inference claims when the truth is known.
#pragma once

#include <cstdint>
#include <string>

#include "assay/cli/streams.h"

namespace assay::cli {

struct SimulateOptions {
  std::string what = "aa";
  std::string law = "proportion";
  double baseline = 0.1;
  double lift = 0.0;
  int runs = 2000;
  int units = 2000;
  int looks = 28;
  double alpha = 0.05;
  std::uint64_t seed = 1;
  bool json = false;
};

// 0 when every method keeps its promise, 1 when one does not, 2 for bad options.
int run_simulate(const SimulateOptions& options, Streams streams);

}  // namespace assay::cli
