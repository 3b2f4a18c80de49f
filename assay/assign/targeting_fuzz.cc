// Any bytes as a version, a range, and an experiment file whose targeting is compiled and asked.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "assay/assign/assign.h"
#include "assay/define/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace assay;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto version = assign::parse_version(text);
  const auto range = assign::parse_range(text);
  if (version && assign::compare(*version, *version) != 0) __builtin_trap();
  if (version && range) static_cast<void>(assign::matches(*range, *version));
  const auto parsed = define::parse(text, {.file = "fuzz"});
  if (!parsed) return 0;
  const assign::Running running{.plan = parsed->experiment};
  const auto snapshot = assign::compile(std::span(&running, 1));
  if (!snapshot) return 0;
  assign::Context context(**snapshot);
  context.set_targeting_key("u");
  for (std::uint32_t i = 0; i < (*snapshot)->schema().attributes.size(); ++i) {
    context.set_text(i, text);
  }
  static_cast<void>((*snapshot)->evaluate(assign::Handle{0}, context));
  return 0;
}
