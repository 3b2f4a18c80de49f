#include "assay/cli/cells_analysis.h"

#include <array>
#include <ostream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/cli/table_analysis.h"
#include "assay/stats/inference.h"
#include "assay/stats/interaction.h"

namespace assay::cli {
namespace {

using Json = nlohmann::ordered_json;
using io::duckdb::TableData;
using io::duckdb::TableQuery;
using stats::Summary;

// The control and the treatment of one of the two experiments.
struct Pair {
  std::string control;
  std::string treatment;
};

Checked<Pair> pair_of(const TableData& data, const std::string& column,
                      const std::string& wanted_control) {
  std::vector<std::string> names;
  for (const auto& [cell, units] : data.units) names.push_back(cell.variant);
  const std::string control = !wanted_control.empty()            ? wanted_control
                              : data.units.contains({"control"}) ? "control"
                              : names.empty()                    ? ""
                                                                 : names[0];
  if (names.size() == 2 && data.units.contains({control})) {
    return Pair{control, names[0] == control ? names[1] : names[0]};
  }
  const std::string found = fmt::format("{}", fmt::join(names, ", "));
  return unexpected(
      Problems{{.field = column,
                .message = names.size() != 2
                               ? fmt::format("has {} values, and a pair of experiments needs two in"
                                             " each column: a control and one treatment",
                                             names.size())
                               : fmt::format("no row has \"{}\"", control),
                .hint = found.size() > 200 ? "" : "found: " + found}});
}

// A metric in the four cells.
struct Cells {
  std::string metric;
  stats::Cells2x2<Summary> cells;
};

struct Report {
  Pair first, second;
  std::string first_column, second_column;
  double alpha = 0.05;
  std::vector<Cells> metrics;
};

std::vector<std::pair<std::string, const Summary*>> named_cells(const Report& report,
                                                                const Cells& metric) {
  const auto name = [&](const std::string& first, const std::string& second) {
    return fmt::format("{}={} {}={}", report.first_column, first, report.second_column, second);
  };
  return {{name(report.first.control, report.second.control), &metric.cells.neither},
          {name(report.first.treatment, report.second.control), &metric.cells.first},
          {name(report.first.control, report.second.treatment), &metric.cells.second},
          {name(report.first.treatment, report.second.treatment), &metric.cells.both}};
}

stats::Stat<stats::Estimate> effect(const Summary& control, const Summary& treatment,
                                    double alpha) {
  ASSAY_TRY(const stats::Contrast contrast, stats::mean_contrast(control, treatment));
  ASSAY_TRY(const stats::Inference inference, stats::fixed(contrast, {.alpha = alpha}));
  return inference.difference;
}

std::vector<std::pair<std::string, stats::Stat<stats::Estimate>>> effects_of(const Report& report,
                                                                             const Cells& metric) {
  const auto& [neither, first, second, both] = metric.cells;
  const auto interaction = stats::interaction(metric.cells, report.alpha);
  stats::Stat<stats::Estimate> beyond = stats::undefined(stats::Undefined::kNoData, "");
  if (interaction) {
    beyond = interaction->difference;
  } else {
    beyond = unexpected(interaction.error());
  }
  return {{report.first_column + " alone", effect(neither, first, report.alpha)},
          {report.second_column + " alone", effect(neither, second, report.alpha)},
          {"both", effect(neither, both, report.alpha)},
          {"interaction", std::move(beyond)}};
}

Json to_json(const Report& report) {
  Json out = {{"metrics", Json::array()}};
  for (const Cells& metric : report.metrics) {
    Json row = {{"metric", metric.metric}, {"cells", Json::array()}, {"effects", Json::array()}};
    for (const auto& [name, summary] : named_cells(report, metric)) {
      row["cells"].push_back({{"cell", name}, {"n", summary->n()}});
      if (summary->n() > 0) row["cells"].back()["mean"] = summary->mean(0);
    }
    for (const auto& [name, estimate] : effects_of(report, metric)) {
      Json one = {{"effect", name}};
      if (estimate) {
        one.update({{"estimate", estimate->value},
                    {"low", estimate->interval.low.value_or(0)},
                    {"high", estimate->interval.high.value_or(0)},
                    {"p_value", estimate->p_value.value_or(1)}});
      } else {
        one["reason"] = estimate.error().text;
      }
      row["effects"].push_back(std::move(one));
    }
    if (const auto found = stats::interaction(metric.cells, report.alpha)) {
      row["independence_p_value"] = found->independence_p;
    }
    out["metrics"].push_back(std::move(row));
  }
  return out;
}

std::string to_text(const Report& report) {
  std::string text;
  for (const Cells& metric : report.metrics) {
    text += metric.metric + "\n";
    for (const auto& [name, summary] : named_cells(report, metric)) {
      text += fmt::format("  {:<44} {:>7} units  {}\n", name, summary->n(),
                          summary->n() > 0 ? fmt::format("{:.5g}", summary->mean(0)) : "–");
    }
    for (const auto& [name, estimate] : effects_of(report, metric)) {
      text += fmt::format("  {:<44} ", name);
      text += estimate
                  ? fmt::format("{:+.5g} [{:.5g}, {:.5g}]  p {:.3g}\n", estimate->value,
                                estimate->interval.low.value_or(0),
                                estimate->interval.high.value_or(0), estimate->p_value.value_or(1))
                  : "none: " + estimate.error().text + "\n";
    }
    if (const auto found = stats::interaction(metric.cells, report.alpha)) {
      text += fmt::format("  {:<44} p {:.3g}{}\n", "independent assignments", found->independence_p,
                          found->independence_p < 0.001 ? "  NOT TRUSTED" : "");
    }
  }
  return text;
}

Checked<std::vector<MetricWords>> metrics_of(const TableArguments& arguments) {
  Problems problems;
  std::vector<MetricWords> metrics = read_metrics(arguments.metrics, problems);
  for (const MetricWords& one : metrics) {
    const auto type = one.table.type;
    const bool is_mean =
        type != define::MetricType::kRatio && type != define::MetricType::kQuantile;
    if (is_mean && !one.table.cap.percentile && one.table.covariate_column.empty()) continue;
    problems.push_back({.field = "--metric " + one.planned.name,
                        .message = "with --by, only means, counts and proportions, without a "
                                   "covariate or a percentile as cap"});
  }
  const auto refuse = [&](const char* option, bool is_given) {
    if (!is_given) return;
    problems.push_back({.field = option, .message = "is not known together with --by"});
  };
  refuse("--cluster", !arguments.cluster.empty());
  refuse("--share", !arguments.shares.empty());
  refuse("--method", arguments.method != "fixed");
  if (arguments.variant.empty()) {
    problems.push_back(
        {.field = "--variant", .message = "the first experiment's column is needed"});
  }
  if (!(arguments.alpha > 0 && arguments.alpha < 1)) {
    problems.push_back({.field = "--alpha", .message = "is not between 0 and 1"});
  }
  if (!problems.empty()) return unexpected(std::move(problems));
  return metrics;
}

Checked<Report> read_cells(const TableArguments& arguments) {
  ASSAY_TRY(const std::vector<MetricWords> metrics, metrics_of(arguments));
  TableQuery query{
      .path = arguments.path, .unit_column = arguments.unit, .variant_column = arguments.by};
  if (arguments.sum_repeated_units) query.repeated_units = io::duckdb::RepeatedUnits::kSum;
  ASSAY_TRY(const TableData by, io::duckdb::read_table(query));
  Report report{.first_column = arguments.variant, .second_column = arguments.by};
  report.alpha = arguments.alpha;
  ASSAY_TRY(report.second, pair_of(by, arguments.by, ""));
  query.variant_column = arguments.variant;
  ASSAY_TRY(const TableData variants, io::duckdb::read_table(query));
  ASSAY_TRY(report.first, pair_of(variants, arguments.variant, arguments.control));
  for (const MetricWords& one : metrics) {
    query.metrics.push_back(one.table);
    report.metrics.push_back({.metric = one.planned.name, .cells = {}});
  }
  query.segment_column = arguments.by;
  for (const bool treated : {false, true}) {
    query.segment_value = treated ? report.second.treatment : report.second.control;
    ASSAY_TRY(const TableData data, io::duckdb::read_table(query));
    for (std::size_t i = 0; i < metrics.size(); ++i) {
      auto& cells = report.metrics[i].cells;
      const auto& found = data.metrics[i].cells;
      const auto at = [&](const std::string& name) {
        const auto cell = found.find({name});
        return cell == found.end() ? Summary() : cell->second.summary;
      };
      (treated ? cells.second : cells.neither) = at(report.first.control);
      (treated ? cells.both : cells.first) = at(report.first.treatment);
    }
  }
  return report;
}

}  // namespace

int run_cells(const AnalyzeArguments& arguments, Streams streams) {
  const auto found = read_cells(arguments.table);
  if (!found) return report(streams, found.error(), arguments.json);
  streams.out << (arguments.json ? to_json(*found).dump() + "\n" : to_text(*found));
  return kOk;
}

}  // namespace assay::cli
