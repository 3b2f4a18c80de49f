#include "assay/io/duckdb/summary_source.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>
#include <vector>

namespace assay::io::duckdb {
namespace {

using analyze::Cell;
using analyze::Exposed;
using analyze::MetricCell;
using analyze::MetricData;
using analyze::MetricQuery;
using define::MetricType;

// The columns of metric_sql, in its order.
enum : std::size_t {
  kVariant,
  kEpoch,
  kClosed,
  kIsUnit,
  kUnit,
  kEvents,
  kValue,
  kDenominator,
  kCovariate,
  kSecond,
  kClosedCap,
  kAllCap,
  kCovariateCap
};

// Rows come in the order of unit hashes, so neighbours rarely share a cell; there are few cells.
class Cells {
 public:
  Cells(std::map<Cell, MetricCell>& cells, stats::Columns columns)
      : cells_(cells), columns_(columns) {}

  MetricCell& at(std::string_view variant, std::int64_t epoch) {
    for (auto& [cell, data] : known_) {
      if (cell->epoch == epoch && cell->variant == variant) return *data;
    }
    const auto [place, is_new] =
        cells_.try_emplace(Cell{std::string(variant), epoch}, MetricCell{});
    if (is_new) place->second.summary = stats::Summary(columns_);
    known_.emplace_back(&place->first, &place->second);
    return place->second;
  }

 private:
  std::map<Cell, MetricCell>& cells_;
  stats::Columns columns_;
  std::vector<std::pair<const Cell*, MetricCell*>> known_;
};

int covariates_of(const MetricQuery& query) {
  if (!query.covariate) return 0;
  return second_covariate(*query.covariate) == SecondCovariate::kNone ? 1 : 2;
}

// Folds the rows of one metric twice: units whose window is closed, and all of them.
class Fold {
 public:
  Fold(const MetricQuery& query, MetricData& data)
      : quantile_(query.metric.type == MetricType::kQuantile),
        covariates_(covariates_of(query)),
        columns_{.denominator = query.metric.type == MetricType::kRatio,
                 .covariates = quantile_ ? 0 : covariates_},
        closed_(data.cells, columns_),
        all_(data.all_units, columns_),
        data_(data) {}

  void add(const Rows& rows, std::size_t row) {
    data_.events += rows.integer(kEvents, row);
    const bool closed = rows.boolean(kClosed, row);
    any_open_ = any_open_ || !closed;
    const std::string_view variant = rows.text(kVariant, row);
    const std::int64_t epoch = rows.integer(kEpoch, row);
    if (closed) add(rows, row, kClosedCap, closed_.at(variant, epoch));
    add(rows, row, kAllCap, all_.at(variant, epoch));
  }

  void finish() {
    if (!any_open_) data_.all_units.clear();
  }

 private:
  void add(const Rows& rows, std::size_t row, std::size_t cap, MetricCell& cell) const {
    const bool is_unit = rows.boolean(kIsUnit, row);
    if (is_unit && rows.boolean(kClosed, row)) ++cell.matured;
    std::array<double, 4> values{};
    if (quantile_) {
      if (is_unit && covariates_ > 0) {
        const std::size_t count = add_covariates(rows, row, values, 0);
        cell.rows.add_covariates(rows.unsigned_integer(kUnit, row), std::span(values).first(count));
      }
      if (rows.is_null(kValue, row)) return;
      return cell.rows.add(rows.unsigned_integer(kUnit, row), rows.number(kValue, row));
    }
    if (rows.is_null(kValue, row)) return;
    if (columns_.denominator && rows.is_null(kDenominator, row)) return;
    std::size_t count = 0;
    values[count++] = capped(rows, row, kValue, cap);
    if (values[0] < rows.number(kValue, row)) ++cell.capped;
    if (columns_.denominator) values[count++] = rows.number(kDenominator, row);
    count = add_covariates(rows, row, values, count);
    cell.summary.add(std::span<const double>(values.data(), count));
  }

  std::size_t add_covariates(const Rows& rows, std::size_t row, std::array<double, 4>& values,
                             std::size_t count) const {
    if (covariates_ > 0) values[count++] = capped(rows, row, kCovariate, kCovariateCap);
    if (covariates_ > 1) values[count++] = rows.number(kSecond, row);
    return count;
  }

