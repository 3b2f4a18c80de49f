#include "assay/io/duckdb/sql.h"

#include "assay/base/check.h"
#include "assay/base/text.h"

namespace assay::io::duckdb {
namespace {

std::string quoted(std::string_view text, char quote) {
  ASSAY_CHECK(text.find('\0') == std::string_view::npos);
  std::string result(1, quote);
  for (const char c : text) {
    if (c == quote) result += quote;
    result += c;
  }
  return result += quote;
}

struct AsText {
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return number_text(value); }
  std::string operator()(const std::string& value) const {
    return quote_literal(std::string_view(value).substr(0, value.find('\0')));
  }
  std::string operator()(Timestamp value) const {
    return "TIMESTAMP " + quote_literal(to_text(value));
  }
};

}  // namespace

Sql& Sql::text(std::string_view more) {
  tail_ += more;
  return *this;
}

Sql& Sql::bind(SqlValue value) {
  parts_.push_back({std::move(tail_), std::move(value)});
  tail_.clear();
  return *this;
}

Sql& Sql::append(const Sql& fragment) {
  for (const Part& part : fragment.parts_) text(part.before).bind(part.value);
  return text(fragment.tail_);
}

std::string Sql::statement() const {
  std::string result;
  int number = 0;
  for (const Part& part : parts_) result += part.before + "$" + std::to_string(++number);
  return result + tail_;
}

std::vector<SqlValue> Sql::values() const {
  std::vector<SqlValue> result;
  for (const Part& part : parts_) result.push_back(part.value);
  return result;
}

std::string Sql::explained() const {
  std::string result;
  for (const Part& part : parts_) result += part.before + std::visit(AsText{}, part.value);
  return result + tail_;
}

std::string quote_literal(std::string_view text) { return quoted(text, '\''); }
std::string quote_name(std::string_view name) { return quoted(name, '"'); }

}  // namespace assay::io::duckdb
