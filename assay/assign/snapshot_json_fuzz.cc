// Any bytes as a snapshot; what is one is compiled, asked, written and read again. The two readers
// must agree: load_snapshot's quick one and parse_snapshot.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "assay/assign/assign.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace assay;
  const std::string_view given(reinterpret_cast<const char*>(data), size);
  const auto loaded = assign::parse_snapshot(given);
  const auto quick = assign::load_snapshot(given);
  if (!loaded && quick) __builtin_trap();
  if (!loaded) return 0;
  const std::string text = assign::snapshot_json(*loaded);
  const auto again = assign::parse_snapshot(text);
  if (!again || assign::snapshot_json(*again) != text) __builtin_trap();
  const auto snapshot = assign::compile(*loaded);
  if (snapshot.has_value() != quick.has_value()) __builtin_trap();
  if (!snapshot) return 0;
  const auto answers = [](const assign::Snapshot& asked) {
    assign::Context context(asked);
    context.set_targeting_key("u");
    context.set_time({.micros = 90 * kMicrosPerSecond});
    std::vector<assign::Assignment> all(asked.size());
    asked.evaluate_all(context, all);
    return all;
  };
  const auto one = answers(**snapshot);
  const auto other = answers(**quick);
  if (one.size() != other.size()) __builtin_trap();
  for (std::size_t i = 0; i < one.size(); ++i) {
    const bool same = one[i].variant == other[i].variant && one[i].reason == other[i].reason &&
                      one[i].epoch == other[i].epoch;
    if (!same) __builtin_trap();
  }
  return 0;
}
