#include "assay/cli/table_analysis.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "assay/base/text.h"
#include "assay/io/duckdb/table_source.h"

namespace assay::cli {
namespace {

using define::MetricType;
using io::duckdb::TableData;
using io::duckdb::TableMetric;
using io::duckdb::TableQuery;

constexpr std::array<std::pair<std::string_view, MetricType>, 6> kTypes{
    {{"proportion", MetricType::kProportion},
     {"mean", MetricType::kMean},
     {"count", MetricType::kCount},
     {"ratio", MetricType::kRatio},
     {"quantile", MetricType::kQuantile},
     {"retention", MetricType::kRetention}}};
constexpr std::array<std::pair<std::string_view, define::Method>, 3> kMethods{
    {{"fixed", define::Method::kFixedHorizon},
     {"sequential", define::Method::kSequential},
     {"bayesian", define::Method::kBayesian}}};
constexpr std::array<std::pair<std::string_view, define::Correction>, 6> kCorrections{
    {{"none", define::Correction::kNone},
     {"bonferroni", define::Correction::kBonferroni},
     {"holm", define::Correction::kHolm},
     {"hochberg", define::Correction::kHochberg},
     {"benjamini_hochberg", define::Correction::kBenjaminiHochberg},
     {"benjamini_yekutieli", define::Correction::kBenjaminiYekutieli}}};

// The value of a word; an unknown one becomes a problem that lists the known ones.
template <std::size_t N, typename T>
std::optional<T> value_of(const std::array<std::pair<std::string_view, T>, N>& words,
                          std::string_view word, std::string field, Problems& problems) {
  std::vector<std::string_view> known;
  std::string list;
  for (const auto& [name, value] : words) {
    if (name == word) return value;
    known.push_back(name);
    list += (list.empty() ? "" : ", ") + std::string(name);
  }
  const auto meant = did_you_mean(word, known);
  problems.push_back({.field = std::move(field),
                      .message = fmt::format("\"{}\" is not known", word),
                      .hint = meant ? fmt::format("did you mean {}?", *meant) : "one of " + list});
  return std::nullopt;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t to = std::min(text.find(separator, from), text.size());
    parts.emplace_back(text.substr(from, to - from));
    from = to + 1;
  }
  return parts;
}

void read_cap(std::string_view value, const std::string& field, define::Cap& cap,
              Problems& problems) {
  const bool percentile = value.starts_with('p');
  const auto number = parse_number(percentile ? value.substr(1) : value);
  // p0.99 would be the 0.99th percentile, which nobody means.
  const bool fits = number && (!percentile || (*number >= 1 && *number < 100));
  if (!fits) {
    problems.push_back({.field = field,
                        .message = fmt::format("cap={} is no cap", value),
                        .hint = "a number such as cap=3000, or a percentile such as cap=p99.9"});
  } else if (percentile) {
    cap.percentile = *number / 100;
  } else {
    cap.value = *number;
  }
}

void read_option(const std::string& option, const std::string& field, MetricWords& metric,
                 Problems& problems) {
  const std::size_t equals = option.find('=');
  const std::string key = option.substr(0, equals),
                    value = equals == std::string::npos ? "" : option.substr(equals + 1);
  if (key == "decrease" && value.empty()) {
    metric.planned.direction = define::Direction::kDecrease;
  } else if (key == "cap") {
    read_cap(value, field, metric.table.cap, problems);
  } else if (key == "per" && !value.empty()) {
    metric.table.denominator_column = value;
  } else if (key == "covariate" && !value.empty()) {
    metric.table.covariate_column = value;
  } else if (const auto q = parse_number(value); key == "q" && q && *q > 0 && *q < 1) {
    metric.planned.definition->quantile = *q;
  } else {
    problems.push_back(
        {.field = field,
         .message = fmt::format("\"{}\" is no option of a metric", option),
         .hint = "cap=3000, cap=p99.9, per=COLUMN, covariate=COLUMN, q=0.99 or decrease"});
  }
}

std::optional<MetricWords> read_metric(const std::string& text, Problems& problems) {
  const std::string field = fmt::format("--metric {}", text);
  const std::vector<std::string> options = split(text, ',');
  const std::size_t colon = options[0].rfind(':');
  if (colon == std::string::npos || colon == 0) {
    problems.push_back({.field = field,
                        .message = "a metric is COLUMN:TYPE",
                        .hint = "such as retention_7:proportion or revenue:mean"});
    return std::nullopt;
  }
  const auto type = value_of(kTypes, options[0].substr(colon + 1), field, problems);
  if (!type) return std::nullopt;
  MetricWords metric;
  metric.table.column = options[0].substr(0, colon);
  metric.table.type = *type;
  metric.planned.definition = define::MetricDefinition{.type = *type};
  for (std::size_t i = 1; i < options.size(); ++i) read_option(options[i], field, metric, problems);
  if ((*type == MetricType::kRatio) == metric.table.denominator_column.empty()) {
    problems.push_back({.field = field,
                        .message = *type == MetricType::kRatio ? "a ratio needs its denominator"
                                                               : "only a ratio has a denominator",
                        .hint = "such as clicks:ratio,per=views"});
  }
  // One column may be judged twice, with and without a cap: the options tell the two apart.
  metric.planned.name =
      options.size() == 1 ? metric.table.column : metric.table.column + text.substr(text.find(','));
  define::MetricDefinition& definition = *metric.planned.definition;
  definition.name = metric.planned.name;
  definition.numerator.event = metric.table.column;
  definition.cap = metric.table.cap;
  return metric;
}

void add_weights(const TableArguments& arguments, define::Experiment& experiment,
                 Problems& problems) {
  for (const std::string& share : arguments.shares) {
    const std::size_t equals = share.rfind('=');
    const std::string key = share.substr(0, equals);
    const double weight =
        equals == std::string::npos ? -1 : parse_number(share.substr(equals + 1)).value_or(-1);
    const auto variant = std::ranges::find(experiment.variants, key, &define::Variant::key);
    if (weight < 0 || weight > 1e6 || variant == experiment.variants.end()) {
      problems.push_back({.field = "--share " + share,
                          .message = "it must be VARIANT=WEIGHT for a variant of the table",
                          .hint = "such as control=1 treatment=9"});
    } else {
      variant->weight = static_cast<std::uint32_t>(std::lround(weight * 1000));
    }
  }
}

void choose_control(const TableArguments& arguments, define::Experiment& experiment,
                    Problems& problems) {
  std::vector<std::string_view> keys;
  for (const define::Variant& variant : experiment.variants) keys.push_back(variant.key);
  experiment.control = arguments.control;
  if (arguments.control.empty()) {
    experiment.control =
        std::ranges::find(keys, "control") != keys.end() || keys.empty() ? "control" : keys[0];
  } else if (std::ranges::find(keys, arguments.control) == keys.end()) {
    const auto meant = did_you_mean(arguments.control, keys);
    problems.push_back({.field = "--control",
                        .message = fmt::format("no row has the variant \"{}\"", arguments.control),
                        .hint = meant ? fmt::format("did you mean {}?", *meant) : ""});
  }
}

// The table's numbers behind the port that analysis reads.
class TableSource : public analyze::SummarySource {
 public:
  TableSource(const TableData& data, const define::Experiment& experiment)
      : data_(data), experiment_(experiment) {}

