#include "assay/cli/analyze_command.h"

#include <chrono>
#include <optional>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/analyze/analyze.h"
#include "assay/cli/cells_analysis.h"
#include "assay/cli/define_command.h"
#include "assay/cli/earlier.h"
#include "assay/cli/interleaving_command.h"
#include "assay/cli/plan_table.h"
#include "assay/cli/scorecard_text.h"
#include "assay/cli/table_analysis.h"
#include "assay/decide/decide.h"
#include "assay/define/define.h"
#include "assay/io/duckdb/file_source.h"

namespace assay::cli {
namespace {

// What the three commands share: the plan and what the files say about it.
struct Analyzed {
  define::Experiment experiment;
  analyze::Scorecard scorecard;
};

Timestamp now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

Checked<Timestamp> as_of_of(const AnalyzeArguments& arguments, std::optional<Timestamp> last) {
  if (arguments.as_of.empty()) return last ? Timestamp{last->micros + 1} : now();
  if (const auto time = parse_time(arguments.as_of)) return *time;
  return unexpected(Problems{{.field = "--as-of",
                              .message = fmt::format("\"{}\" is no time", arguments.as_of),
                              .hint = "such as 2026-03-15T00:00:00Z"}});
}

// Nothing once the problems are on `err`; then `status` says how to exit.
struct Answer {
  int status = kOk;
  std::optional<Analyzed> analyzed;
};

// Of one version where none are given before it.
Checked<History> history_of_files(const AnalyzeArguments& arguments, const define::Experiment& plan,
                                  const std::vector<PlanFile>& earlier) {
  if (!earlier.empty() && plan.assignment.adaptive_floor_ppm) {
    return unexpected(
        Problems{{.place = {.file = arguments.experiment},
                  .field = "adaptive",
                  .message = "its weights were set while it ran, and no file has them",
                  .hint = "leave out --earlier, or ask the server"}});
  }
  return history_of({arguments.experiment, plan}, earlier);
}

// Of the epochs that the exposures name, where the plan's versions before are given.
Checked<std::map<std::int64_t, std::vector<std::uint32_t>>> weights_by_epoch(
    const History& history, const define::Experiment& plan, analyze::SummarySource& source,
    Timestamp as_of) {
  const auto weights = epoch_weights(history);
  const auto exposed = source.exposed(plan, as_of);
  if (!exposed) return unexpected(Problems{{.message = exposed.error().message}});
  for (const auto& [cell, units] : exposed->units) {
    if (weights.contains(cell.epoch)) continue;
    return unexpected(
        Problems{{.field = "--earlier",
                  .message = fmt::format("the exposures are of epoch {}, and the versions have {}",
                                         cell.epoch, weights.size()),
                  .hint = "name every version that changed traffic or weights, the oldest first"}});
  }
  return weights;
}

Answer analyze_files(const AnalyzeArguments& arguments, Streams streams) {
  Loaded loaded =
      load_experiment(arguments.experiment, arguments.catalogues, streams, arguments.json);
  if (loaded.status != kOk) return {loaded.status, {}};
  define::Experiment& experiment = loaded.parsed.experiment;
  std::vector<PlanFile> earlier;
  const Status status =
      load_earlier(arguments.earlier, arguments.catalogues, earlier, streams, arguments.json);
  if (status != kOk) return {status, {}};
  const auto history = history_of_files(arguments, experiment, earlier);
  if (!history) return {report(streams, history.error(), arguments.json), {}};
  const auto files = io::duckdb::open_files(
      experiment, arguments.exposures, arguments.events,
      {.overrides = history->overrides, .epoch_of = epoch_by_id(experiment, *history)});
  if (!files) return {report(streams, files.error(), arguments.json), {}};
  const auto as_of = as_of_of(arguments, files->last);
  if (!as_of) return {report(streams, as_of.error(), arguments.json), {}};
  analyze::AnalyzeOptions options{.as_of = *as_of};
  if (!arguments.earlier.empty()) {
    auto weights = weights_by_epoch(*history, experiment, *files->source, *as_of);
    if (!weights) return {report(streams, weights.error(), arguments.json), {}};
    options.epoch_weights = *std::move(weights);
  }
  auto card = analyze::analyze(experiment, *files->source, options);
  if (!card) return {report(streams, card.error(), arguments.json), {}};
  return {kOk, Analyzed{std::move(experiment), *std::move(card)}};
}

// Its warnings are on `err` by then.
Checked<analyze::Scorecard> by_plan(const Assignable& loaded, const AnalyzeArguments& arguments,
                                    Timestamp as_of, Streams streams) {
  ASSAY_TRY(auto answer, analyze_plan_table(loaded, arguments.table, as_of));
  if (!answer.warnings.empty()) report(streams, answer.warnings, arguments.json);
  return std::move(answer.card);
}

int run_table(const AnalyzeArguments& arguments, Streams streams) {
  const bool has_plan = !arguments.experiment.empty();
  if (!arguments.table.by.empty() && !has_plan) return run_cells(arguments, streams);
  const auto as_of = as_of_of(arguments, std::nullopt);
  if (!as_of) return report(streams, as_of.error(), arguments.json);
  Assignable loaded;
  if (has_plan) {
    const Beside beside{arguments.with, arguments.catalogues, arguments.earlier};
    loaded = load_assignable(arguments.experiment, beside, streams, arguments.json);
  }
  if (loaded.status != kOk) return loaded.status;
  const auto card = has_plan ? by_plan(loaded, arguments, *as_of, streams)
                             : analyze_table(arguments.table, *as_of);
  if (!card) return report(streams, card.error(), arguments.json);
  streams.out << (arguments.json ? analyze::to_json(*card) + "\n" : scorecard_text(*card));
  return kOk;
}

}  // namespace

int run_analyze(const AnalyzeArguments& arguments, Streams streams) {
  if (!arguments.impressions.empty()) return run_impressions(arguments, streams);
  if (!arguments.table.path.empty()) return run_table(arguments, streams);
  const Answer answer = analyze_files(arguments, streams);
  if (!answer.analyzed) return answer.status;
  const analyze::Scorecard& card = answer.analyzed->scorecard;
  streams.out << (arguments.json ? analyze::to_json(card) + "\n" : scorecard_text(card));
  return kOk;
}

int run_decide(const AnalyzeArguments& arguments, Streams streams) {
  const Answer answer = analyze_files(arguments, streams);
  if (!answer.analyzed) return answer.status;
  const decide::Verdict verdict =
      decide::decide(answer.analyzed->experiment, answer.analyzed->scorecard);
  streams.out << (arguments.json ? decide::to_json(verdict) + "\n" : verdict_text(verdict));
  return kOk;
}

int run_report(const AnalyzeArguments& arguments, Streams streams) {
  const Answer answer = analyze_files(arguments, streams);
  if (!answer.analyzed) return answer.status;
  const auto& [experiment, card] = *answer.analyzed;
  const decide::Verdict verdict = decide::decide(experiment, card);
  if (!arguments.json) {
    streams.out << report_markdown(experiment, card, verdict);
    return kOk;
  }
  using Json = nlohmann::ordered_json;
  const Json json{{"plan", Json::parse(define::canonical_json(experiment))},
                  {"scorecard", Json::parse(analyze::to_json(card))},
                  {"verdict", Json::parse(decide::to_json(verdict))}};
  streams.out << json.dump() << "\n";
  return kOk;
}

}  // namespace assay::cli
