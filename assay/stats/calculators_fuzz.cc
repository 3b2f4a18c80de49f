// Any bytes as method (the first line) and request (the rest): an answer in finite JSON, never a
// crash. The seeds in tests/corpus/calculators hold a sound request of every method.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <nlohmann/json.hpp>

#include "assay/base/check.h"
#include "assay/stats/calculators.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return 0;
  const auto answer = assay::stats::calculate(text.substr(0, end), text.substr(end + 1));
  const auto parsed = nlohmann::json::parse(answer.json, nullptr, false);
  ASSAY_CHECK(parsed.is_object());
  ASSAY_CHECK(parsed.contains("error") == (answer.status != assay::stats::AnswerStatus::kOk));
  return 0;
}
