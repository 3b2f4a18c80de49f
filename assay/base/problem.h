// Two kinds of trouble that are not our bugs.
//
// Error: an expected failure of the world (a file is missing, a disk is full). Five codes, each
// with one HTTP status. Problem: something a person wrote that cannot be used, with its place, what
// was expected, and how to mend it. A reader of input returns *all* problems at once.
//
//   problems.push_back({.place = {"exp.yaml", 12, 7}, .field = "analysis.alpha",
//                       .message = "1.5 is not between 0 and 1", .hint = "0.05 is the usual
//                       choice"});
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace assay {

enum class Code { kInvalid, kNotFound, kConflict, kUnavailable, kCorrupt };

struct Error {
  Code code = Code::kInvalid;
  std::string message;  // What happened and to what, in one sentence.
  std::string hint;     // How to mend it; may be empty.
};

std::string_view code_name(Code code);  // "invalid", "not_found", …
int http_status(Code code);             // 400, 404, 409, 503, 500
std::string to_text(const Error& error);

// Where in the input; line and column count from 1, 0 means unknown.
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
};

enum class Severity { kError, kWarning };

struct Problem {
  Place place;
  std::string field;  // Dotted path, such as "metrics.primary[0].type"; may be empty.
  std::string message;
  std::string hint;
  Severity severity = Severity::kError;
};

using Problems = std::vector<Problem>;

// "exp.yaml:12:7: error: analysis.alpha: 1.5 is not between 0 and 1 (0.05 is the usual choice)"
std::string to_text(const Problem& problem);
std::string to_text(const Problems& problems);  // One line each.
bool has_errors(const Problems& problems);

}  // namespace assay
