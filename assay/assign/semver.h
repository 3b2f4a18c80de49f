// Versions and version ranges, by the precedence rules of Semantic Versioning 2.0.0 (semver.org).
//
//   const auto range = parse_range("^1.4");                // >=1.4.0 <2.0.0-0
//   matches(*range, *parse_version("1.10.2"));             // true
//
// Versions are read leniently: "2.3", "v2.3", "V2.3" and "2.3.0+build7" are 2.3.0. Parts that are
// left out are zero, in versions and in ranges; only ^ and ~ look at how many there were. A range
// may be several comparisons with spaces between, all of which must hold.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace assay::assign {

struct Version {
  std::array<std::uint32_t, 3> parts{};  // Major, minor, patch.
  std::string_view prerelease;           // "beta.1"; borrowed from the text that was read.
};

std::optional<Version> parse_version(std::string_view text);

int compare_prereleases(std::string_view a, std::string_view b);

// Negative, zero or positive, as a comes before, with or after b. Build metadata does not count.
inline int compare(const Version& a, const Version& b) {
  const auto [a_major, a_minor, a_patch] = a.parts;
  const auto [b_major, b_minor, b_patch] = b.parts;
  if (a_major != b_major) return a_major < b_major ? -1 : 1;
  if (a_minor != b_minor) return a_minor < b_minor ? -1 : 1;
  if (a_patch != b_patch) return a_patch < b_patch ? -1 : 1;
  if (a.prerelease.empty() && b.prerelease.empty()) return 0;
  return compare_prereleases(a.prerelease, b.prerelease);
}

// The orders that a comparison allows, as bits: 1 before, 2 with, 4 after.
enum class Comparison : std::uint8_t {
  kLess = 1,
  kEqual = 2,
  kLessEqual = 3,
  kGreater = 4,
  kNotEqual = 5,
  kGreaterEqual = 6
};

struct Comparator {
  Comparison comparison = Comparison::kEqual;
  std::array<std::uint32_t, 3> parts{};
  std::string prerelease;
};

using VersionRange = std::vector<Comparator>;

// "=1.2.3", "1.2.3", "!=1.2.3", "<2", "<=2", ">1.0", ">=2.0.0", "^1.4", "~1.4"; nothing otherwise.
std::optional<VersionRange> parse_range(std::string_view text);

inline bool holds(const Comparator& comparator, const Version& version) {
  const int order = compare(version, {comparator.parts, comparator.prerelease});
  return (static_cast<unsigned>(comparator.comparison) >> (order + 1)) & 1;
}

// A released version as one number that orders like it: 25, 19 and 19 bits. kLongVersion stands for
// the rest, pre-releases and larger parts, which only `compare` can order.
inline constexpr std::uint64_t kLongVersion = std::uint64_t{1} << 63;
inline constexpr std::uint64_t kNoVersion = ~std::uint64_t{0};  // The text is none.
inline std::uint64_t version_key(const Version& version) {
  const auto [major, minor, patch] = version.parts;
  const bool fits = (major >> 25) == 0 && (minor >> 19) == 0 && (patch >> 19) == 0;
  if (!fits || !version.prerelease.empty()) return kLongVersion;
  return std::uint64_t{major} << 38 | std::uint64_t{minor} << 19 | patch;
}

// The same for a text.
std::uint64_t version_key(std::string_view text);

// The keys that a range allows: key - low < width. Nothing where they are no interval.
struct KeyInterval {
  std::uint64_t low = 0;
  std::uint64_t width = 0;
};
std::optional<KeyInterval> key_interval(std::span<const Comparator> range);

// All comparators of a range hold.
inline bool matches(std::span<const Comparator> range, const Version& version) {
  for (const Comparator& comparator : range) {
    if (!holds(comparator, version)) return false;
  }
  return true;
}

}  // namespace assay::assign
