// Whatever the bytes: both importers answer, and what they take over has a file that reads back to
// the same plan.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "assay/base/check.h"
#include "assay/define/import.h"
#include "assay/define/parse.h"

namespace {

using namespace assay::define;

void check(const assay::Checked<Imported>& read) {
  if (!read) {
    ASSAY_CHECK(assay::has_errors(read.error()));
    return;
  }
  for (const ImportedFlag& flag : read->flags) {
    const std::string file =
        experiment_file(flag.experiment) +
        "  metrics: {primary: [{name: c, type: count, event: c, direction: increase}]}\n";
    const auto again = parse(file, {.file = "again"});
    // Names and texts may be longer than files allow; then the file says so.
    if (!again) continue;
    ASSAY_CHECK(again->experiment.variants == flag.experiment.variants);
    ASSAY_CHECK(again->experiment.assignment == flag.experiment.assignment);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(import_flagd(text, "fuzz"));
  check(import_growthbook(text, "fuzz"));
  return 0;
}