  static double capped(const Rows& rows, std::size_t row, std::size_t value, std::size_t cap) {
    const double number = rows.number(value, row);
    return rows.is_null(cap, row) ? number : std::min(number, rows.number(cap, row));
  }

  bool quantile_;
  int covariates_;
  stats::Columns columns_;
  Cells closed_;
  Cells all_;
  MetricData& data_;
  bool any_open_ = false;
};

class SqlSource : public analyze::SummarySource {
 public:
  explicit SqlSource(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

  Result<Exposed> exposed(const define::Experiment& experiment, Timestamp as_of) override {
    ASSAY_TRY(auto rows, connection_->query(exposed_sql(experiment, as_of)));
    Exposed exposed;
    while (rows.next()) {
      for (std::size_t row = 0; row < rows.size(); ++row) add(experiment, rows, row, exposed);
    }
    return exposed;
  }

  Result<MetricData> metric(const define::Experiment& experiment, const MetricQuery& query,
                            Timestamp as_of) override {
    ASSAY_TRY(const Sql sql, metric_sql(experiment, query, as_of));
    ASSAY_TRY(auto rows, connection_->query(sql));
    MetricData data;
    Fold fold(query, data);
    while (rows.next()) {
      for (std::size_t row = 0; row < rows.size(); ++row) fold.add(rows, row);
    }
    fold.finish();
    return data;
  }

  Result<std::vector<std::string>> segment_values(const define::Experiment& experiment,
                                                  const std::string& attribute,
                                                  Timestamp as_of) override {
    ASSAY_TRY(const Sql sql, segment_values_sql(experiment, attribute, as_of));
    ASSAY_TRY(auto rows, connection_->query(sql));
    std::vector<std::string> values;
    while (rows.next()) {
      for (std::size_t row = 0; row < rows.size(); ++row) values.emplace_back(rows.text(0, row));
    }
    return values;
  }

 private:
  static void add(const define::Experiment& experiment, const Rows& rows, std::size_t row,
                  Exposed& exposed) {
    const std::string variant(rows.text(0, row));
    const std::int64_t units = rows.integer(2, row);
    const bool known = std::any_of(experiment.variants.begin(), experiment.variants.end(),
                                   [&](const define::Variant& v) { return v.key == variant; });
    if (known) {
      exposed.units[{variant, rows.integer(1, row)}] = units;
    } else {
      exposed.unknown_variant += units;
    }
    exposed.contaminated += rows.integer(3, row);
    exposed.exposures += rows.integer(4, row);
    const Timestamp first{rows.integer(5, row)};
    const Timestamp last{rows.integer(6, row)};
    exposed.first = std::min(exposed.first.value_or(first), first);
    exposed.last = std::max(exposed.last.value_or(last), last);
  }

  std::unique_ptr<Connection> connection_;
};

}  // namespace

Result<void> visit_first_exposures(Connection& connection, const define::Experiment& experiment,
                                   Timestamp as_of, const VisitExposure& visit) {
  const define::Assignment& plan = experiment.assignment;
  ASSAY_TRY(auto rows, connection.stream(first_exposures_sql(experiment, as_of)));
  while (rows.next()) {
    for (std::size_t row = 0; row < rows.size(); ++row) {
      FirstExposure exposure{.unit_kind = plan.unit,
                             .unit_id = rows.text(0, row),
                             .variant = rows.text(1, row),
                             .time = {rows.integer(2, row)}};
      // What unit_sql has put around the id.
      if (!plan.fallback_unit.empty()) {
        if (exposure.unit_id.starts_with('1')) exposure.unit_kind = plan.fallback_unit;
        exposure.unit_id.remove_prefix(1);
      }
      if (plan.switchback) {
        exposure.unit_id = exposure.unit_id.substr(0, exposure.unit_id.rfind('@'));
      }
      visit(exposure);
    }
  }
  if (auto error = rows.error()) return unexpected(*std::move(error));
  return {};
}

std::unique_ptr<analyze::SummarySource> make_summary_source(
    std::unique_ptr<Connection> connection) {
  return std::make_unique<SqlSource>(std::move(connection));
}

}  // namespace assay::io::duckdb
