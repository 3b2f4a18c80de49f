// The questions of an experiment file: every metric whose value of today is known, with the file's
// arms, level, correction, rule, CUPED and traffic. What the command line says goes first.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/cli/plan_question.h"
#include "assay/define/define.h"
#include "assay/stats/inference.h"

namespace assay::cli {

using define::Experiment;
using define::PlannedMetric;
using define::Role;
using nlohmann::json;

namespace {

std::string type_of(const PlannedMetric& metric, const std::string& otherwise) {
  if (!metric.definition) return otherwise.empty() ? "proportion" : otherwise;
  const std::string word(define::to_word(metric.definition->type));
  if (word == "retention") return "proportion";
  return word == "count" ? "mean" : word;
}

void set_default(json& fields, const std::string& name, json value) {
  if (!fields.contains(name)) fields[name] = std::move(value);
}

json weights_of(const Experiment& experiment) {
  json weights = json::array({experiment.control_variant().weight});
  for (const define::Variant& variant : experiment.variants) {
    if (variant.key != experiment.control && variant.weight > 0) weights.push_back(variant.weight);
  }
  return weights;
}

// The file's share of all eligible units: of the layer's slots, those in use.
double traffic_share(const Experiment& experiment) {
  const auto& assignment = experiment.assignment;
  double slots = 0;
  for (const define::SlotRange& range : assignment.slots) slots += range.end - range.begin;
  if (assignment.slots.empty()) slots = define::kLayerSlots;
  return slots / define::kLayerSlots * assignment.traffic_ppm / define::kLayerSlots;
}

// Every correction finds a single true effect at least at Bonferroni's level, for
// Benjamini–Yekutieli over the harmonic sum.
void set_family(const Experiment& experiment, Role role, json& request) {
  using define::Correction;
  const auto metrics = std::ranges::count(experiment.metrics, role, &PlannedMetric::role);
  const Correction correction = experiment.analysis.correction;
  if (correction == Correction::kNone || role == Role::kGuardrail) return;
  set_default(request, "correction", "bonferroni");
  set_default(request, "metrics", metrics);
  if (correction != Correction::kBenjaminiYekutieli || !request["metrics"].is_number()) return;
  double harmonic = 0;
  const double size =
      request["metrics"].get<double>() * static_cast<double>(request["weights"].size() - 1);
  for (double i = 1; i <= size; ++i) harmonic += 1 / i;
  request["alpha"] = experiment.analysis.alpha / harmonic;
}

void set_rule(const Experiment& experiment, Role role, json& request) {
  const auto& analysis = experiment.analysis;
  if (request.contains("rule")) return;
  if (role == Role::kGuardrail || analysis.method == define::Method::kSequential) {
    request["rule"] = "confidence_sequence";
    const auto& planned = experiment.schedule.sample_size_per_variant;
    set_default(
        request, "target_n",
        planned ? 2.0 * static_cast<double>(*planned) : stats::SequentialOptions{}.target_n);
  } else if (analysis.method == define::Method::kBayesian) {
    request["rule"] = "posterior";
    set_default(request, "ship_probability", analysis.ship_probability);
  }
}

void set_effect(const Experiment& experiment, const PlannedMetric& metric, json& request) {
  const double good = metric.direction == define::Direction::kIncrease ? 1 : -1;
  if (good < 0) set_default(request, "direction", "down");
  const bool given = request.contains("mde_relative") || request.contains("mde_absolute") ||
                     request.contains("n_per_variant");
  if (given) return;
  const auto planned = metric.mde_relative ? metric.mde_relative : experiment.analysis.mde_relative;
  if (planned) request["mde_relative"] = good * *planned;
}

// A guardrail asks whether the treatment is no worse than its margin.
void set_margin(const PlannedMetric& metric, json& request) {
  const double good = metric.direction == define::Direction::kIncrease ? 1 : -1;
  request["aim"] = "noninferiority";
  for (const char* name : {"n_per_variant", "mde_relative", "mde_absolute"}) request.erase(name);
  request["mde_relative"] = -good * metric.margin_relative;
}

json request_of(const Experiment& experiment, const PlannedMetric& metric,
                const PlanOptions& options, const json& fields) {
  json request = fields;
  request["metric"] = type_of(metric, options.type);
  if (!request.contains("treatment_share")) set_default(request, "weights", weights_of(experiment));
  set_default(request, "alpha", experiment.analysis.alpha);
  if (metric.role == Role::kGuardrail) {
    set_margin(metric, request);
  } else {
    set_effect(experiment, metric, request);
  }
  set_family(experiment, metric.role, request);
  set_rule(experiment, metric.role, request);
  if (calculator_for(request) != "power") set_default(request, "power", experiment.analysis.power);
  if (request.contains("daily_units") || request.contains("days")) {
    set_default(request, "traffic_share", traffic_share(experiment));
  }
  return request;
}

void finish(const Experiment& experiment, json request, PlanQuestion& question) {
  const auto& analysis = experiment.analysis;
  if (analysis.variance_reduction == define::VarianceReduction::kCuped &&
      !request.contains("correlation")) {
    question.notes.push_back(
        fmt::format("Sized without CUPED: --correlation {}=0.5 says how the covariate and the "
                    "metric correlate.",
                    question.metric));
  }
  if (request.value("rule", "") == "posterior" && analysis.prior_sd_relative &&
      request.contains("baseline")) {
    set_default(request, "prior_sd",
                *analysis.prior_sd_relative * std::abs(request["baseline"].get<double>()));
  }
  question.request = request.dump();
}

void require_baselines(const Experiment& experiment, const std::vector<PlanQuestion>& questions,
                       const PlanNumbers& numbers, Problems& problems) {
  const auto known = [&](const std::string& name) {
    return name.empty() || std::ranges::find(experiment.metrics, name, &PlannedMetric::name) !=
                               experiment.metrics.end();
  };
  for (const auto& [name, value] : numbers.baselines) {
    if (known(name)) continue;
    problems.push_back({.place = {},
                        .field = "baseline",
                        .message = fmt::format("the plan has no metric '{}'", name),
                        .hint = "--baseline METRIC=VALUE"});
  }
  for (const auto& [name, value] : numbers.history) {
    if (known(name)) continue;
    problems.push_back({.place = {},
                        .field = "metric",
                        .message = fmt::format("the plan has no metric '{}'", name),
                        .hint = "the table's column has the name of the metric"});
  }
  if (!questions.empty() || !problems.empty()) return;
  problems.push_back({.place = {},
                      .field = "baseline",
                      .message = "no metric has a baseline",
                      .hint = fmt::format("--baseline {}=VALUE: its value today",
                                          experiment.metrics.front().name)});
}

}  // namespace

Checked<std::vector<PlanQuestion>> questions_of(const Experiment& experiment,
                                                const PlanOptions& options,
                                                const PlanNumbers& numbers) {
  ASSAY_TRY(json fields, common_fields(options));
  std::vector<PlanQuestion> questions;
  for (const PlannedMetric& metric : experiment.metrics) {
    if (!numbers.baselines.contains(metric.name) && !numbers.history.contains(metric.name)) {
      continue;
    }
    const bool guardrail = metric.role == Role::kGuardrail;
    PlanQuestion question{.metric = metric.name,
                          .role = std::string(define::to_word(metric.role)),
                          .request = {},
                          .notes = {}};
    if (guardrail && !(metric.must_not_worsen && metric.margin_relative > 0)) {
      question.notes.push_back(
          "Not sized: a guardrail without a margin against the control (must_not_increase: 0.02) "
          "has no size at which it is sure to pass.");
    } else {
      json request = request_of(experiment, metric, options, fields);
      add_plan_numbers(numbers, metric.name, request);
      finish(experiment, std::move(request), question);
    }
    questions.push_back(std::move(question));
  }
  Problems problems;
  require_baselines(experiment, questions, numbers, problems);
  if (!problems.empty()) return unexpected(std::move(problems));
  return questions;
}

}  // namespace assay::cli
