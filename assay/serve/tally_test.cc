#include "assay/serve/tally.h"

#include <gmock/gmock.h>

#include "assay/assign/testing.h"

namespace assay::serve {
namespace {

using assign::Reason;
using testing::HasSubstr;

TEST(Tally, CountsByExperimentVariantAndReason) {
  const auto snapshot =
      assign::compile_plans({assign::plan_of("a"), assign::plan_of("b", {1, 1, 1})}).value();
  Metrics metrics;
  Tally tally(*snapshot);
  const auto count = [&](std::uint32_t experiment, std::int16_t variant, Reason reason) {
    tally.count(*snapshot, {{experiment}, variant, reason}, metrics);
  };
  for (int i = 0; i < 3; ++i) count(0, 1, Reason::kSplit);
  count(0, assign::Assignment::kNone, Reason::kTraffic);
  count(1, 2, Reason::kSplit);
  count(1, 2, Reason::kOverride);
  Tally again(*snapshot);  // The plans changed, the counters go on.
  again.count(*snapshot, {{1}, 2, Reason::kSplit}, metrics);
  const std::string text = metrics.text({});
  for (const char* line : {R"({experiment="a",reason="split",variant="treatment"} 3)",
                           R"({experiment="a",reason="traffic",variant=""} 1)",
                           R"({experiment="b",reason="split",variant="treatment2"} 2)",
                           R"({experiment="b",reason="override",variant="treatment2"} 1)"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

}  // namespace
}  // namespace assay::serve
