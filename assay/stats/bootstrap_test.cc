#include "assay/stats/bootstrap.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "assay/base/random.h"
#include "assay/stats/contrast.h"
#include "assay/stats/distributions.h"
#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

using Units = std::vector<BootstrapUnit>;

Units sample(std::uint64_t seed, int n, double lift = 1) {
  Random random(seed);
  Units units;
  for (int i = 0; i < n; ++i) {
    const double views = 1 + static_cast<double>(random.poisson(3));
    units.push_back({random.next(), lift * views * random.exponential(1), views});
  }
  return units;
}

BootstrapSums sums_of(const Units& units, const BootstrapOptions& options = {}) {
  BootstrapSums sums(options);
  sums.add(units);
  return sums;
}

TEST(Bootstrap, AgreesWithTheSameWeightsInPython) {
  testing::GoldenTable table("bootstrap");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const BootstrapOptions options{.replicates = static_cast<int>(table.integer(row, "replicates")),
                                   .seed = static_cast<std::uint64_t>(table.integer(row, "seed"))};
    std::vector<BootstrapSums> arms(2, BootstrapSums(options));
    const std::int64_t n_c = table.integer(row, "n_c");
    std::int64_t state = 23;
    for (std::int64_t i = 0; i < n_c + table.integer(row, "n_t"); ++i) {
      state = state * 48271 % 2147483647;
      const auto key = static_cast<std::uint64_t>(i < n_c ? i : (std::int64_t{1} << 32) + i - n_c);
      const std::array unit{BootstrapUnit{key, 1.0 + static_cast<double>(state % 50),
                                          1.0 + static_cast<double>(state % 4)}};
      arms[i < n_c ? 0 : 1].add(unit);
    }
    const auto answer = bootstrap(arms[0], arms[1], 0.05);
    ASSERT_TRUE(answer);
    table.compare(row, "difference", answer->difference.value);
    table.compare(row, "low", *answer->difference.interval.low);
    table.compare(row, "high", *answer->difference.interval.high);
    table.compare(row, "std_error", *answer->difference.std_error);
  }
}

TEST(Bootstrap, ExampleOfTheHeader) {
  const auto answer = bootstrap(sums_of(sample(1, 500)), sums_of(sample(2, 500, 1.5)), 0.05);
  ASSERT_TRUE(answer);
  EXPECT_LT(*answer->difference.p_value, 0.05);
  EXPECT_GT(*answer->difference.interval.low, 0);
  ASSERT_TRUE(answer->relative);
  EXPECT_GT(*answer->relative->interval.low, 0);
}

// A unit with only a numerator over one with only a denominator: the ratio of their two weights.
TEST(Bootstrap, WeightsArePoissonAndDoNotDependOnEachOther) {
  constexpr int kReplicates = 100'000;
  const auto sums = sums_of({{11, 1, 0}, {12, 0, 1}}, {.replicates = kReplicates});
  double usable = 0;
  double zeros = 0;
  double mean = 0;
  double squares = 0;
  for (int i = 0; i < kReplicates; ++i) {
    const auto ratio = sums.replicate(i);
    if (!ratio) continue;
    usable += 1;
    zeros += *ratio == 0;
    mean += *ratio;
    squares += *ratio * *ratio;
  }
  EXPECT_NEAR(usable / kReplicates, 1 - std::exp(-1), 0.006);  // P(weight > 0); 4 standard errors.
  EXPECT_NEAR(zeros / usable, std::exp(-1), 0.008);
  EXPECT_NEAR(mean / usable, 0.766988, 0.014);    // E(w) E(1/w | w > 0).
  EXPECT_NEAR(squares / usable, 1.334467, 0.05);  // E(w²) E(1/w² | w > 0).
}

TEST(Bootstrap, ReplicatesHaveThePoissonMomentsOfTheSum) {
  constexpr int kReplicates = 20'000;
  const Units units = sample(5, 400);
  const auto sums = sums_of(units, {.replicates = kReplicates, .seed = 3});
  double mean = 0;
  double squares = 0;
  for (int i = 0; i < kReplicates; ++i) mean += *sums.replicate(i) / kReplicates;
  for (int i = 0; i < kReplicates; ++i) squares += std::pow(*sums.replicate(i) - mean, 2);
  Summary summary({.denominator = true});
  for (const auto& each : units) summary.add(std::vector{each.numerator, each.denominator});
  const double delta = ratio_contrast(summary, summary)->control_variance;
  EXPECT_NEAR(squares / kReplicates / delta, 1, 4 * std::sqrt(2.0 / kReplicates) + 0.01);
  EXPECT_NEAR(mean, sums.value(), 4 * std::sqrt(delta / kReplicates) + 0.1 * std::sqrt(delta));
}

