// Trouble as a response, in the one JSON form that spec/http/openapi.yaml calls Failure:
//
//   respond(failure({Code::kNotFound, "no experiment ranker_v2", "GET /v1/experiments lists
//   them"}));
#pragma once

#include <string>

#include "assay/base/problem.h"
#include "assay/io/http/message.h"

namespace assay::io::http {

inline constexpr const char* kRetryAfterSeconds = "1";  // Of 429 and 503.

// The status follows from the code (base/problem.h); 503 carries Retry-After.
Response failure(const Error& error);
// The same with another status, where HTTP knows better than the five codes (401, 405, 413 …).
Response failure(int status, const Error& error);
// 400 with every problem of a file.
Response failure(const std::string& message, const Problems& problems);

}  // namespace assay::io::http
