// The rows are a table function of DuckDB's, which COPY reads: the only way that its C API has to
// write a Parquet file of rows that are in no table.
#include "assay/io/duckdb/parquet_file.h"

#include <algorithm>

#include <duckdb.h>

#include "assay/base/ascii.h"
#include "assay/base/check.h"
#include "assay/io/duckdb/connection.h"

namespace assay::io::duckdb {

struct ParquetSource {
  std::span<const ParquetColumn> columns;
  const AddRows* add = nullptr;

  static void bind(duckdb_bind_info info) {
    const auto& self = *static_cast<ParquetSource*>(duckdb_bind_get_extra_info(info));
    for (const ParquetColumn& column : self.columns) {
      std::vector<const char*> values;
      for (const std::string& value : column.values) values.push_back(value.c_str());
      duckdb_logical_type type =
          !values.empty()    ? duckdb_create_enum_type(values.data(), values.size())
          : column.is_number ? duckdb_create_logical_type(DUCKDB_TYPE_DOUBLE)
                             : duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
      duckdb_bind_add_result_column(info, column.name.c_str(), type);
      duckdb_destroy_logical_type(&type);
    }
  }

  static void init(duckdb_init_info) {}

  static void fill(duckdb_function_info info, duckdb_data_chunk chunk) {
    const auto& self = *static_cast<ParquetSource*>(duckdb_function_get_extra_info(info));
    ParquetRows rows;
    rows.capacity_ = duckdb_vector_size();
    for (idx_t i = 0; i < self.columns.size(); ++i) {
      const duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, i);
      duckdb_vector_ensure_validity_writable(vector);
      std::uint64_t* validity = duckdb_vector_get_validity(vector);
      std::fill_n(validity, (rows.capacity_ + 63) / 64, 0);  // Null, where nothing is set.
      rows.columns_.push_back({vector, duckdb_vector_get_data(vector), validity});
    }
    (*self.add)(rows);
    duckdb_data_chunk_set_size(chunk, rows.size_);
  }
};

void ParquetRows::set_valid(Column& column) {
  column.validity[size_ / 64] |= std::uint64_t{1} << (size_ % 64);
}

void ParquetRows::text(std::size_t column, std::string_view value) {
  Column& into = columns_[column];
  duckdb_vector_assign_string_element_len(static_cast<duckdb_vector>(into.vector), size_,
                                          value.data(), value.size());
  set_valid(into);
}

void ParquetRows::value(std::size_t column, std::size_t index) {
  Column& into = columns_[column];
  static_cast<std::uint8_t*>(into.data)[size_] = static_cast<std::uint8_t>(index);
  set_valid(into);
}

void ParquetRows::number(std::size_t column, double value) {
  Column& into = columns_[column];
  static_cast<double*>(into.data)[size_] = value;
  set_valid(into);
}

namespace {

// As DuckDB compares them.
Result<void> check_names(std::span<const ParquetColumn> columns) {
  std::vector<std::string> names;
  for (const ParquetColumn& column : columns) {
    ASSAY_CHECK(column.values.size() <= 255);
    if (std::ranges::find(names, lower(column.name)) != names.end()) {
      return fail(Code::kInvalid, "two columns would be called " + column.name,
                  "names of columns in a Parquet file differ by more than the case of letters");
    }
    names.push_back(lower(column.name));
  }
  return {};
}

// Groups of the usual length, shorter where there are many columns, for one is held in memory.
std::size_t group_rows(std::size_t columns) {
  constexpr std::size_t kCellsMax = 4 << 20;
  constexpr std::size_t kChunk = 2048;
  return std::clamp(kCellsMax / columns / kChunk, std::size_t{1}, std::size_t{60}) * kChunk;
}

Result<void> add_source(const Connection& connection, ParquetSource& source) {
  duckdb_table_function function = duckdb_create_table_function();
  duckdb_table_function_set_name(function, "assay_rows");
  duckdb_table_function_set_extra_info(function, &source, nullptr);
  duckdb_table_function_set_bind(function, ParquetSource::bind);
  duckdb_table_function_set_init(function, ParquetSource::init);
  duckdb_table_function_set_function(function, ParquetSource::fill);
  const duckdb_state state =
      duckdb_register_table_function(static_cast<duckdb_connection>(connection.handle()), function);
  duckdb_destroy_table_function(&function);
  if (state != DuckDBSuccess) return fail(Code::kUnavailable, "DuckDB refused a table function");
  return {};
}

}  // namespace

Result<void> write_parquet(const std::string& path, std::span<const ParquetColumn> columns,
                           const AddRows& add) {
  ASSAY_TRY_VOID(check_names(columns));
  ASSAY_TRY(auto database, Database::open("", {.readable_files = {path}}));
  ASSAY_TRY(auto connection, database->connect());
  ParquetSource source{columns, &add};
  ASSAY_TRY_VOID(add_source(*connection, source));
  const auto written =
      connection->run("COPY (SELECT * FROM assay_rows()) TO " + quote_literal(path) +
                      " (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false, ROW_GROUP_SIZE " +
                      std::to_string(group_rows(columns.size())) + ")");
  if (written) return {};
  return fail(Code::kUnavailable, "cannot write " + path + ": " + written.error().message,
              "the folder must exist, have room, and be writable");
}

}  // namespace assay::io::duckdb
