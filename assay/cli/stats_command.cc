#include "assay/cli/stats_command.h"

#include <istream>
#include <iterator>
#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/stats/calculators.h"

namespace assay::cli {
namespace {

constexpr std::size_t kMostBytes = 64U << 20U;

int list_methods(const StatsOptions& options, Streams streams) {
  nlohmann::json list = nlohmann::json::array();
  for (const stats::Method& method : stats::methods()) {
    if (options.json) {
      list.push_back({{"name", method.name}, {"question", method.question}});
    } else {
      streams.out << fmt::format("{:<22} {}\n", method.name, method.question);
    }
  }
  if (options.json) streams.out << nlohmann::json{{"methods", list}}.dump() << "\n";
  return kOk;
}

std::string read_all(std::istream& in) {
  std::string text;
  std::string block(1U << 16U, '\0');
  while (text.size() <= kMostBytes &&
         (in.read(block.data(), static_cast<std::streamsize>(block.size())), in.gcount() > 0)) {
    text.append(block, 0, static_cast<std::size_t>(in.gcount()));
  }
  return text;
}

}  // namespace

int run_stats(const StatsOptions& options, Streams streams) {
  if (options.list) return list_methods(options, streams);
  if (options.method.empty()) {
    return report(streams, Error{Code::kInvalid, "no method named", "assay stats --list"},
                  options.json);
  }
  if (options.schema) {
    const auto schema = stats::method_schema(options.method);
    if (!schema) return report(streams, schema.error(), options.json);
    streams.out << *schema << "\n";
    return kOk;
  }
  const std::string request = read_all(streams.in);
  if (request.size() > kMostBytes) {
    return report(streams, Error{Code::kInvalid, "the request is larger than 64 MiB", ""},
                  options.json);
  }
  const stats::Answer answer = stats::calculate(options.method, request);
  const bool ok = answer.status == stats::AnswerStatus::kOk;
  (ok ? streams.out : streams.err) << answer.json << "\n";
  if (ok) return kOk;
  return answer.status == stats::AnswerStatus::kUndefined ? kFailed : kBadInput;
}

}  // namespace assay::cli
