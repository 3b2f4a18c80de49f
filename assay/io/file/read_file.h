// Reads a whole file, up to a bound, with an error a person can act on. "-" is standard input.
//
//   ASSAY_TRY(const std::string text, read_file("exp.yaml", define::kMaxFileBytes));
#pragma once

#include <cstddef>
#include <string>

#include "assay/base/expected.h"

namespace assay::io::file {

// kNotFound when there is none, kInvalid when it is a directory or longer than `max_bytes`,
// kUnavailable when it cannot be read.
Result<std::string> read_file(const std::string& path, std::size_t max_bytes,
                              const std::string& hint_when_longer = "");

}  // namespace assay::io::file
