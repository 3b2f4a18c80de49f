// Database and Connection: DuckDB's C API with owners, errors and nothing else. The only files that
// see duckdb.h are connection.cc, tables.cc, parquet_file.cc and json_function.cc.
//
// A Database may be shared by threads; a Connection belongs to one thread at a time; each sees the
// state of the last commit when its statement starts.
//
//   ASSAY_TRY(auto database, Database::open("events.duckdb", {}));
//   ASSAY_TRY(auto connection, database->connect());
//   ASSAY_TRY(auto rows, connection->query(Sql("SELECT unit_id, time FROM exposures")));
//   while (rows.next()) for (std::size_t row = 0; row < rows.size(); ++row) use(rows.text(0, row));
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/expected.h"
#include "assay/base/time.h"
#include "assay/io/duckdb/sql.h"

namespace assay::io::duckdb {

struct DatabaseOptions {
  std::int64_t memory_mb_max = 1024;
  // One thread runs a query on the caller's thread: the same data then gives the same bytes.
  int threads = 1;
  std::int64_t checkpoint_mb = 64;          // Length of the write-ahead log that is folded in.
  std::vector<std::string> readable_files;  // Everything else outside the database is closed.
};

// The result of a query, read by chunks of up to 2048 rows.
class Rows {
 public:
  Rows(Rows&&) noexcept;
  Rows& operator=(Rows&&) noexcept;
  ~Rows();

  bool next();  // To the next chunk; false after the last one, or when a stream failed: error().
  std::optional<Error> error() const;
  std::size_t size() const { return size_; }
  bool is_null(std::size_t column, std::size_t row) const;
  // The query must have cast the column to BIGINT (TIMESTAMP, UBIGINT), DOUBLE, BOOLEAN, VARCHAR.
  std::int64_t integer(std::size_t column, std::size_t row) const;
  std::uint64_t unsigned_integer(std::size_t column, std::size_t row) const;
  double number(std::size_t column, std::size_t row) const;
  bool boolean(std::size_t column, std::size_t row) const;
  std::string_view text(std::size_t column, std::size_t row) const;  // Valid until next().

  std::int64_t rows_changed() const;
  std::vector<std::string> column_names() const;

 private:
  friend class Connection;
  struct State;
  explicit Rows(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
  std::size_t size_ = 0;
};

class Connection {
 public:
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result<void> run(const std::string& statements);  // Of ours; may be several.
  Result<Rows> query(const Sql& sql);               // Complete when it returns.
  Result<Rows> stream(const Sql& sql);  // Made while it is read: for results of any size.
  // After a fatal error DuckDB refuses everything until the file is opened again.
  bool broken() const { return broken_; }
  void* handle() const { return handle_; }  // A duckdb_connection.

 private:
  friend class Database;
  enum class Mode { kComplete, kStream };
  explicit Connection(void* handle) : handle_(handle) {}
  Result<Rows> execute(const Sql& sql, Mode mode);
  std::shared_ptr<class Database> database_;
  void* handle_;
  bool broken_ = false;
};

class Database : public std::enable_shared_from_this<Database> {
 public:
  // Creates the file when there is none; an empty path is a database in memory.
  static Result<std::shared_ptr<Database>> open(const std::string& path,
                                                const DatabaseOptions& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Result<std::unique_ptr<Connection>> connect();  // Keeps the database open.

 private:
  explicit Database(void* handle) : handle_(handle) {}
  void* handle_;  // A duckdb_database.
};

}  // namespace assay::io::duckdb
