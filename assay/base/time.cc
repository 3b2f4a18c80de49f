// Civil dates by Howard Hinnant's algorithms, which C++20 carries in <chrono>.
#include "assay/base/time.h"

#include <charconv>
#include <chrono>

#include <fmt/format.h>

namespace assay {
namespace {

namespace chrono = std::chrono;

// A cursor over the text: each step consumes what it recognizes or leaves the cursor failed.
struct Cursor {
  std::string_view rest;
  bool ok = true;

  int digits(std::size_t count) {
    int value = 0;
    if (rest.size() < count) return fail();
    for (std::size_t i = 0; i < count; ++i) {
      if (rest[i] < '0' || rest[i] > '9') return fail();
      value = value * 10 + (rest[i] - '0');
    }
    rest.remove_prefix(count);
    return value;
  }
  bool accept(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail();
  }
  int fail() {
    ok = false;
    return 0;
  }
};

std::int64_t fraction_micros(Cursor& in) {
  std::int64_t micros = 0;
  int digits = 0;
  while (!in.rest.empty() && in.rest.front() >= '0' && in.rest.front() <= '9') {
    if (digits < 6) micros = micros * 10 + (in.rest.front() - '0');
    ++digits;
    in.rest.remove_prefix(1);
  }
  if (digits == 0) in.fail();
  for (; digits < 6; ++digits) micros *= 10;
  return micros;
}

std::int64_t offset_seconds(Cursor& in) {
  if (in.rest.empty() || in.accept('Z') || in.accept('z')) return 0;
  const int sign = in.accept('-') ? -1 : 1;
  if (sign == 1) in.expect('+');
  const int hours = in.digits(2);
  in.accept(':');
  const int minutes = in.rest.empty() ? 0 : in.digits(2);
  if (hours > 23 || minutes > 59) in.fail();
  return std::int64_t{sign} * (hours * 3600 + minutes * 60);
}

std::int64_t time_of_day_micros(Cursor& in) {
  const int hours = in.digits(2);
  in.expect(':');
  const int minutes = in.digits(2);
  const int seconds = in.accept(':') ? in.digits(2) : 0;
  const std::int64_t fraction = in.accept('.') ? fraction_micros(in) : 0;
  if (hours > 23 || minutes > 59 || seconds > 60) in.fail();
  const std::int64_t local = hours * 3600 + minutes * 60 + seconds - offset_seconds(in);
  return local * kMicrosPerSecond + fraction;
}

std::optional<Timestamp> parse_epoch_count(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  if (value < 100'000'000'000) return Timestamp{value * kMicrosPerSecond};
  if (value < 100'000'000'000'000) return Timestamp{value * 1000};
  return Timestamp{value};
}

// Where to_text writes a year of four digits, which parse_time reads again; and so small that no
// difference of two times overflows.
bool has_four_digit_year(Timestamp time) {
  constexpr chrono::sys_days kFirst = chrono::year{0} / 1 / 1;
  constexpr chrono::sys_days kLast = chrono::year{10'000} / 1 / 1;
  return time.micros >= kFirst.time_since_epoch().count() * kMicrosPerDay &&
         time.micros < kLast.time_since_epoch().count() * kMicrosPerDay;
}

std::optional<Timestamp> parse_date_time(std::string_view text) {
  Cursor in{text};
  const int year = in.digits(4);
  in.expect('-');
  const int month = in.digits(2);
  in.expect('-');
  const int day = in.digits(2);
  const chrono::year_month_day date{chrono::year{year}, chrono::month{static_cast<unsigned>(month)},
                                    chrono::day{static_cast<unsigned>(day)}};
  if (!in.ok || !date.ok()) return std::nullopt;
  std::int64_t micros = chrono::sys_days{date}.time_since_epoch().count() * kMicrosPerDay;
  if (in.accept('T') || in.accept('t') || in.accept(' ')) micros += time_of_day_micros(in);
  if (!in.ok || !in.rest.empty()) return std::nullopt;
  return Timestamp{micros};
}

}  // namespace

std::optional<Timestamp> parse_time(std::string_view text) {
  const bool is_count =
      text.find_first_not_of("0123456789") == std::string_view::npos && !text.empty();
  const auto time = is_count ? parse_epoch_count(text) : parse_date_time(text);
  return time && has_four_digit_year(*time) ? time : std::nullopt;
}

std::string date_text(Timestamp time) { return to_text(time).substr(0, 10); }

std::string to_text(Timestamp time) {
  const chrono::sys_time<chrono::microseconds> point{chrono::microseconds{time.micros}};
  const auto midnight = chrono::floor<chrono::days>(point);
  const chrono::year_month_day date{midnight};
  const std::int64_t micros = (point - midnight).count();
  const std::int64_t seconds = micros / kMicrosPerSecond;
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  seconds / 3600, seconds / 60 % 60, seconds % 60);
  std::int64_t fraction = micros % kMicrosPerSecond;
  if (fraction != 0) {
    int digits = 6;
    for (; fraction % 10 == 0; fraction /= 10) --digits;
    text += fmt::format(".{:0{}}", fraction, digits);
  }
  return text + "Z";
}

}  // namespace assay
