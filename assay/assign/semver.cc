#include "assay/assign/semver.h"

#include <algorithm>

#include "assay/base/ascii.h"

namespace assay::assign {
namespace {

bool is_identifier(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.';
}

// Dot-separated identifiers, none empty.
bool is_suffix(std::string_view text) {
  if (text.empty() || text.front() == '.' || text.back() == '.') return false;
  return text.find("..") == std::string_view::npos &&
         std::all_of(text.begin(), text.end(), is_identifier);
}

struct Parsed {
  Version version;
  int count = 0;  // Parts that were written.
};

// Takes "1", "1.2" or "1.2.3" from the front of the text.
bool take_parts(std::string_view& text, Parsed& parsed) {
  while (parsed.count < 3) {
    std::uint64_t part = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && is_digit(text[digits]); ++digits) {
      part = 10 * part + static_cast<std::uint64_t>(text[digits] - '0');
      if (part > 0xffffffff) return false;
    }
    if (digits == 0) return false;
    parsed.version.parts[static_cast<std::size_t>(parsed.count++)] =
        static_cast<std::uint32_t>(part);
    text.remove_prefix(digits);
    if (text.empty() || text.front() != '.') return true;
    if (parsed.count < 3) text.remove_prefix(1);
  }
  return false;  // A fourth part.
}

std::optional<Parsed> parse(std::string_view text) {
  Parsed parsed;
  if (text.empty() || !take_parts(text, parsed)) return std::nullopt;
  if (text.empty()) return parsed;
  if (const auto plus = text.find('+'); plus != std::string_view::npos) {
    if (!is_suffix(text.substr(plus + 1))) return std::nullopt;
    text = text.substr(0, plus);
  }
  if (text.empty()) return parsed;
  if (text.front() != '-' || !is_suffix(text.substr(1))) return std::nullopt;
  parsed.version.prerelease = text.substr(1);
  return parsed;
}

// The identifier before the first dot; the rest stays in `text`.
std::string_view take_identifier(std::string_view& text) {
  const auto dot = std::min(text.find('.'), text.size());
  const std::string_view identifier = text.substr(0, dot);
  text.remove_prefix(std::min(dot + 1, text.size()));
  return identifier;
}

int sign(int order) { return (order > 0) - (order < 0); }

// Numbers by value and before words; words by their bytes (semver.org, item 11.4).
int compare_identifiers(std::string_view a, std::string_view b) {
  const bool a_is_number = std::all_of(a.begin(), a.end(), is_digit);
  const bool b_is_number = std::all_of(b.begin(), b.end(), is_digit);
  if (a_is_number != b_is_number) return a_is_number ? -1 : 1;
  if (!a_is_number) return sign(a.compare(b));
  a.remove_prefix(std::min(a.find_first_not_of('0'), a.size()));
  b.remove_prefix(std::min(b.find_first_not_of('0'), b.size()));
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return sign(a.compare(b));
}

Comparator comparator(Comparison comparison, const Version& version) {
  return {comparison, version.parts, std::string(version.prerelease)};
}

// ^ allows what keeps the leftmost non-zero part, ~ what keeps major and minor (or major alone when
// no minor was written). The upper bound excludes its own pre-releases, hence "-0".
void expand(char symbol, const Parsed& parsed, VersionRange& range) {
  const auto& parts = parsed.version.parts;
  std::size_t kept = parsed.count > 1 ? 1 : 0;
  if (symbol == '^') {
    kept = 0;
    while (kept + 1 < static_cast<std::size_t>(parsed.count) && parts[kept] == 0) ++kept;
  }
  range.push_back(comparator(Comparison::kGreaterEqual, parsed.version));
  Version upper{.parts = {}, .prerelease = "0"};
  std::copy_n(parts.begin(), kept + 1, upper.parts.begin());
  ++upper.parts[kept];
  if (upper.parts[kept] != 0) range.push_back(comparator(Comparison::kLess, upper));
}

bool take_comparator(std::string_view word, VersionRange& range) {
  struct Symbol {
    std::string_view text;
    Comparison comparison;
  };
  constexpr Symbol kSymbols[] = {{">=", Comparison::kGreaterEqual}, {"<=", Comparison::kLessEqual},
                                 {"!=", Comparison::kNotEqual},     {"==", Comparison::kEqual},
                                 {">", Comparison::kGreater},       {"<", Comparison::kLess},
                                 {"=", Comparison::kEqual},         {"^", Comparison::kEqual},
                                 {"~", Comparison::kEqual}};
  const auto* symbol = std::find_if(std::begin(kSymbols), std::end(kSymbols), [&](const Symbol& s) {
    return word.substr(0, s.text.size()) == s.text;
  });
  const bool plain = symbol == std::end(kSymbols);
  const auto parsed = parse(plain ? word : word.substr(symbol->text.size()));
  if (!parsed) return false;
  if (word.front() == '^' || word.front() == '~') {
    expand(word.front(), *parsed, range);
  } else {
    range.push_back(comparator(plain ? Comparison::kEqual : symbol->comparison, parsed->version));
  }
  return true;
}

// Three numbers of up to nine digits and nothing else, as nearly all versions are.
bool read_plain(std::string_view text, std::array<std::uint32_t, 3>& parts) {
  const char* at = text.data();
  const char* end = at + text.size();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0 && (at == end || *at++ != '.')) return false;
    const char* begin = at;
    std::uint32_t part = 0;
    for (; at != end && is_digit(*at); ++at)
      part = 10 * part + static_cast<std::uint32_t>(*at - '0');
    if (at == begin || at - begin > 9) return false;
    parts[i] = part;
  }
  return at == end;
}

}  // namespace

