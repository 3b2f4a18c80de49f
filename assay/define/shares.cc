#include "assay/define/shares.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>

#include <fmt/format.h>

#include "assay/define/experiment.h"

namespace assay::define {
namespace {

constexpr std::int64_t kMaxTotalWeight = std::numeric_limits<std::int32_t>::max();

constexpr std::int64_t power_of_ten(int exponent) {
  std::int64_t power = 1;
  while (exponent-- > 0) power *= 10;
  return power;
}

std::string share_text(std::int64_t digits, int scale) {
  std::string text = fmt::format("{:0{}}", digits, scale + 1);
  if (scale > 0) text.insert(text.size() - static_cast<std::size_t>(scale), ".");
  return text;
}

bool only_digits(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// "1e-06", as programs write small shares, is 0.000001; nothing where it is no such number.
std::optional<std::string> without_exponent(std::string_view text) {
  constexpr int kFarthest = 20;
  const std::size_t at = text.find_first_of("eE");
  if (at == text.npos || !parse_number(text)) return std::nullopt;
  const std::string_view mantissa = text.substr(0, at);
  std::string_view exponent = text.substr(at + 1);
  if (exponent.starts_with('+')) exponent.remove_prefix(1);
  int shift = kFarthest + 1;
  std::from_chars(exponent.data(), exponent.data() + exponent.size(), shift);
  if (std::abs(shift) > kFarthest || mantissa.starts_with('-')) return std::nullopt;
  const auto whole = static_cast<int>(std::min(mantissa.find('.'), mantissa.size()));
  std::string digits(mantissa);
  std::erase(digits, '.');
  const int point = whole + shift;
  if (point < 1) digits.insert(0, static_cast<std::size_t>(1 - point), '0');
  const auto before = static_cast<std::size_t>(std::max(point, 1));
  if (before > digits.size()) digits.append(before - digits.size(), '0');
  if (before < digits.size()) digits.insert(before, ".");
  const std::size_t zeros = std::min(digits.find_first_not_of('0'), before - 1);
  return digits.substr(zeros);
}

}  // namespace

std::optional<Decimal> parse_decimal(const Value& value) {
  const std::string& written = value.node().text;
  const auto spelled = without_exponent(written);
  std::string_view text = spelled ? *spelled : written;
  Decimal decimal;
  decimal.percent = text.ends_with('%');
  if (decimal.percent) text.remove_suffix(1);
  const std::size_t point = std::min(text.find('.'), text.size());
  decimal.has_point = point < text.size();
  const std::string whole(text.substr(0, point));
  std::string fraction(text.substr(std::min(point + 1, text.size())));
  const bool plain = value.is_scalar() && (!value.node().quoted || decimal.percent);
  if (plain && text.starts_with('-') && parse_number(text)) {
    value.error(fmt::format("{} is negative", written));
  } else if (!plain || whole.size() + fraction.size() == 0 || !only_digits(whole + fraction)) {
    value.error("expected a share",
                "a decimal such as 0.5, a percentage such as 50%, or a whole number");
  } else if (whole.size() > 1 && whole[0] == '0') {
    value.error(fmt::format("{} starts with 0, which YAML reads as octal", written),
                "drop the zero");
  } else {
    while (fraction.ends_with('0')) fraction.pop_back();
    if (whole.size() <= 10 && fraction.size() <= (decimal.percent ? 6 : 8)) {
      const std::string digits = whole + fraction;
      std::from_chars(digits.data(), digits.data() + digits.size(), decimal.digits);
      decimal.scale = static_cast<int>(fraction.size());
      return decimal;
    }
    if (whole.size() > 10) {
      value.error(fmt::format("{} is too large", written.substr(0, 60)),
                  "at most ten digits before the point");
    } else {
      value.error(fmt::format("{} has too many digits", written.substr(0, 60)),
                  "at most eight decimals, six in percentages");
    }
  }
  return std::nullopt;
}

std::vector<std::uint32_t> to_weights(const Value& whole, const std::vector<Share>& shares) {
  int scale = 0;
  bool point = false;
  std::size_t percents = 0;
  for (const Share& share : shares) {
    scale = std::max(scale, share.decimal.scale);
    point = point || share.decimal.has_point;
    percents += share.decimal.percent ? 1 : 0;
  }
  if (percents != 0 && percents != shares.size()) {
    whole.error("mixes percentages with other shares", "write all of them with %, or none");
    return {};
  }
  const bool fractions = point && percents == 0;
  if (fractions) scale = std::max(scale, 2);
  std::int64_t total = 0;
  std::vector<std::uint32_t> weights;
  for (const Share& share : shares) {
    const std::int64_t factor = power_of_ten(scale - share.decimal.scale);
    if (share.decimal.digits > kMaxTotalWeight * 100 / factor) {
      share.value.error(fmt::format("{} is too large", share.value.node().text));
      return {};
    }
    total += share.decimal.digits * factor;
    weights.push_back(static_cast<std::uint32_t>(share.decimal.digits * factor));
  }
  const std::int64_t one = power_of_ten(scale);
  const bool adds_up = percents != 0 ? total == 100 * one
                       : fractions   ? total == one || total == 100 * one
                                     : total > 0 && total <= kMaxTotalWeight;
  if (adds_up && total <= kMaxTotalWeight) return weights;
  const std::string sum = share_text(total, scale);
  whole.error(fmt::format("shares add to {}{}", sum, percents != 0 ? "%" : ""),
              percents != 0 ? "percentages must add to exactly 100"
              : fractions   ? "fractions must add to exactly 1 (or write percentages, 33.3%)"
                            : "whole numbers need a sum between 1 and 2147483647");
  return {};
}

std::optional<std::uint32_t> parse_traffic(const Value& value) {
  const auto decimal = parse_decimal(value);
  if (!decimal) return std::nullopt;
  const int scale = decimal->scale + (decimal->percent ? 2 : 0);
  const std::int64_t one = power_of_ten(scale);
  if (scale > 6) {
    value.error(fmt::format("{} is finer than one in a million", value.node().text));
  } else if (decimal->digits > one) {
    value.error(fmt::format("{} is more than everyone", value.node().text),
                "a share between 0 and 1, or a percentage such as 10%");
  } else {
    return static_cast<std::uint32_t>(decimal->digits * (kLayerSlots / one));
  }
  return std::nullopt;
}

}  // namespace assay::define
