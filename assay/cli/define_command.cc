#include "assay/cli/define_command.h"

#include <algorithm>
#include <ostream>
#include <set>
#include <span>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/assign/assign.h"
#include "assay/base/text.h"
#include "assay/define/define.h"
#include "assay/define/import.h"
#include "assay/io/file/read_file.h"

namespace assay::cli {
namespace {

using define::Experiment;

std::string percent(double share) { return number_text(share * 100) + " %"; }

std::string share_text(std::uint64_t part, std::uint64_t whole) {
  const double share = static_cast<double>(part) / static_cast<double>(whole);
  return fmt::format("{:.6g} %", share * 100);
}

std::string prerequisite_text(const define::Prerequisite& one) {
  return fmt::format("{} in {}{}", fmt::join(one.variants, " or "), one.experiment,
                     one.or_outside ? ", or outside of it" : "");
}

std::string assignment_text(const define::Assignment& assignment) {
  std::uint64_t owned = 0;
  for (const auto& range : assignment.slots) owned += range.end - range.begin;
  std::string text =
      fmt::format("  unit      {}{}\n", assignment.unit,
                  assignment.fallback_unit.empty() ? "" : ", else " + assignment.fallback_unit);
  const bool waits = assignment.share_ppm && assignment.slots.empty();
  text += fmt::format("  layer     {}, {} of its slots{}, {} of these in use\n", assignment.layer,
                      share_text(waits ? *assignment.share_ppm : owned, define::kLayerSlots),
                      waits ? " (found when it starts)"
                      : assignment.share_ppm
                          ? fmt::format(" ({})", define::slots_text(assignment.slots))
                          : "",
                      share_text(assignment.traffic_ppm, define::kLayerSlots));
  for (const define::Holdout& one : assignment.holdouts) {
    text += fmt::format("  held out  {} of the units of kind {} by {}\n",
                        share_text(one.share_ppm, define::kLayerSlots), one.unit, one.name);
  }
  for (const define::Prerequisite& one : assignment.prerequisites) {
    text += fmt::format("  needs     {}\n", prerequisite_text(one));
  }
  for (const define::Namespace& one : assignment.namespaces) {
    text += fmt::format("  in        slots {} of {} ({}, by {})\n", define::slots_text(one.ranges),
                        one.salt, define::to_word(one.hash), one.unit);
  }
  if (assignment.switchback) {
    text +=
        fmt::format("  switches  every {} s, the first {} s of each not counted\n",
                    assignment.switchback->period_seconds, assignment.switchback->burn_in_seconds);
  }
  if (assignment.targeting.op != define::Op::kAlways) {
    text += fmt::format("  eligible  {}\n", to_text(assignment.targeting));
  }
  if (!assignment.overrides.empty()) {
    text += fmt::format("  overrides {} units\n", assignment.overrides.size());
  }
  for (const define::Forced& one : assignment.forced) {
    text += fmt::format("  forced    {} for {}", one.variant, to_text(one.when));
    for (const define::Prerequisite& other : one.prerequisites) {
      text += " with " + prerequisite_text(other);
    }
    text += "\n";
  }
  return text;
}

std::string metric_text(const define::PlannedMetric& metric) {
  std::string text = fmt::format("    {:<10} {}", define::to_word(metric.role), metric.name);
  if (metric.definition) text += fmt::format(" ({})", define::to_word(metric.definition->type));
  const bool less = metric.direction == define::Direction::kDecrease;
  if (metric.role != define::Role::kGuardrail) {
    text += less ? ", less is better" : ", more is better";
  }
  if (metric.mde_relative) text += fmt::format(", MDE {}", percent(*metric.mde_relative));
  if (metric.threshold) {
    text += fmt::format(", {} {}", less ? "at most" : "at least", number_text(*metric.threshold));
  }
  if (metric.must_not_worsen) {
    text += fmt::format(", must not {}", less ? "increase" : "decrease");
    if (metric.margin_relative > 0) {
      text += fmt::format(" by more than {}", percent(metric.margin_relative));
    }
  }
  return text + (metric.definition ? "\n" : ", not defined yet\n");
}

std::string analysis_text(const define::Analysis& analysis) {
  std::string text =
      fmt::format("  method    {}, alpha {}, power {}", define::to_word(analysis.method),
                  number_text(analysis.alpha), number_text(analysis.power));
  if (analysis.mde_relative) text += fmt::format(", MDE {}", percent(*analysis.mde_relative));
  text += fmt::format(", {}", define::to_word(analysis.correction));
  if (!analysis.covariate_name.empty()) text += ", CUPED with " + analysis.covariate_name;
  return text + "\n";
}

std::string schedule_text(const define::Schedule& schedule) {
  std::vector<std::string> parts;
  if (schedule.start) parts.push_back("from " + to_text(*schedule.start));
  if (schedule.min_runtime_days) {
    parts.push_back(fmt::format("at least {} days", number_text(*schedule.min_runtime_days)));
  }
  if (schedule.max_runtime_days) {
    parts.push_back(fmt::format("at most {} days", number_text(*schedule.max_runtime_days)));
  }
  if (schedule.sample_size_per_variant) {
    parts.push_back(fmt::format("{} units per variant", *schedule.sample_size_per_variant));
  }
  return parts.empty() ? "" : fmt::format("  schedule  {}\n", fmt::join(parts, ", "));
}

std::string plan_text(const Experiment& experiment) {
  std::string text = fmt::format("{}: {}\n", experiment.id, experiment.name);
  if (!experiment.hypothesis.empty()) text += fmt::format("  {}\n", experiment.hypothesis);
  text += "\n" + assignment_text(experiment.assignment) + "  variants\n";
  for (const define::Variant& variant : experiment.variants) {
    text += fmt::format("    {:<10} {}{}\n", variant.key,
                        share_text(variant.weight, experiment.total_weight()),
                        variant.key == experiment.control ? ", control" : "");
  }
  text += "  metrics\n";
  for (const auto& metric : experiment.metrics) text += metric_text(metric);
  text += analysis_text(experiment.analysis) + schedule_text(experiment.schedule);
  return text + fmt::format("  version   {}\n", fingerprint(experiment));
}

std::string imported_json(const define::Imported& imported) {
  nlohmann::ordered_json files = nlohmann::ordered_json::array();
  for (const define::ImportedFlag& flag : imported.flags) {
    files.push_back({{"id", flag.experiment.id},
                     {"line", flag.line},
                     {"file", experiment_file(flag.experiment)}});
  }
  return fmt::format(R"({{"experiments":{},"refused":{},"warnings":{}}})", files.dump(),
                     problems_json(imported.refused), problems_json(imported.warnings));
}

// What would keep the plan from starting, wherever it runs.
Problems unassignable(const Experiment& plan, const std::string& file) {
  Problems problems = assign::unsupported(plan);
  for (Problem& one : problems) one.place.file = file;
  return problems;
}

std::string field_of(const DefineOptions& options, const std::string& flag) {
  return (options.import_from == "flagd" ? "flags." : "features.") + flag;
}

// A flag's file could be read, but not started.
void refuse_unassignable(const DefineOptions& options, define::Imported& imported) {
  std::erase_if(imported.flags, [&](const define::ImportedFlag& flag) {
    const Problems problems = unassignable(flag.experiment, options.file);
    if (problems.empty()) return false;
    imported.refused.push_back(
        {.place = {options.file, flag.line, 0},
         .field = field_of(options, flag.experiment.id),
         .message = fmt::format("cannot be assigned: {}: {}", problems.front().field,
                                problems.front().message),
         .hint = problems.front().hint});
    return true;
  });
}

// Of a flag that is neither taken over nor refused.
std::optional<Problem> no_such_flag(const DefineOptions& options,
                                    const define::Imported& imported) {
  const std::string field = field_of(options, options.only);
  for (const Problem& one : imported.refused) {
    const bool is_within = one.field.starts_with(field) &&
                           (one.field.size() == field.size() || one.field[field.size()] == '.');
    if (is_within) return std::nullopt;
  }
  std::vector<std::string_view> known;
  for (const define::ImportedFlag& flag : imported.flags) {
    if (flag.experiment.id == options.only) return std::nullopt;
    known.push_back(flag.experiment.id);
  }
  const auto meant = did_you_mean(options.only, known);
  std::string hint = meant ? fmt::format("did you mean {}?", *meant)
                           : "none can be taken over; without --only each says why";
  if (!meant && !known.empty()) {
    const auto shown = std::span(known).first(std::min<std::size_t>(known.size(), 10));
    hint = fmt::format("there are {}{}", fmt::join(shown, ", "),
                       shown.size() < known.size() ? ", …" : "");
  }
  return Problem{.place = {options.file, 0, 0},
                 .field = "--only",
                 .message = fmt::format("there is no flag '{}'", options.only.substr(0, 60)),
                 .hint = std::move(hint)};
}

// What can be taken over is printed, and what cannot is named on `err`.
int run_import(const DefineOptions& options, Streams streams) {
  const auto text = io::file::read_file(options.file, define::kMaxImportBytes,
                                        "export one project or environment at a time");
  if (!text) return report(streams, text.error(), options.json);
  auto read = options.import_from == "flagd" ? define::import_flagd(*text, options.file)
                                             : define::import_growthbook(*text, options.file);
  if (!read) return report(streams, read.error(), options.json);
  refuse_unassignable(options, *read);
  if (!options.only.empty()) {
    if (const auto problem = no_such_flag(options, *read)) {
      return report(streams, {*problem}, options.json);
    }
    std::erase_if(read->flags, [&](const auto& f) { return f.experiment.id != options.only; });
  }
  if (options.json) {
    streams.out << imported_json(*read) << "\n";
  } else {
    for (std::size_t i = 0; i < read->flags.size(); ++i) {
      streams.out << (i == 0 ? "" : "---\n")
                  << fmt::format("# From {}:{}. To be added: hypothesis, metrics.\n", options.file,
                                 read->flags[i].line)
                  << experiment_file(read->flags[i].experiment);
    }
    streams.err << to_text(read->warnings) << to_text(read->refused);
  }
  const bool is_complete = options.only.empty() ? read->refused.empty() : !read->flags.empty();
  return is_complete ? kOk : kBadInput;
}

// Prerequisites on experiments that no file describes: nobody can be in them.
Problems unknown_prerequisites(const std::vector<assign::Running>& running) {
  std::set<std::string> known;
  for (const assign::Running& one : running) known.insert(one.plan.id);
  Problems problems;
  for (const assign::Running& one : running) {
    std::vector<define::Prerequisite> all = one.plan.assignment.prerequisites;
    for (const define::Forced& forced : one.plan.assignment.forced) {
      all.insert(all.end(), forced.prerequisites.begin(), forced.prerequisites.end());
    }
    for (const define::Prerequisite& needed : all) {
      if (!known.insert(needed.experiment).second) continue;
      problems.push_back(
          {.field = "prerequisites",
           .message = fmt::format("{} needs {}, which no file describes: nobody is in it here",
                                  one.plan.id, needed.experiment),
           .hint = "--with FILE gives the experiment " + needed.experiment,
           .severity = Severity::kWarning});
    }
  }
  return problems;
}

Problems there_twice(const Experiment& mine, const std::vector<std::string>& files,
                     const std::vector<Experiment>& neighbours) {
  std::set<std::string_view> known = {mine.id};
  Problems problems;
  for (std::size_t i = 0; i < neighbours.size(); ++i) {
    if (known.insert(neighbours[i].id).second) continue;
    problems.push_back({.place = {.file = files[i]},
                        .field = "id",
                        .message = fmt::format("{} is there already", neighbours[i].id),
                        .hint = "name each experiment once; --earlier has its older versions"});
  }
  return problems;
}

std::string how_to_write_slots(const Experiment& plan) {
  return fmt::format(
      "where it runs, GET /v1/experiments/{} has its slots: write layer: {{name: {}, slots: "
      "[begin, end]}}, in its earlier versions too",
      plan.id, plan.assignment.layer);
}

// As the hint wants them: the end is not among them.
std::string written_slots(const std::vector<define::SlotRange>& slots) {
  std::vector<std::string> ranges;
  for (const define::SlotRange& one : slots) {
    ranges.push_back(fmt::format("[{}, {}]", one.begin, one.end));
  }
  return fmt::format("{}", fmt::join(ranges, ", "));
}

// The server may have found others, beside what ran when it started.
Problem taken_slots(const std::string& file, const Experiment& plan) {
  return {.place = {.file = file},
          .field = "layer.share",
          .message = fmt::format("slots {} are taken for it, as if it started now, beside the "
                                 "files that are named",
                                 written_slots(plan.assignment.slots)),
          .hint = how_to_write_slots(plan),
          .severity = Severity::kWarning};
}

// A share's slots depend on when each experiment started, which no file says.
Problems without_slots(const std::vector<std::string>& files,
                       const std::vector<Experiment>& neighbours) {
  Problems problems;
  for (std::size_t i = 0; i < neighbours.size(); ++i) {
    const define::Assignment& assignment = neighbours[i].assignment;
    if (!assignment.share_ppm || !assignment.slots.empty()) continue;
    problems.push_back({.place = {.file = files[i]},
                        .field = "layer.share",
                        .message = "which slots were found for it is not in the file",
                        .hint = how_to_write_slots(neighbours[i])});
  }
  return problems;
}

}  // namespace

Loaded load_experiment(const std::string& file, const std::vector<std::string>& catalogues,
                       Streams streams, bool json) {
  define::Catalogue catalogue;
  for (const std::string& path : catalogues) {
    const auto text = io::file::read_file(path, define::kMaxFileBytes);
    if (!text) return {report(streams, text.error(), json), {}};
    auto parsed = define::parse_catalogue(*text, path);
    if (!parsed) return {report(streams, parsed.error(), json), {}};
    catalogue.append(*parsed);
  }
  const auto text = io::file::read_file(file, define::kMaxFileBytes);
  if (!text) return {report(streams, text.error(), json), {}};
  auto parsed = define::parse(*text, {.file = file, .catalogue = std::move(catalogue)});
  if (!parsed) return {report(streams, parsed.error(), json), {}};
  return {kOk, std::move(*parsed)};
}

Status load_earlier(const std::vector<std::string>& files,
                    const std::vector<std::string>& catalogues, std::vector<PlanFile>& earlier,
                    Streams streams, bool json) {
  for (const std::string& file : files) {
    Loaded one = load_experiment(file, catalogues, streams, json);
    if (one.status != kOk) return one.status;
    earlier.push_back({file, std::move(one.parsed.experiment)});
  }
  return kOk;
}

Status load_beside(const Beside& beside, Loaded& loaded, std::vector<Experiment>& neighbours,
                   Streams streams, bool json) {
  for (const std::string& file : beside.files) {
    Loaded one = load_experiment(file, beside.catalogues, streams, json);
    if (one.status != kOk) return one.status;
    neighbours.push_back(std::move(one.parsed.experiment));
  }
  Experiment& mine = loaded.parsed.experiment;
  if (const Problems twice = there_twice(mine, beside.files, neighbours); !twice.empty()) {
    return report(streams, twice, json);
  }
  std::vector<const Experiment*> together;
  for (const Experiment& one : neighbours) together.push_back(&one);
  if (mine.assignment.share_ppm) {
    auto slots = define::find_slots(mine, together);
    if (!slots) return report(streams, slots.error(), json);
    mine.assignment.slots = std::move(*slots);
  }
  together.insert(together.begin(), &mine);
  Problems conflicts = define::layer_conflicts(together);
  std::vector<assign::Running> running;
  for (const Experiment* one : together) running.push_back({.plan = *one});
  const Problems circles = assign::prerequisite_problems(assign::pointers_to(running));
  conflicts.insert(conflicts.end(), circles.begin(), circles.end());
  return conflicts.empty() ? kOk : report(streams, conflicts, json);
}

Assignable load_assignable(const std::string& file, const Beside& beside, Streams streams,
                           bool json) {
  Loaded loaded = load_experiment(file, beside.catalogues, streams, json);
  if (loaded.status != kOk) return {.status = loaded.status};
  std::vector<Experiment> neighbours;
  Status status = load_beside(beside, loaded, neighbours, streams, json);
  if (status != kOk) return {.status = status};
  const Problems missing = without_slots(beside.files, neighbours);
  if (!missing.empty()) return {.status = report(streams, missing, json)};
  std::vector<PlanFile> plans = {{file, std::move(loaded.parsed.experiment)}};
  for (std::size_t i = 0; i < neighbours.size(); ++i) {
    plans.push_back({beside.files[i], std::move(neighbours[i])});
  }
  std::vector<PlanFile> earlier;
  status = load_earlier(beside.earlier, beside.catalogues, earlier, streams, json);
  if (status != kOk) return {.status = status};
  auto histories = histories_of(plans, earlier);
  if (!histories) return {.status = report(streams, histories.error(), json)};
  std::vector<assign::Running> running;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    running.push_back(running_after(plans[i].plan, (*histories)[i]));
  }
  Problems doubts = unknown_prerequisites(running);
  if (running[0].plan.assignment.share_ppm) doubts.push_back(taken_slots(file, running[0].plan));
  if (!doubts.empty()) report(streams, doubts, json);
  const auto snapshot = assign::compile(running);
  if (!snapshot) return {.status = report(streams, snapshot.error(), json)};
  return {.plan = std::move(running[0].plan),
          .history = std::move(histories->front()),
          .snapshot = *snapshot,
          .switches = std::ranges::any_of(running, [](const assign::Running& one) {
            return one.plan.assignment.switchback.has_value();
          })};
}

int run_define(const DefineOptions& options, Streams streams) {
  if (options.schema) {
    streams.out << define::json_schema();
    return kOk;
  }
  if (!options.import_from.empty()) return run_import(options, streams);
  Loaded loaded = load_experiment(options.file, options.catalogues, streams, options.json);
  if (loaded.status != kOk) return loaded.status;
  if (!options.with.empty()) {
    std::vector<Experiment> neighbours;
    const Status status =
        load_beside({options.with, options.catalogues}, loaded, neighbours, streams, options.json);
    if (status != kOk) return status;
  }
  const Experiment& experiment = loaded.parsed.experiment;
  if (const Problems problems = unassignable(experiment, options.file); !problems.empty()) {
    return report(streams, problems, options.json);
  }
  if (options.json) {
    streams.out << fmt::format(R"({{"experiment":{},"fingerprint":"{}","warnings":{}}})",
                               canonical_json(experiment), fingerprint(experiment),
                               problems_json(loaded.parsed.warnings))
                << "\n";
    return kOk;
  }
  streams.out << plan_text(experiment);
  streams.err << to_text(loaded.parsed.warnings);
  return kOk;
}

}  // namespace assay::cli
