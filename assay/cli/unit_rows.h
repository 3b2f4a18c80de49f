// The rows of a list of units as texts, one after the other, so that a file of any length needs the
// memory of a few thousand rows: .parquet, .ndjson and .jsonl by their extension, every other file
// and standard input as CSV (csv_reader.h).
//
//   ASSAY_TRY(const auto rows, open_units("users.parquet", streams.in));
//   std::vector<std::string> fields;
//   while (rows->next(fields)) use(fields, rows->place());
//   if (const auto problem = rows->problem()) …
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "assay/base/expected.h"
#include "assay/base/problem.h"

namespace assay::cli {

class UnitRows {
 public:
  virtual ~UnitRows() = default;

  const std::vector<std::string>& header() const { return header_; }
  // Before the first row: columns nobody asks for may then be empty.
  virtual void read_only(const std::function<bool(const std::string& column)>& wanted) = 0;
  // False at the end and after an error. What a file says is null is an empty text. A row of CSV
  // may have other than the header's number of fields.
  virtual bool next(std::vector<std::string>& fields) = 0;
  virtual Place place() const = 0;  // Of that row.
  virtual std::optional<Problem> problem() const = 0;
  // Why a column cannot hold ids; numbers with a point, for one, are not the same text everywhere.
  virtual std::optional<Problem> why_no_ids(std::size_t column) const = 0;

 protected:
  std::vector<std::string> header_;
};

// "-" is standard input. `in` lives as long as the rows.
Checked<std::unique_ptr<UnitRows>> open_units(const std::string& path, std::istream& in);
// Of a table that assay analyze reads: CSV, too, by DuckDB, row by row as table_source.h does.
Checked<std::unique_ptr<UnitRows>> open_table_rows(const std::string& path);

}  // namespace assay::cli
