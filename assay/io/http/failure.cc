#include "assay/io/http/failure.h"

#include <nlohmann/json.hpp>

namespace assay::io::http {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Problem& problem) {
  Json out = Json::object();
  if (!problem.place.file.empty()) out["file"] = problem.place.file;
  if (problem.place.line > 0) out["line"] = problem.place.line;
  if (problem.place.column > 0) out["column"] = problem.place.column;
  if (!problem.field.empty()) out["field"] = problem.field;
  out["message"] = problem.message;
  if (!problem.hint.empty()) out["hint"] = problem.hint;
  out["severity"] = problem.severity == Severity::kError ? "error" : "warning";
  return out;
}

Json to_json(const Error& error) {
  Json out = {{"code", std::string(code_name(error.code))}, {"message", error.message}};
  if (!error.hint.empty()) out["hint"] = error.hint;
  return out;
}

// Messages quote what people sent, so bytes that are not UTF-8 are replaced, never thrown at.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Response failure(int status, const Error& error) {
  Response response;
  response.status = status;
  response.body = dump(to_json(error));
  if (status == 503 || status == 429) {
    response.headers.emplace_back("Retry-After", kRetryAfterSeconds);
  }
  return response;
}

Response failure(const Error& error) { return failure(http_status(error.code), error); }

Response failure(const std::string& message, const Problems& problems) {
  Json body = to_json(Error{Code::kInvalid, message, {}});
  body["problems"] = Json::array();
  for (const Problem& problem : problems) body["problems"].push_back(to_json(problem));
  Response response;
  response.status = 400;
  response.body = dump(body);
  return response;
}

}  // namespace assay::io::http
