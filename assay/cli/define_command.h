// `assay define FILE`: every problem of an experiment file with its place, or the plan it will run.
// `assay define --import flagd FILE`: another tool's flags as experiment files.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "assay/assign/snapshot.h"
#include "assay/cli/earlier.h"
#include "assay/cli/streams.h"
#include "assay/define/parse.h"

namespace assay::cli {

struct DefineOptions {
  std::string file;
  std::vector<std::string> catalogues;  // Files with metric definitions.
  std::vector<std::string> with;        // Experiments that run beside it.
  bool json = false;
  bool schema = false;      // Print the JSON Schema instead.
  std::string import_from;  // flagd or growthbook: the file is that tool's.
  std::string only;         // With import: the one flag to print.
};

int run_define(const DefineOptions& options, Streams streams);

// The experiment of a file, or nothing once its problems (or why it cannot be read) are on `err`
// and `status` says how to exit. For every command that takes an experiment file.
struct Loaded {
  Status status = kOk;
  define::Parsed parsed;  // Meaningless unless kOk.
};
Loaded load_experiment(const std::string& file, const std::vector<std::string>& catalogues,
                       Streams streams, bool json);

// Experiments as they ran before, for earlier.h; kOk, or what was reported.
Status load_earlier(const std::vector<std::string>& files,
                    const std::vector<std::string>& catalogues, std::vector<PlanFile>& earlier,
                    Streams streams, bool json);

// The experiments that run beside `loaded`, whose slots are found among theirs where it asks for a
// share of its layer; problems where they want the same slots. kOk, or what was reported.
struct Beside {
  std::vector<std::string> files;
  std::vector<std::string> catalogues;
  std::vector<std::string> earlier = {};  // For load_assignable: see earlier.h.
};
Status load_beside(const Beside& beside, Loaded& loaded,
                   std::vector<define::Experiment>& neighbours, Streams streams, bool json);

// An experiment and those beside it, compiled: the experiment is the first. Loads as above.
struct Assignable {
  Status status = kOk;
  define::Experiment plan;
  History history;  // Of the plan.
  std::shared_ptr<const assign::Snapshot> snapshot;
  bool switches = false;  // Some plan is a switchback.
};
Assignable load_assignable(const std::string& file, const Beside& beside, Streams streams,
                           bool json);

}  // namespace assay::cli
