#include "assay/define/fields.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "assay/base/check.h"
#include "assay/define/schema.h"

namespace assay::define {
namespace {

// What is shown of a person's value: short, and on one line.
std::string shown(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return "nothing";
    case Node::Kind::kList:
      return "a list";
    case Node::Kind::kMap:
      return "a map";
    case Node::Kind::kScalar:
      break;
  }
  std::string text = node.text.substr(0, 60);
  while (!is_utf8(text)) text.pop_back();
  std::ranges::replace(text, '\n', ' ');
  return fmt::format("'{}{}'", text, node.text.size() > 60 ? "…" : "");
}

// What `value` misses.
std::string bounds_text(Range range, double value) {
  if (range.high >= 1e300 && value >= range.high) return "at most 1e+300";
  if (range.high >= 1e300) {
    return range.open ? fmt::format("above {}", number_text(range.low))
                      : fmt::format("at least {}", number_text(range.low));
  }
  return fmt::format("between {} and {}{}", number_text(range.low), number_text(range.high),
                     range.open ? ", ends left out" : "");
}

bool has_leading_zero(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9';
}

}  // namespace

void Value::problem(Severity severity, std::string message, std::string hint) const {
  report_->problems.push_back({.place = {report_->file, node_->line, node_->column},
                               .field = path_,
                               .message = std::move(message),
                               .hint = std::move(hint),
                               .severity = severity});
}

void Value::error(std::string message, std::string hint) const {
  problem(Severity::kError, std::move(message), std::move(hint));
}

void Value::warn(std::string message, std::string hint) const {
  problem(Severity::kWarning, std::move(message), std::move(hint));
}

bool Value::is_numeric() const {
  return is_scalar() && !node_->quoted && parse_number(node_->text).has_value();
}

bool Value::is_beyond_json() const {
  if (!is_scalar() || node_->quoted) return false;
  std::string_view text = node_->text;
  if (text.starts_with('+')) text.remove_prefix(1);
  double ignored = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, ignored);
  if (error == std::errc::result_out_of_range && stop == end) return !parse_number(text);
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.starts_with("0x") || text.starts_with("0o")) {
    const char* digits = text[1] == 'x' ? "0123456789abcdefABCDEF" : "01234567";
    return text.size() > 2 && text.find_first_not_of(digits, 2) == std::string_view::npos;
  }
  return text == ".inf" || text == ".Inf" || text == ".INF" || text == ".nan" || text == ".NaN" ||
         text == ".NAN";
}

