// What `assay plan` asks the calculators, and how: one question per metric. Internal to cli.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "assay/base/expected.h"
#include "assay/cli/plan_command.h"
#include "assay/define/experiment.h"

namespace assay::cli {

struct PlanQuestion {
  std::string metric;   // Empty where there is only one, from numbers.
  std::string role;     // "primary", "secondary", "guardrail"; empty without a file.
  std::string request;  // JSON for assay stats sample_size; empty: not to be sized.
  std::vector<std::string> notes;
};

// Values per metric; under "" what holds for all.
struct PlanNumbers {
  std::map<std::string, double> baselines;
  std::map<std::string, double> sds;
  std::map<std::string, double> correlations;
  std::map<std::string, std::string> history;  // JSON fields that a table gave.
};
Checked<PlanNumbers> read_plan_numbers(const PlanOptions& options);
// Sets the metric's baseline, std_dev and correlation; options before history.
void add_plan_numbers(const PlanNumbers& numbers, const std::string& metric,
                      nlohmann::json& request);
// The fields that the options give for every metric.
Checked<nlohmann::json> common_fields(const PlanOptions& options);

Checked<std::vector<PlanQuestion>> questions_without_file(const PlanOptions& options,
                                                          const PlanNumbers& numbers);
Checked<std::vector<PlanQuestion>> questions_of(const define::Experiment& experiment,
                                                const PlanOptions& options,
                                                const PlanNumbers& numbers);

// The control's units after so many days of the request's sound traffic, and the same as the
// request's n_per_variant where the traffic is sound.
double control_units_after(double days, const nlohmann::json& request);
Checked<void> set_units_of_days(double days, nlohmann::json& request);

// The answer of the calculator that solves for what the request leaves out.
std::string calculator_for(const nlohmann::json& request);
Checked<nlohmann::json> ask(const nlohmann::json& request);

// plan_text.cc: the answer for people, with what other effects and durations would mean.
std::string plan_text(const PlanQuestion& question, const nlohmann::json& answer);

// plan_history.cc: baseline, spread, correlation and clusters of the table's metrics.
Checked<std::map<std::string, std::string>> read_history(const PlanOptions& options);

}  // namespace assay::cli
