// A thin RAII face of SQLite's C interface: Database, Statement, Transaction. Not thread-safe:
// Records holds the lock.
//
//   ASSAY_TRY(auto statement, database.prepare("SELECT name FROM experiments WHERE id = ?"));
//   statement.bind("ranker");
//   ASSAY_TRY(const bool found, statement.step());
//   if (found) use(statement.text(0));
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "assay/base/expected.h"
#include "assay/base/time.h"

struct sqlite3;
struct sqlite3_stmt;

namespace assay::io::sqlite {

class Statement {
 public:
  // Bind the parameters in their order.
  Statement& bind(std::int64_t value);
  Statement& bind(std::string_view value);
  Statement& bind(Timestamp value) { return bind(value.micros); }

  Result<bool> step();  // True: there is a row.
  void reset();         // For the next parameters.
  Result<void> run();   // For statements without rows.

  std::int64_t integer(int column) const;
  std::string text(int column) const;
  Timestamp time(int column) const { return Timestamp{integer(column)}; }
  std::optional<Timestamp> maybe_time(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = 0;
};

class Database {
 public:
  // Creates the file where it is missing; write-ahead log, foreign keys, full durability.
  static Result<Database> open(const std::string& path);

  // How long statements wait where another program holds the file: at first 5 s.
  void set_patience(std::chrono::milliseconds patience);
  Result<void> execute(const char* sql);  // One or more statements without rows.
  Result<Statement> prepare(const char* sql);
  Result<std::int64_t> integer(const char* sql);  // The first column of the only row.
  const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  Database(std::string path, sqlite3* connection)
      : path_(std::move(path)), connection_(connection) {}

  std::string path_;
  std::unique_ptr<sqlite3, Close> connection_;
};

// Rolls back unless committed.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Result<void> commit();

  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&& other) = delete;
  ~Transaction();

 private:
  explicit Transaction(Database* database) : database_(database) {}
  Database* database_;
};

}  // namespace assay::io::sqlite
