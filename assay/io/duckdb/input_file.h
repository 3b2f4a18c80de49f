// InputFile: a CSV, NDJSON or Parquet file as columns of text, each with its name, read by DuckDB
// in the order of the file. CSV is read strictly: comma, semicolon or tab (whichever the header
// has), double quotes, one header line, no guessing of types, so that unit 007 stays 007.
//
//   ASSAY_TRY(auto file, InputFile::open("exposures.csv"));
//   Sql sql("SELECT ");
//   sql.text(file.text_of("user_id")).text(" FROM ").text(file.relation());
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/expected.h"
#include "assay/base/problem.h"
#include "assay/io/duckdb/connection.h"

namespace assay::io::duckdb {

class InputFile {
 public:
  // Every line of NDJSON that is no object, or has a fault of base/json_text.h, is a problem.
  static Checked<InputFile> open(const std::string& path);

  const std::string& path() const { return path_; }
  const std::vector<std::string>& columns() const { return columns_; }
  bool has(std::string_view column) const;
  // The first of the names that is a column; empty when none is.
  std::string first_of(std::span<const std::string> names) const;

  // DuckDB's name of a Parquet column's type; VARCHAR in CSV, empty in NDJSON.
  std::string type_of(std::string_view column) const;

  bool has_types() const { return kind_ != Kind::kCsv; }  // A text is not a number.

  // SQL over relation(): a column as text (times in RFC 3339), and as JSON with its type kept.
  std::string text_of(const std::string& column) const;
  std::string json_of(const std::string& column) const;
  // A column that holds a JSON object, or a struct, as the object's text.
  std::string object_of(const std::string& column) const;
  // Not NULL where such an object has a fault of base/json_text.h.
  std::string fault_of(const std::string& column) const;
  // One member of such an object as text; NULL where there is none, or the object has a fault.
  std::string member_of(const std::string& column, const std::string& key) const;
  const std::string& relation() const { return relation_; }
  Connection& connection() { return *connection_; }

  // The row's place, counting rows from 1: its line, except in Parquet or after quoted line breaks.
  Place place(std::int64_t row) const;
  // What DuckDB said about the file, in words of ours.
  Problem problem(const Error& error) const;

 private:
  enum class Kind { kCsv, kJsonLines, kParquet };
  InputFile() = default;
  Checked<void> read_header();
  Checked<void> read_csv_header();
  Checked<void> read_columns();
  Problems unusable_lines();
  Checked<void> refuse(int line, std::string message, std::string hint = {}) const;
  Problem csv_problem(const std::string& message) const;
  Problem json_problem(const std::string& message) const;

  std::string path_;
  Kind kind_ = Kind::kCsv;
  std::string relation_;
  std::vector<std::string> columns_;
  std::vector<std::string> types_;  // Of Parquet columns.
  std::unique_ptr<Connection> connection_;
};

}  // namespace assay::io::duckdb
