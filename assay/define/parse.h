// Reads an experiment file (YAML or JSON) and reports all of its problems at once, each with
// file:line:column, the offending value and a hint. Pure: the caller reads the file.
//
//   auto parsed = parse(text, {.file = "exp.yaml"});
//   if (!parsed) std::cerr << to_text(parsed.error());
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "assay/base/expected.h"
#include "assay/define/experiment.h"

namespace assay::define {

struct ParseOptions {
  std::string file = "experiment";                   // Named in problems.
  std::span<const MetricDefinition> catalogue = {};  // Metrics defined elsewhere.
};

struct Parsed {
  Experiment experiment;
  Problems warnings;
};

inline constexpr std::size_t kMaxFileBytes = 1 << 20;

Checked<Parsed> parse(std::string_view text, const ParseOptions& options = {});

// A catalogue file: `metrics:` with definitions only.
Checked<std::vector<MetricDefinition>> parse_catalogue(std::string_view text,
                                                       const std::string& file);

}  // namespace assay::define
