// `assay assign exp.yaml --units ids.csv`: the variant of each unit and the reason, as
// unit,variant,reason (and unit_kind where the plan has a fallback_unit). The ids are in the column
// named like the experiment's unit, else in `unit`, else in the first one; every other column is an
// attribute for targeting, and the column `time` is also the moment that a switchback is asked for.
// With `sticky`, the column `remembered` has the variant that a unit was given before. Streams: a
// file of any length needs the memory of one line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "assay/cli/streams.h"

namespace assay::cli {

struct AssignOptions {
  std::vector<std::string> files;       // Experiments; several: see assign_many.h.
  std::string units;                    // See unit_rows.h; "-" is standard input.
  std::vector<std::string> catalogues;  // Files with holdouts.
  std::vector<std::string> with;        // Experiments that run beside it: prerequisites, slots.
  std::vector<std::string> earlier;     // Experiments as they ran before: see earlier.h.
  std::vector<std::string> balance;     // Columns: find the salt that splits them evenly instead.
  std::size_t salts = 1000;             // To try.
  std::optional<std::string> out;       // A Parquet file to write instead; see assign_parquet.h.
  bool json = false;
};

int run_assign(const AssignOptions& options, Streams streams);

}  // namespace assay::cli
