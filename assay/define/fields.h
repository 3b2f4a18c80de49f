// Reads the tree of a document as typed values and collects every problem on the way. A reader that
// returns nothing has already said why (or, for a key, there was none).
//
//   Fields fields(value, "analysis");              // reports unknown keys
//   analysis.alpha = fields.number("alpha", kOpenUnit).value_or(0.05);
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "assay/base/problem.h"
#include "assay/base/text.h"
#include "assay/base/time.h"
#include "assay/define/document.h"
#include "assay/define/words.h"

namespace assay::define {

struct Report {
  std::string file;
  Problems problems;
};

// Bounds of a number; `open` leaves the ends out.
struct Range {
  double low;
  double high;
  bool open = false;
  std::string_view hint = {};
};
inline constexpr Range kOpenUnit{0, 1, true};
inline constexpr Range kPositive{0, 1e300, true};

inline constexpr std::size_t kMaxTextBytes = 1024;
inline constexpr std::size_t kMaxItems = 1000;
inline constexpr std::size_t kMaxListed = 10'000;  // Values that one comparison looks among.

// One value of the tree, and where it stands.
class Value {
 public:
  Value(Report& report, const Node& node, std::string path)
      : report_(&report), node_(&node), path_(std::move(path)) {}

  void error(std::string message, std::string hint = {}) const;
  void warn(std::string message, std::string hint = {}) const;

  std::optional<std::string> text(std::size_t max_bytes = kMaxTextBytes) const;
  std::optional<double> number(Range range) const;
  std::optional<std::int64_t> whole(std::int64_t low, std::int64_t high) const;
  std::optional<bool> flag() const;
  std::optional<Timestamp> time() const;
  std::optional<std::int64_t> duration_seconds() const;  // "7d"
  template <typename E>
  std::optional<E> word() const;

  // "'x' is not one of a, b, c (did you mean a?)"
  void unknown_word(std::string_view what, std::string_view written,
                    std::span<const std::string_view> known) const;

  std::vector<Value> list(std::size_t max_items = kMaxItems) const;
  // The entries of a map whose keys are free (variants, overrides): key and value.
  struct Entry;
  std::vector<Entry> entries(std::size_t max_items = kMaxItems) const;

  bool is_map() const { return node_->kind == Node::Kind::kMap; }
  bool is_list() const { return node_->kind == Node::Kind::kList; }
  bool is_null() const { return node_->kind == Node::Kind::kNull; }
  bool is_scalar() const { return node_->kind == Node::Kind::kScalar; }
  // A plain scalar that starts like a number.
  bool is_numeric() const;
  // What YAML takes for a number and JSON has not: infinite, none at all, too large or small for a
  // double, hexadecimal or octal.
  bool is_beyond_json() const;
  // A plain true, True or TRUE, or the same of false; nothing for any other value.
  std::optional<bool> boolean() const;
  const Node& node() const { return *node_; }
  const std::string& path() const { return path_; }
  Report& report() const { return *report_; }

 private:
  void problem(Severity severity, std::string message, std::string hint) const;

  Report* report_;
  const Node* node_;
  std::string path_;
};

struct Value::Entry {
  std::string key;
  Value value;
};

// A map whose keys are those of a section of the schema; others are reported with what may have
// been meant.
class Fields {
 public:
  Fields(const Value& value, std::string_view section_name);

  // Missing or empty: nothing (empty is reported).
  std::optional<Value> get(std::string_view key) const;
  bool has(std::string_view key) const;
  // Reports the key as missing.
  std::optional<Value> require(std::string_view key) const;

  std::optional<std::string> text(std::string_view key) const;
  std::optional<double> number(std::string_view key, Range range) const;
  std::optional<bool> flag(std::string_view key) const;
  template <typename E>
  std::optional<E> word(std::string_view key) const {
    const auto value = get(key);
    return value ? value->word<E>() : std::nullopt;
  }
  const Value& value() const { return value_; }

 private:
  Value value_;
  std::string section_;
};

template <typename E>
std::optional<E> Value::word() const {
  const auto written = text();
  if (!written) return std::nullopt;
  if (const auto value = from_word<E>(*written)) return value;
  std::vector<std::string_view> known;
  for (const Word<E>& word : words(E{})) known.push_back(word.text);
  unknown_word("one of", *written, known);
  return std::nullopt;
}

}  // namespace assay::define
