// `assay plan`: how many units a comparison needs, what a given number can find, and how long that
// takes. Either from numbers (`--type proportion --baseline 0.032 --mde-relative 0.10`) or for
// every metric of an experiment file whose baseline is given (`exp.yaml --baseline paid=0.032`).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "assay/cli/streams.h"

namespace assay::cli {

struct PlanOptions {
  std::string file;  // Empty: plan from the numbers below alone.
  std::vector<std::string> catalogues;
  std::string type;                    // "proportion" or "mean"; with a file: of untyped metrics.
  std::vector<std::string> baselines;  // "0.032"; with a file "metric=0.032".
  std::vector<std::string> sds;        // Means: "12.5"; with a file "metric=12.5".
  std::optional<double> mde_relative;
  std::optional<double> mde_absolute;
  std::optional<double> alpha;
  std::optional<double> power;
  std::optional<std::int64_t> n_per_variant;
  std::optional<double> treatment_share;
  double correlation = 0;
  std::optional<double> daily_units;
  bool unpooled = false;
  bool json = false;
};

int run_plan(const PlanOptions& options, Streams streams);

}  // namespace assay::cli
