// Writes a Parquet file row by row, in the memory of one group of rows, whatever its length.
//
//   const std::vector<ParquetColumn> columns = {{.name = "unit"}, {.name = "n", .is_number =
//   true}}; write_parquet("units.parquet", columns, [&](ParquetRows& rows) {
//     while (!rows.is_full() && has_more()) {
//       rows.text(0, id());
//       rows.number(1, 7);  // a column that is not set is null
//       rows.end_row();
//     }
//   });                     // a call that adds no row is the last
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/expected.h"

namespace assay::io::duckdb {

struct ParquetColumn {
  std::string name;
  bool is_number = false;           // A DOUBLE; else a text.
  std::vector<std::string> values;  // A text that is one of these, at most 255: set by index.
};

class ParquetRows {
 public:
  bool is_full() const { return size_ == capacity_; }
  void text(std::size_t column, std::string_view value);  // UTF-8.
  void value(std::size_t column, std::size_t index);      // Of the column's values.
  void number(std::size_t column, double value);
  void end_row() { ++size_; }

 private:
  friend struct ParquetSource;
  struct Column {
    void* vector = nullptr;
    void* data = nullptr;
    std::uint64_t* validity = nullptr;
  };
  void set_valid(Column& column);

  std::vector<Column> columns_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

using AddRows = std::function<void(ParquetRows& rows)>;

// Over what is at the path. kInvalid where two columns have one name, whatever the case of their
// letters; kUnavailable where the file cannot be written: it is then not whole.
Result<void> write_parquet(const std::string& path, std::span<const ParquetColumn> columns,
                           const AddRows& add);

}  // namespace assay::io::duckdb
