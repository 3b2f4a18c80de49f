#include "assay/io/duckdb/json_function.h"

#include <duckdb.h>

#include "assay/base/json_text.h"

namespace assay::io::duckdb {
namespace {

// What is null has no fault.
void fill(duckdb_function_info, duckdb_data_chunk input, duckdb_vector output) {
  const duckdb_vector texts = duckdb_data_chunk_get_vector(input, 0);
  auto* text = static_cast<duckdb_string_t*>(duckdb_vector_get_data(texts));
  std::uint64_t* validity = duckdb_vector_get_validity(texts);
  auto* out = static_cast<bool*>(duckdb_vector_get_data(output));
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    const bool is_null = validity != nullptr && !duckdb_validity_row_is_valid(validity, row);
    out[row] = !is_null &&
               json_fault({duckdb_string_t_data(&text[row]), duckdb_string_t_length(text[row])})
                   .has_value();
  }
}

}  // namespace

Result<void> add_json_function(const Connection& connection) {
  duckdb_logical_type varchar = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
  duckdb_logical_type boolean = duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN);
  duckdb_scalar_function function = duckdb_create_scalar_function();
  duckdb_scalar_function_set_name(function, "has_json_fault");
  duckdb_scalar_function_add_parameter(function, varchar);
  duckdb_scalar_function_set_return_type(function, boolean);
  duckdb_scalar_function_set_function(function, fill);
  const duckdb_state state = duckdb_register_scalar_function(
      static_cast<duckdb_connection>(connection.handle()), function);
  duckdb_destroy_scalar_function(&function);
  duckdb_destroy_logical_type(&boolean);
  duckdb_destroy_logical_type(&varchar);
  if (state != DuckDBSuccess) return fail(Code::kUnavailable, "DuckDB refused a function");
  return {};
}

}  // namespace assay::io::duckdb
