// Reads an experiment file (YAML or JSON) and reports all of its problems at once, each with
// file:line:column, the offending value and a hint. Pure: the caller reads the file.
//
//   auto parsed = parse(text, {.file = "exp.yaml"});
//   if (!parsed) std::cerr << to_text(parsed.error());
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "assay/base/expected.h"
#include "assay/define/experiment.h"

namespace assay::define {

// A holdout, and the experiments it is for.
struct HoldoutDefinition {
  Holdout holdout;
  std::vector<std::string> layers;  // Empty: all.
};

// What experiments may name without defining it. Of equal names the first counts.
struct Catalogue {
  std::vector<MetricDefinition> metrics;
  std::vector<MetricDefinition> covariates;
  std::vector<HoldoutDefinition> holdouts = {};

  void append(const Catalogue& other);
};

struct ParseOptions {
  std::string file = "experiment";  // Named in problems.
  Catalogue catalogue = {};         // Asked after what the file itself defines.
};

struct Parsed {
  Experiment experiment;
  Problems warnings;
};

inline constexpr std::size_t kMaxFileBytes = 1 << 20;

Checked<Parsed> parse(std::string_view text, const ParseOptions& options = {});

// The experiment's id as the file writes it, whatever else is wrong with it; empty where there is
// none. For a caller whose options depend on it.
std::string id_in(std::string_view text);

// A catalogue file: `metrics:` with definitions or `holdouts:`, or both, and maybe `covariates:`.
Checked<Catalogue> parse_catalogue(std::string_view text, const std::string& file);

}  // namespace assay::define
