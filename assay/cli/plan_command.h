// `assay plan`: how many units a comparison needs, what a given number can find, and how long that
// takes. From numbers (`--type proportion --baseline 0.032 --mde-relative 0.10`), from a table of
// the past (`--table units.csv --metric revenue:mean`), or for a whole experiment file with the
// values of today (`exp.yaml --baseline paid=0.032`).
//
// Every question is a request to `assay stats sample_size`, `power` or `minimum_detectable_effect`;
// the options are its fields, and the answer holds the request.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "assay/cli/analyze_command.h"
#include "assay/cli/streams.h"

namespace assay::cli {

// An option that is a field of the calculators: mde_relative is --mde-relative.
struct PlanField {
  std::string_view name;
  std::string_view about;
};
std::span<const PlanField> plan_fields();

struct PlanOptions {
  std::string file;  // Empty: plan from numbers or a table.
  std::vector<std::string> catalogues;
  std::string type;                           // "proportion", "mean", "ratio", "quantile".
  std::vector<std::string> baselines;         // "0.032"; with a file "metric=0.032".
  std::vector<std::string> sds;               // "12.5" or "metric=12.5".
  std::vector<std::string> correlations;      // Of metric and CUPED covariate: "0.5", "metric=0.5".
  std::map<std::string, std::string> fields;  // By PlanField::name; empty: not given.
  int treatments = 1;                         // Without a file.
  std::optional<double> control_share;        // Of all units; none: an even split.
  std::vector<std::string> unique_units;      // "7=22000": so many different units in 7 days.
  std::optional<double> days;                 // Solve for what so many days can find.
  TableArguments table;                       // History: path, unit, variant, control, metrics.
  bool unpooled = false;
  bool json = false;
};

int run_plan(const PlanOptions& options, Streams streams);

}  // namespace assay::cli
