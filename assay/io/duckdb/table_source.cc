#include "assay/io/duckdb/table_source.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

#include "assay/base/hash.h"
#include "assay/base/text.h"
#include "assay/io/duckdb/input_file.h"
#include "assay/io/duckdb/table_units.h"

namespace assay::io::duckdb {
namespace {

using analyze::Cell;
using define::MetricType;

constexpr std::size_t kProblemsMax = 20;

std::optional<double> number_or_bool(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return 1;
  if (text == "false" || text == "False" || text == "FALSE") return 0;
  return parse_number(text);
}

// Reads all rows into memory: a cap needs every value before the first can be counted.
class Table {
 public:
  Table(const TableQuery& query, InputFile file) : query_(query), file_(std::move(file)) {}

  Checked<TableData> read();
  Checked<TableUnits> read_anew();

 private:
  Checked<void> read_all();
  std::vector<FoldedMetric> fold() const;
  void check_columns();
  void check_column(const std::string& field, const std::string& column);
  std::size_t column(const std::string& name);  // Its place in the SELECT.
  void plan();
  void read_rows();
  bool is_assigned(std::int64_t number) const;
  Cell cell_of(const Rows& rows, std::size_t row, std::int64_t number) const;
  void read_row(const Rows& rows, std::size_t row, std::int64_t number);
  std::optional<double> number(const Rows& rows, std::size_t row, std::size_t column,
                               std::int64_t number);
  UnitRow& unit(const std::string& id, std::size_t cell, std::int64_t number);
  void place_in_cluster(UnitRow& unit, std::string_view cluster, std::int64_t number);
  void complain(std::int64_t row, const std::string& field, std::string message,
                std::string hint = {});

