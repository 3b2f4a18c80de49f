// Points in time as microseconds since 1970-01-01T00:00:00Z, and nothing else: no zone, no clock.
// Pure modules take `now` as an argument; only serve and cli read a clock.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assay {

struct Timestamp {
  std::int64_t micros = 0;
  auto operator<=>(const Timestamp&) const = default;
};

inline constexpr std::int64_t kMicrosPerSecond = 1'000'000;
inline constexpr std::int64_t kSecondsPerDay = 86'400;
inline constexpr std::int64_t kMicrosPerDay = kSecondsPerDay * kMicrosPerSecond;

// RFC 3339 ("2026-03-01T10:00:00.25+05:30", also with a space for the T), a date alone (midnight
// UTC), or a count since the epoch whose size tells its unit (seconds, milliseconds, microseconds).
// Nothing if it is none of these, names no day that exists, or is not in the years 0000 to 9999.
std::optional<Timestamp> parse_time(std::string_view text);

std::string to_text(
    Timestamp time);  // "2026-03-01T10:00:00Z", with fraction only where there is one
std::string date_text(Timestamp time);  // "2026-03-01"

}  // namespace assay
