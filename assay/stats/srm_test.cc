#include "assay/stats/srm.h"

#include <cmath>

#include <gtest/gtest.h>

#include "assay/base/random.h"
#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

using Counts = std::vector<std::int64_t>;
using Shares = std::vector<double>;

double fixed_p(Counts counts, Shares shares) { return srm_fixed(counts, shares)->p_value; }
double sequential_p(Counts counts, Shares shares) {
  return srm_sequential(counts, shares)->p_value;
}

struct Split {
  Counts counts;
  Shares shares;
};

Split split_of(const testing::GoldenTable& table, std::size_t row) {
  Split split;
  for (const char* index : {"1", "2", "3"}) {
    if (table.text(row, std::string("n_") + index).empty()) continue;
    split.counts.push_back(table.integer(row, std::string("n_") + index));
    split.shares.push_back(table.number(row, std::string("share_") + index));
  }
  return split;
}

TEST(SrmFixed, AgreesWithSciPyAndR) {
  testing::GoldenTable table("srm");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const Split split = split_of(table, row);
    const auto test = srm_fixed(split.counts, split.shares);
    ASSERT_TRUE(test);
    table.compare(row, "statistic", test->statistic);
    table.compare(row, "p_value", test->p_value);
  }
}

TEST(SrmSequential, AgreesWithMpmathAndSsrmTest) {
  testing::GoldenTable table("srm_sequential");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const Split split = split_of(table, row);
    const auto test =
        srm_sequential(split.counts, split.shares, table.number(row, "concentration"));
    ASSERT_TRUE(test);
    table.compare(row, "log_e", test->statistic, 1);
    table.compare(row, "p_value", test->p_value);
  }
}

// A common claim calls 51.3 / 48.7 a mismatch whatever the size. It is one at 0.001 from n = 16,018
// on, where z = 2 · 0.013 · √n passes 3.2905.
TEST(SrmFixed, TheSampleSizeDecides) {
  EXPECT_GT(fixed_p({8'200, 7'784}, {1, 1}), 0.001);
  EXPECT_LT(fixed_p({8'220, 7'800}, {1, 1}), 0.00095);
}

// z = (44,700 - 45,094.5) / 150.2 for the 90,189 players of the cookie_cats data: chi² = 6.9024, p
// = 0.0086085 (erfc).
TEST(SrmFixed, CookieCats) {
  const auto test = *srm_fixed(Counts{44'700, 45'489}, Shares{1, 1});
  EXPECT_NEAR(test.statistic, 789.0 * 789.0 / 90'189.0, 1e-12);
  EXPECT_NEAR(test.p_value, std::erfc(std::sqrt(test.statistic / 2)), 1e-14);
}

// Exact: P(X = 0 or 8) of Binomial(8, 1/2) = 2/256; of Binomial(4, 0.2), 3 and more: 4·0.008·0.8 +
// 0.0016 = 0.0272.
TEST(SrmFixed, SmallCountsAreExact) {
  EXPECT_NEAR(fixed_p({8, 0}, {1, 1}), 2.0 / 256, 1e-15);
  EXPECT_NEAR(fixed_p({3, 1}, {0.2, 0.8}), 0.0272, 1e-15);
  EXPECT_NEAR(fixed_p({4, 4}, {1, 1}), 1.0, 1e-15);
  EXPECT_NEAR(fixed_p({1, 0}, {1, 1}), 1.0, 1e-15);
}

// Closed form: Beta-binomial marginal over the plan's likelihood; with c = 2 and equal shares the
// prior is uniform, so E = 2^N / ((N + 1) · C(N, n)).
TEST(SrmSequential, UniformPriorHasAClosedForm) {
  const auto test = *srm_sequential(Counts{9, 1}, Shares{1, 1}, 2.0);
  EXPECT_NEAR(std::exp(test.statistic), 1024.0 / (11.0 * 10.0), 1e-10);
}

TEST(SrmSequential, SeesAGrossMismatchAndForgivesASmallOne) {
  EXPECT_LT(sequential_p({6'000, 4'000}, {1, 1}), 1e-20);
  EXPECT_GT(sequential_p({5'050, 4'950}, {1, 1}), 0.5);
  EXPECT_GT(sequential_p({9'000, 1'000}, {0.9, 0.1}), 0.5);
}

// 1,000 clean experiments watched at every one of 100 looks: at most 99.9 % binomial quantile (5)
// of 0.1 % false alarms.
TEST(SrmSequential, HoldsAtEveryLook) {
  Random random(5);
  int alarms = 0;
  for (int run = 0; run < 1'000; ++run) {
    Counts counts{0, 0};
    bool alarmed = false;
    for (int look = 0; look < 100; ++look) {
      for (int i = 0; i < 50; ++i) ++counts[random.chance(0.5) ? 1 : 0];
      alarmed |= sequential_p(counts, {1, 1}) < 0.001;
    }
    alarms += alarmed;
  }
  EXPECT_LE(alarms, 5);
}

TEST(Srm, UnitsInAVariantWithoutShareAreAnAlarmAtOnce) {
  EXPECT_EQ(fixed_p({100, 100, 1}, {1, 1, 0}), 0.0);
  EXPECT_EQ(sequential_p({100, 100, 1}, {1, 1, 0}), 0.0);
  EXPECT_GT(fixed_p({100, 100, 0}, {1, 1, 0}), 0.9);
}

TEST(Srm, SaysWhyThereIsNoTest) {
  EXPECT_EQ(srm_fixed(Counts{0, 0}, Shares{1, 1}).error().code, Undefined::kNoData);
  EXPECT_EQ(srm_fixed(Counts{1}, Shares{1}).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(srm_fixed(Counts{1, 2}, Shares{1, -1}).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(srm_fixed(Counts{1, -2}, Shares{1, 1}).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(srm_sequential(Counts{1, 2}, Shares{1, 0.0 / 0.0}).error().code,
            Undefined::kOutOfRange);
  EXPECT_EQ(srm_sequential(Counts{1, 2}, Shares{1, 1}, 0).error().code, Undefined::kOutOfRange);
}

// mpmath 1.4.1, 60 digits: the plain formula with its terms of 1e15 in full.
TEST(Srm, EvidenceKeepsItsDigitsAtLargeCounts) {
  const std::array<double, 2> shares = {0.5, 0.5};
  const auto log_e = [&](std::int64_t a, std::int64_t b, double concentration) {
    return srm_sequential(std::array{a, b}, shares, concentration)->statistic;
  };
  EXPECT_NEAR(log_e(100'000, 100'500, 1000) / -2.0327923401373793, 1, 1e-12);
  EXPECT_NEAR(log_e(10'000'000'000, 10'000'500'000, 1e4) / -1.004525989059574, 1, 1e-12);
  EXPECT_NEAR(log_e(10'000'000, 10, 1e12) / 49.999395006453256, 1, 1e-11);
}

}  // namespace
}  // namespace assay::stats