  Result<analyze::Exposed> exposed(const define::Experiment&, Timestamp) override {
    analyze::Exposed exposed;
    exposed.units = data_.units;
    for (const auto& [cell, units] : data_.units) exposed.exposures += units;
    return exposed;
  }

  Result<analyze::MetricData> metric(const define::Experiment&, const analyze::MetricQuery& query,
                                     Timestamp) override {
    const auto planned =
        std::ranges::find(experiment_.metrics, query.metric.name, &define::PlannedMetric::name);
    const auto& found =
        data_.metrics[static_cast<std::size_t>(planned - experiment_.metrics.begin())];
    analyze::MetricData data;
    data.cells = found.cells;
    for (const auto& [at, cell] : found.cells) {
      data.events += cell.summary.n() + cell.rows.rows();
    }
    return data;
  }

  Result<std::vector<std::string>> segment_values(const define::Experiment&, const std::string&,
                                                  Timestamp) override {
    return std::vector<std::string>{};  // The command line names no segments.
  }

 private:
  const TableData& data_;
  const define::Experiment& experiment_;
};

}  // namespace

std::vector<MetricWords> read_metrics(const std::vector<std::string>& texts, Problems& problems) {
  std::vector<MetricWords> metrics;
  if (texts.empty()) {
    problems.push_back({.field = "--metric",
                        .message = "at least one metric is needed",
                        .hint = "--metric revenue:mean"});
  }
  for (const std::string& text : texts) {
    if (auto metric = read_metric(text, problems)) metrics.push_back(*std::move(metric));
  }
  return metrics;
}

