// Whatever the bytes: parse answers, with places inside of the text, and what it accepts has a
// canonical form that reads back to the same plan.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "assay/base/check.h"
#include "assay/define/define.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace assay::define;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(parse_catalogue(text, "fuzz"));
  static_cast<void>(from_canonical_json(text));
  const auto parsed = parse(text, {.file = "fuzz"});
  if (!parsed) {
    ASSAY_CHECK(assay::has_errors(parsed.error()));
    return 0;
  }
  const Experiment& experiment = parsed->experiment;
  ASSAY_CHECK(experiment.total_weight() > 0);
  ASSAY_CHECK(experiment.control_variant().key == experiment.control);
  const auto again = from_canonical_json(canonical_json(experiment));
  ASSAY_CHECK(again && *again == experiment);
  return 0;
}
