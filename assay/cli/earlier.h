// --earlier FILE: an experiment as it ran before its present version. Whoever came in under other
// weights keeps the split of that time (assign/special.h); the server knows the versions, and files
// must be told them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "assay/assign/snapshot.h"
#include "assay/base/expected.h"

namespace assay::cli {

struct PlanFile {
  std::string file;
  define::Experiment plan;
};

// One experiment from its start until now.
struct History {
  std::vector<assign::Cohort> epochs = {};       // Numbered as on the server; the present one last.
  std::vector<define::Override> overrides = {};  // Of every version.
};

// Of the present plan, after `earlier`, the oldest first. A problem for each file of another
// experiment, or for each step that no running experiment may take, with its fields.
Checked<History> history_of(const PlanFile& present, const std::vector<PlanFile>& earlier);

// The present plans with their histories in the same order. An earlier file belongs to the plan of
// its id; problems where there is none, or where that one remembers what it answered.
Checked<std::vector<History>> histories_of(const std::vector<PlanFile>& present,
                                           const std::vector<PlanFile>& earlier);

std::map<std::int64_t, std::vector<std::uint32_t>> epoch_weights(const History& history);

// The epoch that a unit came in by: with which weights it was split. Null where its id does not
// tell: the plan remembers or reshuffles, or its slots are not known, and there are several epochs.
std::function<std::int64_t(std::string_view unit_id)> epoch_by_id(const define::Experiment& plan,
                                                                  const History& history);

// With the splits that earlier epochs promised.
assign::Running running_after(const define::Experiment& plan, const History& history);

}  // namespace assay::cli
