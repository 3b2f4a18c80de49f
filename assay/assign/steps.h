// Steps: the inner loop of bulk assignment. For each unit, how many thresholds its draw has passed:
// with cumulative weights as thresholds that is its variant, with the edges of slot ranges the part
// of the layer it is in.
//
// Folded: fmix64(d ^ s) starts with x ^= x >> 33, which distributes over ^, so it is done once per
// digest and once per salt; its last xorshift does not reach the 32 bits of the draw. What is left
// for a unit and a salt is two multiplications and one xorshift.
#pragma once

#include <cstdint>
#include <span>

namespace assay::assign {

enum class Simd : std::uint8_t { kScalar, kAvx2, kAvx512 };  // All give the same bits.
Simd best_simd();                                            // Of this machine.

inline constexpr std::uint64_t folded(std::uint64_t hash) { return hash ^ (hash >> 33); }

// The first draw whose scaled value is `share` or more: scale(bits, total) >= share exactly when
// bits >= first_draw(share, total). `total` is 1 to 2^31 - 1, `share` at most that.
inline constexpr std::uint64_t first_draw(std::uint64_t share, std::uint64_t total) {
  return ((share << 32) + total - 1) / total;
}

// out[i] = how many of `thresholds` are at or below draw(digest, salt); both are folded. Thresholds
// ascend, are at most 2^32, and fewer than 256.
void count_steps(std::span<const std::uint64_t> folded_digests, std::uint64_t folded_salt,
                 std::span<const std::uint64_t> thresholds, std::uint8_t* out, Simd simd);

}  // namespace assay::assign
