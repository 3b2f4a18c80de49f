#include "assay/cli/plan_command.h"

#include <algorithm>
#include <array>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/cli/define_command.h"
#include "assay/cli/plan_question.h"

namespace assay::cli {

using nlohmann::json;
using nlohmann::ordered_json;

namespace {

// The answer's fields, the promised ones first.
ordered_json to_json(const PlanQuestion& question, const json& answer) {
  ordered_json out;
  if (!question.metric.empty()) out["metric"] = question.metric;
  if (!question.role.empty()) out["role"] = question.role;
  if (!answer.is_null()) {
    for (const char* name : {"n_per_variant", "n_control", "n_treatment", "n_total", "power",
                             "alpha", "mde_absolute", "mde_relative", "duration_days"}) {
      if (answer.contains(name)) out[name] = answer[name];
    }
    for (const auto& [name, value] : answer.items()) {
      if (!out.contains(name)) out[name] = value;
    }
    out["request"] = json::parse(question.request);
    out["method"] = calculator_for(out["request"]);
  }
  if (!question.notes.empty()) out["notes"] = question.notes;
  return out;
}

struct Plan {
  std::vector<PlanQuestion> questions;
  std::vector<json> answers;           // null where a metric is not sized.
  std::optional<std::size_t> binding;  // The primary that needs most units.
  std::vector<std::string> notes;
};

void find_binding(Plan& plan) {
  for (std::size_t i = 0; i < plan.questions.size(); ++i) {
    if (plan.questions[i].role != "primary") continue;
    const auto total = [&](std::size_t at) { return plan.answers[at].at("n_total").get<double>(); };
    if (!plan.binding || total(i) > total(*plan.binding)) plan.binding = i;
  }
}

// What the file promises against what the plan needs.
void compare_with_file(const define::Experiment& experiment, Plan& plan) {
  if (!plan.binding) return;
  const json& answer = plan.answers[*plan.binding];
  const json request = json::parse(plan.questions[*plan.binding].request);
  const auto needed = answer.at("n_per_variant").get<std::int64_t>();
  const auto& promised = experiment.schedule.sample_size_per_variant;
  if (promised && *promised < needed) {
    plan.notes.push_back(
        fmt::format("The file expects {} units per variant; {} are needed.", *promised, needed));
  }
  const auto& longest = experiment.schedule.max_runtime_days;
  if (longest && answer.contains("duration_days") && answer.at("duration_days") > *longest) {
    plan.notes.push_back(
        fmt::format("max_runtime_days is {:g}, but the units need {} days: the experiment would "
                    "end inconclusive.",
                    *longest, answer.at("duration_days").get<std::int64_t>()));
  }
  if (request.value("rule", "") != "confidence_sequence" ||
      calculator_for(request) != "sample_size") {
    return;
  }
  json tuned = request;
  tuned.erase("target_n");
  const auto better = ask(tuned);
  if (!better || better->at("n_per_variant").get<double>() > 0.97 * static_cast<double>(needed)) {
    return;
  }
  plan.notes.push_back(
      fmt::format("The intervals are tightest at {:.0f} units of two variants; with "
                  "estimated_sample_size_per_group: {} they need {} units per variant.",
                  request.value("target_n", 0.0), better->at("n_control").get<std::int64_t>(),
                  better->at("n_per_variant").get<std::int64_t>()));
}

std::string binding_text(const Plan& plan) {
  const json& answer = plan.answers[*plan.binding];
  std::string text = fmt::format("\nThe experiment needs {} units in total",
                                 answer.at("n_total").get<std::int64_t>());
  if (answer.contains("duration_days")) {
    text += fmt::format(", {} days", answer.at("duration_days").get<std::int64_t>());
  }
  return text + fmt::format(": {} decides.\n", plan.questions[*plan.binding].metric);
}

void print(const Plan& plan, const PlanOptions& options, Streams streams) {
  if (!options.json) {
    for (std::size_t i = 0; i < plan.questions.size(); ++i) {
      streams.out << (i > 0 ? "\n" : "") << plan_text(plan.questions[i], plan.answers[i]);
    }
    if (plan.binding) streams.out << binding_text(plan);
    for (const std::string& note : plan.notes) streams.out << note << "\n";
    return;
  }
  ordered_json list = ordered_json::array();
  for (std::size_t i = 0; i < plan.questions.size(); ++i) {
    list.push_back(to_json(plan.questions[i], plan.answers[i]));
  }
  if (options.file.empty() && list.size() == 1) {
    streams.out << list[0].dump() << "\n";
    return;
  }
  ordered_json out{{"metrics", std::move(list)}};
  if (plan.binding) {
    const json& answer = plan.answers[*plan.binding];
    out["binding_metric"] = plan.questions[*plan.binding].metric;
    for (const char* name : {"n_per_variant", "n_total", "duration_days"}) {
      if (answer.contains(name)) out[name] = answer[name];
    }
  }
  out["notes"] = plan.notes;
  streams.out << out.dump() << "\n";
}

// Names the metric in front of the field where there are several.
Problems located(Problems problems, const PlanQuestion& question) {
  if (question.metric.empty()) return problems;
  for (Problem& each : problems) each.field = question.metric + ": " + each.field;
  return problems;
}

bool given(const PlanOptions& options, const std::string& field) {
  const auto it = options.fields.find(field);
  return it != options.fields.end() && !it->second.empty();
}

// The units are known: the effect is solved for, or the power where an effect is asked for.
void leave_out_what_days_solve(const PlanOptions& options, json& request) {
  if (given(options, "mde_relative") || given(options, "mde_absolute")) {
    if (!given(options, "power")) request.erase("power");
    return;
  }
  request.erase("mde_relative");
  request.erase("mde_absolute");
}

Checked<Plan> answer_all(std::vector<PlanQuestion> questions, const PlanOptions& options) {
  Plan plan{.questions = std::move(questions)};
  Problems problems;
  for (PlanQuestion& question : plan.questions) {
    plan.answers.emplace_back(nullptr);
    if (question.request.empty()) continue;
    json request = json::parse(question.request);
    if (options.days && question.role != "guardrail") {
      const auto set = set_units_of_days(*options.days, request);
      if (!set) return unexpected(set.error());
      leave_out_what_days_solve(options, request);
      question.request = request.dump();
    }
    auto answer = ask(request);
    if (answer) {
      plan.answers.back() = *std::move(answer);
      continue;
    }
    const Problems found = located(answer.error(), question);
    problems.insert(problems.end(), found.begin(), found.end());
  }
  if (!problems.empty()) return unexpected(std::move(problems));
  find_binding(plan);
  return plan;
}

}  // namespace

std::span<const PlanField> plan_fields() {
  static constexpr std::array<PlanField, 38> kFields{{
      {"mde_relative", "Effect to find, or margin: 0.1 is 10 %"},
      {"mde_absolute", "Effect to find, or margin, in the metric's unit"},
      {"power", "Chance to find the effect (0.8)"},
      {"n_per_variant", "Units of the control: solve for effect or power"},
      {"alpha", "False-alarm rate (0.05)"},
      {"sides", "two (default) or one"},
      {"direction", "Solving for the effect: up (default) or down"},
      {"aim", "superiority (default), noninferiority or equivalence, with the effect as margin"},
      {"true_difference", "What a margin test assumes in truth (0)"},
      {"treatment_share", "Of both variants' units (0.5)"},
      {"correction", "Of alpha over treatments and metrics: none, bonferroni or dunnett"},
      {"metrics", "Metrics that share alpha (1)"},
      {"success_needs", "any (default) or all of the metrics"},
      {"scale", "difference (default), or lift for the plain test of the ratio"},
      {"variance", "Proportions: pooled (default), unpooled or arcsine"},
      {"test", "Means: t (default) or z"},
      {"treatment_std_dev", "Means: where it differs from --sd"},
      {"cluster_size", "Units per randomized cluster, on average"},
      {"icc", "Intraclass correlation of the clusters"},
      {"cluster_size_cv", "Coefficient of variation of the clusters' sizes"},
      {"rule", "fixed (default), group_sequential, confidence_sequence or posterior"},
      {"looks", "Of rules that look more than once (28)"},
      {"spending", "obrien_fleming (default), pocock, power or hwang_shih_decani"},
      {"parameter", "Of the spending function"},
      {"target_n", "confidence_sequence: total units at which it is tightest (the planned ones)"},
      {"ship_probability", "posterior: P(better) needed to ship (0.95)"},
      {"prior_sd", "posterior: sd of the effect's prior, metric's unit (none: flat)"},
      {"daily_units", "New units a day in all variants: gives the duration"},
      {"traffic_share", "Of those units, that enter the experiment"},
      {"quantile", "Quantiles: which one"},
      {"density", "Quantiles: of the metric, at the quantile"},
      {"std_error", "Quantiles: that a past sample of --n units had"},
      {"n", "Quantiles: units of that sample"},
      {"numerator_mean", "Ratios: per unit"},
      {"denominator_mean", "Ratios: per unit"},
      {"numerator_variance", "Ratios: per unit"},
      {"denominator_variance", "Ratios: per unit"},
      {"covariance", "Ratios: of numerator and denominator, per unit"},
  }};
  return kFields;
}

int run_plan(const PlanOptions& options, Streams streams) {
  const auto numbers = read_plan_numbers(options);
  if (!numbers) return report(streams, numbers.error(), options.json);
  if (options.file.empty()) {
    auto questions = questions_without_file(options, *numbers);
    if (!questions) return report(streams, questions.error(), options.json);
    const auto plan = answer_all(*std::move(questions), options);
    if (!plan) return report(streams, plan.error(), options.json);
    print(*plan, options, streams);
    return kOk;
  }
  const Loaded loaded = load_experiment(options.file, options.catalogues, streams, options.json);
  if (loaded.status != kOk) return loaded.status;
  auto questions = questions_of(loaded.parsed.experiment, options, *numbers);
  if (!questions) return report(streams, questions.error(), options.json);
  auto plan = answer_all(*std::move(questions), options);
  if (!plan) return report(streams, plan.error(), options.json);
  compare_with_file(loaded.parsed.experiment, *plan);
  print(*plan, options, streams);
  return kOk;
}

}  // namespace assay::cli
