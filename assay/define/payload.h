// A variant's payload: any value of the file as JSON.
#pragma once

#include <string>

#include "assay/define/fields.h"

namespace assay::define {

inline constexpr std::size_t kMaxPayloadBytes = 16 << 10;

// Compact JSON text. Plain words keep YAML's core meaning: null, true, false and numbers; all else,
// and anything in quotes, is text. Empty after a problem.
std::string parse_payload(const Value& value);

}  // namespace assay::define
