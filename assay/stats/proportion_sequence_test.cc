#include "assay/stats/proportion_sequence.h"

#include <gtest/gtest.h>

#include "assay/base/random.h"
#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

TEST(ProportionSequence, AgreesWithMpmath) {
  testing::GoldenTable table("proportion_sequence");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const auto interval = proportion_sequence(table.integer(row, "x"), table.integer(row, "n"),
                                              table.number(row, "alpha"));
    ASSERT_TRUE(interval);
    table.compare(row, "low", *interval->low);
    table.compare(row, "high", *interval->high);
  }
}

// Closed form at S = 0: Λ(θ) = B(1/2, n + 1/2) / π / (1 - θ)^n. With n = 1: B(1/2, 3/2) = π/2, so Λ
// = 1 / (2(1 - θ)) reaches 20 at θ = 1 - 1/40.
TEST(ProportionSequence, NoSuccessHasAClosedForm) {
  const Interval interval = *proportion_sequence(0, 1, 0.05);
  EXPECT_EQ(interval.low, 0.0);
  EXPECT_NEAR(*interval.high, 1 - 1.0 / 40, 1e-12);
}

TEST(ProportionSequence, IsSymmetric) {
  const Interval a = *proportion_sequence(30, 100, 0.05), b = *proportion_sequence(70, 100, 0.05);
  EXPECT_NEAR(*a.low, 1 - *b.high, 1e-12);
  EXPECT_NEAR(*a.high, 1 - *b.low, 1e-12);
  EXPECT_TRUE(a.contains(0.3));
}

// 400 streams of a 2 % event, watched after every unit of 2,000: more misses than the 99.9 %
// binomial quantile of 5 % (35) would break the promise.
TEST(ProportionSequence, CoversAtEveryLook) {
  Random random(8);
  int missed = 0;
  for (int run = 0; run < 400; ++run) {
    std::int64_t successes = 0;
    bool miss = false;
    for (int n = 1; n <= 2'000; ++n) {
      successes += random.chance(0.02);
      if (n % 10 == 0) miss |= !proportion_sequence(successes, n, 0.05)->contains(0.02);
    }
    missed += miss;
  }
  EXPECT_LE(missed, 35);
}

TEST(ProportionSequence, SaysWhyThereIsNone) {
  EXPECT_EQ(proportion_sequence(0, 0, 0.05).error().code, Undefined::kNoData);
  EXPECT_EQ(proportion_sequence(3, 2, 0.05).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(proportion_sequence(1, 2, 1.0).error().code, Undefined::kOutOfRange);
}

}  // namespace
}  // namespace assay::stats
