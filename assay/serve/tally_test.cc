#include "assay/serve/tally.h"

#include <map>
#include <thread>

#include <gmock/gmock.h>

#include "assay/assign/testing.h"

namespace assay::serve {
namespace {

using assign::Reason;
using testing::Pair;
using testing::UnorderedElementsAre;

Tally three_plans() {
  return Tally({Tally::counters_of(assign::plan_of("a")),
                Tally::counters_of(assign::plan_of("b", {1, 1, 1})),
                Tally::counters_of(assign::plan_of("c"))});
}

std::map<std::string, std::uint64_t> counts(const Tally& tally) {
  std::map<std::string, std::uint64_t> all;
  for (const Tally::Row& row : tally.rows()) {
    all[row.experiment + "/" + row.variant + "/" + std::string(reason_name(row.reason))] =
        row.count;
  }
  return all;
}

TEST(Tally, CountsByExperimentVariantAndReason) {
  const Tally tally = three_plans();
  const auto count = [&](std::uint32_t experiment, std::int16_t variant, Reason reason) {
    tally.count({{{experiment}, variant, reason}});
  };
  for (int i = 0; i < 3; ++i) count(0, 1, Reason::kSplit);
  count(0, assign::Assignment::kNone, Reason::kTraffic);
  count(0, assign::Assignment::kNone, Reason::kStopped);
  count(1, 2, Reason::kSplit);
  count(1, 2, Reason::kOverride);
  EXPECT_THAT(counts(tally),
              UnorderedElementsAre(Pair("a/treatment/split", 3), Pair("a//traffic", 1),
                                   Pair("a//stopped", 1), Pair("b/treatment2/split", 1),
                                   Pair("b/treatment2/override", 1)));
}

TEST(Tally, GoesOnWhenPlansChange) {
  const auto counters = Tally::counters_of(assign::plan_of("b", {1, 1, 1}));
  const Tally before({Tally::counters_of(assign::plan_of("a")), counters});
  before.count({{{1}, 2, Reason::kSplit}});
  const Tally tally({counters});
  tally.count({{{0}, 2, Reason::kSplit}});
  EXPECT_THAT(counts(tally), UnorderedElementsAre(Pair("b/treatment2/split", 2)));
}

// More threads than have a column of their own, so some share one.
TEST(Tally, LosesNothingBetweenThreads) {
  const Tally tally = three_plans();
  constexpr int kThreads = 100;
  constexpr int kEach = 5000;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < kEach; ++n) tally.count({{{2}, 0, Reason::kSplit}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(counts(tally), UnorderedElementsAre(Pair("c/control/split", kThreads * kEach)));
}

}  // namespace
}  // namespace assay::serve
