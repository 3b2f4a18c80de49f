#include "assay/cli/own_table.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include <fmt/format.h>

#include "assay/assign/bulk.h"
#include "assay/cli/table_analysis.h"
#include "assay/io/duckdb/table_units.h"
#include "assay/sim/claims.h"

namespace assay::cli {
namespace {

using io::duckdb::TableData;
using io::duckdb::TableUnits;
using sim::Claim;
using sim::Promise;

constexpr int kRuns = 1000;
constexpr std::size_t kFewestUnits = 10;
constexpr std::uint32_t kShares = 1000;
constexpr const char* kFixed = "fixed_horizon";
constexpr const char* kSequential = "sequential";
constexpr const char* kBayesian = "bayesian_flat_prior";

// What two variants have gathered up to a look.
using Drawn = TableData;

struct Draw {
  std::shared_ptr<const TableUnits> units;
  std::shared_ptr<const assign::SplitColumn> split;  // Of the units; 0 is the treatment.
  std::size_t metric = 0;
  std::int64_t looks = 1;
};

sim::Simulate<Drawn> simulate(const Draw& draw) {
  return [draw](const Random& base, const sim::Show<Drawn>& show) {
    Random random = base;
    std::vector<std::uint8_t> split(draw.split->size());
    draw.split->draw(random.next(), split);
    const io::duckdb::FoldedMetric& metric = draw.units->metrics[draw.metric];
    Drawn drawn{.units = {{{"control"}, 0}, {{"treatment"}, 0}}, .metrics = {{}}};
    auto& cells = drawn.metrics[0].cells;
    struct Arm {
      analyze::MetricCell* cell;
      std::int64_t* units;
    };
    const auto arm_of = [&](const char* name) {
      cells[{name}] = metric.empty_cell();
      return Arm{&cells[{name}], &drawn.units[{name}]};
    };
    const std::array arms{arm_of("treatment"), arm_of("control")};
    const auto total = static_cast<std::int64_t>(metric.size());
    std::int64_t look = 0;
    for (std::int64_t i = 0; i < total; ++i) {
      const auto place = static_cast<std::size_t>(i);
      const Arm& arm = arms[split[place]];
      metric.add_to(*arm.cell, place);
      ++*arm.units;
      if ((i + 1) * draw.looks < total * (look + 1)) continue;
      show(drawn);
      ++look;
    }
  };
}

Claim claim_of(const Drawn& drawn, const define::Experiment& experiment) {
  const auto card = analyze_data(drawn, experiment, {});
  if (!card || card->comparisons.empty()) return {};
  const auto& difference = card->comparisons[0].difference;
  Claim claim = sim::claim_of(difference, 0, experiment.analysis.alpha);
  switch (experiment.analysis.method) {
    case define::Method::kFixedHorizon:
      return claim;
    case define::Method::kSequential:
      return sim::without_p(claim);
    case define::Method::kBayesian:
      if (difference) claim.rejects = claim.misses;  // The credible interval leaves 0 out.
      return sim::without_p(claim);
  }
  return claim;
}

sim::Method<Drawn> method_of(std::string name, define::Experiment experiment, Promise promise) {
  return {{.name = std::move(name), .promise = promise},
          [experiment = std::move(experiment)](const Drawn& drawn) {
            return claim_of(drawn, experiment);
          }};
}

std::vector<sim::Method<Drawn>> methods_of(define::Experiment experiment, std::size_t units,
                                           std::int64_t looks) {
  const bool once = looks == 1;
  std::vector<sim::Method<Drawn>> methods{
      method_of(kFixed, experiment, once ? Promise::kExactly : Promise::kNone)};
  experiment.analysis.method = define::Method::kBayesian;
  methods.push_back(method_of(kBayesian, experiment, once ? Promise::kAtMost : Promise::kNone));
  experiment.analysis.method = define::Method::kSequential;
  experiment.schedule.sample_size_per_variant = static_cast<std::int64_t>(units / 2);
  methods.insert(methods.begin() + 1, method_of(kSequential, experiment, Promise::kAtMost));
  return methods;
}

void check(const SimulateOptions& options, Problems& problems) {
  const auto complain = [&](std::string field, std::string message, std::string hint) {
    problems.push_back(
        {.field = std::move(field), .message = std::move(message), .hint = std::move(hint)});
  };
  if (options.runs && (*options.runs < 2 || *options.runs > 1'000'000)) {
    complain("--runs", "runs must be between 2 and 1,000,000", "1000 tell 5 % from 7.5 %");
  }
  if (!(options.treatment_share >= 0.001 && options.treatment_share <= 0.999)) {
    complain("--treatment-share", fmt::format("{} is not a share", options.treatment_share),
             "from 0.001 to 0.999; 0.5 is an even split");
  }
  if (options.looks && *options.looks < 1) {
    complain("--looks", "there must be at least one look", "rows count in the file's order");
  }
}

Checked<TableUnits> read(const TableArguments& table, const std::vector<MetricWords>& metrics) {
  io::duckdb::TableQuery query{.path = table.path,
                               .unit_column = table.unit,
                               .cluster_column = table.cluster,
                               .segment_column = table.variant,
                               .segment_value = table.control};
  for (const MetricWords& metric : metrics) query.metrics.push_back(metric.table);
  if (table.sum_repeated_units) query.repeated_units = io::duckdb::RepeatedUnits::kSum;
  return io::duckdb::read_units(query);
}

std::string world_of(const SimulateOptions& options, std::size_t units) {
  const TableArguments& table = options.table;
  return fmt::format(
      "{} {} of {}{}, {:g} % treated, no effect{}", units,
      table.cluster.empty() ? "units" : "clusters", table.path,
      table.variant.empty() ? "" : fmt::format(" with {} {}", table.variant, table.control),
      100 * options.treatment_share,
      options.looks.value_or(1) > 1 ? fmt::format(", {} looks", *options.looks) : "");
}

}  // namespace

Checked<std::vector<sim::Study>> own_studies(const SimulateOptions& options) {
  Problems problems;
  check(options, problems);
  const std::vector<MetricWords> metrics = read_metrics(options.table.metrics, problems);
  if (has_errors(problems)) return unexpected(problems);
  ASSAY_TRY(TableUnits read_anew, read(options.table, metrics));
  const auto units = std::make_shared<const TableUnits>(std::move(read_anew));
  const std::size_t count = units->digests.size();
  const std::int64_t looks = options.looks.value_or(1);
  const bool none = count == 0 && !options.table.control.empty();
  if (count < kFewestUnits || static_cast<std::int64_t>(count) < looks) {
    problems.push_back(
        {.place = {options.table.path, 0, 0},
         .message = fmt::format("there are {} {} to randomize", count,
                                options.table.cluster.empty() ? "units" : "clusters"),
         .hint = none ? fmt::format("no row has {} \"{}\"", options.table.variant,
                                    options.table.control)
                      : fmt::format("at least {}, and one for each look", kFewestUnits)});
  }
  TableArguments arguments = options.table;
  arguments.alpha = options.alpha;
  arguments.control = "control";
  arguments.correction = "none";
  arguments.shares = {fmt::format("control={}", 1 - options.treatment_share),
                      fmt::format("treatment={}", options.treatment_share)};
  const TableData variants{.units = {{{"control"}, 0}, {{"treatment"}, 0}}, .metrics = {}};
  std::vector<sim::Study> studies;
  const auto treated = static_cast<std::uint32_t>(std::lround(kShares * options.treatment_share));
  const auto split =
      std::make_shared<assign::SplitColumn>(units->digests, std::array{treated, kShares - treated});
  for (std::size_t i = 0; i < metrics.size() && !has_errors(problems); ++i) {
    const define::Experiment experiment =
        table_experiment(arguments, variants, {metrics[i]}, problems);
    const Draw draw{.units = units, .split = split, .metric = i, .looks = looks};
    studies.push_back(sim::make_study<Drawn>({.id = metrics[i].planned.name,
                                              .world = world_of(options, count),
                                              .runs = options.runs.value_or(kRuns),
                                              .units = static_cast<int>(count),
                                              .looks = static_cast<int>(looks),
                                              .alpha = options.alpha},
                                             simulate(draw), methods_of(experiment, count, looks)));
  }
  if (has_errors(problems)) return unexpected(problems);
  return studies;
}

namespace {

const sim::Row* find(const sim::StudyResult& result, const std::string& method,
                     std::string_view measure) {
  const auto row = std::ranges::find_if(result.rows, [&](const sim::Row& each) {
    return each.method == method && each.measure == measure;
  });
  return row == result.rows.end() ? nullptr : &*row;
}

bool broken(const sim::Row* row) { return row != nullptr && row->verdict == sim::Verdict::kBroken; }

std::string verdict_of(const sim::StudyResult& result, const sim::Row& alarms) {
  if (alarms.promise == Promise::kNone) return "promises one look only";
  if (alarms.mean > alarms.high) return fmt::format("CLAIMS TOO OFTEN, above {:.4f}", alarms.high);
  if (alarms.mean < alarms.low) return fmt::format("CLAIMS TOO RARELY, below {:.4f}", alarms.low);
  if (broken(&alarms)) return "P-VALUES ARE NOT UNIFORM";
  if (broken(find(result, alarms.method, "std_error"))) return "STATED ERROR IS WRONG";
  if (broken(find(result, alarms.method, "error"))) return "ESTIMATES ARE BIASED";
  return "keeps its promise";
}

std::string line_of(const sim::StudyResult& result, const std::string& method) {
  const sim::Row* alarms = find(result, method, "false_positives");
  if (alarms == nullptr) return fmt::format("  {:<20} no answer in any run\n", method);
  const sim::Row* error = find(result, method, "std_error");
  return fmt::format(
      "  {:<20} {:>7.4f} ± {:.4f} {:>16} {:>10}  {}{}\n", method, alarms->mean, alarms->std_error,
      error != nullptr ? fmt::format("{:.3f} ± {:.3f}", error->mean, error->std_error) : "",
      alarms->uniformity_p ? fmt::format("{:.2g}", *alarms->uniformity_p) : "",
      verdict_of(result, *alarms),
      alarms->silent > 0 ? fmt::format(" (no answer in {})", alarms->silent) : "");
}

}  // namespace

std::string own_table_text(const sim::StudyResult& result) {
  std::string text = fmt::format("{}: {}; {} runs, seed {}\n\n  {:<20} {:>16} {:>16} {:>10}\n",
                                 result.head.id, result.head.world, result.head.runs, result.seed,
                                 "method", "claims an effect", "stated/actual", "uniform p");
  for (const char* method : {kFixed, kSequential, kBayesian}) text += line_of(result, method);
  if (result.passed()) return text + "\n";
  return text +
         "\n  What helps: more units, a cap (cap=p99.9), an even split; --cluster where whole "
         "clusters of rows are randomized.\n\n";
}

}  // namespace assay::cli
