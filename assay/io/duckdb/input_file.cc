#include "assay/io/duckdb/input_file.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>

#include "assay/base/json_text.h"
#include "assay/base/text.h"
#include "assay/io/duckdb/json_function.h"

namespace assay::io::duckdb {
namespace {

constexpr std::size_t kHeaderBytesMax = 1 << 20;
constexpr std::size_t kProblemsMax = 20;

constexpr const char* kOddLineEnd = "has a line break of another kind, or a lone carriage return";
constexpr const char* kMendLineEnds = "end every line with LF, or every line with CRLF";
constexpr const char* kMendJsonLine = "each line is one object, such as {\"user\": \"u1\"}";

std::string lower_extension(const std::string& path) {
  std::string extension = std::filesystem::path(path).extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension;
}

char delimiter_of(std::string_view header) {
  for (const char candidate : {',', ';', '\t'}) {
    if (header.find(candidate) != std::string_view::npos) return candidate;
  }
  return ',';
}

// One CSV record; quotes may hold delimiters and doubled quotes.
std::vector<std::string> split_record(std::string_view record, char delimiter) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < record.size(); ++i) {
    const char c = record[i];
    if (c == '"' && quoted && i + 1 < record.size() && record[i + 1] == '"') {
      fields.back() += record[++i];
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == delimiter && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

// The number behind the last such mark in a message of DuckDB; 0 where there is none.
int number_after(std::string_view mark, std::string_view message) {
  const std::size_t at = message.rfind(mark);
  if (at == std::string_view::npos) return 0;
  int number = 0;
  for (const char c : message.substr(at + mark.size())) {
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) break;
    number = number * 10 + (c - '0');
  }
  return number;
}

// The first line of CSV that does not end as the first one does, or that holds a carriage return;
// 0 where there is none.
int odd_line_end(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  int number = 0;
  bool ends_with_return = false;
  for (std::string line; std::getline(in, line) && !in.eof();) {
    const std::size_t found = line.find('\r');
    if (++number == 1) ends_with_return = found + 1 == line.size();
    const std::size_t expected = ends_with_return ? line.size() - 1 : line.npos;
    if (found != expected) return number;
  }
  return 0;
}

// DuckDB calls the n-th text of NDJSON "line n + 1", and counts no blank lines.
int line_of_text(const std::string& path, int number) {
  std::ifstream in(path, std::ios::binary);
  int at = 0;
  for (std::string line; number > 0 && std::getline(in, line); ++at) {
    if (line.find_first_not_of(" \t\r") != line.npos) --number;
  }
  return at;
}

}  // namespace

Checked<InputFile> InputFile::open(const std::string& path) {
  InputFile file;
  file.path_ = path;
  ASSAY_TRY_VOID(file.read_header());
  return file;
}

Checked<void> InputFile::refuse(int line, std::string message, std::string hint) const {
  return unexpected(Problems{
      {.place = {path_, line, 0}, .message = std::move(message), .hint = std::move(hint)}});
}

Checked<void> InputFile::read_header() {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path_, ignored)) {
    return refuse(0, "there is no file of this name");
  }
  if (path_.find('\0') != std::string::npos || path_.find_first_of("*?[") != std::string::npos) {
    return refuse(0, "a file name may not contain * ? [ or NUL");
  }
  const std::string extension = lower_extension(path_);
  if (extension == ".ndjson" || extension == ".jsonl") {
    kind_ = Kind::kJsonLines;
    relation_ = "read_ndjson_objects(" + quote_literal(path_) + ")";
  } else if (extension == ".parquet") {
    kind_ = Kind::kParquet;
    relation_ = "read_parquet(" + quote_literal(path_) + ")";
  } else if (extension != ".csv" && extension != ".tsv") {
    return refuse(0, "is neither .csv, .tsv, .ndjson, .jsonl nor .parquet");
  }
  DatabaseOptions options;
  options.readable_files = {path_};
  auto connection = Database::open("", options).and_then([](const auto& database) {
    return database->connect();
  });
  if (!connection) return unexpected(Problems{problem(connection.error())});
  connection_ = *std::move(connection);
  if (const auto added = add_json_function(*connection_); !added) {
    return unexpected(Problems{problem(added.error())});
  }
  return kind_ == Kind::kCsv ? read_csv_header() : read_columns();
}

