#include "assay/cli/simulate_command.h"

#include <algorithm>
#include <ostream>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/base/text.h"
#include "assay/cli/own_table.h"
#include "assay/sim/sim.h"

namespace assay::cli {
namespace {

std::string promise_text(const sim::MethodResult& method, int looks) {
  if (!method.promises_peeking && looks > 1) return "promises one look only";
  return method.within_promise ? "keeps its promise" : "BREAKS ITS PROMISE";
}

std::string table(const sim::Calibration& calibration) {
  const sim::CalibrateOptions& options = calibration.options;
  std::string text = fmt::format(
      "{} runs of {} units, {} looks each; law {}, baseline {:g}, true lift {:+g} %, alpha {:g}, "
      "seed {}\n\n",
      options.runs, options.units, options.looks, sim::law_name(options.world.law),
      options.world.baseline, 100 * options.world.lift, options.alpha, options.seed);
  text += fmt::format("  {:<20} {:>16} {:>10}  {}\n", "method", "claims a change", "coverage", "");
  for (const sim::MethodResult& method : calibration.methods) {
    text +=
        fmt::format("  {:<20} {:>7.4f} ± {:.4f} {:>10.4f}  {}\n", method.method, method.rate,
                    method.rate_std_error, method.coverage, promise_text(method, options.looks));
  }
  return text;
}

std::string table(const sim::Fairness& fairness) {
  std::string text = fmt::format(
      "{} units of each kind of id under {} salts, seed {}; the worst |z| of each kind of test\n\n",
      fairness.options.units, fairness.options.salts, fairness.options.seed);
  text += fmt::format("  {:<12} {:<16} {:>7} {:>8} {:>8}  {}\n", "ids", "check", "tests", "worst",
                      "limit", "");
  for (const sim::FairnessCheck& check : fairness.checks) {
    text += fmt::format("  {:<12} {:<16} {:>7} {:>8.2f} {:>8.2f}  {}\n", check.ids, check.check,
                        check.tests, check.worst_z, check.limit_z,
                        check.passed() ? "fair" : "NOT FAIR");
  }
  return text;
}

int simulate_assignment(const SimulateOptions& options, Streams streams) {
  sim::FairnessOptions fairness{.salts = options.salts, .seed = options.seed};
  fairness.units = options.units.value_or(fairness.units);
  const auto result = sim::check_fairness(fairness);
  if (!result) return report(streams, result.error(), options.json);
  streams.out << (options.json ? sim::to_json(*result) + "\n" : table(*result));
  return result->passed() ? kOk : kFailed;
}

int finish(const std::vector<sim::StudyResult>& results, const SimulateOptions& options,
           Streams streams) {
  if (options.json) streams.out << sim::to_json(results) << "\n";
  return std::ranges::all_of(results, &sim::StudyResult::passed) ? kOk : kFailed;
}

int simulate_own_table(const SimulateOptions& options, Streams streams) {
  const auto studies = own_studies(options);
  if (!studies) return report(streams, studies.error(), options.json);
  std::vector<sim::StudyResult> results;
  for (const sim::Study& study : *studies) {
    results.push_back(sim::run_study(study, {.seed = options.seed}));
    if (!options.json) streams.out << own_table_text(results.back()) << std::flush;
  }
  return finish(results, options, streams);
}

int simulate_aa(const SimulateOptions& options, Streams streams) {
  const auto law = sim::law_of(options.law);
  if (!law) {
    const auto names = sim::law_names();
    const auto meant = did_you_mean(options.law, names);
    const Problem problem{.field = "--law",
                          .message = fmt::format("there is no law \"{}\"", options.law),
                          .hint = meant ? fmt::format("did you mean {}?", *meant)
                                        : "one of proportion, normal, revenue, count"};
    return report(streams, Problems{problem}, options.json);
  }
  const auto result =
      sim::calibrate({.world = {.law = *law, .baseline = options.baseline, .lift = options.lift},
                      .runs = options.runs.value_or(2000),
                      .units = options.units.value_or(2000),
                      .looks = options.looks.value_or(28),
                      .alpha = options.alpha,
                      .seed = options.seed});
  if (!result) return report(streams, result.error(), options.json);
  streams.out << (options.json ? sim::to_json(*result) + "\n" : table(*result));
  return result->passed() ? kOk : kFailed;
}

std::string band_text(const sim::Row& row) {
  switch (row.verdict) {
    case sim::Verdict::kNotJudged:
      return "not promised here";
    case sim::Verdict::kKept:
      return fmt::format("within {:.4f} … {:.4f}", row.low, row.high);
    case sim::Verdict::kBroken:
      return fmt::format("OUTSIDE {:.4f} … {:.4f}", row.low, row.high);
  }
  return "";
}

std::string table(const sim::StudyResult& result) {
  std::string text = fmt::format("{}: {}; {} runs, seed {}\n", result.head.id, result.head.world,
                                 result.head.runs, result.seed);
  for (const sim::Row& row : result.rows) {
    text += fmt::format("  {:<38} {:<15} {:>8.4f} ± {:.4f}  {}\n", row.method, row.measure,
                        row.mean, row.std_error, band_text(row));
  }
  return text + "\n";
}

// The study of exactly this name, or all whose names begin with it.
std::vector<sim::Study> chosen(const std::string& name) {
  std::vector<sim::Study> all = sim::studies();
  const bool exact =
      std::ranges::any_of(all, [&](const sim::Study& each) { return each.head.id == name; });
  std::erase_if(all, [&](const sim::Study& each) {
    return exact ? each.head.id != name : !each.head.id.starts_with(name);
  });
  return all;
}

int list_studies(const std::vector<sim::Study>& studies, const SimulateOptions& options,
                 Streams streams) {
  auto json = nlohmann::ordered_json::array();
  for (const sim::Study& study : studies) {
    json.push_back({{"study", study.head.id}, {"world", study.head.world}});
    if (!options.json) streams.out << fmt::format("{:<40} {}\n", study.head.id, study.head.world);
  }
  if (options.json) streams.out << json.dump() << "\n";
  return kOk;
}

int simulate_methods(const SimulateOptions& options, Streams streams) {
  const std::vector<sim::Study> studies = chosen(options.study);
  if (studies.empty()) {
    const Problem problem{.field = "--study",
                          .message = fmt::format("there is no study \"{}\"", options.study),
                          .hint = "assay simulate methods --list names them"};
    return report(streams, Problems{problem}, options.json);
  }
  if (options.list) return list_studies(studies, options, streams);
  if (options.runs && (*options.runs < 2 || *options.runs > 10'000'000)) {
    const Problem problem{.field = "--runs", .message = "runs must be between 2 and 10,000,000"};
    return report(streams, Problems{problem}, options.json);
  }
  std::vector<sim::StudyResult> results;
  for (const sim::Study& study : studies) {
    results.push_back(sim::run_study(study, {.runs = options.runs, .seed = options.seed}));
    if (!options.json) streams.out << table(results.back()) << std::flush;
  }
  return finish(results, options, streams);
}

}  // namespace

int run_simulate(const SimulateOptions& options, Streams streams) {
  if (options.what != "aa" && !options.table.path.empty()) {
    const Problem problem{.field = "--table",
                          .message = fmt::format("{} reads no table", options.what),
                          .hint = "assay simulate aa --table FILE"};
    return report(streams, Problems{problem}, options.json);
  }
  if (!options.table.path.empty()) return simulate_own_table(options, streams);
  if (options.what == "aa") return simulate_aa(options, streams);
  if (options.what == "methods") return simulate_methods(options, streams);
  if (options.what == "assignment") return simulate_assignment(options, streams);
  const Problem problem{
      .message = fmt::format("there is no simulation \"{}\"", options.what),
      .hint = "aa (one world of your choice), methods (every method) or assignment"};
  return report(streams, Problems{problem}, options.json);
}

}  // namespace assay::cli
