// Reads CSV (RFC 4180) record by record, so that a file of any length needs the memory of one line:
// quoted fields may hold commas, quotes and line ends; lines end with \n or \r\n. Where the first
// line has no comma but a tab or a semicolon, that separates the fields instead. Text is UTF-8: in
// another encoding an id would be another unit.
//
//   CsvReader reader(in);
//   std::vector<std::string> fields;
//   while (reader.next(fields)) use(fields, reader.line());
//   if (!reader.error().empty()) …
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace assay::cli {

class CsvReader {
 public:
  static constexpr std::size_t kMaxRecordBytes = 4 << 20;

  explicit CsvReader(std::istream& in) : in_(in) {}

  // False at the end and after an error. Empty lines are skipped.
  bool next(std::vector<std::string>& fields);
  int line() const { return line_; }  // Of the record's beginning, from 1.
  const std::string& error() const { return error_; }

 private:
  bool read_line(std::string& text);
  bool fail(std::string message);

  std::istream& in_;
  std::string text_;
  char separator_ = ',';
  int line_ = 0;
  int lines_read_ = 0;
  std::string error_;
};

// The field as it stands in a record: in quotes where it must be.
std::string csv_quoted(std::string_view field);

}  // namespace assay::cli
