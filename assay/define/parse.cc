#include "assay/define/parse.h"

#include <algorithm>
#include <span>
#include <tuple>

#include <fmt/format.h>

#include "assay/define/adaptive.h"
#include "assay/define/fields.h"
#include "assay/define/gate_parser.h"
#include "assay/define/metric_parser.h"
#include "assay/define/variant_parser.h"

namespace assay::define {
namespace {

std::string parse_id(const Fields& fields) {
  const auto value = fields.require("id");
  const auto id = value ? value->text() : std::nullopt;
  if (!id) return {};
  const auto is_alnum = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  const bool usable =
      id->size() <= 128 && is_alnum(id->front()) && std::ranges::all_of(*id, [&](char c) {
        return is_alnum(c) || c == '.' || c == '-' || c == '_';
      });
  if (!usable) {
    value->error(fmt::format("'{}' is not a usable id", id->substr(0, 60)),
                 "letters, digits, dots, dashes and underscores, starting with a letter or digit; "
                 "at most 128");
  }
  return *id;
}

std::string parse_control(const Fields& fields, const std::vector<Variant>& variants) {
  std::vector<std::string_view> keys;
  for (const Variant& variant : variants) keys.push_back(variant.key);
  if (const auto control = fields.get("control")) {
    const auto text = control->text();
    if (text && std::ranges::find(keys, *text) == keys.end() && !keys.empty()) {
      control->unknown_word("a variant; there are", *text, keys);
    }
    return text.value_or("");
  }
  if (std::ranges::find(keys, "control") != keys.end()) return "control";
  return keys.empty() ? std::string{} : std::string(keys.front());
}

// Keys that only one method reads would do nothing under another.
void check_method_keys(const Fields& fields, Method method) {
  if (method == Method::kBayesian) return;
  for (const std::string_view key : {"prior_sd_relative", "ship_probability"}) {
    if (!fields.has(key)) continue;
    if (const auto value = fields.get(key)) {
      value->error(fmt::format("does nothing under method {}", to_word(method)),
                   "it is for method: bayesian");
    }
  }
}

struct Covariates {
  std::vector<MetricDefinition> own;  // Asked first.
  std::span<const MetricDefinition> shared;
};

const MetricDefinition* find(std::span<const MetricDefinition> covariates, std::string_view name) {
  const auto found = std::ranges::find(covariates, name, &MetricDefinition::name);
  return found == covariates.end() ? nullptr : &*found;
}

void parse_covariate(const Fields& fields, const Covariates& covariates, Analysis& analysis) {
  const auto value = fields.get("cuped_covariate");
  const auto reduction = fields.word<VarianceReduction>("variance_reduction");
  analysis.variance_reduction = reduction.value_or(
      fields.has("cuped_covariate") ? VarianceReduction::kCuped : VarianceReduction::kNone);
  if (reduction == VarianceReduction::kCuped && !fields.has("cuped_covariate")) {
    fields.get("variance_reduction")
        ->error("cuped needs a covariate", "cuped_covariate: NAME of an entry in covariates");
  }
  if (!value) return;
  if (reduction == VarianceReduction::kNone) {
    value->error("does nothing under variance_reduction: none", "variance_reduction: cuped");
  }
  analysis.covariate_name = value->text().value_or("");
  const MetricDefinition* found = find(covariates.own, analysis.covariate_name);
  if (found == nullptr) found = find(covariates.shared, analysis.covariate_name);
  if (found != nullptr) {
    analysis.covariate = *found;
  } else if (!covariates.own.empty()) {
    value->error(fmt::format("'{}' is not in covariates", analysis.covariate_name));
  } else if (!analysis.covariate_name.empty()) {
    value->warn(fmt::format("{} is defined nowhere", analysis.covariate_name),
                "say what it is made of under covariates:, here or in a catalogue; until then no "
                "estimate is adjusted");
  }
}

Analysis parse_analysis(const Fields& experiment, const Covariates& covariates) {
  Analysis analysis;
  const auto value = experiment.get("analysis");
  if (!value) return analysis;
  const Fields fields(*value, "analysis");
  analysis.method = fields.word<Method>("method").value_or(analysis.method);
  analysis.alpha =
      fields.number("alpha", {0, 1, true, "0.05 is the usual choice"}).value_or(analysis.alpha);
  analysis.power =
      fields.number("power", {0, 1, true, "0.8 is the usual choice"}).value_or(analysis.power);
  analysis.mde_relative = fields.number("mde_relative", kPositive);
  analysis.correction =
      fields.word<Correction>("multiple_comparison_correction").value_or(analysis.correction);
  analysis.prior_sd_relative = fields.number("prior_sd_relative", kPositive);
  analysis.ship_probability =
      fields.number("ship_probability", kOpenUnit).value_or(analysis.ship_probability);
  analysis.srm_alpha = fields.number("srm_alpha", kOpenUnit).value_or(analysis.srm_alpha);
  check_method_keys(fields, analysis.method);
  parse_covariate(fields, covariates, analysis);
  return analysis;
}

void warn_unused_covariates(const Fields& experiment, const std::string& used) {
  const auto covariates = experiment.get("covariates");
  if (!covariates || !covariates->is_map()) return;
  for (const auto& entry : covariates->entries()) {
    if (entry.key == used) continue;
    entry.value.warn("is not used", fmt::format("analysis: {{cuped_covariate: {}}}", entry.key));
  }
}

Schedule parse_schedule(const Fields& experiment) {
  Schedule schedule;
  const auto value = experiment.get("schedule");
  if (!value) return schedule;
  const Fields fields(*value, "schedule");
  if (const auto start = fields.get("start_date")) schedule.start = start->time();
  schedule.min_runtime_days = fields.number("min_runtime_days", {0, 3650});
  schedule.max_runtime_days = fields.number("max_runtime_days", {0, 3650});
  if (schedule.min_runtime_days && schedule.max_runtime_days &&
      *schedule.min_runtime_days > *schedule.max_runtime_days) {
    fields.get("max_runtime_days")
        ->error(fmt::format("{} is less than min_runtime_days, {}",
                            number_text(*schedule.max_runtime_days),
                            number_text(*schedule.min_runtime_days)));
  }
  const auto size = fields.get("sample_size_per_variant");
  const auto estimated = fields.get("estimated_sample_size_per_group");
  if (size && estimated) {
    estimated->error("the same is given by sample_size_per_variant", "keep one of them");
  }
  if (size || estimated) {
    schedule.sample_size_per_variant = (size ? size : estimated)->whole(1, 1'000'000'000'000);
  }
  return schedule;
}

std::vector<std::string> parse_segments(const Fields& experiment) {
  std::vector<std::string> segments;
  const auto value = experiment.get("segments");
  if (!value) return segments;
  for (const Value& item : value->list(50)) {
    const auto text = item.text();
    if (!text) continue;
    if (std::ranges::find(segments, *text) != segments.end()) {
      item.error(fmt::format("segment '{}' appears twice", *text));
    }
    segments.push_back(*text);
  }
  return segments;
}

// A switchback counts what happens within its periods, so nothing of it hangs on the moment of a
// first exposure.
void check_switchback(const Fields& fields, const Experiment& experiment) {
  if (!experiment.assignment.switchback) return;
  for (const PlannedMetric& metric : experiment.metrics) {
    if (!metric.definition || metric.definition->window == Window{}) continue;
    fields.get("metrics")->error(
        metric.name + " has a window after the first exposure, and a switchback counts by period",
        "leave the window out: all that happens after the burn-in of a period belongs to it");
  }
  if (experiment.analysis.variance_reduction != VarianceReduction::kNone) {
    fields.get("analysis")
        ->error("a switchback has no time before the first exposure to take a covariate from",
                "variance_reduction: none");
  }
}

void check_whole_plan(const Fields& fields, const Experiment& experiment) {
  check_switchback(fields, experiment);
  if (experiment.analysis.method == Method::kFixedHorizon &&
      !experiment.schedule.sample_size_per_variant) {
    const auto analysis = fields.get("analysis");
    (analysis ? *analysis : fields.value())
        .error("a fixed horizon needs its sample size",
               "schedule: {sample_size_per_variant: N}; `assay plan` computes it");
  }
  const auto idle = std::ranges::count(experiment.variants, 0U, &Variant::weight);
  const auto all = static_cast<std::ptrdiff_t>(experiment.variants.size());
  if (all > 1 && idle == all - 1) {
    fields.value().warn("one variant gets all units, so there is nothing to compare");
  }
}

Experiment parse_experiment(const Value& value, const Catalogue& catalogue) {
  const Fields fields(value, "experiment");
  Experiment experiment;
  if (!value.is_map()) return experiment;
  experiment.id = parse_id(fields);
  experiment.name = fields.text("name").value_or(experiment.id);
  experiment.hypothesis = fields.text("hypothesis").value_or("");
  experiment.variants = parse_variants(fields);
  experiment.control = parse_control(fields, experiment.variants);
  experiment.assignment = parse_assignment(fields, experiment.id, experiment.variants);
  parse_adaptive(fields, experiment.variants, experiment.assignment);
  parse_gates(fields, experiment.id, catalogue.holdouts, experiment.assignment);
  if (const auto metrics = fields.require("metrics")) {
    experiment.metrics = parse_metrics(*metrics, catalogue.metrics);
  }
  experiment.segments = parse_segments(fields);
  Covariates covariates{.own = {}, .shared = catalogue.covariates};
  if (const auto written = fields.get("covariates")) covariates.own = parse_covariates(*written);
  experiment.analysis = parse_analysis(fields, covariates);
  warn_unused_covariates(fields, experiment.analysis.covariate_name);
  experiment.schedule = parse_schedule(fields);
  check_whole_plan(fields, experiment);
  return experiment;
}

// `metrics:`, `covariates:` and `holdouts:` of a catalogue, in a file of its own or beside an
// experiment.
Catalogue read_catalogue(const Fields& fields, const std::optional<Value>& metrics) {
  Catalogue catalogue;
  if (metrics) catalogue.metrics = parse_definitions(*metrics);
  if (const auto covariates = fields.get("covariates")) {
    catalogue.covariates = parse_covariates(*covariates);
  }
  if (const auto holdouts = fields.get("holdouts")) {
    catalogue.holdouts = parse_holdouts(*holdouts);
  }
  return catalogue;
}

// All problems of the file in its order (the reading order of keys is ours, not the reader's). Of
// several at one place the text's own stays: that an alias "has no value" is no news.
Problems all_problems(Problems of_text, Problems of_meaning) {
  const auto place = [](const Problem& problem) {
    return std::tuple{problem.place.line, problem.place.column};
  };
  Problems all = of_text;
  for (Problem& problem : of_meaning) {
    const bool told = std::ranges::find(of_text, place(problem), place) != of_text.end();
    if (!told) all.push_back(std::move(problem));
  }
  std::ranges::stable_sort(all, {}, place);
  return all;
}

}  // namespace

void Catalogue::append(const Catalogue& other) {
  metrics.insert(metrics.end(), other.metrics.begin(), other.metrics.end());
  covariates.insert(covariates.end(), other.covariates.begin(), other.covariates.end());
  holdouts.insert(holdouts.end(), other.holdouts.begin(), other.holdouts.end());
}

Checked<Parsed> parse(std::string_view text, const ParseOptions& options) {
  auto read = read_document(text, options.file);
  if (!read) return unexpected(std::move(read).error());
  Report report{options.file, {}};
  const Value file(report, read->root, "");

  Parsed parsed;
  if (read->root.kind == Node::Kind::kMap && read->root.find("experiment") != nullptr) {
    const Fields fields(file, "file");
    Catalogue catalogue = read_catalogue(fields, fields.get("metrics"));
    catalogue.append(options.catalogue);
    if (const auto experiment = fields.get("experiment")) {
      parsed.experiment = parse_experiment(*experiment, catalogue);
    }
  } else {
    parsed.experiment = parse_experiment(file, options.catalogue);
  }
  Problems problems = all_problems(std::move(read->problems), std::move(report.problems));
  if (has_errors(problems)) return unexpected(std::move(problems));
  parsed.warnings = std::move(problems);
  return parsed;
}

std::string id_in(std::string_view text) {
  const auto read = read_document(text, {});
  if (!read) return {};
  const Node* experiment = read->root.find("experiment");
  const Node* id = (experiment != nullptr ? *experiment : read->root).find("id");
  return id == nullptr ? std::string{} : id->text;
}

Checked<Catalogue> parse_catalogue(std::string_view text, const std::string& file) {
  auto read = read_document(text, file);
  if (!read) return unexpected(std::move(read).error());
  Report report{file, {}};
  const Fields fields(Value(report, read->root, ""), "catalogue");
  Catalogue catalogue = read_catalogue(
      fields, fields.has("holdouts") ? fields.get("metrics") : fields.require("metrics"));
  Problems problems = all_problems(std::move(read->problems), std::move(report.problems));
  if (has_errors(problems)) return unexpected(std::move(problems));
  return catalogue;
}

}  // namespace assay::define
