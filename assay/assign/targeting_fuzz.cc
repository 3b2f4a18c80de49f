// Any bytes as a version, a range, and an experiment file whose targeting is compiled and asked.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "assay/assign/assign.h"
#include "assay/define/parse.h"

namespace {

using namespace assay::assign;

// The number of a version and the interval of a range decide as the comparison of their parts does.
void agree(const VersionRange& range, const Version& version, std::uint64_t key) {
  const auto interval = key_interval(range);
  if (!interval) return;
  if ((key - interval->low < interval->width) != matches(range, version)) __builtin_trap();
}

void ranges_agree(const Version& version, std::uint64_t key) {
  for (const char* text : {"^1.4", "~1.4.2", "<2.0.0-rc.1", ">=0.3 !=1.4.2", ">1.4.2 <=3"}) {
    agree(*parse_range(text), version, key);
  }
}

void interval_agrees(const VersionRange& range) {
  for (const char* text : {"0.0.0", "1.4.1", "1.4.2", "1.5.0", "2.0.0", "33554431.524287.524287"}) {
    agree(range, *parse_version(text), version_key(text));
  }
  for (const Comparator& one : range) {
    const Version version{.parts = one.parts, .prerelease = {}};
    if (version_key(version) < kLongVersion) agree(range, version, version_key(version));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace assay;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto version = assign::parse_version(text);
  const auto range = assign::parse_range(text);
  if (version && assign::compare(*version, *version) != 0) __builtin_trap();
  const std::uint64_t key = assign::version_key(text);
  if (version.has_value() != (key != assign::kNoVersion)) __builtin_trap();
  if (version && key < assign::kLongVersion) ranges_agree(*version, key);
  if (range) interval_agrees(*range);
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
