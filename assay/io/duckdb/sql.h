// Sql: a statement and the values bound to it, put together piece by piece. Text that a person
// wrote never becomes part of a statement: it is a parameter or, where DuckDB wants a constant
// (paths into JSON, file and column names), a quoted one.
//
//   Sql sql("SELECT count(*) FROM events WHERE name = ");
//   sql.bind(name).text(" AND time < ").bind(as_of);
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "assay/base/time.h"

namespace assay::io::duckdb {

using SqlValue = std::variant<bool, std::int64_t, double, std::string, Timestamp>;

class Sql {
 public:
  Sql() = default;
  explicit Sql(std::string_view text) : tail_(text) {}

  Sql& text(std::string_view more);
  Sql& bind(SqlValue value);
  Sql& append(const Sql& fragment);
  bool empty() const { return parts_.empty() && tail_.empty(); }

  std::string statement() const;         // With $1, $2 … for the values.
  std::vector<SqlValue> values() const;  // In that order.
  std::string explained() const;         // With the values in place: to read, not to run.

 private:
  struct Part {
    std::string before;
    SqlValue value;
  };
  std::vector<Part> parts_;
  std::string tail_;
};

// 'it''s' and "odd ""name""". DuckDB has no other escapes; NUL cannot be written (ASSAY_CHECK).
std::string quote_literal(std::string_view text);
std::string quote_name(std::string_view name);

}  // namespace assay::io::duckdb
