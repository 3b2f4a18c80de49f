#include "assay/cli/plan_command.h"

#include <algorithm>
#include <map>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/base/text.h"
#include "assay/cli/define_command.h"
#include "assay/define/define.h"
#include "assay/stats/sizing.h"

namespace assay::cli {
namespace {

using stats::Sizing;
using stats::SizingOptions;

struct Planned {
  std::string metric;  // Empty without a file.
  Sizing sizing;
};

// "metric=0.032" or "0.032" (under the empty name).
Checked<std::map<std::string, double>> read_numbers(const std::vector<std::string>& texts,
                                                    const std::string& field) {
  std::map<std::string, double> numbers;
  Problems problems;
  for (const std::string& text : texts) {
    const std::size_t equals = text.rfind('=');
    const bool named = equals != std::string::npos;
    const auto number = parse_number(std::string_view(text).substr(named ? equals + 1 : 0));
    if (number) {
      numbers[named ? text.substr(0, equals) : ""] = *number;
    } else {
      problems.push_back({.place = {},
                          .field = field,
                          .message = fmt::format("'{}' is not a number", text),
                          .hint = fmt::format("--{0} 0.032, or --{0} metric=0.032", field)});
    }
  }
  if (!problems.empty()) return unexpected(std::move(problems));
  return numbers;
}

struct Question {
  std::string metric;
  std::string type;
  double baseline = 0;
  std::optional<double> sd;
  SizingOptions sizing;
};

Checked<Sizing> answer(const Question& question) {
  if (question.type == "proportion" || question.type == "retention") {
    return stats::size_proportion(question.baseline, question.sizing);
  }
  if (question.sd) return stats::size_mean(question.baseline, *question.sd, question.sizing);
  Problems problems;
  problems.push_back({.place = {},
                      .field = question.metric.empty() ? "sd" : question.metric,
                      .message = "a mean needs the standard deviation of a unit's value",
                      .hint = question.metric.empty()
                                  ? "--sd 12.5"
                                  : fmt::format("--sd {}=12.5", question.metric)});
  return unexpected(std::move(problems));
}

SizingOptions sizing_options(const PlanOptions& options) {
  return {.alpha = options.alpha.value_or(0.05),
          .effect = {options.mde_absolute, options.mde_relative},
          .power = options.power,
          .n_per_variant = options.n_per_variant,
          .treatment_share = options.treatment_share.value_or(0.5),
          .correlation = options.correlation,
          .daily_units = options.daily_units,
          .variance = options.unpooled ? stats::ProportionVariance::kUnpooled
                                       : stats::ProportionVariance::kPooled};
}

// What the plan says holds unless the command line says otherwise. With several treatments the
// smallest decides.
SizingOptions plan_options(const PlanOptions& options, const define::Experiment& experiment,
                           const define::PlannedMetric& metric) {
  SizingOptions sizing = sizing_options(options);
  sizing.alpha = options.alpha.value_or(experiment.analysis.alpha);
  const bool given = options.mde_relative || options.mde_absolute || options.n_per_variant;
  if (!given) {
    sizing.effect.relative =
        metric.mde_relative ? metric.mde_relative : experiment.analysis.mde_relative;
  }
  const bool solved = options.n_per_variant && (options.mde_relative || options.mde_absolute);
  if (!options.power && !solved) sizing.power = experiment.analysis.power;
  if (options.treatment_share) return sizing;
  std::uint32_t smallest = 0;
  for (const define::Variant& variant : experiment.variants) {
    if (variant.key == experiment.control || variant.weight == 0) continue;
    smallest = smallest == 0 ? variant.weight : std::min(smallest, variant.weight);
  }
  const double control = experiment.control_variant().weight;
  if (smallest > 0 && control > 0) sizing.treatment_share = smallest / (control + smallest);
  return sizing;
}

std::string metric_type(const define::PlannedMetric& metric, const std::string& otherwise) {
  if (metric.definition) return std::string(define::to_word(metric.definition->type));
  return otherwise.empty() ? "proportion" : otherwise;
}

Checked<std::vector<Question>> questions_of(const define::Experiment& experiment,
                                            const PlanOptions& options,
                                            std::map<std::string, double> baselines,
                                            const std::map<std::string, double>& sds) {
  std::vector<Question> questions;
  for (const define::PlannedMetric& metric : experiment.metrics) {
    const auto baseline = baselines.find(metric.name);
    if (baseline == baselines.end()) continue;
    Question question{metric.name,
                      metric_type(metric, options.type),
                      baseline->second,
                      {},
                      plan_options(options, experiment, metric)};
    if (const auto sd = sds.find(metric.name); sd != sds.end()) question.sd = sd->second;
    questions.push_back(std::move(question));
    baselines.erase(baseline);
  }
  Problems problems;
  for (const auto& left : baselines) {
    problems.push_back({.place = {},
                        .field = "baseline",
                        .message = fmt::format("the plan has no metric '{}'", left.first),
                        .hint = "--baseline METRIC=VALUE"});
  }
  if (questions.empty() && problems.empty()) {
    problems.push_back({.place = {},
                        .field = "baseline",
                        .message = "no metric has a baseline",
                        .hint = fmt::format("--baseline {}=VALUE: its value today",
                                            experiment.metrics.front().name)});
  }
  if (!problems.empty()) return unexpected(std::move(problems));
  return questions;
}

nlohmann::ordered_json to_json(const Planned& planned) {
  const Sizing& sizing = planned.sizing;
  nlohmann::ordered_json json;
  if (!planned.metric.empty()) json["metric"] = planned.metric;
  json["n_per_variant"] = sizing.n_per_variant;
  json["n_control"] = sizing.n_control;
  json["n_treatment"] = sizing.n_treatment;
  json["n_total"] = sizing.n_total;
  json["power"] = sizing.power;
  json["alpha"] = sizing.alpha;
  json["mde_absolute"] = sizing.mde_absolute;
  json["mde_relative"] = sizing.mde_relative;
  if (sizing.duration_days) json["duration_days"] = *sizing.duration_days;
  json["formula"] = sizing.formula;
  return json;
}

std::string to_text(const Planned& planned) {
  const Sizing& sizing = planned.sizing;
  std::string text = planned.metric.empty() ? "" : planned.metric + "\n";
  if (sizing.n_control == sizing.n_treatment) {
    text += fmt::format("  units per variant  {}\n", sizing.n_per_variant);
  } else {
    text += fmt::format("  units              {} control, {} treatment\n", sizing.n_control,
                        sizing.n_treatment);
  }
  text += fmt::format("  units in total     {}\n", sizing.n_total);
  text += fmt::format("  detectable effect  {:.6g} ({:.4g} % of the baseline)\n",
                      sizing.mde_absolute, sizing.mde_relative * 100);
  text += fmt::format("  power, alpha       {:.4g}, {:.4g}\n", sizing.power, sizing.alpha);
  if (sizing.duration_days) {
    text += fmt::format("  duration           {} days, whole weeks\n", *sizing.duration_days);
  }
  return text + fmt::format("  formula            {}\n", sizing.formula);
}

void print(const std::vector<Planned>& plans, const PlanOptions& options, Streams streams) {
  if (!options.json) {
    for (const Planned& planned : plans) streams.out << to_text(planned);
    return;
  }
  if (options.file.empty()) {
    streams.out << to_json(plans.front()).dump() << "\n";
    return;
  }
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Planned& planned : plans) list.push_back(to_json(planned));
  streams.out << nlohmann::ordered_json{{"metrics", std::move(list)}}.dump() << "\n";
}

// Without a file: one question from the numbers alone.
Checked<std::vector<Question>> question_of(const PlanOptions& options,
                                           const std::map<std::string, double>& baselines,
                                           const std::map<std::string, double>& sds) {
  Problems problems;
  const auto complain = [&](std::string field, std::string message, std::string hint) {
    problems.push_back({.place = {},
                        .field = std::move(field),
                        .message = std::move(message),
                        .hint = std::move(hint)});
  };
  if (options.type != "proportion" && options.type != "mean") {
    complain("type", fmt::format("'{}' is not one of proportion, mean", options.type),
             "--type proportion");
  }
  const auto baseline = baselines.find("");
  if (baseline == baselines.end()) {
    complain("baseline", "is missing", "--baseline 0.032: the metric's value today");
  }
  if (!problems.empty()) return unexpected(std::move(problems));
  Question question{"", options.type, baseline->second, {}, sizing_options(options)};
  if (const auto sd = sds.find(""); sd != sds.end()) question.sd = sd->second;
  return std::vector<Question>{std::move(question)};
}

}  // namespace

int run_plan(const PlanOptions& options, Streams streams) {
  const auto baselines = read_numbers(options.baselines, "baseline");
  if (!baselines) return report(streams, baselines.error(), options.json);
  const auto sds = read_numbers(options.sds, "sd");
  if (!sds) return report(streams, sds.error(), options.json);

  Checked<std::vector<Question>> questions = std::vector<Question>{};
  if (options.file.empty()) {
    questions = question_of(options, *baselines, *sds);
  } else {
    const Loaded loaded = load_experiment(options.file, options.catalogues, streams, options.json);
    if (loaded.status != kOk) return loaded.status;
    questions = questions_of(loaded.parsed.experiment, options, *baselines, *sds);
  }
  if (!questions) return report(streams, questions.error(), options.json);

  std::vector<Planned> plans;
  for (const Question& question : *questions) {
    const auto sizing = answer(question);
    if (!sizing) return report(streams, sizing.error(), options.json);
    plans.push_back({question.metric, *sizing});
  }
  print(plans, options, streams);
  return kOk;
}

}  // namespace assay::cli
