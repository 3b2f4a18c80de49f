#include "assay/cli/unit_rows.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <istream>
#include <string_view>

#include "assay/cli/csv_reader.h"
#include "assay/io/duckdb/input_file.h"

namespace assay::cli {
namespace {

using io::duckdb::InputFile;

class CsvRows : public UnitRows {
 public:
  CsvRows(std::string path, std::unique_ptr<std::istream> file, std::istream& in)
      : path_(std::move(path)), file_(std::move(file)), reader_(file_ ? *file_ : in) {
    has_header_ = reader_.next(header_);
  }
  void read_for(const std::function<Use(std::size_t)>&) override {}
  bool next(UnitRow& row) override { return has_header_ && reader_.next(row.fields); }
  Place place() const override {
    return {.file = path_, .line = std::max(reader_.line(), 1), .column = 1};
  }
  std::optional<Problem> problem() const override {
    if (!reader_.error().empty()) return Problem{.place = place(), .message = reader_.error()};
    if (has_header_) return std::nullopt;
    return Problem{
        .place = place(),
        .message = "there is no header; the first line names the columns, such as unit,country"};
  }
  std::optional<Problem> why_no_ids(std::size_t) const override { return std::nullopt; }

 private:
  std::string path_;
  std::unique_ptr<std::istream> file_;
  CsvReader reader_;
  bool has_header_ = false;
};

// Of a value in JSON: a text or a whole number, or null.
bool is_id(std::string_view json) {
  if (json.starts_with('"') || json == "null") return true;
  if (json.starts_with('-')) json.remove_prefix(1);
  return json.find_first_not_of("0123456789") == json.npos;
}

class TableRows : public UnitRows {
 public:
  explicit TableRows(InputFile file) : file_(std::move(file)) {
    header_ = file_.columns();
    uses_.assign(header_.size(), Use::kText);
  }
  void read_for(const std::function<Use(std::size_t)>& use) override {
    for (std::size_t i = 0; i < header_.size(); ++i) uses_[i] = use(i);
  }
  bool next(UnitRow& row) override {
    if (!begin()) return false;
    while (at_ == rows_->size()) {
      at_ = 0;
      if (rows_->next()) continue;
      if (const auto error = rows_->error()) problem_ = file_.problem(*error);
      is_over_ = true;
      return false;
    }
    row.fields.resize(header_.size());
    row.nulls.resize(header_.size());
    row.is_typed = file_.has_types();
    for (std::size_t i = 0; i < header_.size(); ++i) {
      row.fields[i].assign(cell(i));
      row.nulls[i] = rows_->is_null(i, at_);
    }
    row.values.assign(cell(header_.size()));
    row.wrong.clear();
    for (std::size_t i = 0; i < loose_ids_.size(); ++i) {
      const std::string_view id = cell(header_.size() + 1 + i);
      if (!is_id(id)) {
        row.wrong = header_[loose_ids_[i]] + " is " + std::string(id.substr(0, 60)) +
                    ", but ids are texts or whole numbers";
      }
    }
    ++at_;
    ++number_;
    return true;
  }
  Place place() const override { return file_.place(number_); }
  std::optional<Problem> problem() const override { return problem_; }
  std::optional<Problem> why_no_ids(std::size_t column) const override {
    constexpr std::array kFine = {"VARCHAR",   "UUID",     "TINYINT", "SMALLINT",
                                  "INTEGER",   "BIGINT",   "HUGEINT", "UTINYINT",
                                  "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"};
    const std::string type = file_.type_of(header_[column]);
    if (type.empty() || type.starts_with("ENUM") || std::ranges::find(kFine, type) != kFine.end())
      return {};
    return Problem{.place = {file_.path(), 0, 0},
                   .field = header_[column],
                   .message = "is of type " + type + ", but ids are texts or whole numbers",
                   .hint = "write the column as the text that the application assigns by"};
  }

 private:
  bool begin() {
    if (is_over_ || rows_) return !is_over_;
    io::duckdb::Sql sql("SELECT ");
    for (std::size_t i = 0; i < header_.size(); ++i) {
      sql.text(uses_[i] == Use::kNothing ? "''" : file_.text_of(header_[i])).text(", ");
    }
    sql.text(values_sql());
    for (std::size_t i = 0; i < header_.size(); ++i) {
      if (uses_[i] != Use::kId || !file_.type_of(header_[i]).empty()) continue;
      loose_ids_.push_back(i);
      sql.text(", ").text(file_.json_of(header_[i])).text("::VARCHAR");
    }
    auto rows = file_.connection().stream(sql.text(" FROM ").text(file_.relation()));
    if (rows) {
      rows_ = *std::move(rows);
    } else {
      problem_ = file_.problem(rows.error());
      is_over_ = true;
    }
    return !is_over_;
  }

  std::string values_sql() const {
    std::string sql;
    for (std::size_t i = 0; i < header_.size() && file_.has_types(); ++i) {
      if (uses_[i] != Use::kValue) continue;
      sql += (sql.empty() ? "json_object(" : ", ") + io::duckdb::quote_literal(header_[i]) + ", " +
             file_.json_of(header_[i]);
    }
    return sql.empty() ? "''" : sql + ")::VARCHAR";
  }

  std::string_view cell(std::size_t column) const {
    return rows_->is_null(column, at_) ? std::string_view() : rows_->text(column, at_);
  }

  InputFile file_;
  std::vector<Use> uses_;
  std::vector<std::size_t> loose_ids_;  // Of NDJSON: every row may have another type.
  std::optional<io::duckdb::Rows> rows_;
  std::size_t at_ = 0;
  std::int64_t number_ = 0;
  bool is_over_ = false;
  std::optional<Problem> problem_;
};

bool is_csv(const std::string& path) {
  std::string extension = std::filesystem::path(path).extension().string();
  std::ranges::transform(extension, extension.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return extension != ".parquet" && extension != ".ndjson" && extension != ".jsonl";
}

// No column is named so.
bool is_json(std::istream& in) { return in.peek() == '{' || in.peek() == '['; }

}  // namespace

Checked<std::unique_ptr<UnitRows>> open_table_rows(const std::string& path) {
  ASSAY_TRY(auto file, InputFile::open(path));
  return std::make_unique<TableRows>(std::move(file));
}

Checked<std::unique_ptr<UnitRows>> open_units(const std::string& path, std::istream& in) {
  const Problem json{.place = {path, 1, 0},
                     .message = "is JSON, not the header of a CSV file",
                     .hint = "one object a line, in a file whose name ends in .ndjson"};
  if (path == "-") {
    if (is_json(in)) return unexpected(Problems{json});
    return std::make_unique<CsvRows>(path, nullptr, in);
  }
  if (!is_csv(path)) return open_table_rows(path);
  auto file = std::make_unique<std::ifstream>(path, std::ios::binary);
  file->peek();  // A directory opens, and fails here.
  if (file->fail()) {
    return unexpected(Problems{{.message = "cannot read units from " + path,
                                .hint = "a CSV file with a header, such as unit,country; or a "
                                        ".parquet or .ndjson file"}});
  }
  if (is_json(*file)) return unexpected(Problems{json});
  return std::make_unique<CsvRows>(path, std::move(file), in);
}

}  // namespace assay::cli