define::Experiment table_experiment(const TableArguments& arguments, const TableData& data,
                                    const std::vector<MetricWords>& metrics, Problems& problems) {
  define::Experiment experiment;
  experiment.id = "table";
  for (const auto& [cell, units] : data.units)
    experiment.variants.push_back({.key = cell.variant, .weight = 1000});
  if (experiment.variants.size() < 2) {
    problems.push_back({.field = "--variant " + arguments.variant,
                        .message = "the table has fewer than two variants"});
  }
  choose_control(arguments, experiment, problems);
  add_weights(arguments, experiment, problems);
  for (const MetricWords& metric : metrics) experiment.metrics.push_back(metric.planned);
  if (auto method = value_of(kMethods, arguments.method, "--method", problems))
    experiment.analysis.method = *method;
  if (auto correction = value_of(kCorrections, arguments.correction, "--correction", problems))
    experiment.analysis.correction = *correction;
  experiment.analysis.alpha = arguments.alpha;
  if (!(arguments.alpha > 0 && arguments.alpha < 1)) {
    problems.push_back({.field = "--alpha",
                        .message = fmt::format("{} is not between 0 and 1", arguments.alpha),
                        .hint = "0.05 is the usual choice"});
  }
  return experiment;
}

Result<analyze::Scorecard> analyze_data(const TableData& data, const define::Experiment& experiment,
                                        const analyze::AnalyzeOptions& options) {
  TableSource source(data, experiment);
  return analyze::analyze(experiment, source, options);
}

Checked<analyze::Scorecard> analyze_table(const TableArguments& arguments, Timestamp as_of) {
  Problems problems;
  const std::vector<MetricWords> metrics = read_metrics(arguments.metrics, problems);
  if (arguments.variant.empty()) {
    problems.push_back({.field = "--variant",
                        .message = "the column that holds the variant is needed",
                        .hint = "--variant version"});
  }
  if (has_errors(problems)) return unexpected(problems);
  TableQuery query{.path = arguments.path,
                   .unit_column = arguments.unit,
                   .variant_column = arguments.variant,
                   .cluster_column = arguments.cluster};
  for (const MetricWords& metric : metrics) query.metrics.push_back(metric.table);
  if (arguments.sum_repeated_units) query.repeated_units = io::duckdb::RepeatedUnits::kSum;
  ASSAY_TRY(const TableData data, io::duckdb::read_table(query));
  const define::Experiment experiment = table_experiment(arguments, data, metrics, problems);
  if (has_errors(problems)) return unexpected(problems);
  auto card = analyze_data(data, experiment, {.as_of = as_of});
  if (!card)
    return unexpected(Problems{{.message = card.error().message, .hint = card.error().hint}});
  card->experiment = arguments.path;
  return *std::move(card);
}

}  // namespace assay::cli
