#include "assay/sim/bit_columns.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "assay/base/random.h"

namespace assay::sim {
namespace {

using Words = std::span<const std::uint64_t>;

double z_of(std::int64_t ones, double units, double share) {
  return (static_cast<double>(ones) - units * share) / std::sqrt(units * share * (1 - share));
}

std::int64_t ones(Words words) {
  std::int64_t count = 0;
  for (const std::uint64_t word : words) count += std::popcount(word);
  return count;
}

std::int64_t ones_in_both(Words a, Words b) {
  std::int64_t count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) count += std::popcount(a[i] & b[i]);
  return count;
}

}  // namespace

void Worst::see(double z_of_test) {
  ++tests;
  z = std::max(z, std::abs(z_of_test));
}

Worst worst_share(const BitColumns& columns, double share) {
  Worst worst;
  for (std::size_t i = 0; i < columns.columns(); ++i) {
    worst.see(z_of(ones(columns.column(i)), static_cast<double>(columns.units()), share));
  }
  return worst;
}

Worst worst_pair(const BitColumns& columns, double share) {
  Worst worst;
  const auto units = static_cast<double>(columns.units());
  for (std::size_t i = 0; i < columns.columns(); ++i) {
    for (std::size_t j = i + 1; j < columns.columns(); ++j) {
      worst.see(z_of(ones_in_both(columns.column(i), columns.column(j)), units, share * share));
    }
  }
  return worst;
}

Worst worst_carry_over(const BitColumns& within, const BitColumns& halves) {
  Worst worst;
  for (std::size_t i = 0; i < within.columns(); ++i) {
    const auto units = static_cast<double>(ones(within.column(i)));
    for (std::size_t j = i + 1; j < halves.columns(); ++j) {
      worst.see(z_of(ones_in_both(within.column(i), halves.column(j)), units, 0.5));
    }
  }
  return worst;
}

Worst worst_triple(const BitColumns& halves, int count, std::uint64_t seed) {
  Worst worst;
  if (halves.columns() < 3) return worst;
  Random random(seed);
  const auto units = static_cast<double>(halves.units());
  for (int drawn = 0; drawn < count;) {
    const std::size_t a = random.below(halves.columns());
    const std::size_t b = random.below(halves.columns());
    const std::size_t c = random.below(halves.columns());
    if (a == b || b == c || a == c) continue;
    ++drawn;
    const Words x = halves.column(a), y = halves.column(b), z = halves.column(c);
    std::int64_t odd = 0;
    for (std::size_t i = 0; i < x.size(); ++i) odd += std::popcount(x[i] ^ y[i] ^ z[i]);
    worst.see(z_of(odd, units, 0.5));
  }
  return worst;
}

}  // namespace assay::sim
