// `assay assign exp.yaml --units list.csv --balance country,platform`: the salt that splits this
// list most evenly over the strata of these columns, and how even that is. Only units that the plan
// assigns by its hash count.
#pragma once

#include <string>
#include <vector>

#include "assay/assign/assign.h"
#include "assay/cli/streams.h"
#include "assay/cli/unit_rows.h"

namespace assay::cli {

struct BalanceRequest {
  std::vector<std::string> columns;
  std::size_t salts = 1000;
  bool json = false;
};

// The snapshot's first experiment is the plan's.
int run_balance(const assign::Snapshot& snapshot, const define::Experiment& plan,
                const BalanceRequest& request, UnitRows& units, Streams streams);

}  // namespace assay::cli
