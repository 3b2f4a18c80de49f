// The hashing primitives of assignment (a frozen contract) and of fingerprints.
//
//   const std::uint64_t digest = unit_digest("user_42");      // once per unit
//   const std::uint32_t bits = draw(digest, salt_digest(s));  // one mix per salt, uniform on 32
//   bits
//
// digest = XXH3_64(id), draw = high 32 bits of fmix64(digest ^ XXH3_64(salt)); fmix64 is
// MurmurHash3's finalizer (A. Appleby). Vectors that every language must reproduce:
// spec/conformance/hash.json.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace assay {

// XXH3, 64 bits, seed 0.
std::uint64_t xxh3_64(std::string_view text);

struct Digest128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  bool operator==(const Digest128&) const = default;
};
// XXH3, 128 bits, seed 0: identity of events.
Digest128 xxh3_128(std::string_view text);

inline std::uint64_t unit_digest(std::string_view unit_id) { return xxh3_64(unit_id); }
inline std::uint64_t salt_digest(std::string_view salt) { return xxh3_64(salt); }

inline constexpr std::uint64_t fmix64(std::uint64_t x) {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccdULL;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53ULL;
  x ^= x >> 33;
  return x;
}

inline constexpr std::uint32_t draw(std::uint64_t unit, std::uint64_t salt) {
  return static_cast<std::uint32_t>(fmix64(unit ^ salt) >> 32);
}

// Maps a draw to 0 … total-1 without division: (draw * total) >> 32.
inline constexpr std::uint32_t scale(std::uint32_t bits, std::uint32_t total) {
  return static_cast<std::uint32_t>((static_cast<std::uint64_t>(bits) * total) >> 32);
}

// SHA-256 as 64 hex digits: fingerprints, where an adversary may choose the text.
std::string sha256_hex(std::string_view text);

}  // namespace assay