TEST(Bootstrap, ShardsMergeInAnyOrderAndSeedsDiffer) {
  const Units units = sample(6, 3000);
  const auto whole = sums_of(units, {.replicates = 200});
  const std::span<const BootstrapUnit> all(units);
  BootstrapSums back({.replicates = 200});
  BootstrapSums front({.replicates = 200});
  back.add(all.subspan(1300));
  front.add(all.first(1300));
  back.merge(front);
  EXPECT_EQ(back.n(), whole.n());
  const auto other = sums_of(units, {.replicates = 200, .seed = 1});
  int same = 0;
  for (int i = 0; i < 200; ++i) {
    EXPECT_NEAR(*back.replicate(i), *whole.replicate(i), 1e-12);
    same += *other.replicate(i) == *whole.replicate(i);
  }
  EXPECT_LT(same, 5);
}

TEST(Bootstrap, TheIntervalExcludesZeroExactlyWhenPIsAtMostAlpha) {
  for (int shift = 0; shift < 40; ++shift) {
    const auto answer =
        bootstrap(sums_of(sample(8, 200)), sums_of(sample(9, 200, 1 + 0.01 * shift)));
    ASSERT_TRUE(answer);
    EXPECT_EQ(!answer->difference.interval.contains(0), *answer->difference.p_value <= 0.05);
    EXPECT_EQ(answer->relative->interval.contains(0), answer->difference.interval.contains(0));
  }
}

TEST(Bootstrap, CoversUnderAHeavyTail) {
  constexpr int kRuns = 300;
  int missed = 0;
  for (int run = 0; run < kRuns; ++run) {
    const auto seed = static_cast<std::uint64_t>(run);
    const BootstrapOptions options{.replicates = 399, .seed = seed};
    const auto answer = bootstrap(sums_of(sample(2 * seed + 7001, 150), options),
                                  sums_of(sample(2 * seed + 7002, 150), options));
    missed += !answer->difference.interval.contains(0);
  }
  // Percentile intervals are a little short on 150 skewed units: up to 7 % misses is expected.
  EXPECT_LE(missed, binomial_quantile(0.9995, kRuns, 0.06));
  EXPECT_GE(missed, binomial_quantile(0.0005, kRuns, 0.05));
}

TEST(Bootstrap, BadInputSaysWhy) {
  const auto some = sums_of(sample(1, 50));
  EXPECT_EQ(bootstrap(BootstrapSums({}), some).error().code, Undefined::kNoData);
  EXPECT_EQ(bootstrap(some, sums_of({{1, 1, 1}})).error().code, Undefined::kTooFewUnits);
  EXPECT_EQ(bootstrap(some, sums_of({{1, 1, 0}, {2, 1, 0}})).error().code,
            Undefined::kZeroDenominator);
  EXPECT_EQ(bootstrap(some, some, 1e-4).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(bootstrap(some, some, 0).error().code, Undefined::kOutOfRange);
  Units constant;
  for (std::uint64_t i = 0; i < 50; ++i) constant.push_back({i, 2, 1});
  EXPECT_EQ(bootstrap(sums_of(constant), sums_of(constant)).error().code, Undefined::kNoVariance);
  Units zeros = constant;
  for (auto& each : zeros) each.numerator = 0;
  EXPECT_EQ(bootstrap(sums_of(zeros), some)->relative.error().code, Undefined::kZeroControl);
  EXPECT_EQ(sums_of({{1, NAN, 1}, {2, 1, INFINITY}, {3, 1, 1}}).rejected(), 2);
}

// Likewise of replicates: none beyond 0 is p = 2/(replicates + 1).
TEST(Bootstrap, NoReplicateBeyondZeroIsNotZero) {
  BootstrapSums control({.replicates = 999}), treatment({.replicates = 999});
  Units low, high;
  for (std::uint64_t i = 0; i < 100; ++i) {
    low.push_back({i, static_cast<double>(i), 1});
    high.push_back({1000 + i, 10'000 + static_cast<double>(i), 1});
  }
  control.add(low);
  treatment.add(high);
  const auto answer = bootstrap(control, treatment, 0.05);
  ASSERT_TRUE(answer);
  EXPECT_DOUBLE_EQ(*answer->difference.p_value, 2.0 / 1000);
}

}  // namespace
}  // namespace assay::stats
