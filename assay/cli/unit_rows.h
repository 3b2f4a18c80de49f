// The rows of a list of units, one after the other, so that a file of any length needs the
// memory of a few thousand rows: .parquet, .ndjson and .jsonl by their extension, every other file
// and standard input as CSV (csv_reader.h).
//
//   ASSAY_TRY(const auto rows, open_units("users.parquet", streams.in));
//   UnitRow row;
//   while (rows->next(row)) use(row.fields, rows->place());
//   if (const auto problem = rows->problem()) …
#pragma once

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "assay/base/expected.h"
#include "assay/base/problem.h"

namespace assay::cli {

// What a column is read for.
enum class Use {
  kNothing,
  kText,
  kId,    // A text or a whole number; a row with another id says so.
  kValue  // The text, and the value with its type.
};

struct UnitRow {
  std::vector<std::string> fields;  // Texts; what a file says is null is an empty one.
  // The columns for Use::kValue as one JSON object. Empty where there are none and in CSV, whose
  // fields have no types.
  std::string values;
  bool is_typed = false;    // NDJSON and Parquet.
  std::vector<bool> nulls;  // By column, of those.
  std::string wrong;        // What is wrong with the row; empty when nothing is.

  bool is_missing(std::size_t column) const {
    return is_typed ? nulls[column] : fields[column].empty();
  }
};

class UnitRows {
 public:
  virtual ~UnitRows() = default;

  const std::vector<std::string>& header() const { return header_; }
  // Before the first row: columns for Use::kNothing may then be empty. By number.
  virtual void read_for(const std::function<Use(std::size_t column)>& use) = 0;
  // False at the end and after an error. A row of CSV may have other than the header's number of
  // fields.
  virtual bool next(UnitRow& row) = 0;
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
