// Seeded randomness: the same seed gives the same stream on every machine, compiler and run. Never
// seeded from a clock.
//
//   Random random(42);
//   const double u = random.uniform();  // [0, 1)
//
// The generator is SplitMix64 (Steele, Lea & Flood 2014): one 64-bit add and a mix per number, so
// that streams are cheap to split: Random(seed).split(i) is independent of split(j).
#pragma once

#include <cstdint>

#include "assay/base/hash.h"

namespace assay {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  // Uniform on [0, 1), 53 bits.
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  // Uniform on 0 … bound-1 (Lemire's multiply; the bias is below 2^-64 · bound). bound > 0.
  std::uint64_t below(std::uint64_t bound) {
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(next()) * bound) >> 64);
  }
  bool chance(double probability) { return uniform() < probability; }
  double normal();                  // Standard normal, by inversion-free polar method (Marsaglia).
  double exponential(double mean);  // Mean > 0.
  std::int64_t poisson(double mean);         // Mean >= 0.
  double gamma(double shape, double scale);  // Both > 0 (Marsaglia & Tsang 2000).

  Random split(std::uint64_t stream) const { return Random(fmix64(state_ ^ fmix64(stream + 1))); }

 private:
  std::uint64_t state_;
};

}  // namespace assay
