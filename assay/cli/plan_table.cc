#include "assay/cli/plan_table.h"

#include <algorithm>
#include <optional>
#include <unordered_set>

#include <fmt/format.h>

#include "assay/base/text.h"
#include "assay/cli/block_assigner.h"
#include "assay/cli/table_analysis.h"
#include "assay/cli/unit_rows.h"
#include "assay/define/canonical.h"
#include "assay/io/duckdb/input_file.h"

namespace assay::cli {
namespace {

using assign::Assignment;
using assign::Handle;
using assign::Snapshot;
using define::Experiment;
using define::MetricType;
using io::duckdb::RowCells;
using io::duckdb::TableQuery;

constexpr Handle kPlan{0};

// Whose answers a table cannot give, or not any more.
Problems why_not(const Assignable& loaded, const TableArguments& arguments) {
  const Experiment& plan = loaded.plan;
  Problems problems;
  const auto refuse = [&](const char* field, std::string message, std::string hint) {
    problems.push_back({.field = field, .message = std::move(message), .hint = std::move(hint)});
  };
  const char* files = "analyze it from --exposures and --events";
  if (!plan.assignment.fallback_unit.empty()) {
    refuse("fallback_unit", "a row of a table is of one kind of unit", files);
  }
  if (plan.assignment.switchback) {
    refuse("switchback", "a table has no units in periods", files);
  }
  if (plan.assignment.adaptive_floor_ppm) {
    refuse("adaptive", "the weights at each assignment are not known from the plan", files);
  }
  if (plan.assignment.sticky && arguments.variant.empty()) {
    refuse("sticky", "what units were given before is not known from the plan",
           "--variant COLUMN takes the variants that they had");
  }
  const auto& epochs = loaded.history.epochs;
  const bool is_reweighed = std::ranges::any_of(
      epochs, [&](const assign::Cohort& one) { return one.weights != epochs.back().weights; });
  if (plan.assignment.reshuffle && is_reweighed) {
    refuse("reshuffle", "new weights moved units, and a row has one variant", files);
  }
  if (!arguments.by.empty()) refuse("--by", "is not known together with an experiment file", "");
  return problems;
}

// The plan's metrics as columns: by name, a ratio's by its two events.
std::vector<MetricWords> metrics_of(const Experiment& plan) {
  std::vector<MetricWords> metrics;
  for (const define::PlannedMetric& planned : plan.metrics) {
    if (!planned.definition) continue;
    const define::MetricDefinition& definition = *planned.definition;
    MetricWords metric{.table = {.column = planned.name, .type = definition.type},
                       .planned = planned};
    if (definition.type == MetricType::kRatio && definition.denominator) {
      metric.table.column = definition.numerator.event;
      metric.table.denominator_column = definition.denominator->event;
    }
    metric.table.cap = definition.cap;
    metrics.push_back(std::move(metric));
  }
  return metrics;
}

// A metric that the plan has, too, keeps its role and its rules.
std::vector<MetricWords> metrics_of(const Experiment& plan, const TableArguments& arguments,
                                    Problems& problems) {
  std::vector<MetricWords> metrics =
      arguments.metrics.empty() ? metrics_of(plan) : read_metrics(arguments.metrics, problems);
  if (metrics.empty() && problems.empty()) {
    problems.push_back({.field = "metrics",
                        .message = "the plan defines none",
                        .hint = "--catalogue has definitions, or --metric revenue:mean"});
  }
  const bool is_cuped = plan.analysis.variance_reduction == define::VarianceReduction::kCuped;
  for (MetricWords& metric : metrics) {
    const auto known =
        std::ranges::find(plan.metrics, metric.table.column, &define::PlannedMetric::name);
    if (!arguments.metrics.empty() && known != plan.metrics.end()) {
      auto definition = std::move(metric.planned.definition);
      definition->name = metric.planned.name;
      std::string name = std::move(metric.planned.name);
      metric.planned = *known;
      metric.planned.name = std::move(name);
      metric.planned.definition = std::move(definition);
    }
    metric.planned.definition->window = {};  // A table's values are complete.
    if (is_cuped && metric.table.covariate_column.empty()) {
      metric.table.covariate_column = plan.analysis.covariate_name;
    }
  }
  return metrics;
}

// A column that holds variants of the plan and nothing else, and more than one; empty if none does.
// What is wrong with the file, reading it for its rows will say.
std::string recorded_column(const Experiment& plan, const TableQuery& query) {
  auto file = io::duckdb::InputFile::open(query.path);
  if (!file) return {};
  std::vector<std::string> keys;
  for (const define::Variant& variant : plan.variants) {
    keys.push_back(io::duckdb::quote_literal(variant.key));
  }
  std::vector<std::string> names;
  std::string sql = "SELECT ";
  for (const std::string& name : file->columns()) {
    const bool is_read = std::ranges::any_of(query.metrics, [&](const auto& metric) {
      return name == metric.column || name == metric.denominator_column ||
             name == metric.covariate_column;
    });
    if (is_read) continue;
    const std::string value = fmt::format("nullif({}, '')", file->text_of(name));
    sql += fmt::format("{0}(bool_and({1} IN ({2})) AND min({1}) <> max({1}))::BOOLEAN",
                       names.empty() ? "" : ", ", value, fmt::join(keys, ", "));
    names.push_back(name);
  }
  if (names.empty()) return {};
  auto rows = file->connection().query(io::duckdb::Sql(sql + " FROM " + file->relation()));
  if (!rows || !rows->next()) return {};
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!rows->is_null(i, 0) && rows->boolean(i, 0)) return names[i];
  }
  return {};
}

