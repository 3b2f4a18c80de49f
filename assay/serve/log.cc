#include "assay/serve/log.h"

#include <nlohmann/json.hpp>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace assay::serve {
namespace {

constexpr std::int64_t kQuietMicros = 60 * kMicrosPerSecond;

std::shared_ptr<spdlog::logger> make_logger() {
  auto logger =
      std::make_shared<spdlog::logger>("assay", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_formatter(std::make_unique<spdlog::pattern_formatter>(
      R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})", spdlog::pattern_time_type::utc));
  logger->flush_on(spdlog::level::info);
  return logger;
}

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> made = make_logger();
  return *made;
}

void write(spdlog::level::level_enum level, std::string_view event, LogFields fields) {
  if (logger().should_log(level)) logger().log(level, "{}", log_members(event, fields));
}

std::string quoted(std::string_view text) {
  using nlohmann::json;
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

std::string log_members(std::string_view event, LogFields fields) {
  std::string line = "\"event\":" + quoted(event);
  for (const auto& [name, value] : fields) line += "," + quoted(name) + ":" + quoted(value);
  return line;
}

void log_debug(std::string_view event, LogFields fields) {
  write(spdlog::level::debug, event, fields);
}
void log_info(std::string_view event, LogFields fields) {
  write(spdlog::level::info, event, fields);
}
void log_warning(std::string_view event, LogFields fields) {
  write(spdlog::level::warn, event, fields);
}
void log_error(std::string_view event, LogFields fields) {
  write(spdlog::level::err, event, fields);
}

std::optional<std::int64_t> SeldomLog::is_due(std::string_view event, std::string_view error,
                                              Timestamp now) {
  const std::lock_guard lock(mutex_);
  if (told_.size() >= kMaxCauses) told_.clear();
  const auto [at, is_new] = told_.try_emplace({std::string(event), std::string(error)}, Told{now});
  Told& told = at->second;
  const std::int64_t since = now.micros - told.at.micros;
  if (!is_new && since >= 0 && since < kQuietMicros) {
    ++told.left_out;
    return std::nullopt;
  }
  told.at = now;
  return std::exchange(told.left_out, 0);
}

void SeldomLog::warning(std::string_view event, std::string_view error, Timestamp now) {
  const auto left_out = is_due(event, error, now);
  if (!left_out) return;
  if (*left_out == 0) return log_warning(event, {{"error", error}});
  log_warning(event, {{"error", error}, {"more", std::to_string(*left_out)}});
}

bool set_log_level(std::string_view level) {
  static constexpr std::pair<std::string_view, spdlog::level::level_enum> kLevels[] = {
      {"debug", spdlog::level::debug},
      {"info", spdlog::level::info},
      {"warning", spdlog::level::warn},
      {"error", spdlog::level::err},
      {"off", spdlog::level::off}};
  for (const auto& [name, value] : kLevels) {
    if (name != level) continue;
    logger().set_level(value);
    return true;
  }
  return false;
}

}  // namespace assay::serve
