#include "assay/cli/streams.h"

#include <ostream>

#include <nlohmann/json.hpp>

namespace assay::cli {
namespace {

// A path, an argument or a cell may hold bytes that are no UTF-8, or be cut within a letter.
std::string text_of(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

std::string problems_json(const Problems& problems) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Problem& problem : problems) {
    list.push_back({{"file", problem.place.file},
                    {"line", problem.place.line},
                    {"column", problem.place.column},
                    {"field", problem.field},
                    {"message", problem.message},
                    {"hint", problem.hint},
                    {"severity", problem.severity == Severity::kError ? "error" : "warning"}});
  }
  return text_of(list);
}

Status report(Streams streams, const Problems& problems, bool json) {
  if (json) {
    streams.err << R"({"problems":)" << problems_json(problems) << "}\n";
  } else {
    streams.err << to_text(problems);
  }
  return kBadInput;
}

Status report(Streams streams, const Error& error, bool json) {
  if (json) {
    const nlohmann::ordered_json object = {
        {"error",
         {{"code", code_name(error.code)}, {"message", error.message}, {"hint", error.hint}}}};
    streams.err << text_of(object) << "\n";
  } else {
    streams.err << "error: " << to_text(error) << "\n";
  }
  return error.code == Code::kInvalid || error.code == Code::kNotFound ? kBadInput : kFailed;
}

std::string json_quoted(std::string_view text) { return text_of(text); }

}  // namespace assay::cli
