// Reads other tools' flag files: flagd's definitions (JsonLogic) and GrowthBook's feature payloads,
// so that a running test moves here with its variants, its hash and its conditions. Pure.
//
//   auto read = import_flagd(text, "flags.json");
//   read->flags[0].experiment;        // variants, hash, salt, targeting; no metrics: they have
//   none experiment_file(read->flags[0].experiment);         // the same as a file to be completed
//   to_text(read->refused);           // flags.json:12:5: … what has no equal here, and why
//
// A flag is taken whole or not at all: whatever an experiment of assay could not answer alike is
// refused at its place, and nothing is dropped in silence. An experiment is one split between
// variants for whoever is eligible, and control's value for everybody else; so a flag may have one
// rule that draws, with fixed values by condition before it (they are forced), and after it where
// the draw leaves nobody out. A flag without any draw is an experiment of one variant at 100 %, and
// says so as a warning; one that gives everybody the same is refused.
//
// What differs is stated rather than refused: JsonLogic and GrowthBook convert types when they
// compare ("5" == 5). Here a text is compared with texts and, where it reads as one, with the
// number or boolean; orders compare numbers only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "assay/base/expected.h"
#include "assay/define/experiment.h"

namespace assay::define {

// A whole payload is larger than a plan.
inline constexpr std::size_t kMaxImportBytes = 16U << 20;
inline constexpr std::size_t kMaxImportFlags = 10'000;

struct ImportedFlag {
  Experiment experiment;  // Without metrics.
  int line = 0;           // Where the flag stands.
};

struct Imported {
  std::vector<ImportedFlag> flags;
  Problems refused;   // At least one for every flag that is not in `flags`.
  Problems warnings;  // What its owner should know of one that is.
};

// Fail where there is nothing to read: not JSON or YAML, or no `flags` or `features`.
Checked<Imported> import_flagd(std::string_view text, const std::string& file);
Checked<Imported> import_growthbook(std::string_view text, const std::string& file);

// One condition of either language, for tests against those projects' vectors.
Checked<Condition> import_flagd_condition(std::string_view text, const std::string& file);
Checked<Condition> import_growthbook_condition(std::string_view text, std::string_view saved_groups,
                                               const std::string& file);

// The experiment as a YAML file that `parse` reads once its metrics are written down.
std::string experiment_file(const Experiment& experiment);

}  // namespace assay::define