Checked<void> InputFile::read_csv_header() {
  std::ifstream in(path_, std::ios::binary);
  std::string header;
  std::getline(in, header);
  if (!in && header.empty()) return refuse(0, "is empty", "a header line names the columns");
  if (header.starts_with("\xef\xbb\xbf")) header.erase(0, 3);
  if (header.ends_with('\r')) header.pop_back();
  if (header.find('\r') != header.npos) return refuse(1, kOddLineEnd, kMendLineEnds);
  if (header.size() > kHeaderBytesMax || !is_utf8(header) ||
      header.find('\0') != std::string::npos) {
    return refuse(1, "is no header line of text", "it names the columns, in UTF-8");
  }
  const char delimiter = delimiter_of(header);
  columns_ = split_record(header, delimiter);
  std::string columns;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].empty() || std::count(columns_.begin(), columns_.end(), columns_[i]) > 1) {
      return refuse(1, "column " + std::to_string(i + 1) + " of the header (\"" + columns_[i] +
                           "\") has no name of its own");
    }
    columns += (i == 0 ? "" : ", ") + quote_literal(columns_[i]) + ": 'VARCHAR'";
  }
  relation_ =
      "read_csv(" + quote_literal(path_) +
      ", auto_detect = false, header = true, delim = " + quote_literal(std::string(1, delimiter)) +
      ", quote = '\"', escape = '\"', strict_mode = true, columns = {" + columns + "})";
  return {};
}

// Of NDJSON every key that any line has; NULL stands for the lines that cannot be used.
Checked<void> InputFile::read_columns() {
  const Sql sql(kind_ == Kind::kParquet
                    ? "SELECT column_name, column_type FROM (DESCRIBE FROM " + relation_ + ")"
                    : "SELECT DISTINCT unnest(CASE WHEN json_type(json) = 'OBJECT' AND NOT "
                      "has_json_fault(json::VARCHAR) THEN json_keys(json) ELSE [NULL] END) AS key, "
                      "'' FROM " +
                          relation_ + " ORDER BY key");
  auto rows = connection_->query(sql);
  if (!rows) return unexpected(Problems{problem(rows.error())});
  while (rows->next()) {
    for (std::size_t row = 0; row < rows->size(); ++row) {
      if (rows->is_null(0, row)) return unexpected(unusable_lines());
      columns_.emplace_back(rows->text(0, row));
      types_.emplace_back(rows->text(1, row));
    }
  }
  if (!columns_.empty()) return {};
  auto any = connection_->query(Sql("SELECT 1 FROM " + relation_ + " LIMIT 1"));
  if (!any) return unexpected(Problems{problem(any.error())});
  if (kind_ == Kind::kJsonLines && !any->next()) return refuse(0, "is empty", kMendJsonLine);
  return refuse(0, "has no columns");
}

Problems InputFile::unusable_lines() {
  Problems problems;
  auto rows = connection_->stream(Sql("SELECT json_type(json), json::VARCHAR FROM " + relation_));
  if (!rows) return {problem(rows.error())};
  int number = 0;
  while (problems.size() < kProblemsMax && rows->next()) {
    for (std::size_t row = 0; row < rows->size() && problems.size() < kProblemsMax; ++row) {
      ++number;
      const std::string_view text = rows->is_null(1, row) ? "null" : rows->text(1, row);
      const bool is_object = !rows->is_null(0, row) && rows->text(0, row) == "OBJECT";
      auto wrong = is_object
                       ? json_fault(text)
                       : Problem{.message = "is no object: " + std::string(text.substr(0, 60)),
                                 .hint = kMendJsonLine};
      if (!wrong) continue;
      wrong->place = {path_, line_of_text(path_, number), 0};
      problems.push_back(*std::move(wrong));
    }
  }
  return problems;
}

bool InputFile::has(std::string_view column) const {
  return std::find(columns_.begin(), columns_.end(), column) != columns_.end();
}

std::string InputFile::first_of(std::span<const std::string> names) const {
  for (const std::string& name : names) {
    if (has(name)) return name;
  }
  return {};
}

std::string InputFile::type_of(std::string_view column) const {
  const auto at = std::find(columns_.begin(), columns_.end(), column) - columns_.begin();
  return types_.empty() ? "VARCHAR" : types_[static_cast<std::size_t>(at)];
}

namespace {

// A field of CSV as JSON: a number or a boolean where it reads as one, as base/text.h and targeting
// read it; but 007 is a code, and so a text.
std::string typed_sql(const std::string& name) {
  const std::string plain = "ltrim(" + name + ", '+')";
  return "CASE WHEN regexp_full_match(" + name +
         ", '[+-]?((0|[1-9][0-9]*)(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+)?') AND "
         "isfinite(TRY_CAST(" +
         name + " AS DOUBLE)) THEN CASE WHEN json_valid(" + plain + ") THEN " + plain +
         "::JSON ELSE to_json(" + name + "::DOUBLE) END WHEN " + name +
         " IN ('true', 'True', 'TRUE', 'false', 'False', 'FALSE') THEN lower(" + name +
         ")::JSON ELSE to_json(" + name + ") END";
}

// RFC 6901 for a key at the top.
std::string pointer_to(const std::string& key) {
  std::string pointer = "/";
  for (const char c : key) pointer += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return quote_literal(pointer);
}

}  // namespace

