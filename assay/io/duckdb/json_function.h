// has_json_fault(text), for SQL: whether JSON says what two readers take for two things
// (base/json_text.h). DuckDB itself takes the first of two members, and a number of any size.
#pragma once

#include "assay/base/expected.h"
#include "assay/io/duckdb/connection.h"

namespace assay::io::duckdb {

// Adds it to the connection's database. kUnavailable where DuckDB refuses.
Result<void> add_json_function(const Connection& connection);

}  // namespace assay::io::duckdb
