// assay simulate aa: what each way of inference claims when the truth is known; with a table, on
// the user's own units. assay simulate methods: every method in the studies of
// docs/methods/calibration.md. assay simulate assignment: whether splits are uniform and
// experiments independent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "assay/cli/analyze_command.h"
#include "assay/cli/streams.h"

namespace assay::cli {

struct SimulateOptions {
  std::string what = "aa";
  std::string law = "proportion";
  double baseline = 0.1;
  double lift = 0.0;
  std::optional<int> runs;   // aa: 2000, of a table 1000; methods: each study's own.
  std::optional<int> units;  // aa: 2000; assignment: 1000000.
  int salts = 200;
  std::string study;         // methods: the study of this name, or all whose names begin with it.
  bool list = false;         // methods: only name the studies.
  std::optional<int> looks;  // aa: 28, of a table 1.
  TableArguments table;      // aa: path, unit, cluster and metrics; of one variant's rows.
  double treatment_share = 0.5;  // Of a table's units.
  double alpha = 0.05;
  std::uint64_t seed = 1;
  bool json = false;
};

// 0 when every promise is kept, 1 when one is not, 2 for bad options.
int run_simulate(const SimulateOptions& options, Streams streams);

}  // namespace assay::cli
