#include "assay/io/duckdb/input_file.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>

#include "assay/base/text.h"

namespace assay::io::duckdb {
namespace {

constexpr std::size_t kHeaderBytesMax = 1 << 20;

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

// "… line 12 …" in a message of DuckDB.
int line_in(std::string_view message) {
  for (const std::string_view mark : {"Line: ", "in line ", "record/value "}) {
    const std::size_t at = message.find(mark);
    if (at == std::string_view::npos) continue;
    int line = 0;
    for (const char c : message.substr(at + mark.size())) {
      if (std::isdigit(static_cast<unsigned char>(c)) == 0) break;
      line = line * 10 + (c - '0');
    }
    return line;
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

Result<InputFile> InputFile::open(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    return fail(Code::kNotFound, "there is no file " + path);
  }
  if (path.find('\0') != std::string::npos || path.find_first_of("*?[") != std::string::npos) {
    return fail(Code::kInvalid, "a file name may not contain * ? [ or NUL: " + path);
  }
  InputFile file;
  file.path_ = path;
  const std::string extension = lower_extension(path);
  const std::string name = quote_literal(path);
  DatabaseOptions options;
  options.readable_files = {path};
  ASSAY_TRY(auto database, Database::open("", options));
  ASSAY_TRY(file.connection_, database->connect());
  if (extension == ".csv" || extension == ".tsv") {
    ASSAY_TRY_VOID(file.read_csv_header());
    return file;
  }
  if (extension == ".ndjson" || extension == ".jsonl") {
    file.kind_ = Kind::kJsonLines;
    file.relation_ = "read_ndjson_objects(" + name + ")";
  } else if (extension == ".parquet") {
    file.kind_ = Kind::kParquet;
    file.relation_ = "read_parquet(" + name + ")";
  } else {
    return fail(Code::kInvalid, path + " is neither .csv, .ndjson, .jsonl nor .parquet");
  }
  ASSAY_TRY_VOID(file.read_columns());
  return file;
}

Result<void> InputFile::read_csv_header() {
  std::ifstream in(path_, std::ios::binary);
  std::string header;
  std::getline(in, header);
  if (!in && header.empty())
    return fail(Code::kInvalid, path_ + " is empty", "a header line names the columns");
  if (header.starts_with("\xef\xbb\xbf")) header.erase(0, 3);
  if (header.ends_with('\r')) header.pop_back();
  if (header.size() > kHeaderBytesMax || !is_utf8(header) ||
      header.find('\0') != std::string::npos) {
    return fail(Code::kInvalid, path_ + " does not start with a header line of text");
  }
  const char delimiter = delimiter_of(header);
  columns_ = split_record(header, delimiter);
  std::string columns;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].empty() || std::count(columns_.begin(), columns_.end(), columns_[i]) > 1) {
      return fail(Code::kInvalid, path_ + ": column " + std::to_string(i + 1) +
                                      " of the header (\"" + columns_[i] +
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

Result<void> InputFile::read_columns() {
  const Sql sql(kind_ == Kind::kParquet
                    ? "SELECT column_name, column_type FROM (DESCRIBE FROM " + relation_ + ")"
                    : "SELECT DISTINCT unnest(json_keys(json)) AS key, '' FROM " + relation_ +
                          " ORDER BY key");
  auto rows = connection_->query(sql);
  if (!rows) return fail(Code::kInvalid, problem(rows.error()).message);
  while (rows->next()) {
    for (std::size_t row = 0; row < rows->size(); ++row) {
      columns_.emplace_back(rows->text(0, row));
      types_.emplace_back(rows->text(1, row));
    }
  }
  if (columns_.empty()) return fail(Code::kInvalid, path_ + " has no columns");
  return {};
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
  return "CASE WHEN regexp_full_match(" + name +
         ", '-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?|true|false') THEN " + name +
         "::JSON ELSE to_json(" + name + ") END";
}

std::string InputFile::object_of(const std::string& column) const {
  const bool nested = kind_ == Kind::kParquet && type_of(column) != "VARCHAR";
  return nested ? "to_json(" + quote_name(column) + ")::VARCHAR" : text_of(column);
}

std::string InputFile::member_of(const std::string& column, const std::string& key) const {
  return "json_extract_string(TRY_CAST(" + object_of(column) + " AS JSON), " + pointer_to(key) +
         ")";
}

Place InputFile::place(std::int64_t row) const {
  return {path_, static_cast<int>(row + (kind_ == Kind::kCsv ? 1 : 0)), 0};
}

Problem InputFile::problem(const Error& error) const {
  std::string message = error.message.substr(0, error.message.find("\n\n"));
  message = message.substr(0, message.find("\nPossible"));
  for (const std::string_view prefix : {"Invalid Input Error: ", "IO Error: "}) {
    if (message.starts_with(prefix)) message.erase(0, prefix.size());
  }
  std::replace(message.begin(), message.end(), '\n', ' ');
  message = message.substr(0, message.find(" Try auto-detecting"));
  int line = line_in(message);
  if (kind_ == Kind::kJsonLines && line > 0) {
    const std::string said = "in line " + std::to_string(line) + ":";
    line = line_of_text(path_, line - 1);
    if (const std::size_t at = message.find(said); at != message.npos) {
      message.replace(at, said.size(), "in line " + std::to_string(line) + ":");
    }
  }
  return {.place = {path_, line, 0}, .field = "", .message = message, .hint = ""};
}

}  // namespace assay::io::duckdb