  const TableQuery& query_;
  InputFile file_;
  Problems problems_;
  std::size_t complaints_ = 0;
  std::vector<std::string> selected_;  // Columns of the SELECT.
  struct MetricColumns {
    std::size_t value = 0;
    std::optional<std::size_t> denominator;
    std::optional<std::size_t> covariate;
  };
  std::vector<MetricColumns> metric_columns_;
  std::vector<Cell> cells_;
  std::vector<UnitRow> units_;
  std::vector<std::size_t> cluster_cells_;
  std::unordered_map<std::string, std::size_t> known_clusters_;
  std::unordered_map<std::string, std::size_t> known_;
  std::int64_t repeated_ = 0;
};

void Table::complain(std::int64_t row, const std::string& field, std::string message,
                     std::string hint) {
  if (++complaints_ > kProblemsMax) return;
  problems_.push_back({.place = row == 0 ? Place{file_.path(), 0, 0} : file_.place(row),
                       .field = field,
                       .message = std::move(message),
                       .hint = std::move(hint)});
}

void Table::check_column(const std::string& field, const std::string& column) {
  if (file_.has(column)) return;
  const std::vector<std::string_view> names(file_.columns().begin(), file_.columns().end());
  const auto near = did_you_mean(column, names);
  std::string all;
  for (const std::string& name : file_.columns()) all += (all.empty() ? "" : ", ") + name;
  complain(0, field, "there is no column \"" + column + "\"",
           near ? "did you mean " + *near + "?" : "the file has " + all);
}

void Table::check_columns() {
  if (!query_.unit_column.empty()) check_column("unit", query_.unit_column);
  if (!query_.variant_column.empty()) check_column("variant", query_.variant_column);
  if (!query_.cluster_column.empty()) check_column("cluster", query_.cluster_column);
  if (!query_.segment_column.empty()) check_column("segment", query_.segment_column);
  for (const TableMetric& metric : query_.metrics) {
    check_column("metric", metric.column);
    if (metric.type == MetricType::kRatio) check_column("denominator", metric.denominator_column);
    if (!metric.covariate_column.empty()) check_column("covariate", metric.covariate_column);
  }
}

std::size_t Table::column(const std::string& name) {
  const auto known = std::find(selected_.begin(), selected_.end(), name);
  if (known != selected_.end()) return static_cast<std::size_t>(known - selected_.begin());
  selected_.push_back(name);
  return selected_.size() - 1;
}

void Table::plan() {
  column(query_.variant_column);
  for (const TableMetric& metric : query_.metrics) {
    MetricColumns columns;
    columns.value = column(metric.column);
    if (metric.type == MetricType::kRatio) columns.denominator = column(metric.denominator_column);
    if (!metric.covariate_column.empty()) columns.covariate = column(metric.covariate_column);
    metric_columns_.push_back(columns);
  }
}

void Table::read_rows() {
  Sql sql("SELECT ");
  for (const std::string& name : selected_) {
    sql.text(name.empty() ? "'all'" : file_.text_of(name)).text(", ");
  }
  sql.text(query_.unit_column.empty() ? "''" : file_.text_of(query_.unit_column));
  // The segment is a column, not a filter, so that rows keep their numbers.
  const std::string& segment = query_.segment_column;
  sql.text(", ").text(segment.empty() ? "''" : file_.text_of(segment));
  const std::string& cluster = query_.cluster_column;
  sql.text(", ").text(cluster.empty() ? "''" : file_.text_of(cluster));
  auto rows = file_.connection().stream(sql.text(" FROM ").text(file_.relation()));
  if (!rows) return problems_.push_back(file_.problem(rows.error()));
  const std::size_t segment_at = selected_.size() + 1;
  std::int64_t number = 0;
  while (rows->next()) {
    for (std::size_t row = 0; row < rows->size(); ++row) {
      ++number;
      const bool chosen =
          is_assigned(number) &&
          (segment.empty() || (!rows->is_null(segment_at, row) &&
                               rows->text(segment_at, row) == query_.segment_value));
      if (chosen) read_row(*rows, row, number);
    }
  }
  if (const auto error = rows->error()) problems_.push_back(file_.problem(*error));
}

std::optional<double> Table::number(const Rows& rows, std::size_t row, std::size_t column,
                                    std::int64_t number) {
  if (rows.is_null(column, row) || rows.text(column, row).empty()) return std::nullopt;
  const auto value = number_or_bool(rows.text(column, row));
  if (!value) {
    complain(number, selected_[column],
             "\"" + std::string(rows.text(column, row)) + "\" is not a finite number",
             "leave the cell empty where there is no value");
  }
  return value;
}

UnitRow& Table::unit(const std::string& id, std::size_t cell, std::int64_t number) {
  if (!query_.unit_column.empty()) {
    const auto [known, is_new] = known_.try_emplace(id, units_.size());
    if (!is_new) {
      ++repeated_;
      UnitRow& before = units_[known->second];
      if (before.cell != cell && query_.repeated_units == RepeatedUnits::kSum) {
        complain(number, query_.unit_column, "unit \"" + id + "\" is in two variants");
      }
      return before;
    }
  }
  units_.push_back({.cell = cell, .metrics = std::vector<Values>(query_.metrics.size())});
  return units_.back();
}

void Table::place_in_cluster(UnitRow& unit, std::string_view cluster, std::int64_t number) {
  const std::string name(cluster);
  const auto [known, is_new] = known_clusters_.try_emplace(name, cluster_cells_.size());
  if (is_new) cluster_cells_.push_back(unit.cell);
  if (cluster_cells_[known->second] != unit.cell) {
    complain(number, query_.cluster_column, "cluster \"" + name + "\" is in two variants",
             "a cluster is randomized as a whole; without --cluster rows count on their own");
  }
  if (unit.cluster && *unit.cluster != known->second) {
    complain(number, query_.cluster_column, "the unit was in another cluster before");
  }
  unit.cluster = known->second;
}

bool Table::is_assigned(std::int64_t number) const {
  if (query_.given == nullptr) return true;
  const auto row = static_cast<std::size_t>(number - 1);
  return row < query_.given->rows.size() && query_.given->rows[row] >= 0;
}

Cell Table::cell_of(const Rows& rows, std::size_t row, std::int64_t number) const {
  if (query_.given != nullptr) {
    const auto cell = query_.given->rows[static_cast<std::size_t>(number - 1)];
    return query_.given->cells[static_cast<std::size_t>(cell)];
  }
  return {.variant = rows.is_null(0, row) ? std::string() : std::string(rows.text(0, row))};
}

void Table::read_row(const Rows& rows, std::size_t row, std::int64_t number) {
  const std::size_t unit_at = selected_.size();
  Cell cell = cell_of(rows, row, number);
  if (cell.variant.empty()) {
    return complain(number, query_.variant_column, "the variant is missing");
  }
  if (rows.is_null(unit_at, row)) {
    return complain(number, query_.unit_column, "the unit is missing");
  }
  const auto known = std::find(cells_.begin(), cells_.end(), cell);
  const auto index = static_cast<std::size_t>(known - cells_.begin());
  if (known == cells_.end()) cells_.push_back(std::move(cell));
  UnitRow& unit_row = unit(std::string(rows.text(unit_at, row)), index, number);
  if (!query_.cluster_column.empty()) {
    if (rows.is_null(unit_at + 2, row) || rows.text(unit_at + 2, row).empty()) {
      return complain(number, query_.cluster_column, "the cluster is missing");
    }
    place_in_cluster(unit_row, rows.text(unit_at + 2, row), number);
  }
  for (std::size_t i = 0; i < query_.metrics.size(); ++i) {
    const MetricColumns& columns = metric_columns_[i];
    Values& values = unit_row.metrics[i];
    const auto value = this->number(rows, row, columns.value, number);
    const bool proportion = query_.metrics[i].type == MetricType::kProportion;
    if (proportion && value && *value != 0 && *value != 1) {
      complain(number, query_.metrics[i].column, number_text(*value) + " is neither 0 nor 1",
               "use type mean for numbers");
    }
    if (value)
      values.value = proportion ? std::max(values.value.value_or(0), *value)
                                : values.value.value_or(0) + *value;
    if (columns.denominator) {
      values.denominator += this->number(rows, row, *columns.denominator, number).value_or(0);
    }
    if (!columns.covariate) continue;
    const auto covariate = this->number(rows, row, *columns.covariate, number);
    if (covariate) values.covariate = values.covariate.value_or(0) + *covariate;
  }
}

Checked<void> Table::read_all() {
  check_columns();
  if (!problems_.empty()) return unexpected(problems_);
  plan();
  read_rows();
  if (repeated_ > 0 && query_.repeated_units == RepeatedUnits::kRefuse) {
    complain(0, query_.unit_column,
             std::to_string(repeated_) + " rows repeat a unit that was there before",
             "one row per unit is needed; --sum-repeated-units adds up the rows of a unit");
  }
  if (complaints_ > kProblemsMax) {
    problems_.push_back(
        {.place = {file_.path(), 0, 0},
         .field = "",
         .message = "and " + std::to_string(complaints_ - kProblemsMax) + " more problems",
         .hint = ""});
  }
  if (!problems_.empty()) return unexpected(problems_);
  return {};
}

std::vector<FoldedMetric> Table::fold() const {
  std::vector<FoldedMetric> metrics;
  for (std::size_t i = 0; i < query_.metrics.size(); ++i) {
    metrics.emplace_back(query_.metrics[i], i, units_, cluster_cells_.size());
  }
  return metrics;
}

Checked<TableData> Table::read() {
  ASSAY_TRY_VOID(read_all());
  std::vector<std::size_t> cells = cluster_cells_;
  if (query_.cluster_column.empty()) {
    for (const UnitRow& unit : units_) cells.push_back(unit.cell);
  }
  TableData data;
  for (const std::size_t cell : cells) ++data.units[cells_[cell]];
  for (const FoldedMetric& metric : fold()) {
    TableMetricData& into = data.metrics.emplace_back();
    into.missing = metric.missing();
    for (const auto& [cell, count] : data.units) into.cells[cell] = metric.empty_cell();
    for (std::size_t i = 0; i < metric.size(); ++i) {
      metric.add_to(into.cells[cells_[cells[i]]], i);
    }
  }
  return data;
}

Checked<TableUnits> Table::read_anew() {
  ASSAY_TRY_VOID(read_all());
  const bool clustered = !query_.cluster_column.empty();
  TableUnits units{.digests = {}, .metrics = fold()};
  units.digests.resize(clustered ? cluster_cells_.size() : units_.size());
  const auto& names = clustered ? known_clusters_ : known_;
  for (const auto& [name, place] : names) units.digests[place] = unit_digest(name);
  if (!names.empty()) return units;
  for (std::size_t i = 0; i < units.digests.size(); ++i) {
    units.digests[i] = unit_digest(std::to_string(i + 1));
  }
  return units;
}

}  // namespace

Checked<TableData> read_table(const TableQuery& query) {
  ASSAY_TRY(InputFile file, InputFile::open(query.path));
  return Table(query, std::move(file)).read();
}

Checked<TableUnits> read_units(TableQuery query) {
  query.variant_column.clear();
  ASSAY_TRY(InputFile file, InputFile::open(query.path));
  return Table(query, std::move(file)).read_anew();
}

}  // namespace assay::io::duckdb
