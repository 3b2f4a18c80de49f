// Shares as a file writes them (0.5, 50%, 1) become integers exactly; no floating point is
// involved.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "assay/define/fields.h"

namespace assay::define {

// A share as written: digits / 10^scale, exactly. "0.50" is {5, 1}, "12.5%" is {125, 1, percent}.
struct Decimal {
  std::int64_t digits = 0;
  int scale = 0;
  bool percent = false;
  bool has_point = false;
};

std::optional<Decimal> parse_decimal(const Value& value);

struct Share {
  Value value;
  Decimal decimal;
};

// Integer weights in the ratio of the shares; nothing (and a problem at `whole`) where they do not
// add up: fractions to 1 (or 100), percentages to 100, whole numbers to anything from 1 to 2^31
// - 1.
std::vector<std::uint32_t> to_weights(const Value& whole, const std::vector<Share>& shares);

// A share of everyone, in parts per million; nothing (and a problem) where it is none.
std::optional<std::uint32_t> parse_traffic(const Value& value);

}  // namespace assay::define