// Goes over the table once and finds every row's variant and epoch.
class Assigned {
 public:
  Assigned(const Assignable& loaded, const TableArguments& arguments, UnitRows& rows)
      : snapshot_(*loaded.snapshot), arguments_(arguments), rows_(rows), header_(rows.header()) {
    const Experiment& plan = loaded.plan;
    for (const assign::Cohort& epoch : loaded.history.epochs) {
      for (const auto& variant : plan.variants) found_.cells.push_back({variant.key, epoch.epoch});
    }
    for (const auto& one : loaded.history.overrides) overridden_.insert(one.unit_id);
    id_ = id_column(plan);
    if (!arguments.variant.empty()) recorded_ = find(arguments.variant, "--variant");
    // The plan's unit is in the column of its name, whatever the table calls it.
    for (std::string& name : header_) {
      if (name == plan.assignment.unit) name.clear();
    }
    if (id_) header_[*id_] = plan.assignment.unit;
  }

  Checked<RowCells> read() {
    if (!problems_.empty()) return unexpected(problems_);
    if (const auto why = rows_.why_no_ids(*id_)) return unexpected(Problems{*why});
    BlockAssigner assigner(snapshot_, {}, header_);
    rows_.read_for([&](std::size_t column) {
      const Use use = assigner.rows().use(column);
      return use == Use::kNothing && column == recorded_ ? Use::kText : use;
    });
    UnitRow row;
    while (problems_.size() < kMaxRowProblems && rows_.next(row)) {
      if (first_.fields.empty()) first_ = row;
      std::string wrong = row.wrong;
      if (wrong.empty()) wrong = assigner.add(row);
      if (wrong.empty()) wrong = keep(row.fields);
      if (!wrong.empty()) problems_.push_back({.place = rows_.place(), .message = wrong});
      if (assigner.is_full()) take(assigner);
    }
    take(assigner);
    if (auto problem = rows_.problem()) problems_.push_back(*std::move(problem));
    if (problems_.empty() && !is_any()) nobody(assigner);
    if (!problems_.empty()) return unexpected(problems_);
    warnings_ = assigner.rows().warnings();
    for (Problem& warning : warnings_) warning.place.file = arguments_.path;
    return std::move(found_);
  }

  const analyze::AssignmentCheck& check() const { return check_; }
  const Problems& warnings() const { return warnings_; }  // Of what read() gave.
  const std::string& id_name() const { return rows_.header()[*id_]; }

