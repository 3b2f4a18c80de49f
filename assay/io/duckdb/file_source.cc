#include "assay/io/duckdb/file_source.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>
#include <utility>

#include "assay/base/hash.h"
#include "assay/base/text.h"
#include "assay/collect/event.h"
#include "assay/io/duckdb/digest_set.h"
#include "assay/io/duckdb/input_file.h"
#include "assay/io/duckdb/summary_source.h"
#include "assay/io/duckdb/tables.h"

namespace assay::io::duckdb {
namespace {

constexpr std::size_t kProblemsMax = 20;  // Per file; a wrong column makes one in every row.
constexpr std::size_t kGroupRows = 20'000;

using Names = std::vector<std::string>;

// What a row must or may say, and under which column names.
struct Field {
  std::string what;
  Names names;
  bool required = false;
  std::string hint = {};    // Where it is missing and that needs to be explained.
  std::string column = {};  // The one that the file has.
};

// `units` is what is sent to /v1/events: {"user": "u1"}. A line may be of another kind of unit.
constexpr const char* kUnits = "units";

Field unit_field(const std::string& kind) {
  return {"unit", {kind, kind + "_id", "unit_id", "unit", kUnits}, true};
}
Field time_field() { return {"time", {"time", "timestamp", "exposed_at"}, true}; }

// Comes last, where the plan has one: whose row it is when the first kind of unit is not named.
std::vector<Field> with_fallback(std::vector<Field> fields, const std::string& kind) {
  if (!kind.empty()) fields.push_back({"fallback_unit", {kind, kind + "_id", kUnits}});
  return fields;
}

constexpr const char* kNeedsEpoch =
    "its id does not tell when the unit came in, where a plan is sticky, reshuffles, or has a "
    "share "
    "of its layer without slots: the server's exposures name the epoch";

std::vector<Field> exposure_fields(const std::string& kind, const Before& before) {
  return {unit_field(kind),
          time_field(),
          {"variant", {"variant", "variation_id", "variation"}, true},
          {"id", {"id", "exposure_id"}},
          {"experiment", {"experiment", "experiment_id"}},
          {"epoch", {"epoch"}, before.epoch_of == nullptr, kNeedsEpoch},
          {"override", {"override", "is_override"}}};
}
std::vector<Field> event_fields(const std::string& kind) {
  return {unit_field(kind),
          time_field(),
          {"name", {"name", "event", "event_name"}, true},
          {"id", {"id", "event_id"}},
          {"value", {"value"}}};
}

// "2", and "2.0" of a column of floating-point numbers.
std::optional<std::int64_t> parse_epoch(const std::string& text) {
  constexpr double kMax = 1e9;
  const auto number = parse_number(text);
  if (!number || *number < 0 || *number > kMax || *number != std::floor(*number)) return {};
  return static_cast<std::int64_t>(*number);
}

// Reads one file row by row into the tables; collects problems instead of stopping.
class Import {
 public:
  Import(const define::Experiment& experiment, const Before& before, Connection& store,
         FileSource& result, Problems& problems)
      : experiment_(experiment),
        before_(before),
        store_(store),
        result_(result),
        problems_(problems) {
    for (const auto& one : plan_.overrides) overridden_.insert(one.unit_id);
    for (const auto& one : before.overrides) overridden_.insert(one.unit_id);
  }

  void exposures(const std::string& path) {
    read(path, with_fallback(exposure_fields(plan_.unit, before_), plan_.fallback_unit),
         result_.exposures, &Import::add_exposure);
  }
  void events(const std::string& path) {
    read(path, with_fallback(event_fields(plan_.unit), plan_.fallback_unit), result_.events,
         &Import::add_event);
  }

 private:
  // One row: the fields in their order (nothing: NULL), the properties, a fault of the units.
  struct Row {
    std::vector<std::optional<std::string>> fields;
    std::optional<std::string> properties;
    bool has_faulty_units = false;
    Digest128 id;
    Timestamp time;
  };
  using Add = void (Import::*)(Row&);

  void read(const std::string& path, std::vector<Field> fields, ImportReport& report, Add add);
  bool find_columns(const InputFile& file, std::vector<Field>& fields);
  std::string select(const InputFile& file, const std::vector<Field>& fields) const;
  static std::string properties_of(const InputFile& file, const std::vector<Field>& fields);
  static Row row_of(const Rows& rows, std::size_t at, std::size_t field_count);
  bool check(Row& row, const std::vector<Field>& fields, const Place& place);
  bool names_fallback(const Row& row) const {
    return !plan_.fallback_unit.empty() && row.fields.back() && !row.fields.back()->empty();
  }
  void add_exposure(Row& row);
  void add_event(Row& row);
  void flush();
  bool complain(const Place& place, const std::string& field, std::string message,
                std::string hint = {}) {
    if (++complaints_ <= kProblemsMax) {
      problems_.push_back(
          {.place = place, .field = field, .message = std::move(message), .hint = std::move(hint)});
    }
    return false;
  }

