// Any bytes as a snapshot; what is one is compiled, asked, written and read again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "assay/assign/assign.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace assay;
  const auto loaded = assign::parse_snapshot({reinterpret_cast<const char*>(data), size});
  if (!loaded) return 0;
  const std::string text = assign::snapshot_json(*loaded);
  const auto again = assign::parse_snapshot(text);
  if (!again || assign::snapshot_json(*again) != text) __builtin_trap();
  const auto snapshot = assign::compile(*loaded);
  if (!snapshot) return 0;
  assign::Context context(**snapshot);
  context.set_targeting_key("u");
  std::vector<assign::Assignment> answers((*snapshot)->size());
  (*snapshot)->evaluate_all(context, answers);
  return 0;
}
