#include "assay/io/duckdb/condition_sql.h"

#include <algorithm>

namespace assay::io::duckdb {
namespace {

using define::Condition;
using define::Op;

// The member of an object. RFC 6901 is the one path syntax in which every key can be written, but
// takes a number for a place in a list, too.
std::string member(const std::string& json, std::string_view key) {
  const bool is_number =
      !key.empty() && key.find_first_not_of("0123456789") == std::string_view::npos;
  std::string path = is_number ? "$.\"" : "/";
  for (const char c : key) {
    if (c == '~') {
      path += "~0";
    } else if (c == '/') {
      path += "~1";
    } else {
      path += c;
    }
  }
  if (is_number) path += '"';
  return "json_extract(" + json + ", " + quote_literal(path) + ")";
}

// Adds every way to an attribute, the longest name first; with `splits_once` of what follows a dot
// only the whole and the next dot, for each dot doubles the ways otherwise.
void add_ways(const std::string& json, std::string_view name, bool is_inside, bool splits_once,
              std::string& ways) {
  ways += (ways.empty() ? "nullif(" : ", nullif(") + member(json, name) + ", 'null')";
  const std::size_t first = name.find('.');
  std::size_t dot = splits_once ? first : name.rfind('.');
  while (dot != std::string_view::npos && (dot > 0 || is_inside)) {
    add_ways(member(json, name.substr(0, dot)), name.substr(dot + 1), true, splits_once, ways);
    dot = dot == first ? std::string_view::npos : name.rfind('.', dot - 1);
  }
}

constexpr std::ptrdiff_t kManyDots = 5;

// The attribute as each type it may have, NULL where it is missing or has another type; and, where
// it is a list, its elements of each type.
struct Attribute {
  std::string number;
  std::string text;
  std::string boolean;
  std::string numbers;
  std::string texts;
  std::string booleans;
  std::string exists;
};

constexpr const char* kNumberTypes = " IN ('BIGINT', 'UBIGINT', 'DOUBLE')";

// The elements of a JSON list that have a type, each as `value` says (of x); empty for no list.
std::string elements(const std::string& json, const std::string& type, const std::string& value) {
  return "list_transform(list_filter(json_extract(" + json + ", '$[*]'), lambda x: json_type(x)" +
         type + "), lambda x: " + value + ")";
}

Result<Attribute> attribute_sql(const std::string& name) {
  Attribute result;
  ASSAY_TRY(const std::string json, json_at("e.properties", name));
  const std::string type = "json_type(" + json + ")";
  const std::string text = "json_extract_string(" + json + ", '$')";
  result.number = "CASE WHEN " + type + kNumberTypes + " THEN TRY_CAST(" + json + " AS DOUBLE) END";
  result.text = "CASE WHEN " + type + " = 'VARCHAR' THEN " + text + " END";
  result.boolean = "CASE WHEN " + type + " = 'BOOLEAN' THEN " + text + " = 'true' END";
  result.numbers = elements(json, kNumberTypes, "TRY_CAST(x AS DOUBLE)");
  result.texts = elements(json, " = 'VARCHAR'", "json_extract_string(x, '$')");
  result.booleans = elements(json, " = 'BOOLEAN'", "json_extract_string(x, '$') = 'true'");
  result.exists = "(" + json + " IS NOT NULL AND " + type + " <> 'NULL')";
  if (name == "value") {
    result.number = "CASE WHEN " + result.exists + " THEN " + result.number + " ELSE e.value END";
    result.exists = "(" + result.exists + " OR e.value IS NOT NULL)";
  }
  return result;
}

template <typename T>
Sql values_of(const Condition& condition) {
  Sql list;
  for (const define::Scalar& value : condition.values) {
    const T* same = std::get_if<T>(&value);
    if (same == nullptr) continue;
    list.text(list.empty() ? "" : ", ").bind(*same);
  }
  return list;
}

// Adds `one IN (values)`, or that the list `many` has one of them; nothing when no value has this
// type.
void add_membership(const std::string& one, const std::string& many, const Sql& values, Sql& any) {
  if (values.empty()) return;
  any.text(" OR coalesce(").text(one).text(" IN (").append(values).text("), false)");
  if (many.empty()) return;
  any.text(" OR coalesce(list_has_any(").text(many).text(", [").append(values).text("]), false)");
}

// Negated: the attribute is there, and the positive comparison is false.
Sql membership_sql(const Condition& condition, const Attribute& attribute) {
  const bool negated = condition.op == Op::kNotEqual || condition.op == Op::kNotIn;
  const bool lists = condition.op == Op::kIn || condition.op == Op::kNotIn;
  Sql sql(negated ? attribute.exists + " AND NOT (false" : "(false");
  add_membership(attribute.number, lists ? attribute.numbers : "", values_of<double>(condition),
                 sql);
  add_membership(attribute.text, lists ? attribute.texts : "", values_of<std::string>(condition),
                 sql);
  add_membership(attribute.boolean, lists ? attribute.booleans : "", values_of<bool>(condition),
                 sql);
  return sql.text(")");
}

Sql text_sql(const Condition& condition, const Attribute& attribute) {
  const char* function = condition.op == Op::kPrefix   ? "starts_with("
                         : condition.op == Op::kSuffix ? "suffix("
                                                       : "contains(";
  Sql any("false");
  for (const define::Scalar& value : condition.values) {
    const auto* pattern = std::get_if<std::string>(&value);
    if (pattern == nullptr) continue;
    any.text(" OR coalesce(").text(function).text(attribute.text).text(", ").bind(*pattern);
    any.text("), false)");
    if (condition.op != Op::kContains) continue;
    any.text(" OR coalesce(list_contains(").text(attribute.texts).text(", ").bind(*pattern);
    any.text("), false)");
  }
  return any;
}

Result<Sql> comparison_sql(const Condition& condition) {
  ASSAY_TRY(const Attribute attribute, attribute_sql(condition.attribute));
  const auto compare = [&](const char* mark) -> Result<Sql> {
    const Sql bound = values_of<double>(condition);
    if (bound.values().size() != 1 || condition.values.size() != 1) return Sql("false");
    Sql sql("coalesce(");
    return sql.text(attribute.number).text(mark).append(bound).text(", false)");
  };
  switch (condition.op) {
    case Op::kLess:
      return compare(" < ");
    case Op::kLessEqual:
      return compare(" <= ");
    case Op::kGreater:
      return compare(" > ");
    case Op::kGreaterEqual:
      return compare(" >= ");
    case Op::kPrefix:
    case Op::kSuffix:
    case Op::kContains:
      return text_sql(condition, attribute);
    case Op::kSemver:
      return fail(Code::kInvalid, "semver cannot filter events",
                  "compare a numeric property instead");
    case Op::kExists: {
      const bool absent = condition.values == std::vector<define::Scalar>{false};
      return Sql((absent ? "NOT " : "") + attribute.exists);
    }
    default:
      return membership_sql(condition, attribute);
  }
}

}  // namespace

Result<std::string> json_at(const std::string& column, const std::string& attribute) {
  if (attribute.empty() || attribute.find('\0') != std::string::npos) {
    return fail(Code::kInvalid, "a condition names no attribute, or one with a NUL in its name");
  }
  const auto dots = std::count(attribute.begin(), attribute.end(), '.');
  if (dots == 0) return member(column, attribute);
  std::string ways;
  add_ways(column, attribute, false, dots >= kManyDots, ways);
  return "coalesce(" + ways + ")";
}

Result<Sql> condition_sql(const Condition& condition) {
  if (condition.op == Op::kAlways) return Sql("true");
  const bool is_tree =
      condition.op == Op::kAll || condition.op == Op::kAny || condition.op == Op::kNot;
  if (!is_tree) {
    ASSAY_TRY(const Sql comparison, comparison_sql(condition));
    Sql grouped("(");
    return grouped.append(comparison).text(")");
  }
  Sql sql(condition.op == Op::kNot ? "(NOT (" : "((");
  sql.text(condition.op == Op::kAny ? "false" : "true");
  for (const Condition& child : condition.children) {
    ASSAY_TRY(const Sql part, condition_sql(child));
    sql.text(condition.op == Op::kAny ? " OR " : " AND ").append(part);
  }
  return sql.text("))");
}

}  // namespace assay::io::duckdb