 private:
  static constexpr std::int32_t kOut = -1;
  struct Kept {
    std::string id;
    std::int16_t recorded = Assignment::kNone;
  };

  std::optional<std::size_t> id_column(const Experiment& plan) {
    const std::string& unit = plan.assignment.unit;
    if (!arguments_.cluster.empty()) return find(arguments_.cluster, unit);
    if (!arguments_.unit.empty()) return find(arguments_.unit, unit);
    const auto known = kind_column(header_, unit);
    return known ? known : find(unit, unit);
  }

  std::optional<std::size_t> find(const std::string& name, const std::string& field) {
    const auto found = std::ranges::find(header_, name);
    if (found != header_.end()) return static_cast<std::size_t>(found - header_.begin());
    const std::vector<std::string_view> names(header_.begin(), header_.end());
    const auto near = did_you_mean(name, names);
    problems_.push_back({.place = {.file = arguments_.path},
                         .field = field,
                         .message = fmt::format("there is no column \"{}\"", name),
                         .hint = near ? fmt::format("did you mean {}?", *near)
                                      : fmt::format("the file has {}", fmt::join(names, ", "))});
    return std::nullopt;
  }

  std::string keep(const std::vector<std::string>& fields) {
    Kept row{.id = fields[*id_]};
    if (row.id.empty()) return "the unit is missing";
    if (recorded_ && !fields[*recorded_].empty()) {
      const auto variant = snapshot_.find_variant(kPlan, fields[*recorded_]);
      if (!variant) {
        return fmt::format("'{}' is not a variant of {}", fields[*recorded_].substr(0, 60),
                           snapshot_.id(kPlan));
      }
      row.recorded = *variant;
    }
    block_.push_back(std::move(row));
    return {};
  }

  void take(BlockAssigner& assigner) {
    if (problems_.empty()) assigner.assign();
    for (std::size_t i = 0; problems_.empty() && i < block_.size(); ++i) {
      const Kept& row = block_[i];
      const std::int16_t assigned = assigner.variant(kPlan, i);
      const bool is_chosen = assigner.is_forced(kPlan, i) || overridden_.contains(row.id);
      const std::int16_t variant = recorded_ ? row.recorded : assigned;
      const bool is_in = !is_chosen && variant != Assignment::kNone;
      found_.rows.push_back(is_in ? cell_of(row.id, variant) : kOut);
      if (!is_in) ++check_.left_out;
      ++check_.rows;
      if (recorded_ && !is_chosen && row.recorded != assigned) differ(row, assigned);
    }
    block_.clear();
    assigner.clear();
  }

  // Its place in found_.cells.
  std::int32_t cell_of(const std::string& id, std::int16_t variant) const {
    const std::int64_t epoch = snapshot_.epoch_of(kPlan, id);
    return static_cast<std::int32_t>(epoch) * static_cast<std::int32_t>(variants()) + variant;
  }
  std::size_t variants() const { return snapshot_.variant_count(kPlan); }

  void differ(const Kept& row, std::int16_t assigned) {
    if (++check_.differing > 1) return;
    const auto key = [&](std::int16_t variant) {
      if (variant == Assignment::kNone) return std::string("no variant");
      return std::string(snapshot_.variant_key(kPlan, static_cast<std::size_t>(variant)));
    };
    check_.example = fmt::format("row {} has {} where {} is assigned", check_.rows,
                                 key(row.recorded), key(assigned));
  }

  bool is_any() const {
    return std::ranges::any_of(found_.rows, [](std::int32_t cell) { return cell != kOut; });
  }

  void nobody(BlockAssigner& assigner) {
    std::string hint;
    if (!first_.fields.empty()) {
      const Assignment answer = assigner.evaluate(kPlan, first_);
      hint = fmt::format("of the first row: {} ({})", reason_name(answer.reason),
                         snapshot_.explain(answer));
    }
    problems_.push_back({.place = {.file = arguments_.path},
                         .message = fmt::format("no row is in {}", snapshot_.id(kPlan)),
                         .hint = std::move(hint)});
  }

