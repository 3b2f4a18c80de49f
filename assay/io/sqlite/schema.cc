#include "assay/io/sqlite/schema.h"

#include <array>

#include <fmt/format.h>

namespace assay::io::sqlite {
namespace {

// Times are microseconds since 1970, UTC. A migration is never changed once it was released.
constexpr const char* kFormat1 = R"sql(
CREATE TABLE formats (
  format INTEGER PRIMARY KEY,
  assay TEXT NOT NULL
) STRICT;
INSERT INTO formats VALUES (1, '0.1.0');

CREATE TABLE experiments (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('draft', 'running', 'stopped')),
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  stopped_at INTEGER,
  CHECK ((started_at IS NULL) = (state = 'draft')),
  CHECK ((stopped_at IS NOT NULL) = (state = 'stopped'))
) STRICT;

CREATE TABLE versions (
  experiment TEXT NOT NULL REFERENCES experiments (id),
  number INTEGER NOT NULL CHECK (number >= 1),
  fingerprint TEXT NOT NULL,
  plan_json TEXT NOT NULL,
  source TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (experiment, number)
) STRICT;

CREATE TABLE epochs (
  experiment TEXT NOT NULL,
  number INTEGER NOT NULL CHECK (number >= 0),
  version INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  PRIMARY KEY (experiment, number),
  FOREIGN KEY (experiment, version) REFERENCES versions (experiment, number)
) STRICT;

CREATE TABLE scorecards (
  experiment TEXT PRIMARY KEY REFERENCES experiments (id),
  as_of INTEGER NOT NULL,
  scorecard_json TEXT NOT NULL
) STRICT;

CREATE TABLE history (
  experiment TEXT NOT NULL REFERENCES experiments (id),
  as_of INTEGER NOT NULL,
  units_json TEXT NOT NULL,
  primary_json TEXT NOT NULL,
  PRIMARY KEY (experiment, as_of)
) STRICT;

CREATE TABLE verdicts (
  experiment TEXT PRIMARY KEY REFERENCES experiments (id),
  as_of INTEGER NOT NULL,
  decision TEXT NOT NULL,
  verdict_json TEXT NOT NULL
) STRICT;

CREATE TABLE tokens (
  name TEXT PRIMARY KEY,
  hash TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER
) STRICT;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;

PRAGMA user_version = 1;
)sql";

constexpr std::array<const char*, kFormat> kMigrations = {kFormat1};

Result<void> check_integrity(Database& database) {
  ASSAY_TRY(auto check, database.prepare("PRAGMA quick_check(1)"));
  ASSAY_TRY(const bool row, check.step());
  if (row && check.text(0) == "ok") return {};
  return fail(Code::kCorrupt, fmt::format("{} is damaged: {}", database.path(), check.text(0)),
              "restore this file from a backup");
}

Result<void> refuse_newer(Database& database, std::int64_t format) {
  std::string needed = "a newer version";
  auto newest = database.prepare("SELECT assay FROM formats ORDER BY format DESC LIMIT 1");
  if (newest) {
    const auto row = newest->step();
    if (row && *row) needed = newest->text(0);
  }
  return fail(Code::kConflict,
              fmt::format("{} was written by a newer assay: it has format {}, this one reads up"
                          " to {}",
                          database.path(), format, kFormat),
              fmt::format("run assay {} or later on this data directory", needed));
}

}  // namespace

Result<void> migrate(Database& database) {
  ASSAY_TRY_VOID(check_integrity(database));
  ASSAY_TRY(std::int64_t format, database.integer("PRAGMA user_version"));
  if (format > kFormat) return refuse_newer(database, format);
  ASSAY_TRY(const std::int64_t objects, database.integer("SELECT count(*) FROM sqlite_schema"));
  if (format < 0 || (format == 0 && objects > 0)) {
    return fail(Code::kCorrupt, fmt::format("{} is another program's database", database.path()),
                "choose an empty data directory");
  }
  for (; format < kFormat; ++format) {
    ASSAY_TRY(auto transaction, Transaction::begin(database));
    ASSAY_TRY_VOID(database.execute(kMigrations[static_cast<std::size_t>(format)]));
    ASSAY_TRY_VOID(transaction.commit());
  }
  return {};
}

}  // namespace assay::io::sqlite
