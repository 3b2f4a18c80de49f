#include "assay/io/duckdb/tables.h"

#include <string>

#include <duckdb.h>

namespace assay::io::duckdb {
namespace {

// An event of several units (user, session) has one row per unit, so that the join to exposures is
// a plain equality; the repeated columns compress to nothing.
constexpr const char* kCreate = R"(
CREATE TABLE events (
  id_high UBIGINT NOT NULL, id_low UBIGINT NOT NULL,
  time TIMESTAMP NOT NULL, name VARCHAR NOT NULL,
  unit_kind VARCHAR NOT NULL, unit_id VARCHAR NOT NULL,
  value DOUBLE, properties VARCHAR NOT NULL, received TIMESTAMP NOT NULL);
CREATE TABLE exposures (
  id_high UBIGINT NOT NULL, id_low UBIGINT NOT NULL,
  time TIMESTAMP NOT NULL, experiment VARCHAR NOT NULL, variant VARCHAR NOT NULL,
  unit_kind VARCHAR NOT NULL, unit_id VARCHAR NOT NULL,
  version VARCHAR NOT NULL, epoch BIGINT NOT NULL, is_override BOOLEAN NOT NULL,
  properties VARCHAR NOT NULL, received TIMESTAMP NOT NULL, propensity DOUBLE);
CREATE TABLE meta (schema_version BIGINT NOT NULL);
)";

Result<std::int64_t> count_tables(Connection& connection, const char* name_is) {
  Sql sql("SELECT count(*) FROM duckdb_tables() WHERE ");
  ASSAY_TRY(auto rows, connection.query(sql.text(name_is)));
  return rows.next() ? rows.integer(0, 0) : 0;
}

// Version 1 logged no propensity.
constexpr const char* kFrom1To2 = R"(
BEGIN;
ALTER TABLE exposures ADD COLUMN propensity DOUBLE;
UPDATE meta SET schema_version = 2;
COMMIT)";

Result<void> check_version(Connection& connection) {
  ASSAY_TRY(auto rows, connection.query(Sql("SELECT max(schema_version) FROM meta")));
  const std::int64_t version = rows.next() && !rows.is_null(0, 0) ? rows.integer(0, 0) : 0;
  if (version > kSchemaVersion) {
    return fail(Code::kConflict,
                "the event store has format version " + std::to_string(version) +
                    ", this assay knows up to " + std::to_string(kSchemaVersion),
                "open it with a newer assay");
  }
  if (version < 1) return fail(Code::kCorrupt, "the event store names no format version");
  if (version == 1) return connection.run(kFrom1To2);
  return {};
}

// Fills one table row by row inside the connection's transaction.
class Appender {
 public:
  Appender(Connection& connection, const char* table) {
    ok_ = duckdb_appender_create(static_cast<duckdb_connection>(connection.handle()), nullptr,
                                 table, &appender_) == DuckDBSuccess;
  }
  ~Appender() { duckdb_appender_destroy(&appender_); }
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;

  Appender& add(Digest128 id) {
    note(duckdb_append_uint64(appender_, id.high));
    return note(duckdb_append_uint64(appender_, id.low));
  }
  Appender& add(Timestamp time) {
    return note(duckdb_append_timestamp(appender_, duckdb_timestamp{time.micros}));
  }
  Appender& add(const std::string& text) {
    return note(duckdb_append_varchar_length(appender_, text.data(), text.size()));
  }
  Appender& add(const std::optional<double>& value) {
    return note(value ? duckdb_append_double(appender_, *value) : duckdb_append_null(appender_));
  }
  Appender& add(std::int64_t value) { return note(duckdb_append_int64(appender_, value)); }
  Appender& add(bool value) { return note(duckdb_append_bool(appender_, value)); }
  void end_row() { note(duckdb_appender_end_row(appender_)); }

  Result<void> finish() {
    if (ok_) ok_ = duckdb_appender_close(appender_) == DuckDBSuccess;
    if (ok_) return {};
    const char* message = duckdb_appender_error(appender_);
    return fail(Code::kUnavailable,
                std::string("rows were not stored: ") + (message == nullptr ? "" : message));
  }

 private:
  Appender& note(duckdb_state state) {
    ok_ = ok_ && state == DuckDBSuccess;
    return *this;
  }
  duckdb_appender appender_ = nullptr;
  bool ok_ = false;
};

Result<void> append_events(Connection& connection, const NewRows& rows, Timestamp received) {
  if (rows.events.empty()) return {};
  Appender appender(connection, "events");
  for (const NewRows::Event& row : rows.events) {
    const collect::Event& event = *row.event;
    for (const auto& unit : event.units) {
      appender.add(row.id).add(event.time).add(event.name).add(unit.first).add(unit.second);
      appender.add(event.value).add(event.properties_json).add(received).end_row();
    }
  }
  return appender.finish();
}

Result<void> append_exposures(Connection& connection, const NewRows& rows, Timestamp received) {
  if (rows.exposures.empty()) return {};
  Appender appender(connection, "exposures");
  for (const NewRows::Exposure& row : rows.exposures) {
    const collect::Exposure& exposure = *row.exposure;
    appender.add(row.id).add(exposure.time).add(exposure.experiment).add(exposure.variant);
    appender.add(exposure.unit_kind).add(exposure.unit_id).add(exposure.version);
    appender.add(exposure.epoch).add(exposure.is_override).add(exposure.properties_json);
    appender.add(received).add(exposure.propensity).end_row();
  }
  return appender.finish();
}

}  // namespace

Result<void> prepare_tables(Connection& connection) {
  ASSAY_TRY(const auto meta, count_tables(connection, "table_name = 'meta'"));
  if (meta > 0) return check_version(connection);
  ASSAY_TRY(const auto others, count_tables(connection, "true"));
  if (others > 0) {
    return fail(Code::kCorrupt, "the file is a DuckDB database, but not an event store of assay");
  }
  return connection.run("BEGIN;" + std::string(kCreate) + "INSERT INTO meta VALUES (" +
                        std::to_string(kSchemaVersion) + "); COMMIT");
}

Result<void> commit_rows(Connection& connection, const NewRows& rows, Timestamp received) {
  ASSAY_TRY_VOID(connection.run("BEGIN"));
  Result<void> done = append_events(connection, rows, received);
  if (done) done = append_exposures(connection, rows, received);
  if (done) done = connection.run("COMMIT");
  // After a failed COMMIT there is nothing to roll back; asking again does no harm.
  if (!done) (void)connection.run("ROLLBACK");
  return done;
}

}  // namespace assay::io::duckdb