std::string InputFile::text_of(const std::string& column) const {
  if (kind_ == Kind::kJsonLines) return "json_extract_string(json, " + pointer_to(column) + ")";
  const std::string name = quote_name(column);
  const std::string type = type_of(column);
  if (type == "TIMESTAMP WITH TIME ZONE") {
    return "strftime(" + name + " AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')";
  }
  if (type.starts_with("TIMESTAMP")) {
    return "strftime(" + name + "::TIMESTAMP, '%Y-%m-%dT%H:%M:%S.%fZ')";
  }
  return name + "::VARCHAR";
}

std::string InputFile::json_of(const std::string& column) const {
  if (kind_ == Kind::kJsonLines) return "json_extract(json, " + pointer_to(column) + ")";
  const std::string name = quote_name(column);
  const std::string type = type_of(column);
  if (type.starts_with("TIMESTAMP")) return "to_json(" + text_of(column) + ")";
  if (type == "DOUBLE" || type == "FLOAT") {  // JSON has no NaN and no infinity.
    return "to_json(CASE WHEN isfinite(" + name + ") THEN " + name + " END)";
  }
  if (kind_ == Kind::kParquet) return "to_json(" + name + ")";
  return typed_sql(name);
}

std::string InputFile::object_of(const std::string& column) const {
  const bool nested = kind_ == Kind::kParquet && type_of(column) != "VARCHAR";
  return nested ? "to_json(" + quote_name(column) + ")::VARCHAR" : text_of(column);
}

std::string InputFile::fault_of(const std::string& column) const {
  if (kind_ == Kind::kJsonLines) return "NULL::VARCHAR";  // A line with one is refused before.
  return "CASE WHEN has_json_fault(" + object_of(column) + ") THEN 'yes' END";
}

std::string InputFile::member_of(const std::string& column, const std::string& key) const {
  const std::string object = object_of(column);
  return "json_extract_string(CASE WHEN NOT has_json_fault(" + object + ") THEN TRY_CAST(" +
         object + " AS JSON) END, " + pointer_to(key) + ")";
}

Place InputFile::place(std::int64_t row) const {
  return {path_, static_cast<int>(row + (kind_ == Kind::kCsv ? 1 : 0)), 0};
}

Problem InputFile::csv_problem(const std::string& message) const {
  // The line itself is part of the message; what is wrong with it comes last.
  std::string_view reason = std::string_view(message).substr(0, message.find("\nPossible"));
  while (reason.ends_with('\n')) reason.remove_suffix(1);
  if (const std::size_t end = reason.rfind('\n'); end != reason.npos) reason.remove_prefix(end + 1);
  const auto says = [&](std::string_view part) { return reason.find(part) != reason.npos; };
  Problem found{.place = {path_, number_after("CSV Error on Line: ", message), 0}};
  if (says("Expected Number of Columns")) {
    found.message = std::to_string(number_after("Found: ", reason)) +
                    " fields, but the header has " + std::to_string(columns_.size());
    found.hint = "quote a field that holds the separator";
  } else if (says("unterminated quote")) {
    found.message = "a quoted field has no end, or something follows its closing quote";
    found.hint = "double each quote within a quoted field";
  } else if (says("utf-8")) {
    found.message = "is not UTF-8";
    found.hint = "save the file as UTF-8";
  } else if (says("Maximum line size")) {
    found.message = "is longer than " + std::to_string(number_after("size of ", reason)) + " bytes";
    found.hint = "maybe a quoted field has no end";
  } else if (const int line = odd_line_end(path_); line > 0) {
    found.place.line = line;
    found.message = kOddLineEnd;
    found.hint = kMendLineEnds;
  } else {
    found.message = "cannot be read as CSV: " + std::string(reason);
  }
  return found;
}

// Malformed JSON in file "…", at byte 9 in line 3: unexpected end of data.
Problem InputFile::json_problem(const std::string& message) const {
  const std::size_t place = message.rfind("in line ");
  const std::size_t reason = place == message.npos ? message.npos : message.find(": ", place);
  if (reason == message.npos) return {.place = {path_, 0, 0}, .message = message};
  const int line = line_of_text(path_, number_after("in line ", message) - 1);
  std::string said = message.substr(reason + 2, message.find(" Try auto") - reason - 2);
  while (said.ends_with(' ') || said.ends_with('.')) said.pop_back();
  return {.place = {path_, line, 0}, .message = "is no JSON: " + said, .hint = kMendJsonLine};
}

Problem InputFile::problem(const Error& error) const {
  std::string message = error.message;
  for (const std::string_view prefix : {"Invalid Input Error: ", "IO Error: "}) {
    if (message.starts_with(prefix)) message.erase(0, prefix.size());
  }
  if (kind_ == Kind::kCsv) return csv_problem(message);
  message = message.substr(0, message.find("\n\n"));
  std::replace(message.begin(), message.end(), '\n', ' ');
  if (kind_ == Kind::kJsonLines) return json_problem(message);
  return {.place = {path_, 0, 0},
          .message = "cannot be read as Parquet: " + message,
          .hint = "write it again, or as .csv or .ndjson"};
}

}  // namespace assay::io::duckdb