std::optional<bool> Value::boolean() const {
  if (!is_scalar() || node_->quoted) return std::nullopt;
  const std::string& text = node_->text;
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

std::optional<std::string> Value::text(std::size_t max_bytes) const {
  if (!is_scalar()) {
    error(fmt::format("expected text, not {}", shown(*node_)));
  } else if (node_->text.empty()) {
    error("is empty text");
  } else if (node_->text.size() > max_bytes) {
    error(fmt::format("is {} bytes long; at most {} are allowed", node_->text.size(), max_bytes));
  } else {
    return node_->text;
  }
  return std::nullopt;
}

std::optional<double> Value::number(Range range) const {
  const std::string& text = node_->text;
  const auto value = is_scalar() && !node_->quoted ? parse_number(text) : std::nullopt;
  if (!value) {
    error(fmt::format("expected a number, not {}", shown(*node_)),
          is_scalar() && node_->quoted && parse_number(text) ? "remove the quotes" : "");
  } else if (has_leading_zero(text)) {
    error(fmt::format("{} starts with 0, which YAML reads as octal", text), "drop the zero");
  } else if (*value < range.low || *value > range.high ||
             (range.open && (*value <= range.low || *value >= range.high))) {
    error(fmt::format("{} is not {}", node_->text, bounds_text(range, *value)),
          std::string(range.hint));
  } else {
    return *value == 0 ? 0.0 : *value;  // No negative zero.
  }
  return std::nullopt;
}

std::optional<std::int64_t> Value::whole(std::int64_t low, std::int64_t high) const {
  const auto value = number({static_cast<double>(low), static_cast<double>(high)});
  if (!value) return std::nullopt;
  if (*value != std::floor(*value)) {
    error(fmt::format("{} is not a whole number", node_->text));
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*value);
}

std::optional<bool> Value::flag() const {
  const auto flag = boolean();
  if (!flag) error(fmt::format("expected true or false, not {}", shown(*node_)));
  return flag;
}

std::optional<Timestamp> Value::time() const {
  const auto written = text();
  if (!written) return std::nullopt;
  const bool looks_dated = written->size() >= 10 && (*written)[4] == '-';
  const auto value = looks_dated ? parse_time(*written) : std::nullopt;
  if (!value) {
    error(fmt::format("{} is not a date or time", shown(*node_)),
          "write 2026-03-01 or 2026-03-01T09:00:00Z");
  }
  return value;
}

std::optional<std::int64_t> Value::duration_seconds() const {
  const auto written = text();
  if (!written) return std::nullopt;
  const std::string_view number = std::string_view(*written).substr(0, written->size() - 1);
  const std::string_view units = "smhdw";
  const double seconds_per[] = {1, 60, 3600, 86400, 604800};
  const std::size_t unit = units.find(written->back());
  const auto amount = unit == std::string_view::npos ? std::nullopt : parse_number(number);
  const double seconds = amount ? *amount * seconds_per[unit] : -1;
  if (!(seconds >= 0 && seconds <= 3650.0 * 86400) || seconds != std::floor(seconds)) {
    error(fmt::format("{} is not a duration", shown(*node_)),
          "a number and s, m, h, d or w, such as 7d; at most 3650d, in whole seconds");
    return std::nullopt;
  }
  return static_cast<std::int64_t>(seconds);
}

void Value::unknown_word(std::string_view what, std::string_view written,
                         std::span<const std::string_view> known) const {
  const auto guess = did_you_mean(written, known);
  error(fmt::format("{} is not {} {}", shown(*node_), what, fmt::join(known, ", ")),
        guess ? fmt::format("did you mean {}?", *guess) : "");
}

std::vector<Value> Value::list(std::size_t max_items) const {
  std::vector<Value> values;
  if (!is_list()) {
    error(fmt::format("expected a list, not {}", shown(*node_)),
          is_scalar() ? fmt::format("write [{}]", node_->text.substr(0, 60)) : "");
  } else if (node_->items.empty()) {
    error("is an empty list", "remove the key or add an entry");
  } else if (node_->items.size() > max_items) {
    error(fmt::format("has {} entries; at most {} are allowed", node_->items.size(), max_items));
  } else {
    for (std::size_t i = 0; i < node_->items.size(); ++i) {
      values.emplace_back(*report_, node_->items[i], fmt::format("{}[{}]", path_, i));
    }
  }
  return values;
}

std::vector<Value::Entry> Value::entries(std::size_t max_items) const {
  std::vector<Entry> entries;
  if (!is_map()) {
    error(fmt::format("expected a map of names to values, not {}", shown(*node_)));
  } else if (node_->items.empty()) {
    error("is an empty map", "remove the key or add an entry");
  } else if (node_->items.size() > max_items) {
    error(fmt::format("has {} entries; at most {} are allowed", node_->items.size(), max_items));
  } else {
    for (std::size_t i = 0; i < node_->items.size(); ++i) {
      const std::string& key = node_->keys[i].text;
      const Value named(*report_, node_->keys[i], path_);
      if (key.empty() || key.size() > 256) {
        named.error(key.empty() ? "a name is empty" : "a name is longer than 256 bytes");
        continue;
      }
      entries.push_back({key, Value(*report_, node_->items[i], fmt::format("{}.{}", path_, key))});
    }
  }
  return entries;
}

Fields::Fields(const Value& value, std::string_view section_name)
    : value_(value), section_(section_name) {
  const Section& known = section(section_name);
  if (!value.is_map()) {
    value.error(fmt::format("expected a map with keys such as {}, not {}",
                            known.keys().front().name, shown(value.node())));
    return;
  }
  std::vector<std::string_view> names;
  for (const Key& key : known.keys()) names.push_back(key.name);
  for (std::size_t i = 0; i < value.node().keys.size(); ++i) {
    const Node& key = value.node().keys[i];
    if (std::ranges::find(names, key.text) != names.end()) continue;
    const auto guess = did_you_mean(key.text, names);
    const std::string path = value.path().empty() ? key.text : value.path() + "." + key.text;
    Value(value.report(), key, path.substr(0, 200))
        .error(fmt::format("unknown key {}", shown(key)),
               guess ? fmt::format("did you mean {}?", *guess)
                     : fmt::format("known here: {}", fmt::join(names, ", ")));
  }
}

bool Fields::has(std::string_view key) const {
  const auto keys = section(section_).keys();
  ASSAY_CHECK(std::ranges::find(keys, key, &Key::name) != keys.end());
  return value_.node().find(key) != nullptr;
}

std::optional<Value> Fields::get(std::string_view key) const {
  if (!has(key)) return std::nullopt;
  const std::string path =
      value_.path().empty() ? std::string(key) : fmt::format("{}.{}", value_.path(), key);
  Value found(value_.report(), *value_.node().find(key), path);
  if (!found.is_null()) return found;
  if (key != "payload") {
    found.error("has no value", "write one or remove the key");
    return std::nullopt;
  }
  return found;
}

std::optional<Value> Fields::require(std::string_view key) const {
  if (!has(key) && value_.is_map()) {
    value_.error(fmt::format("key '{}' is missing", key));
  }
  return get(key);
}

std::optional<std::string> Fields::text(std::string_view key) const {
  const auto value = get(key);
  return value ? value->text() : std::nullopt;
}

std::optional<double> Fields::number(std::string_view key, Range range) const {
  const auto value = get(key);
  return value ? value->number(range) : std::nullopt;
}

std::optional<bool> Fields::flag(std::string_view key) const {
  const auto value = get(key);
  return value ? value->flag() : std::nullopt;
}

}  // namespace assay::define
