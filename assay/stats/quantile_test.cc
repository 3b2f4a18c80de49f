#include "assay/stats/quantile.h"

#include <array>
#include <cmath>

#include <gtest/gtest.h>

#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

// The rows behind spec/golden/quantile.csv, in integer arithmetic that Python repeats exactly.
ClusteredSample rows_of(std::int64_t seed, std::int64_t units) {
  ClusteredSample sample;
  std::int64_t state = seed;
  const auto next = [&] { return state = (state * 48271) % 2147483647; };
  for (std::int64_t unit = 0; unit < units; ++unit) {
    const std::int64_t rows = 1 + next() % 7;
    const std::int64_t base = next() % 500;
    for (std::int64_t i = 0; i < rows; ++i) {
      sample.add(static_cast<std::uint64_t>(unit), static_cast<double>(base + next() % 300));
    }
  }
  return sample;
}

TEST(Quantile, AgreesWithNumPy) {
  testing::GoldenTable table("quantile");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const auto estimate = estimate_quantile(
        rows_of(table.integer(row, "seed"), table.integer(row, "units")), table.number(row, "q"));
    ASSERT_TRUE(estimate);
    table.compare(row, "value", estimate->value);
    table.compare(row, "std_error", estimate->std_error);
    EXPECT_EQ(estimate->rows, table.integer(row, "rows"));
  }
}

TEST(Quantile, InverseOfTheEmpiricalDistribution) {
  ClusteredSample sample;
  for (int i = 1; i <= 100; ++i) sample.add(static_cast<std::uint64_t>(i), i);
  EXPECT_EQ(estimate_quantile(sample, 0.29)->value, 29);
  EXPECT_EQ(estimate_quantile(sample, 0.5)->value, 50);
  EXPECT_EQ(estimate_quantile(sample, 0.501)->value, 51);
}

TEST(Quantile, OrderAndShardsDoNotMatter) {
  const ClusteredSample all = rows_of(3, 200);
  ClusteredSample backwards;
  ClusteredSample half;
  for (std::size_t i = all.data().size(); i-- > 0;) {
    (i % 2 ? backwards : half).add(all.data()[i].unit, all.data()[i].value);
  }
  backwards.merge(half);
  EXPECT_EQ(estimate_quantile(all, 0.9)->std_error, estimate_quantile(backwards, 0.9)->std_error);
}

TEST(Quantile, RowsOfOneUserAreNotIndependent) {
  // The same 2,000 rows as 200 units of 10 equal rows, and as 2,000 units.
  ClusteredSample clustered;
  ClusteredSample independent;
  for (std::uint64_t unit = 0; unit < 200; ++unit) {
    for (std::uint64_t i = 0; i < 10; ++i) {
      const double value = static_cast<double>((unit * 7919) % 1000);
      clustered.add(unit, value);
      independent.add(unit * 10 + i, value);
    }
  }
  const double ratio =
      estimate_quantile(clustered, 0.5)->std_error / estimate_quantile(independent, 0.5)->std_error;
  EXPECT_NEAR(ratio, std::sqrt(10), 0.5);
}

TEST(Quantile, ImpossibleInputsSayWhy) {
  ClusteredSample sample;
  sample.add(1, NAN);
  EXPECT_EQ(sample.rejected(), 1);
  EXPECT_EQ(estimate_quantile(sample, 0.5).error().code, Undefined::kNoData);
  sample.add(1, 3);
  sample.add(1, 4);
  EXPECT_EQ(estimate_quantile(sample, 0.5).error().code, Undefined::kTooFewUnits);
  EXPECT_EQ(estimate_quantile(sample, 1).error().code, Undefined::kOutOfRange);
  sample.add(2, 5);
  EXPECT_EQ(estimate_quantile(sample, 0.999).error().code, Undefined::kTooFewUnits);
}

TEST(Quantile, PseudoValuesHaveTheQuantileAndItsVariance) {
  const ClusteredSample sample = rows_of(11, 150);
  for (const double q : {0.1, 0.5, 0.9}) {
    const auto estimate = estimate_quantile(sample, q);
    const auto summary = quantile_summary(sample, q);
    ASSERT_TRUE(estimate && summary);
    EXPECT_EQ(summary->n(), estimate->units);
    EXPECT_NEAR(summary->mean(0), estimate->value, 1e-9);
    const double variance = *summary->variance() / static_cast<double>(summary->n());
    EXPECT_NEAR(std::sqrt(variance), estimate->std_error, 1e-10 * estimate->std_error);
  }
}

TEST(Quantile, CovariatesTravelWithTheirUnits) {
  ClusteredSample all = rows_of(11, 150), first, second;
  for (const auto& row : all.data()) (row.unit % 2 ? first : second).add(row.unit, row.value);
  // Backwards, and one unit that has no row.
  for (std::uint64_t unit = 151; unit-- > 0;) {
    const std::array covariates{static_cast<double>(unit * 7 % 13)};
    all.add_covariates(unit, covariates);
    (unit % 2 ? first : second).add_covariates(unit, covariates);
  }
  first.merge(second);
  const auto one = quantile_summary(all, 0.5);
  const auto merged = quantile_summary(first, 0.5);
  ASSERT_TRUE(one && merged);
  EXPECT_EQ(one->n(), 151);
  EXPECT_NEAR(one->comoment(0, 1), merged->comoment(0, 1), 1e-9);
  EXPECT_NEAR(one->mean(0), estimate_quantile(all, 0.5)->value, 1e-9);
  first.add(999, 3);
  EXPECT_EQ(quantile_summary(first, 0.5).error().code, Undefined::kNoData);
}

// Nine tenths of the rows at the top value: the share at or below the quantile cannot vary.
TEST(Quantile, PseudoValuesOfAnAtom) {
  ClusteredSample sample;
  for (std::uint64_t unit = 0; unit < 200; ++unit) {
    sample.add(unit, unit % 10 == 0 ? 1 : 5);
    sample.add_covariates(unit, std::array{static_cast<double>(unit)});
  }
  const auto summary = quantile_summary(sample, 0.5);
  ASSERT_TRUE(summary);
  EXPECT_EQ(summary->mean(0), 5);
  EXPECT_EQ(*summary->variance(), 0);
}

}  // namespace
}  // namespace assay::stats
