#include "assay/base/problem.h"

#include <algorithm>

#include <fmt/format.h>

#include "assay/base/check.h"

namespace assay {

std::string_view code_name(Code code) {
  switch (code) {
    case Code::kInvalid:
      return "invalid";
    case Code::kNotFound:
      return "not_found";
    case Code::kConflict:
      return "conflict";
    case Code::kUnavailable:
      return "unavailable";
    case Code::kCorrupt:
      return "corrupt";
  }
  ASSAY_CHECK(false);
}

int http_status(Code code) {
  switch (code) {
    case Code::kInvalid:
      return 400;
    case Code::kNotFound:
      return 404;
    case Code::kConflict:
      return 409;
    case Code::kUnavailable:
      return 503;
    case Code::kCorrupt:
      return 500;
  }
  ASSAY_CHECK(false);
}

std::string to_text(const Error& error) {
  return error.hint.empty() ? error.message : fmt::format("{} ({})", error.message, error.hint);
}

namespace {

std::string to_text(const Place& place) {
  if (place.line == 0) return place.file;
  if (place.column == 0) return fmt::format("{}:{}", place.file, place.line);
  return fmt::format("{}:{}:{}", place.file, place.line, place.column);
}

}  // namespace

std::string to_text(const Problem& problem) {
  std::string text = to_text(problem.place);
  if (!text.empty()) text += ": ";
  text += problem.severity == Severity::kError ? "error: " : "warning: ";
  if (!problem.field.empty()) text += problem.field + ": ";
  text += problem.message;
  if (!problem.hint.empty()) text += fmt::format(" ({})", problem.hint);
  return text;
}

std::string to_text(const Problems& problems) {
  std::string text;
  for (const Problem& problem : problems) text += to_text(problem) + "\n";
  return text;
}

bool has_errors(const Problems& problems) {
  return std::ranges::any_of(problems,
                             [](const Problem& p) { return p.severity == Severity::kError; });
}

}  // namespace assay
