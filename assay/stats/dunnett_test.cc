#include "assay/stats/dunnett.h"

#include <array>
#include <cmath>

#include <gtest/gtest.h>

#include "assay/base/random.h"
#include "assay/stats/distributions.h"
#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

Summary arm(std::int64_t n, double mean, double variance) {
  return *Summary::of_mean(n, mean, variance);
}

TEST(Dunnett, AgreesWithAdaptiveQuadrature) {
  testing::GoldenTable table("dunnett");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const std::array lambdas{table.number(row, "lambda_1"), table.number(row, "lambda_2"),
                             table.number(row, "lambda_3")};
    table.compare(row, "sf",
                  dunnett_sf(table.number(row, "critical"), lambdas, table.number(row, "df")));
  }
}

TEST(Dunnett, OneTreatmentIsStudentsTest) {
  for (const double df : {1.0, 3.0, 40.0, 1e6}) {
    for (const double t : {0.0, 0.7, 2.0, 6.0}) {
      const std::array lambda{std::sqrt(0.3)};
      EXPECT_NEAR(dunnett_sf(t, lambda, df) / (2 * t_sf(t, df)), 1, 1e-11) << df << " " << t;
    }
  }
  const auto answer = dunnett(arm(20, 5, 4), std::array{arm(30, 6, 9)});
  ASSERT_TRUE(answer);
  EXPECT_NEAR(answer->critical, t_isf(0.025, 48), 1e-12);
}

// Table 2a of Dunnett (Biometrics 1964), two-sided 5 %: 3 treatments, equal arms.
TEST(Dunnett, PublishedCriticalValues) {
  const auto critical = [](std::int64_t n, std::size_t treatments) {
    const std::vector<Summary> arms(treatments, arm(n, 1, 1));
    return dunnett(arm(n, 0, 1), arms)->critical;
  };
  EXPECT_NEAR(critical(4, 2), 2.61, 0.006);   // 9 degrees of freedom.
  EXPECT_NEAR(critical(6, 3), 2.54, 0.006);   // 20.
  EXPECT_NEAR(critical(11, 5), 2.58, 0.006);  // 60.
}

TEST(Dunnett, TheIntervalExcludesZeroExactlyWhenTheTestRejects) {
  for (double shift = -1; shift <= 1; shift += 0.05) {
    const auto answer = dunnett(arm(50, 3, 2), std::array{arm(60, 3 + shift, 2), arm(20, 3, 1)});
    ASSERT_TRUE(answer);
    const Estimate& first = answer->comparisons[0];
    EXPECT_EQ(!first.interval.contains(0), *first.p_value < 0.05) << shift;
    // Between the unadjusted p-value and Bonferroni's.
    const double alone = 2 * t_sf(std::abs(*first.statistic), *first.df);
    EXPECT_GE(*first.p_value, alone * (1 - 1e-9));
    EXPECT_LE(*first.p_value, std::min(1.0, 2 * alone) * (1 + 1e-9));
  }
}

TEST(Dunnett, HoldsTheFamilysLevelInWorldsWithoutEffects) {
  constexpr int kRuns = 400;
  int rejected = 0;
  const double critical = dunnett(arm(15, 0, 1), std::vector<Summary>(4, arm(15, 0, 1)))->critical;
  for (int run = 0; run < kRuns; ++run) {
    Random random = Random(301).split(static_cast<std::uint64_t>(run));
    std::vector<Summary> arms(5);
    for (int i = 0; i < 75; ++i) {
      arms[static_cast<std::size_t>(i % 5)].add(std::array{random.normal()});
    }
    double pooled = 0;
    for (const Summary& each : arms) pooled += each.comoment(0, 0) / 70;
    bool any = false;
    for (std::size_t i = 1; i < 5; ++i) {
      const double t = (arms[i].mean(0) - arms[0].mean(0)) / std::sqrt(pooled * 2 / 15);
      any |= std::abs(t) > critical;
    }
    rejected += any;
  }
  EXPECT_GE(rejected, binomial_quantile(0.0005, kRuns, 0.05));
  EXPECT_LE(rejected, binomial_quantile(0.9995, kRuns, 0.05));
}

TEST(Dunnett, BadInputSaysWhy) {
  const std::array one{arm(10, 0, 1)};
  EXPECT_EQ(dunnett(arm(10, 0, 1), {}).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(dunnett(Summary(), one).error().code, Undefined::kNoData);
  EXPECT_EQ(dunnett(arm(10, 0, 1), std::array{Summary()}).error().code, Undefined::kNoData);
  EXPECT_EQ(dunnett(arm(10, 0, 0), std::array{arm(10, 1, 0)}).error().code, Undefined::kNoVariance);
  EXPECT_EQ(dunnett(arm(1, 0, 0), std::array{arm(1, 1, 0)}).error().code, Undefined::kTooFewUnits);
  EXPECT_EQ(dunnett(arm(10, 0, 1), one, {.alpha = 0}).error().code, Undefined::kOutOfRange);
}

// Arms of unequal size; SciPy 1.17.1 (400-node quadrature; multivariate_t to 2e-8).
TEST(Dunnett, UnequalArmsShareTheControlUnequally) {
  const double root = std::sqrt(1.0 / 5 + 1.0 / 10);
  const auto answer =
      dunnett(arm(10, 0, 1), std::array{arm(20, 0.1, 1), arm(5, 2.2 * root, 1), arm(15, 0.2, 1)});
  ASSERT_TRUE(answer);
  const Estimate& middle = answer->comparisons[1];
  EXPECT_EQ(*middle.df, 46);
  EXPECT_NEAR(*middle.statistic, 2.2, 1e-12);
  EXPECT_NEAR(*middle.p_value, 0.08241222523269776, 1e-9);
}

}  // namespace
}  // namespace assay::stats