std::optional<Version> parse_version(std::string_view text) {
  std::optional<Version> version(std::in_place);
  if (read_plain(text, version->parts)) return version;
  if (text.starts_with('v') || text.starts_with('V')) text.remove_prefix(1);
  const auto parsed = parse(text);
  if (!parsed) return std::nullopt;
  return parsed->version;
}

std::uint64_t version_key(std::string_view text) {
  Version version;
  if (read_plain(text, version.parts)) return version_key(version);
  const auto parsed = parse_version(text);
  return parsed ? version_key(*parsed) : kNoVersion;
}

int compare_prereleases(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return static_cast<int>(a.empty()) - static_cast<int>(b.empty());
  while (!a.empty() && !b.empty()) {
    if (const int order = compare_identifiers(take_identifier(a), take_identifier(b))) return order;
  }
  return static_cast<int>(b.empty()) - static_cast<int>(a.empty());
}

std::optional<VersionRange> parse_range(std::string_view text) {
  VersionRange range;
  while (!text.empty()) {
    const auto begin = std::min(text.find_first_not_of(' '), text.size());
    text.remove_prefix(begin);
    if (text.empty()) break;
    // A space may stand between a symbol and its version.
    const auto version = std::min(text.find_first_not_of("<>=!^~"), text.size());
    auto start = std::min(text.find_first_not_of(' ', version), text.size());
    const auto end = std::min(text.find(' ', start), text.size());
    std::string word(text.substr(0, version));
    word += text.substr(start, end - start);
    if (word.empty() || !take_comparator(word, range)) return std::nullopt;
    text.remove_prefix(end);
  }
  if (range.empty()) return std::nullopt;
  return range;
}

std::optional<KeyInterval> key_interval(std::span<const Comparator> range) {
  std::uint64_t low = 0;
  std::uint64_t end = kLongVersion;
  for (const Comparator& one : range) {
    const std::uint64_t key = version_key({.parts = one.parts, .prerelease = {}});
    const auto allows = [&](Comparison order) {
      return (static_cast<unsigned>(one.comparison) & static_cast<unsigned>(order)) != 0;
    };
    const bool below = allows(Comparison::kLess);
    const bool above = allows(Comparison::kGreater);
    // A release comes after its own pre-releases.
    const bool at = one.prerelease.empty() ? allows(Comparison::kEqual) : above;
    if (key == kLongVersion || (below && above && !at)) return std::nullopt;
    if (!below) low = std::max(low, at ? key : key + 1);
    if (!above) end = std::min(end, at ? key + 1 : key);
  }
  return KeyInterval{.low = low, .width = end > low ? end - low : 0};
}

}  // namespace assay::assign