  const define::Experiment& experiment_;
  const define::Assignment& plan_ = experiment_.assignment;
  const Before& before_;
  std::unordered_set<std::string> overridden_;
  Connection& store_;
  FileSource& result_;
  Problems& problems_;
  std::size_t complaints_ = 0;  // In this file.
  ImportReport* report_ = nullptr;
  DigestSet exposure_ids_;
  DigestSet event_ids_;
  std::vector<std::pair<Digest128, collect::Exposure>> new_exposures_;
  std::vector<std::pair<Digest128, collect::Event>> new_events_;
};

bool Import::find_columns(const InputFile& file, std::vector<Field>& fields) {
  bool complete = true;
  for (Field& field : fields) field.column = file.first_of(field.names);
  for (const Field& field : fields) {
    if (!field.required || !field.column.empty()) continue;
    const Field& last = fields.back();
    if (&field == &fields[0] && last.what == "fallback_unit" && !last.column.empty()) continue;
    std::string expected;
    for (const std::string& name : field.names) expected += (expected.empty() ? "" : ", ") + name;
    std::string found;
    for (const std::string& name : file.columns()) found += (found.empty() ? "" : ", ") + name;
    complete =
        complain({file.path(), 1, 0}, field.what, "no column for it: expected one of " + expected,
                 field.hint.empty() ? "the file has " + found : field.hint);
  }
  return complete;
}

// Every column that is no field, and the object in `properties`, as one object without nulls.
std::string Import::properties_of(const InputFile& file, const std::vector<Field>& fields) {
  std::string pairs;
  for (const std::string& column : file.columns()) {
    const bool is_field = std::any_of(fields.begin(), fields.end(),
                                      [&](const Field& field) { return field.column == column; });
    if (is_field || column == "properties") continue;
    pairs += (pairs.empty() ? "" : ", ") + quote_literal(column) + ", " + file.json_of(column);
  }
  const std::string rest = "json_merge_patch('{}'::JSON, json_object(" + pairs + "))";
  if (!file.has("properties")) return rest + "::VARCHAR";
  const std::string own = file.object_of("properties");
  return "CASE WHEN " + own + " IS NULL THEN " + rest + "::VARCHAR WHEN json_valid(" + own +
         ") AND json_type(" + own + ") = 'OBJECT' AND NOT has_json_fault(" + own +
         ") THEN json_merge_patch(" + rest + ", " + own + "::JSON)::VARCHAR END";
}

std::string Import::select(const InputFile& file, const std::vector<Field>& fields) const {
  std::string sql = "SELECT ";
  for (const Field& field : fields) {
    sql += field.column.empty()     ? "NULL::VARCHAR"
           : field.column == kUnits ? file.member_of(kUnits, field.names.front())
                                    : file.text_of(field.column);
    sql += ", ";
  }
  const bool has_units = std::ranges::find(fields, kUnits, &Field::column) != fields.end();
  return sql + properties_of(file, fields) + ", " +
         (has_units ? file.fault_of(kUnits) : "NULL::VARCHAR") + " FROM " + file.relation();
}

Import::Row Import::row_of(const Rows& rows, std::size_t at, std::size_t field_count) {
  Row row;
  for (std::size_t i = 0; i <= field_count; ++i) {
    std::optional<std::string> value;
    if (!rows.is_null(i, at)) value = std::string(rows.text(i, at));
    if (i < field_count) {
      row.fields.push_back(std::move(value));
    } else {
      row.properties = std::move(value);
    }
  }
  row.has_faulty_units = !rows.is_null(field_count + 1, at);
  return row;
}

bool Import::check(Row& row, const std::vector<Field>& fields, const Place& place) {
  if (row.has_faulty_units) {
    return complain(place, kUnits, "not a JSON object that names each member once",
                    "write it like {\"user\":\"u1\"}");
  }
  for (std::size_t i = names_fallback(row) ? 1 : 0; i < fields.size(); ++i) {
    if (fields[i].required && (!row.fields[i] || row.fields[i]->empty())) {
      return complain(place, fields[i].column, "the " + fields[i].what + " is missing",
                      fields[i].hint);
    }
  }
  const std::optional<Timestamp> time = parse_time(*row.fields[1]);
  if (!time) {
    return complain(place, fields[1].column, "\"" + *row.fields[1] + "\" is not a time",
                    "write it like 2026-03-01T10:00:00Z, or as seconds since 1970");
  }
  row.time = *time;
  if (!row.properties) {
    return complain(place, "properties", "not a JSON object that names each member once",
                    "write it like {\"country\":\"IN\"}");
  }
  for (std::size_t i = 4; i < fields.size(); ++i) {
    if (!row.fields[i]) continue;
    if (fields[i].what == "value" && !parse_number(*row.fields[i])) {
      return complain(place, fields[i].column, "\"" + *row.fields[i] + "\" is not a finite number");
    }
    if (fields[i].what == "epoch" && !row.fields[i]->empty() && !parse_epoch(*row.fields[i])) {
      return complain(place, fields[i].column, "\"" + *row.fields[i] + "\" is not an epoch",
                      "epochs are numbered 0, 1, 2 … in the order of the plan's versions");
    }
  }
  std::string identity = row.fields[3] ? *row.fields[3] : *row.properties;
  for (const auto& field : row.fields) {
    if (!row.fields[3]) identity += '\x1f' + field.value_or("\x1e");
  }
  row.id = xxh3_128(identity);
  return true;
}

void Import::read(const std::string& path, std::vector<Field> fields, ImportReport& report,
                  Add add) {
  complaints_ = 0;
  report_ = &report;
  auto file = InputFile::open(path);
  if (!file) {
    std::ranges::move(file.error(), std::back_inserter(problems_));
    return;
  }
  if (!find_columns(*file, fields)) return;
  auto rows = file->connection().stream(Sql(select(*file, fields)));
  if (!rows) {
    problems_.push_back(file->problem(rows.error()));
    return;
  }
  std::int64_t number = 0;
  while (rows->next()) {
    for (std::size_t at = 0; at < rows->size(); ++at) {
      Row row = row_of(*rows, at, fields.size());
      ++report.rows;
      ++number;
      const bool has_unit = row.fields[0] || names_fallback(row) || row.has_faulty_units;
      if (fields[0].column == kUnits && !has_unit) {
        ++report.other;
      } else if (check(row, fields, file->place(number))) {
        (this->*add)(row);
      }
    }
    if (new_events_.size() + new_exposures_.size() >= kGroupRows) flush();
  }
  if (const auto error = rows->error()) problems_.push_back(file->problem(*error));
  flush();
  if (complaints_ > kProblemsMax) {
    problems_.push_back({.place = {path, 0, 0},
                         .field = "",
                         .message = "and " + std::to_string(complaints_ - kProblemsMax) +
                                    " more rows that cannot be used",
                         .hint = ""});
  }
}

void Import::add_exposure(Row& row) {
  if (row.fields[4] && *row.fields[4] != experiment_.id) return void(++report_->other);
  if (!exposure_ids_.insert(row.id)) return void(++report_->duplicates);
  collect::Exposure exposure;
  exposure.time = row.time;
  exposure.experiment = experiment_.id;
  exposure.variant = *row.fields[2];
  const bool falls_back = !row.fields[0] || row.fields[0]->empty();
  exposure.unit_kind = falls_back ? plan_.fallback_unit : plan_.unit;
  exposure.unit_id = falls_back ? *row.fields.back() : *row.fields[0];
  const std::string epoch = row.fields[5].value_or("");
  exposure.epoch = epoch.empty() ? before_.epoch_of(exposure.unit_id) : *parse_epoch(epoch);
  const std::string says = row.fields[6].value_or("");
  exposure.is_override = says == "true" || says == "True" || says == "TRUE" || says == "1" ||
                         overridden_.contains(exposure.unit_id);
  exposure.properties_json = std::move(*row.properties);
  result_.last = std::max(result_.last.value_or(row.time), row.time);
  new_exposures_.emplace_back(row.id, std::move(exposure));
}

void Import::add_event(Row& row) {
  if (!event_ids_.insert(row.id)) return void(++report_->duplicates);
  collect::Event event;
  event.time = row.time;
  event.name = *row.fields[2];
  if (row.fields[0] && !row.fields[0]->empty()) event.units = {{plan_.unit, *row.fields[0]}};
  if (names_fallback(row)) event.units.emplace_back(plan_.fallback_unit, *row.fields.back());
  if (row.fields[4]) event.value = parse_number(*row.fields[4]);
  event.properties_json = std::move(*row.properties);
  result_.last = std::max(result_.last.value_or(row.time), row.time);
  new_events_.emplace_back(row.id, std::move(event));
}

void Import::flush() {
  NewRows rows;
  for (const auto& [id, event] : new_events_) rows.events.push_back({id, &event});
  for (const auto& [id, exposure] : new_exposures_) rows.exposures.push_back({id, &exposure});
  const auto done = commit_rows(store_, rows, {});
  if (!done) complain({}, "", done.error().message);
  new_events_.clear();
  new_exposures_.clear();
}

}  // namespace

Checked<FileSource> open_files(const define::Experiment& experiment,
                               const std::vector<std::string>& exposures,
                               const std::vector<std::string>& events, const Before& before) {
  Problems problems;
  FileSource result;
  const auto failed = [&](const Error& error) {
    problems.push_back({.place = {}, .field = "", .message = error.message, .hint = error.hint});
    return unexpected(problems);
  };
  auto database = Database::open("", {});
  if (!database) return failed(database.error());
  auto connection = (*database)->connect();
  if (!connection) return failed(connection.error());
  if (const auto ready = prepare_tables(**connection); !ready) return failed(ready.error());
  Import import(experiment, before, **connection, result, problems);
  for (const std::string& path : exposures) import.exposures(path);
  for (const std::string& path : events) import.events(path);
  if (!problems.empty()) return unexpected(problems);
  result.source = make_summary_source(std::move(*connection));
  return result;
}

}  // namespace assay::io::duckdb
