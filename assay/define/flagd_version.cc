#include "assay/define/flagd_version.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "assay/base/ascii.h"
#include "assay/define/import_rules.h"

namespace assay::define {
namespace {

bool has_leading_zero(std::string_view part) {
  return part.size() > 1 && part.front() == '0' && std::ranges::all_of(part, is_digit);
}

std::vector<std::string_view> split_at_dots(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('.', begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// "2", "2.5", or by semver.org: no zeros before a number, and all three where something follows.
// flagd takes what is not such a version for none, so that its comparison never holds.
bool is_version(const std::string& text) {
  if (text.empty() || !is_digit(text.front()) || text.find(' ') != std::string::npos ||
      !is_semver_range(text)) {
    return false;
  }
  const std::string_view plain = std::string_view(text).substr(0, text.find('+'));
  const std::size_t dash = std::min(plain.find('-'), plain.size());
  const auto numbers = split_at_dots(plain.substr(0, dash));
  const auto labels = split_at_dots(plain.substr(std::min(dash + 1, plain.size())));
  return (numbers.size() == 3 || numbers.back().end() == text.data() + text.size()) &&
         std::ranges::none_of(numbers, has_leading_zero) &&
         std::ranges::none_of(labels, has_leading_zero);
}

// "2.5.1-rc" → 2 or 2.5: what ^ and ~ of flagd compare, whatever follows.
std::vector<std::string> first_parts(std::string_view version, std::size_t count) {
  std::vector<std::string> parts;
  for (const std::string_view part :
       split_at_dots(version.substr(0, version.find_first_of("-+")))) {
    if (parts.size() < count) parts.emplace_back(part);
  }
  parts.resize(count, "0");
  return parts;
}

}  // namespace

std::optional<Condition> compare_version(const std::string& attribute, const Value& op,
                                         const Value& version) {
  const auto symbol = op.text();
  auto text = version.text();
  if (!symbol || !text) return std::nullopt;
  if (text->starts_with('v') || text->starts_with('V')) text->erase(0, 1);
  if (!is_version(*text)) {
    version.error(fmt::format("'{}' is not a version", *text), "such as 2.3.0");
    return std::nullopt;
  }
  const auto range = [&](std::string limits) {
    return compare(Op::kSemver, attribute, {std::move(limits)});
  };
  for (const std::string_view same : {"=", "<", "<=", ">", ">="}) {
    if (*symbol == same) return range(*symbol + *text);
  }
  if (*symbol == "!=") return any_of({range("<" + *text), range(">" + *text)});
  if (*symbol == "^" || *symbol == "~") {
    auto parts = first_parts(*text, *symbol == "^" ? 1 : 2);
    const std::string low = fmt::format("{}", fmt::join(parts, "."));
    const auto last = parse_number(parts.back()).value_or(0);
    parts.back() = fmt::format("{:.0f}", last + 1);
    const std::string fill = parts.size() == 1 ? ".0.0-0" : ".0-0";
    return all_of(
        {range(">=" + low + fill), range(fmt::format("<{}{}", fmt::join(parts, "."), fill))});
  }
  op.error(fmt::format("'{}' is no operator of sem_ver", *symbol), "=, !=, <, <=, >, >=, ^ or ~");
  return std::nullopt;
}

}  // namespace assay::define
