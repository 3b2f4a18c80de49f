// What a table of the past says about a metric: its value, its spread between units, how a
// covariate correlates with it, and how alike the units of a cluster are.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/cli/plan_question.h"
#include "assay/cli/table_analysis.h"
#include "assay/stats/cluster.h"
#include "assay/stats/quantile.h"

namespace assay::cli {

using define::MetricType;
using nlohmann::json;

namespace {

struct Pooled {
  stats::Summary summary;
  stats::ClusteredSample rows;
};

// All variants together, or the control alone where one is named.
Pooled pool(const io::duckdb::TableMetricData& data, const std::string& control) {
  Pooled pooled;
  bool first = true;
  for (const auto& [at, cell] : data.cells) {
    if (!control.empty() && at.variant != control) continue;
    if (first) {
      pooled.summary = cell.summary;
    } else {
      pooled.summary.merge(cell.summary);
    }
    pooled.rows.merge(cell.rows);
    first = false;
  }
  return pooled;
}

stats::Stat<double> correlation_with(const stats::Summary& summary) {
  ASSAY_TRY(const double own, summary.variance(0));
  const int x = summary.covariate_column(0);
  ASSAY_TRY(const double variance, summary.variance(x));
  ASSAY_TRY(double together, summary.covariance(0, x));
  double spread = own;
  if (summary.columns().denominator) {
    const int d = summary.denominator_column();
    const double ratio = summary.mean(0) / summary.mean(d);
    ASSAY_TRY(const double below, summary.covariance(d, x));
    ASSAY_TRY(const double both, summary.covariance(0, d));
    ASSAY_TRY(const double denominator, summary.variance(d));
    together -= ratio * below;
    spread += ratio * ratio * denominator - 2 * ratio * both;
  }
  if (!(variance > 0) || !(spread > 0)) return 0.0;
  return together / std::sqrt(variance * spread);
}

stats::Stat<json> describe_ratio(const stats::Summary& summary) {
  const int d = summary.denominator_column();
  ASSAY_TRY(const double above, summary.variance(0));
  ASSAY_TRY(const double below, summary.variance(d));
  ASSAY_TRY(const double both, summary.covariance(0, d));
  return json{{"metric", "ratio"},
              {"numerator_mean", summary.mean(0)},
              {"denominator_mean", summary.mean(d)},
              {"numerator_variance", above},
              {"denominator_variance", below},
              {"covariance", both}};
}

stats::Stat<json> describe(const define::MetricDefinition& metric, const Pooled& past) {
  if (metric.type == MetricType::kQuantile) {
    ASSAY_TRY(const auto estimate, stats::estimate_quantile(past.rows, metric.quantile));
    return json{{"metric", "quantile"},
                {"baseline", estimate.value},
                {"std_error", estimate.std_error},
                {"n", estimate.units}};
  }
  if (past.summary.n() == 0) {
    return stats::undefined(stats::Undefined::kNoData, "the table has no value of it");
  }
  json fields;
  if (metric.type == MetricType::kRatio) {
    ASSAY_TRY(fields, describe_ratio(past.summary));
  } else if (metric.type == MetricType::kProportion || metric.type == MetricType::kRetention) {
    fields = {{"metric", "proportion"}, {"baseline", past.summary.mean(0)}};
  } else {
    ASSAY_TRY(const double variance, past.summary.variance(0));
    fields = {
        {"metric", "mean"}, {"baseline", past.summary.mean(0)}, {"std_dev", std::sqrt(variance)}};
  }
  if (past.summary.columns().covariates > 0) {
    ASSAY_TRY(const double correlation, correlation_with(past.summary));
    fields["correlation"] = correlation;
  }
  return fields;
}

stats::Stat<void> add_clusters(const stats::ClusteredSample& rows, json& fields) {
  std::map<std::uint64_t, stats::Summary> clusters;
  for (const auto& row : rows.data()) clusters[row.unit].add(std::array{row.value});
  std::vector<stats::Summary> summaries;
  for (const auto& [cluster, summary] : clusters) summaries.push_back(summary);
  ASSAY_TRY(const auto found, stats::cluster_correlation(summaries));
  fields["cluster_size"] = found.mean_size;
  fields["icc"] = std::max(0.0, found.icc);
  fields["cluster_size_cv"] = found.size_cv;
  return {};
}

// Rows on their own, or keyed by their cluster where `cluster` names its column.
Checked<io::duckdb::TableData> read(const PlanOptions& options,
                                    const std::vector<MetricWords>& metrics,
                                    const std::string& cluster) {
  io::duckdb::TableQuery query{.path = options.table.path,
                               .unit_column = options.table.unit,
                               .variant_column = options.table.variant,
                               .cluster_column = cluster};
  for (const MetricWords& metric : metrics) {
    query.metrics.push_back(metric.table);
    if (!cluster.empty()) {
      query.metrics.back() = {.column = metric.table.column, .type = MetricType::kQuantile};
    }
  }
  if (options.table.sum_repeated_units) query.repeated_units = io::duckdb::RepeatedUnits::kSum;
  return io::duckdb::read_table(query);
}

}  // namespace

Checked<std::map<std::string, std::string>> read_history(const PlanOptions& options) {
  Problems problems;
  const std::vector<MetricWords> metrics = read_metrics(options.table.metrics, problems);
  for (const MetricWords& metric : metrics) {
    const MetricType type = metric.table.type;
    const bool row_wise = type != MetricType::kRatio && type != MetricType::kQuantile;
    if (options.table.cluster.empty() || row_wise) continue;
    problems.push_back(
        {.field = "--cluster " + options.table.cluster,
         .message = fmt::format("{} is no mean or share of rows", metric.planned.name),
         .hint = "--cluster-size and --icc say it in numbers"});
  }
  if (has_errors(problems)) return unexpected(problems);
  ASSAY_TRY(const auto data, read(options, metrics, ""));
  const std::string& cluster = options.table.cluster;
  io::duckdb::TableData clustered;
  if (!cluster.empty()) {
    ASSAY_TRY(clustered, read(options, metrics, cluster));
  }
  const std::string& control = options.table.control;
  if (!control.empty() && !data.units.contains({control})) {
    problems.push_back({.field = "--control",
                        .message = fmt::format("no row has the variant \"{}\"", control),
                        .hint = "--variant names the column, --control its value"});
    return unexpected(problems);
  }
  std::map<std::string, std::string> history;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    const std::string& name = metrics[i].planned.name;
    auto fields = describe(*metrics[i].planned.definition, pool(data.metrics[i], control));
    if (fields && !cluster.empty()) {
      const Pooled rows = pool(clustered.metrics[i], control);
      if (auto ok = add_clusters(rows.rows, *fields); !ok) fields = unexpected(ok.error());
    }
    if (!fields) {
      problems.push_back({.field = "--metric " + name, .message = fields.error().text});
    } else {
      history[name] = fields->dump();
    }
  }
  if (has_errors(problems)) return unexpected(problems);
  return history;
}

}  // namespace assay::cli
