// Structured logs: one JSON object per line on stderr. Any thread.
//
//   log_info("listening", {{"address", "127.0.0.1:8080"}});
//   // {"time":"2026-03-01T10:00:00.250Z","level":"info","event":"listening","address":"…"}
//
// Ids of units never go to the log: they are personal data and belong to the stores only.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace assay::serve {

using LogFields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

void log_debug(std::string_view event, LogFields fields = {});
void log_info(std::string_view event, LogFields fields = {});
void log_warning(std::string_view event, LogFields fields = {});
void log_error(std::string_view event, LogFields fields = {});

// "debug", "info", "warning", "error" or "off"; false for anything else.
bool set_log_level(std::string_view level);

// The line's part after the level, as JSON members.
std::string log_members(std::string_view event, LogFields fields);

}  // namespace assay::serve
