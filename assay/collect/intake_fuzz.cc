// Any bytes, as any of the content types: no crash, and every line that is kept obeys the limits.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "assay/base/check.h"
#include "assay/collect/collect.h"
#include "assay/collect/testing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace assay::collect;
  if (size == 0) return 0;
  static const KnownByHeart known({{"e", {.variants = {"a", "b"}, .expose_on_evaluation = true}}});
  static constexpr std::string_view kTypes[] = {"application/json", "application/x-ndjson", ""};
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string_view type = kTypes[data[0] % 3];
  const assay::Timestamp now{1'772'359'200'000'000};
  const Limits limits;
  for (const Event& event : parse_events(body, type, now, limits).events) {
    ASSAY_CHECK(!event.id.empty() && event.id.size() <= limits.name_bytes);
    ASSAY_CHECK(!event.units.empty() && event.units.size() <= limits.unit_kinds);
    ASSAY_CHECK(event.time.micros <= now.micros + limits.future_micros);
    ASSAY_CHECK(event.properties_json.starts_with('{'));
  }
  for (const Exposure& exposure : parse_exposures(body, type, now, known, limits).exposures) {
    ASSAY_CHECK(exposure.variant == "a" || exposure.variant == "b");
    ASSAY_CHECK(!exposure.unit_id.empty() && exposure.unit_id.size() <= limits.name_bytes);
  }
  return 0;
}
