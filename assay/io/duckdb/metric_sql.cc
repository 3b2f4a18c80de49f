// Composes the queries of summary_source.h. Every query starts from the same two steps:
//
//   seen    exposures of the experiment before as_of, without overrides
//   units   one row per unit: its first exposure, ties broken by id
//
// In a switchback the variant is drawn for a unit and a period, so that is what counts as a unit
// (errors belong to what was randomized: Abadie, Athey, Imbens & Wooldridge, QJE 2023; Bojinov,
// Simchi-Levi & Zhao, Management Science 2023): its key is unit@period, and an event has the key
// of its own time. What happens before the first period or in a burn-in is not seen.
//
// and a metric adds
//
//   chosen     the units that are analyzed, and whether their window is closed
//   outcome    (and denominator, covariate) one value per unit that has matching events
//   measured   the values side by side, missing ones filled in
//   caps       where values are cut
#include <algorithm>
#include <vector>

#include "assay/base/text.h"
#include "assay/io/duckdb/condition_sql.h"
#include "assay/io/duckdb/summary_source.h"

namespace assay::io::duckdb {
namespace {

using define::Aggregation;
using define::Measure;
using define::MetricDefinition;
using define::MetricType;

// Which value of a unit's events counts, and how it is folded.
Aggregation aggregation_of(const MetricDefinition& metric, const Measure& measure) {
  const bool share =
      metric.type == MetricType::kProportion || metric.type == MetricType::kRetention;
  return share ? Aggregation::kExists : measure.aggregation;
}

// Microseconds since a switchback began.
Sql since_start(const define::Switchback& plan, const std::string& time) {
  Sql sql("(epoch_us(" + time + ") - ");
  return sql.bind(plan.start.micros).text("::BIGINT)");
}

// Two of a switchback's times in microseconds, as SQL.
std::string period_sql(const define::Switchback& plan) {
  return std::to_string(plan.period_seconds * kMicrosPerSecond);
}
std::string burn_in_sql(const define::Switchback& plan) {
  return std::to_string(plan.burn_in_seconds * kMicrosPerSecond);
}

// What tells the units of an experiment apart. Where two kinds are counted, user 5 and device 5 are
// two units; in a switchback, each period makes another one.
Sql unit_sql(const define::Experiment& experiment, const std::string& prefix) {
  const define::Assignment& plan = experiment.assignment;
  Sql sql(prefix + "unit_id");
  if (!plan.fallback_unit.empty()) {
    sql = Sql("CASE WHEN " + prefix + "unit_kind = ");
    sql.bind(plan.unit).text(" THEN '0' ELSE '1' END || " + prefix + "unit_id");
  }
  if (!plan.switchback) return sql;
  sql.text(" || '@' || (").append(since_start(*plan.switchback, prefix + "time"));
  return sql.text(" // " + period_sql(*plan.switchback) + ")::VARCHAR");
}

// Whether a switchback counts this moment.
Sql counted_sql(const define::Experiment& experiment, const std::string& time) {
  const auto& plan = experiment.assignment.switchback;
  if (!plan) return {};
  Sql sql("\n    AND ");
  sql.append(since_start(*plan, time)).text(" >= 0 AND ").append(since_start(*plan, time));
  return sql.text(" % " + period_sql(*plan) + " >= " + burn_in_sql(*plan));
}

Sql of_its_kind(const define::Experiment& experiment, const std::string& prefix) {
  const define::Assignment& plan = experiment.assignment;
  Sql sql(prefix + "unit_kind ");
  if (plan.fallback_unit.empty()) return sql.text("= ").bind(plan.unit);
  return sql.text("IN (").bind(plan.unit).text(", ").bind(plan.fallback_unit).text(")");
}

Sql units_sql(const define::Experiment& experiment, Timestamp as_of) {
  Sql sql("WITH seen AS (\n  SELECT ");
  sql.append(unit_sql(experiment, "")).text(" AS unit_id, variant, epoch, time, properties,\n");
  sql.text("    epoch_us(time)::HUGEINT * 18446744073709551616 + id_high AS rank\n");
  sql.text("  FROM exposures\n  WHERE experiment = ").bind(experiment.id);
  sql.text(" AND ").append(of_its_kind(experiment, ""));
  sql.text(" AND NOT is_override AND time < ").bind(as_of);
  sql.append(counted_sql(experiment, "time"));
  sql.text("\n), units AS (\n  SELECT unit_id, min(time) AS first, max(time) AS last,");
  sql.text(" count(*) AS exposures,\n    arg_min(variant, rank) AS variant,");
  sql.text(" arg_min(epoch, rank) AS epoch,\n    arg_min(properties, rank) AS properties,");
  sql.text(" min(variant) <> max(variant) AS contaminated\n  FROM seen GROUP BY unit_id\n)");
  return sql;
}

Sql shifted(const char* time, std::int64_t seconds) {
  Sql sql(time);
  return sql.text(" + to_microseconds(").bind(seconds * kMicrosPerSecond).text("::BIGINT)");
}

Result<Sql> chosen_sql(const define::Experiment& experiment, const analyze::MetricQuery& query,
                       Timestamp as_of) {
  Sql sql(", chosen AS (\n  SELECT unit_id, variant, epoch, first, ");
  const auto& end = query.metric.window.end_seconds;
  if (const auto& plan = experiment.assignment.switchback) {
    const Sql since = since_start(*plan, "first");  // The period has ended.
    sql.text("epoch_us(first) + " + period_sql(*plan) + " - ").append(since);
    sql.text(" % " + period_sql(*plan) + " <= epoch_us(").bind(as_of).text("::TIMESTAMP)");
  } else if (end) {
    sql.append(shifted("first", *end)).text(" <= ").bind(as_of);
  } else {
    sql.text("true");
  }
  sql.text(" AS closed\n  FROM units WHERE variant IN (");
  bool first = true;
  for (const define::Variant& variant : experiment.variants) {
    sql.text(first ? "" : ", ").bind(variant.key);
    first = false;
  }
  sql.text(")");
  if (query.exclude_contaminated) sql.text(" AND NOT contaminated");
  if (!query.segment.empty()) {
    ASSAY_TRY(const std::string json, json_at("properties", query.segment));
    sql.text(" AND json_extract_string(" + json + ", '$') = ").bind(query.segment_value);
  }
  return sql.text("\n)");
}

// The number that an event brings: its value, or a numeric property.
Result<std::string> number_sql(const Measure& measure) {
  if (measure.field.empty()) return "e.value";
  ASSAY_TRY(const std::string json, json_at("e.properties", measure.field));
  return "CASE WHEN json_type(" + json + ") IN ('BIGINT', 'UBIGINT', 'DOUBLE') THEN TRY_CAST(" +
         json + " AS DOUBLE) END";
}

Result<std::string> folded_sql(const Measure& measure, Aggregation aggregation) {
  if (aggregation == Aggregation::kExists) return "1";
  if (aggregation == Aggregation::kCount) return "count(*)";
  if (aggregation == Aggregation::kCountDistinct) {
    if (measure.field.empty()) return "count(DISTINCT e.value)";
    ASSAY_TRY(const std::string json, json_at("e.properties", measure.field));
    return "count(DISTINCT json_extract_string(" + json + ", '$'))";
  }
  ASSAY_TRY(const std::string number, number_sql(measure));
  const char* function = aggregation == Aggregation::kSum    ? "sum("
                         : aggregation == Aggregation::kMean ? "avg("
                         : aggregation == Aggregation::kMin  ? "min("
                                                             : "max(";
  return function + number + ")";
}

// FROM chosen, the events of one measure within its window around the first exposure.
Result<Sql> joined_sql(const define::Experiment& experiment, const Measure& measure,
                       const define::Window& window, bool before, Timestamp as_of) {
  Sql sql("  FROM chosen u JOIN events e ON ");
  sql.append(unit_sql(experiment, "e.")).text(" = u.unit_id\n  WHERE ");
  sql.append(of_its_kind(experiment, "e.")).text(" AND e.name = ").bind(measure.event);
  sql.text(" AND e.time < ").bind(as_of);
  if (experiment.assignment.switchback) {
    sql.append(counted_sql(experiment, "e.time"));
  } else if (before) {
    if (window.begin_seconds < 0) {
      sql.text("\n    AND e.time >= ").append(shifted("u.first", window.begin_seconds));
    }
    const std::int64_t end = std::min<std::int64_t>(window.end_seconds.value_or(0), 0);
    sql.text("\n    AND e.time < ").append(shifted("u.first", end));
  } else {
    sql.text("\n    AND e.time >= ").append(shifted("u.first", window.begin_seconds));
    if (window.end_seconds) {
      sql.text(" AND e.time < ").append(shifted("u.first", *window.end_seconds));
    }
  }
  ASSAY_TRY(const Sql where, condition_sql(measure.where));
  return sql.text("\n    AND ").append(where);
}

struct Column {
  std::string name;
  const MetricDefinition& metric;
  const Measure& measure;
  bool before = false;  // The first exposure, not after it.
};

Result<Sql> column_sql(const define::Experiment& experiment, const Column& column,
                       Timestamp as_of) {
  const Aggregation aggregation = aggregation_of(column.metric, column.measure);
  ASSAY_TRY(const std::string folded, folded_sql(column.measure, aggregation));
  ASSAY_TRY(const Sql joined,
            joined_sql(experiment, column.measure, column.metric.window, column.before, as_of));
  Sql sql(", " + column.name + " AS (\n  SELECT u.unit_id, (" + folded +
          ")::DOUBLE AS value, count(*) AS events\n");
  return sql.append(joined).text("\n  GROUP BY u.unit_id\n)");
}

std::string filled(const Column& column) {
  const bool additive = define::is_additive(aggregation_of(column.metric, column.measure));
  const std::string value = column.name + ".value";
  if (additive) return "coalesce(" + value + ", 0)";
  return column.before ? "coalesce(" + value + ", avg(" + value + ") OVER (), 0)" : value;
}

// Where values are cut: a fixed number, a percentile of all units' values, or nowhere (NULL).
Sql cap_sql(const define::Cap& cap, const std::string& column, const std::string& which) {
  Sql sql;
  if (cap.value) return sql.bind(*cap.value).text("::DOUBLE");
  if (!cap.percentile) return Sql("NULL::DOUBLE");
  return Sql("(SELECT quantile_disc(" + column + ", " + number_text(*cap.percentile) +
             ") FROM measured" + which + ")");
}

// The covariate is cut as its own definition says; where it is the metric itself from an earlier
// time, as the metric's does.
define::Cap covariate_cap(const analyze::MetricQuery& query) {
  if (!query.covariate) return {};
  const bool same = query.covariate->numerator == query.metric.numerator;
  const bool own = query.covariate->cap.value || query.covariate->cap.percentile;
  return same && !own ? query.metric.cap : query.covariate->cap;
}

Sql caps_sql(const analyze::MetricQuery& query) {
  Sql sql(", caps AS (\n  SELECT ");
  sql.append(cap_sql(query.metric.cap, "value", " WHERE closed")).text(" AS closed_cap,\n    ");
  sql.append(cap_sql(query.metric.cap, "value", "")).text(" AS all_cap,\n    ");
  return sql.append(cap_sql(covariate_cap(query), "covariate", "")).text(" AS covariate_cap\n)");
}

// The covariate's one or two numbers as they are selected, and what they are joined from.
struct CovariateSql {
  Sql parts;
  std::string joins;
  std::string first = "0.0";
  std::string second = "0.0";
};

Result<CovariateSql> covariate_sql(const define::Experiment& experiment,
                                   const std::optional<MetricDefinition>& covariate,
                                   Timestamp as_of) {
  CovariateSql made;
  if (!covariate) return made;
  std::vector<Column> columns{{"covariate", *covariate, covariate->numerator, true}};
  const SecondCovariate second = second_covariate(*covariate);
  if (second == SecondCovariate::kDenominator) {
    columns.push_back({"covariate_below", *covariate, *covariate->denominator, true});
    made.second = filled(columns[1]);
  } else if (second == SecondCovariate::kMissing) {
    made.second = "(covariate.value IS NULL)::INTEGER";
  }
  made.first = filled(columns[0]);
  for (const Column& column : columns) {
    ASSAY_TRY(const Sql part, column_sql(experiment, column, as_of));
    made.parts.append(part);
    made.joins += "\n  LEFT JOIN " + column.name + " ON " + column.name + ".unit_id = u.unit_id";
  }
  return made;
}

// One row per unit; value is NULL for a unit that the metric leaves out.
Result<Sql> unit_rows_sql(const define::Experiment& experiment, const analyze::MetricQuery& query,
                          Timestamp as_of) {
  std::vector<Column> columns = {{"outcome", query.metric, query.metric.numerator}};
  const bool ratio = query.metric.type == MetricType::kRatio && query.metric.denominator;
  if (ratio) columns.push_back({"denominator", query.metric, *query.metric.denominator});
  ASSAY_TRY(const CovariateSql covariate, covariate_sql(experiment, query.covariate, as_of));
  Sql sql;
  Sql joins;
  for (const Column& column : columns) {
    ASSAY_TRY(const Sql part, column_sql(experiment, column, as_of));
    sql.append(part);
    joins.text("\n  LEFT JOIN " + column.name + " ON " + column.name + ".unit_id = u.unit_id");
  }
  sql.append(covariate.parts);
  joins.text(covariate.joins);
  sql.text(", measured AS MATERIALIZED (\n  SELECT hash(u.unit_id) AS unit, u.variant, u.epoch,");
  sql.text(" u.closed,\n    coalesce(outcome.events, 0) AS events, ");
  sql.text(filled(columns.front()) + " AS value,\n    ");
  sql.text((ratio ? filled(columns[1]) : "0.0") + "::DOUBLE AS denominator, ");
  sql.text(covariate.first + "::DOUBLE AS covariate, ");
  sql.text(covariate.second + "::DOUBLE AS second\n");
  sql.text("  FROM chosen u").append(joins).text("\n)").append(caps_sql(query));
  sql.text("\nSELECT variant, epoch, closed, true AS is_unit, unit, events, value, denominator,");
  return sql.text(
      " covariate, second, closed_cap, all_cap, covariate_cap\nFROM measured, caps ORDER BY unit");
}

// One row per unit without a value (but with its covariate), and one per event with one.
Result<Sql> event_rows_sql(const define::Experiment& experiment, const analyze::MetricQuery& query,
                           Timestamp as_of) {
  const Measure& measure = query.metric.numerator;
  ASSAY_TRY(const std::string number, number_sql(measure));
  ASSAY_TRY(const Sql joined, joined_sql(experiment, measure, query.metric.window, false, as_of));
  ASSAY_TRY(const CovariateSql covariate, covariate_sql(experiment, query.covariate, as_of));
  Sql sql;
  sql.append(covariate.parts);
  sql.text(", measured AS MATERIALIZED (\n  SELECT hash(u.unit_id) AS unit, u.variant, u.epoch,");
  sql.text(" u.closed, " + covariate.first + "::DOUBLE AS covariate, ");
  sql.text(covariate.second + "::DOUBLE AS second\n  FROM chosen u" + covariate.joins);
  sql.text("\n), caps AS (SELECT ").append(cap_sql(covariate_cap(query), "covariate", ""));
  sql.text(" AS covariate_cap)\nSELECT variant, epoch, closed, true AS is_unit, unit,");
  sql.text(" 0::BIGINT AS events, NULL::DOUBLE AS value, NULL::DOUBLE AS denominator, covariate,");
  sql.text(" second, NULL::DOUBLE AS closed_cap, NULL::DOUBLE AS all_cap, covariate_cap\n");
  sql.text("FROM measured, caps\nUNION ALL\n");
  sql.text("SELECT u.variant, u.epoch, u.closed, false, hash(u.unit_id), 1, " + number);
  sql.text(", NULL, NULL, NULL, NULL, NULL, NULL\n");
  return sql.append(joined).text("\nORDER BY unit, is_unit DESC, value");
}

}  // namespace

SecondCovariate second_covariate(const MetricDefinition& covariate) {
  if (covariate.denominator) return SecondCovariate::kDenominator;
  const bool has_gaps = !define::is_additive(aggregation_of(covariate, covariate.numerator));
  return has_gaps ? SecondCovariate::kMissing : SecondCovariate::kNone;
}

Result<Sql> segment_values_sql(const define::Experiment& experiment, const std::string& attribute,
                               Timestamp as_of) {
  ASSAY_TRY(const std::string json, json_at("properties", attribute));
  Sql sql = units_sql(experiment, as_of);
  sql.text("\nSELECT json_extract_string(" + json + ", '$') AS value, count(*) AS units\n");
  sql.text("FROM units GROUP BY value HAVING value IS NOT NULL\n");
  return sql.text("ORDER BY units DESC, value LIMIT ")
      .text(std::to_string(analyze::kMaxSegmentValues));
}

Sql exposed_sql(const define::Experiment& experiment, Timestamp as_of) {
  Sql sql = units_sql(experiment, as_of);
  sql.text("\nSELECT variant, epoch, count(*)::BIGINT AS units,");
  sql.text(" count(*) FILTER (WHERE contaminated)::BIGINT AS contaminated,\n");
  sql.text("  sum(exposures)::BIGINT AS exposures, min(first) AS first, max(last) AS last\n");
  return sql.text("FROM units GROUP BY variant, epoch ORDER BY variant, epoch");
}

Sql first_exposures_sql(const define::Experiment& experiment, Timestamp as_of) {
  Sql sql = units_sql(experiment, as_of);
  return sql.text("\nSELECT unit_id, variant, first FROM units");
}

Result<Sql> metric_sql(const define::Experiment& experiment, const analyze::MetricQuery& query,
                       Timestamp as_of) {
  Sql sql = units_sql(experiment, as_of);
  ASSAY_TRY(const Sql chosen, chosen_sql(experiment, query, as_of));
  ASSAY_TRY(const Sql rows, query.metric.type == MetricType::kQuantile
                                ? event_rows_sql(experiment, query, as_of)
                                : unit_rows_sql(experiment, query, as_of));
  return sql.append(chosen).append(rows);
}

}  // namespace assay::io::duckdb
