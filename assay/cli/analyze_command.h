// assay analyze, decide and report: a scorecard, its verdict, or both as a page, from files. Either
// an experiment with its exposures and events, or (analyze only) one table with one row per unit
// (with a plan: plan_table.h),
// or (analyze only) the log of an interleaving test.
#pragma once

#include <string>
#include <vector>

#include "assay/cli/streams.h"

namespace assay::cli {

// --metric NAME:TYPE[,cap=V|p99.9][,per=COLUMN][,covariate=COLUMN][,q=Q][,decrease], as in
// "retention_7:proportion", "sum_gamerounds:mean,cap=p99.9", "clicks:ratio,per=views".
struct TableArguments {
  std::string path;
  std::string unit;  // Empty: every row is a unit.
  std::string variant;
  std::string by;       // Column with the variant of a second experiment: see cells_analysis.h.
  std::string cluster;  // Column with the cluster, where clusters of rows were randomized.
  std::string control;  // Empty: "control", else the first variant in order of name.
  std::vector<std::string> metrics;
  std::vector<std::string> shares;  // "gate_30=1": planned shares; none: equal ones.
  std::string method = "fixed";     // "fixed", "sequential", "bayesian"
  std::string correction = "benjamini_hochberg";
  double alpha = 0.05;
  bool sum_repeated_units = false;
};

struct AnalyzeArguments {
  std::string experiment;  // File; empty when `table` is used.
  std::vector<std::string> catalogues;
  std::vector<std::string> exposures;
  std::vector<std::string> events;
  std::vector<std::string> impressions;  // Of an interleaving test; method and alpha are table's.
  std::vector<std::string> clicks;
  TableArguments table;
  std::vector<std::string> with;  // With a plan and a table: experiment files that run beside it.
  std::vector<std::string> earlier;  // With a plan: its versions before, see earlier.h.
  std::string as_of;                 // Empty: just after the last row (a table: now).
  bool json = false;
};

int run_analyze(const AnalyzeArguments& arguments, Streams streams);
int run_decide(const AnalyzeArguments& arguments, Streams streams);
int run_report(const AnalyzeArguments& arguments, Streams streams);

}  // namespace assay::cli
