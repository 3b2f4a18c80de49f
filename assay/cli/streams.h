// Where a command reads and writes: results to `out`, problems and progress to `err`. Tests pass
// string streams.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "assay/base/problem.h"

namespace assay::cli {

struct Streams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
};

enum Status : int {
  kOk = 0,
  kFailed = 1,    // The world: a file that cannot be read, a port in use.
  kBadInput = 2,  // The caller: arguments or a file that cannot be used.
};

// Writes the problems to `err`, one a line, or as {"problems": […]} with --json; kBadInput.
Status report(Streams streams, const Problems& problems, bool json);
// The same for an Error; kBadInput where its code is kInvalid or kNotFound, else kFailed.
Status report(Streams streams, const Error& error, bool json);

// A JSON list of problems: file, line, column, field, message, hint, severity.
std::string problems_json(const Problems& problems);

// Text as JSON, with its quotes; bytes that are no UTF-8 are replaced.
std::string json_quoted(std::string_view text);

}  // namespace assay::cli
