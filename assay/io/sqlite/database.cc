#include "assay/io/sqlite/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include "assay/base/check.h"

namespace assay::io::sqlite {
namespace {

constexpr std::chrono::milliseconds kPatience{5000};

Error error_of(sqlite3* connection) {
  const int code = sqlite3_errcode(connection);
  const char* path = sqlite3_db_filename(connection, "main");
  const std::string message =
      fmt::format("{}: {}", path ? path : "database", sqlite3_errmsg(connection));
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {Code::kCorrupt, message, "restore this file from a backup"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Code::kUnavailable, message, "end the other program that holds this file"};
    case SQLITE_FULL:
      return {Code::kUnavailable, message, "make room on the disk"};
    case SQLITE_CONSTRAINT:
      return {Code::kConflict, message, ""};
    default:
      return {Code::kUnavailable, message, "check the disk and the permissions of its directory"};
  }
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement& Statement::bind(std::int64_t value) {
  ASSAY_CHECK(sqlite3_bind_int64(statement_.get(), ++bound_, value) == SQLITE_OK);
  return *this;
}

Statement& Statement::bind(std::string_view value) {
  const int code = sqlite3_bind_text(statement_.get(), ++bound_, value.data() ? value.data() : "",
                                     static_cast<int>(value.size()), SQLITE_TRANSIENT);
  ASSAY_CHECK(code == SQLITE_OK);
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return unexpected(error_of(sqlite3_db_handle(statement_.get())));
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  bound_ = 0;
}

Result<void> Statement::run() {
  ASSAY_TRY(const bool row, step());
  ASSAY_CHECK(!row);
  return {};
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return text ? std::string(text, static_cast<std::size_t>(size)) : std::string();
}

std::optional<Timestamp> Statement::maybe_time(int column) const {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) return std::nullopt;
  return time(column);
}

void Database::Close::operator()(sqlite3* connection) const { sqlite3_close(connection); }

Result<Database> Database::open(const std::string& path) {
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &connection,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  Database database(path, connection);
  if (code != SQLITE_OK) {
    return fail(Code::kUnavailable, fmt::format("cannot open {}: {}", path, sqlite3_errstr(code)),
                "check that its directory exists and that this user may write to it");
  }
  database.set_patience(kPatience);
  ASSAY_TRY_VOID(
      database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                       "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"));
  return database;
}

void Database::set_patience(std::chrono::milliseconds patience) {
  sqlite3_busy_timeout(connection_.get(), static_cast<int>(patience.count()));
}

Result<void> Database::execute(const char* sql) {
  if (sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return unexpected(error_of(connection_.get()));
}

Result<Statement> Database::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(connection_.get(), sql, -1, &statement, nullptr) != SQLITE_OK) {
    return unexpected(error_of(connection_.get()));
  }
  return Statement(statement);
}

Result<std::int64_t> Database::integer(const char* sql) {
  ASSAY_TRY(auto statement, prepare(sql));
  ASSAY_TRY(const bool found, statement.step());
  ASSAY_CHECK(found);
  return statement.integer(0);
}

Result<Transaction> Transaction::begin(Database& database) {
  ASSAY_TRY_VOID(database.execute("BEGIN IMMEDIATE"));
  return Transaction(&database);
}

Result<void> Transaction::commit() {
  ASSAY_TRY_VOID(database_->execute("COMMIT"));
  database_ = nullptr;
  return {};
}

// SQLite may have rolled back by itself already (a full disk): then this fails, and that is fine.
Transaction::~Transaction() {
  if (database_) static_cast<void>(database_->execute("ROLLBACK"));
}

}  // namespace assay::io::sqlite
