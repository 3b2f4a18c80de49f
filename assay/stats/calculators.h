// Every method on numbers: JSON in, JSON out. `assay stats METHOD` and POST /v1/stats/METHOD serve
// exactly this registry, so both have the same fields.
//
// A request is one JSON object; schema() prints its JSON Schema. An answer is one JSON object;
// where there is none it is {"error": {"code", "message", "problems": […]}} with ok = false: every
// problem of the request at once, or the reason why the statistic does not exist. Never NaN, never
// a crash (fuzzed). Pure.
//
//   const auto answer = calculate("welch_t", R"({"control": {"n": 30, "mean": 10, "std_dev": 2},
//                                               "treatment": {"n": 40, "mean": 11, "std_dev":
//                                               3}})");
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "assay/base/expected.h"

namespace assay::stats {

struct Method {
  std::string_view name;      // "welch_t"
  std::string_view question;  // What it answers, in one line.
};
std::vector<Method> methods();

enum class AnswerStatus {
  kOk,
  kBadRequest,     // Malformed, or a field that cannot be used: HTTP 400.
  kUnknownMethod,  // HTTP 404.
  kUndefined,      // A sound request whose statistic does not exist: HTTP 422.
};

struct Answer {
  AnswerStatus status = AnswerStatus::kOk;
  std::string json;
};
Answer calculate(std::string_view method, std::string_view request_json);

// The JSON Schema of the method's request.
Result<std::string> method_schema(std::string_view method);

}  // namespace assay::stats
