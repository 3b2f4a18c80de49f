// Any bytes as method and request: an answer in finite JSON, never a crash.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <nlohmann/json.hpp>

#include "assay/base/check.h"
#include "assay/stats/calculators.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const auto methods = assay::stats::methods();
  const std::string_view method = methods[data[0] % methods.size()].name;
  const std::string_view request(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto answer = assay::stats::calculate(method, request);
  const auto parsed = nlohmann::json::parse(answer.json, nullptr, false);
  ASSAY_CHECK(parsed.is_object());
  ASSAY_CHECK(parsed.contains("error") == (answer.status != assay::stats::AnswerStatus::kOk));
  return 0;
}
