// Bit columns: one bit per unit in each of many columns, and how far pairs and triples of columns
// are from independent. A column is "who is in the treatment under this salt".
//
//   BitColumns halves(200, units);
//   halves.set(salt, unit);
//   worst_pair(halves);   // of 19,900 pairs: the largest |z| that a fair coin would have to
//   explain
//
// Every |z| is standard normal (nearly) when the columns are independent and the share of ones is
// the one stated. Pure; 200 columns of a million units take 25 MB.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace assay::sim {

class BitColumns {
 public:
  BitColumns(std::size_t columns, std::size_t units)
      : columns_(columns), units_(units), words_((units + 63) / 64), bits_(columns * words_) {}

  void set(std::size_t column, std::size_t unit) {
    bits_[column * words_ + unit / 64] |= 1ULL << (unit % 64);
  }
  std::span<const std::uint64_t> column(std::size_t i) const {
    return {bits_.data() + i * words_, words_};
  }
  std::size_t columns() const { return columns_; }
  std::size_t units() const { return units_; }

 private:
  std::size_t columns_, units_, words_;
  std::vector<std::uint64_t> bits_;
};

struct Worst {
  std::int64_t tests = 0;
  double z = 0;  // The largest absolute value of all tests.
  void see(double z_of_test);
};

// Ones in each column, against `share` of the units.
Worst worst_share(const BitColumns& columns, double share);
// Ones in both of two columns that each have `share`, for every pair.
Worst worst_pair(const BitColumns& columns, double share);
// Ones of the second column among the units of the first, for every pair of a column of `within`
// and a later one of `halves`: with `within` the lowest 5 % of an old salt, what is left of an old
// experiment's groups after re-salting.
Worst worst_carry_over(const BitColumns& within, const BitColumns& halves);
// Parity of three columns of halves, for `count` triples drawn with the seed: columns may be
// independent two by two and yet the third follow from the others.
Worst worst_triple(const BitColumns& halves, int count, std::uint64_t seed);

}  // namespace assay::sim
