#include "assay/io/duckdb/condition_sql.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace assay::io::duckdb {
namespace {

using define::Condition;
using define::Op;

// RFC 6901: the one path syntax in which every key can be written.
std::string json_pointer(std::string_view key, bool dots_descend) {
  std::string pointer = "/";
  for (const char c : key) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c == '.' && dots_descend ? '/' : c;
    }
  }
  return quote_literal(pointer);
}

// The attribute as each type it may have; NULL where it is missing or has another type.
struct Attribute {
  std::string json;
  std::string number;
  std::string text;
  std::string boolean;
  std::string exists;
};

Result<Attribute> attribute_sql(const std::string& name) {
  Attribute result;
  ASSAY_TRY(result.json, json_at("e.properties", name));
  const std::string type = "json_type(" + result.json + ")";
  const std::string text = "json_extract_string(" + result.json + ", '$')";
  result.number = "CASE WHEN " + type + " IN ('BIGINT', 'UBIGINT', 'DOUBLE') THEN TRY_CAST(" +
                  result.json + " AS DOUBLE) END";
  result.text = "CASE WHEN " + type + " = 'VARCHAR' THEN " + text + " END";
  result.boolean = "CASE WHEN " + type + " = 'BOOLEAN' THEN " + text + " = 'true' END";
  result.exists = "(" + result.json + " IS NOT NULL)";
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

// `expression IN (values)`, false for NULL; nothing when no value has this type.
void add_membership(const std::string& expression, const Sql& values, bool negated, Sql& any) {
  if (values.empty()) return;
  any.text(any.empty() ? "" : " OR ").text("coalesce(").text(expression);
  any.text(negated ? " NOT IN (" : " IN (").append(values).text("), false)");
}

Sql membership_sql(const Condition& condition, const Attribute& attribute) {
  const bool negated = condition.op == Op::kNotEqual || condition.op == Op::kNotIn;
  Sql any;
  add_membership(attribute.number, values_of<double>(condition), negated, any);
  add_membership(attribute.text, values_of<std::string>(condition), negated, any);
  add_membership(attribute.boolean, values_of<bool>(condition), negated, any);
  return any.empty() ? Sql("false") : any;
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
    any.text(" OR coalesce(list_contains(CASE WHEN json_type(" + attribute.json +
             ") = 'ARRAY' THEN json_extract_string(" + attribute.json + ", '$[*]') END, ");
    any.bind(*pattern).text("), false)");
  }
  return any;
}

// --- Versions ---

struct Version {
  std::array<std::int64_t, 3> parts{};
  int written = 0;  // How many parts there were: ^ and ~ look at that.
  bool prerelease = false;
};

std::optional<Version> parse_version(std::string_view text) {
  Version version;
  if (text.starts_with('v')) text.remove_prefix(1);
  for (; version.written < 3; ++version.written) {
    std::int64_t& part = version.parts[static_cast<std::size_t>(version.written)];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), part);
    if (error != std::errc() || part < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!text.starts_with('.')) break;
    text.remove_prefix(1);
  }
  version.written = std::min(version.written + 1, 3);
  version.prerelease = text.starts_with('-');
  if (!text.empty() && !version.prerelease && !text.starts_with('+')) return std::nullopt;
  return version;
}

std::string version_list(const Version& version) {
  std::string list = "[";
  for (const std::int64_t part : version.parts) list += std::to_string(part) + ", ";
  return list + (version.prerelease ? "0]" : "1]");
}

// The attribute as [major, minor, patch, is_release]; lists compare element by element.
std::string version_of(const std::string& text) {
  const std::string part =
      "regexp_extract(" + text + ", '^v?(\\d+)(?:\\.(\\d+))?(?:\\.(\\d+))?(-)?', ";
  std::string list = "CASE WHEN regexp_matches(" + text + ", '^v?\\d') THEN [";
  for (const char* group : {"1", "2", "3"}) {
    list += "coalesce(TRY_CAST(" + part + group + ") AS BIGINT), 0), ";
  }
  return list + "(" + part + "4) = '')::BIGINT] END";
}

// The first version that ^ or ~ no longer means.
Version upper_end(char mark, const Version& low) {
  std::size_t raised = mark == '~' && low.written > 1 ? 1 : 0;
  if (mark == '^') {
    const std::size_t last = static_cast<std::size_t>(low.written) - 1;
    while (raised < last && low.parts[raised] == 0) ++raised;
  }
  Version high;
  for (std::size_t i = 0; i < raised; ++i) high.parts[i] = low.parts[i];
  high.parts[raised] = low.parts[raised] + 1;
  high.prerelease = true;  // 2.0.0-beta is not in ^1.4.
  return high;
}

std::optional<std::string> comparator_sql(const std::string& version, std::string_view text) {
  std::string mark;
  while (!text.empty() && std::string_view("<>=!^~").find(text.front()) != std::string_view::npos) {
    mark += text.front();
    text.remove_prefix(1);
  }
  const std::optional<Version> bound = parse_version(text);
  if (!bound) return std::nullopt;
  if (mark == "^" || mark == "~") {
    return version + " >= " + version_list(*bound) + " AND " + version + " < " +
           version_list(upper_end(mark.front(), *bound));
  }
  constexpr std::array<std::string_view, 6> kMarks = {"=", "!=", "<", "<=", ">", ">="};
  if (mark.empty()) mark = "=";
  if (std::find(kMarks.begin(), kMarks.end(), mark) == kMarks.end()) return std::nullopt;
  return version + " " + mark + " " + version_list(*bound);
}

Result<Sql> semver_sql(const Condition& condition, const Attribute& attribute) {
  const std::string version = version_of(attribute.text);
  Sql any("false");
  for (const define::Scalar& value : condition.values) {
    const auto* range = std::get_if<std::string>(&value);
    std::string all = "true";
    std::string_view rest = range == nullptr ? "a number" : std::string_view(*range);
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      const std::optional<std::string> comparator = comparator_sql(version, rest.substr(0, end));
      if (!comparator) {
        return fail(Code::kInvalid, "\"" + std::string(rest) + "\" is not a range of versions",
                    "write it like \">=2.3.0\", \"^1.4\" or \"~1.4.2\"");
      }
      all += " AND " + *comparator;
      rest.remove_prefix(std::min(rest.find_first_not_of(' ', end), rest.size()));
    }
    any.text(" OR coalesce(").text(all).text(", false)");
  }
  return any;
}

// --- The tree ---

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
      return semver_sql(condition, attribute);
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
  const std::string flat = "json_extract(" + column + ", " + json_pointer(attribute, false) + ")";
  if (attribute.find('.') == std::string::npos) return flat;
  return "coalesce(" + flat + ", json_extract(" + column + ", " + json_pointer(attribute, true) +
         "))";
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
