// Versions and version ranges, by the precedence rules of Semantic Versioning 2.0.0 (semver.org).
//
//   const auto range = parse_range("^1.4");                // >=1.4.0 <2.0.0-0
//   matches(*range, *parse_version("1.10.2"));             // true
//
// Versions are read leniently: "2.3" and "2.3.0+build7" are 2.3.0. Parts
// that are left out are zero, in versions and in ranges; only ^ and ~ look at how many there were.
// A range may be several comparisons with spaces between, all of which must hold.
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
  for (std::size_t i = 0; i < 3; ++i) {
    if (a.parts[i] != b.parts[i]) return a.parts[i] < b.parts[i] ? -1 : 1;
  }
  if (a.prerelease.empty() && b.prerelease.empty()) return 0;
  return compare_prereleases(a.prerelease, b.prerelease);
}

enum class Comparison : std::uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual
};

struct Comparator {
  Comparison comparison = Comparison::kEqual;
  std::array<std::uint32_t, 3> parts{};
  std::string prerelease;
};

using VersionRange = std::vector<Comparator>;

// "=1.2.3", "1.2.3", "!=1.2.3", "<2", "<=2", ">1.0", ">=2.0.0", "^1.4", "~1.4"; nothing otherwise.
std::optional<VersionRange> parse_range(std::string_view text);

// All comparators of a range hold.
bool matches(std::span<const Comparator> range, const Version& version);

}  // namespace assay::assign