  const Snapshot& snapshot_;
  const TableArguments& arguments_;
  UnitRows& rows_;
  std::vector<std::string> header_;
  std::optional<std::size_t> id_;
  std::optional<std::size_t> recorded_;
  std::unordered_set<std::string> overridden_;
  std::vector<Kept> block_;
  UnitRow first_;
  RowCells found_;
  analyze::AssignmentCheck check_;
  Problems problems_;
  Problems warnings_;
};

// Recorded variants of a plan that chose nobody by hand and has one split: nothing in it asks who a
// row is.
bool does_without_ids(const Assignable& loaded, const TableArguments& arguments,
                      const std::vector<std::string>& header) {
  const Experiment& plan = loaded.plan;
  const bool asks = !loaded.history.overrides.empty() || !plan.assignment.forced.empty() ||
                    !assign::lasting(plan, loaded.history.epochs).empty();
  const bool names = !arguments.unit.empty() || !arguments.cluster.empty() ||
                     kind_column(header, plan.assignment.unit).has_value();
  return !arguments.variant.empty() && !asks && !names;
}

Problems unknown_variants(const Experiment& plan, const io::duckdb::TableData& data,
                          const TableArguments& arguments) {
  Problems problems;
  for (const auto& [cell, units] : data.units) {
    const auto known = std::ranges::find(plan.variants, cell.variant, &define::Variant::key);
    if (known != plan.variants.end() || problems.size() == kMaxRowProblems) continue;
    problems.push_back({.place = {.file = arguments.path},
                        .field = arguments.variant,
                        .message = fmt::format("'{}' is not a variant of {}",
                                               cell.variant.substr(0, 60), plan.id)});
  }
  return problems;
}

}  // namespace

Checked<PlanTableAnswer> analyze_plan_table(const Assignable& loaded,
                                            const TableArguments& arguments, Timestamp as_of) {
  const Experiment& plan = loaded.plan;
  Problems problems = why_not(loaded, arguments);
  const std::vector<MetricWords> metrics = metrics_of(plan, arguments, problems);
  if (has_errors(problems)) return unexpected(problems);
  ASSAY_TRY(const auto rows, open_table_rows(arguments.path));
  TableQuery query{
      .path = arguments.path, .unit_column = arguments.unit, .cluster_column = arguments.cluster};
  analyze::AssignmentCheck check;
  RowCells cells;
  Problems warnings;
  if (does_without_ids(loaded, arguments, rows->header())) {
    query.variant_column = arguments.variant;
    check.no_column = plan.assignment.unit;
  } else {
    Assigned assigned(loaded, arguments, *rows);
    ASSAY_TRY(cells, assigned.read());
    query.given = &cells;
    if (arguments.unit.empty() && arguments.cluster.empty()) query.unit_column = assigned.id_name();
    check = assigned.check();
    warnings = assigned.warnings();
  }
  for (const MetricWords& metric : metrics) query.metrics.push_back(metric.table);
  if (arguments.sum_repeated_units) query.repeated_units = io::duckdb::RepeatedUnits::kSum;
  ASSAY_TRY(const io::duckdb::TableData data, io::duckdb::read_table(query));
  if (Problems unknown = unknown_variants(plan, data, arguments); !unknown.empty()) {
    return unexpected(std::move(unknown));
  }
  Experiment experiment = plan;
  experiment.metrics.clear();
  for (const MetricWords& metric : metrics) experiment.metrics.push_back(metric.planned);
  check.is_computed = arguments.variant.empty();
  if (check.is_computed) check.recorded = recorded_column(plan, query);
  auto card = analyze_data(
      data, experiment,
      {.as_of = as_of, .epoch_weights = epoch_weights(loaded.history), .assignment = check});
  if (!card)
    return unexpected(Problems{{.message = card.error().message, .hint = card.error().hint}});
  card->fingerprint = define::fingerprint(plan);
  return PlanTableAnswer{*std::move(card), std::move(warnings)};
}

}  // namespace assay::cli
