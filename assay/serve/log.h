// Structured logs: one JSON object per line on stderr. Any thread.
//
//   log_info("listening", {{"address", "127.0.0.1:8080"}});
//   // {"time":"2026-03-01T10:00:00.250Z","level":"info","event":"listening","address":"…"}
//
// Ids of units never go to the log: they are personal data and belong to the stores only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "assay/base/time.h"

namespace assay::serve {

using LogFields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

void log_debug(std::string_view event, LogFields fields = {});
void log_info(std::string_view event, LogFields fields = {});
void log_warning(std::string_view event, LogFields fields = {});
void log_error(std::string_view event, LogFields fields = {});

// "debug", "info", "warning", "error" or "off"; false for anything else.
bool set_log_level(std::string_view level);

// Warnings of what may go wrong with every request: one line a minute for each event and cause, and
// then how many were left out since the line before (`more`).
class SeldomLog {
 public:
  void warning(std::string_view event, std::string_view error, Timestamp now);
  // Whether a line is due, and with how many left out before it.
  std::optional<std::int64_t> is_due(std::string_view event, std::string_view error, Timestamp now);

 private:
  static constexpr std::size_t kMaxCauses = 100;  // Then all are forgotten.
  struct Told {
    Timestamp at;
    std::int64_t left_out = 0;
  };
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Told> told_;  // By event and cause.
};

// The line's part after the level, as JSON members.
std::string log_members(std::string_view event, LogFields fields);

}  // namespace assay::serve
