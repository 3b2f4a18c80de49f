#include "assay/stats/inference.h"

#include <cmath>

#include <gtest/gtest.h>

#include "assay/stats/distributions.h"
#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

Contrast normal_contrast(double control, double treatment, double vc, double vt, double w = 0) {
  return {.control = control,
          .treatment = treatment,
          .control_variance = vc,
          .treatment_variance = vt,
          .covariance = w,
          .n_control = 1000,
          .n_treatment = 1000};
}

bool excludes_zero(const Interval& interval) { return !interval.contains(0); }

Contrast golden_contrast(const testing::GoldenTable& table, std::size_t row) {
  const auto arm = [&](const std::string& which) {
    return *Summary::of_mean(table.integer(row, "n_" + which), table.number(row, "mean_" + which),
                             table.number(row, "var_" + which));
  };
  return *mean_contrast(arm("c"), arm("t"));
}

TEST(Sequential, AgreesWithMpmathAndGbstats) {
  testing::GoldenTable table("confidence_sequence");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const auto answer = sequential(
        golden_contrast(table, row),
        {.alpha = table.number(row, "alpha"), .target_n = table.number(row, "target_n")});
    ASSERT_TRUE(answer);
    table.compare(row, "low", *answer->difference.interval.low, 0.01);
    table.compare(row, "high", *answer->difference.interval.high, 0.01);
    table.compare(row, "p_value", *answer->difference.p_value);
  }
}

TEST(Bayesian, AgreesWithMpmathAndGbstats) {
  testing::GoldenTable table("normal_normal");
  for (std::size_t row = 0; row < table.size(); ++row) {
    BayesianOptions options;
    if (!table.text(row, "prior_sd").empty()) {
      options.prior_sd_relative = table.number(row, "prior_sd");
    }
    const auto answer = bayesian(golden_contrast(table, row), options);
    ASSERT_TRUE(answer);
    const Estimate& difference = answer->difference;
    table.compare(row, "mean", difference.value);
    table.compare(row, "sd", *difference.std_error);
    table.compare(row, "low", *difference.interval.low, 0.01);
    table.compare(row, "probability_better", *difference.probability_better);
    table.compare(row, "expected_loss", *difference.expected_loss);
  }
}

TEST(Fixed, WelchOfATextbookPair) {
  // scipy.stats.ttest_ind_from_stats(10, 2, 30, 11, 3, 40, equal_var=False), signs as t - c.
  Contrast c = normal_contrast(10, 11, 4.0 / 30, 9.0 / 40);
  c.df = std::pow(c.variance(), 2) / (std::pow(4.0 / 30, 2) / 29 + std::pow(9.0 / 40, 2) / 39);
  const auto answer = fixed(c);
  ASSERT_TRUE(answer);
  EXPECT_NEAR(*answer->difference.statistic, 1.6705381391691134, 1e-13);
  EXPECT_NEAR(*answer->difference.p_value, 0.09946541117633102, 1e-13);
  EXPECT_EQ(answer->difference.method, "welch_t");
}

TEST(Fixed, RelativeAndAbsoluteDecideAlike) {
  for (const double control : {-3.0, -0.2, 0.01, 0.2, 3.0}) {
    for (double lift = -2; lift <= 2; lift += 0.037) {
      for (const double w : {0.0, 0.004, -0.003}) {
        const auto answer =
            fixed(normal_contrast(control, control + lift, 0.01, 0.02, w), {.alpha = 0.05});
        ASSERT_TRUE(answer && answer->relative);
        const auto& relative = *answer->relative;
        EXPECT_EQ(excludes_zero(answer->difference.interval), excludes_zero(relative.interval))
            << control << " " << lift << " " << w;
        EXPECT_EQ(excludes_zero(answer->difference.interval), *relative.p_value < 0.05);
        EXPECT_TRUE(relative.interval.contains(relative.value)) << control << " " << lift;
        EXPECT_EQ(relative.value > 0, answer->difference.value > 0);
      }
    }
  }
}

TEST(Fixed, FiellerIsUnboundedWhereTheControlMayBeZero) {
  const auto unsure = fixed(normal_contrast(0.05, 0.06, 0.01, 0.01));
  ASSERT_TRUE(unsure && unsure->relative);
  EXPECT_FALSE(unsure->relative->interval.low);
  EXPECT_FALSE(unsure->relative->interval.high);
  const auto sure = fixed(normal_contrast(0.05, 5, 0.01, 0.01));
  ASSERT_TRUE(sure && sure->relative);
  EXPECT_GT(*sure->relative->interval.low, 0);
  EXPECT_FALSE(sure->relative->interval.high);
  const auto worse = fixed(normal_contrast(0.05, -5, 0.01, 0.01));
  ASSERT_TRUE(worse && worse->relative);
  EXPECT_LT(*worse->relative->interval.high, 0);
  EXPECT_FALSE(worse->relative->interval.low);
}

TEST(Fixed, SwappingArmsFlipsSigns) {
  const auto one = fixed(normal_contrast(2, 3, 0.1, 0.2));
  const auto two = fixed(normal_contrast(3, 2, 0.2, 0.1));
  EXPECT_DOUBLE_EQ(one->difference.value, -two->difference.value);
  EXPECT_DOUBLE_EQ(*one->difference.interval.low, -*two->difference.interval.high);
  EXPECT_DOUBLE_EQ(*one->difference.p_value, *two->difference.p_value);
}

TEST(Fixed, DegenerateInputsSayWhy) {
  EXPECT_EQ(fixed(normal_contrast(1, 2, 0, 0)).error().code, Undefined::kNoVariance);
  EXPECT_EQ(*fixed(normal_contrast(2, 2, 0, 0))->difference.p_value, 1);
  EXPECT_EQ(fixed(normal_contrast(1, 2, 1, 1), {.alpha = 0}).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(fixed(normal_contrast(1, 2, 1, 1), {.alpha = NAN}).error().code,
            Undefined::kOutOfRange);
  EXPECT_EQ(fixed(normal_contrast(NAN, 2, 1, 1)).error().code, Undefined::kNotFinite);
  EXPECT_EQ(fixed(normal_contrast(0, 2, 1, 1))->relative.error().code, Undefined::kZeroControl);
}

TEST(Sequential, IntervalAndPValueAreOneTest) {
  for (double z = 0; z < 6; z += 0.01) {
    const auto answer = sequential(normal_contrast(1, 1 + z * 0.1, 0.005, 0.005));
    ASSERT_TRUE(answer);
    EXPECT_EQ(excludes_zero(answer->difference.interval), *answer->difference.p_value < 0.05) << z;
  }
}

TEST(Sequential, HalfWidthIsThePublishedFormula) {
  // sigma √(2(n rho² + 1)/(n² rho²) ln(√(n rho² + 1)/alpha)), n = 2000, sigma² = n·V.
  const double rho2 = (2 * std::log(20) + std::log(2 * std::log(20) + 1)) / 5000;
  const double sigma = std::sqrt(2000 * 0.03);
  const double half = sigma * std::sqrt(2 * (2000 * rho2 + 1) / (2000.0 * 2000 * rho2) *
                                        std::log(std::sqrt(2000 * rho2 + 1) / 0.05));
  const auto answer = sequential(normal_contrast(1, 1.2, 0.01, 0.02));
  EXPECT_NEAR(*answer->difference.interval.high, 0.2 + half, 1e-12);
}

TEST(Sequential, PNeverRisesAndBurnInWaits) {
  const auto answer = sequential(normal_contrast(1, 1, 0.01, 0.01), {.running_p = 0.004});
  EXPECT_EQ(*answer->difference.p_value, 0.004);
  Contrast young = normal_contrast(1, 1, 0.01, 0.01);
  young.n_control = 99;
  EXPECT_EQ(sequential(young).error().code, Undefined::kNotYet);
  EXPECT_EQ(sequential(normal_contrast(1, 1, 1, 1), {.target_n = 0}).error().code,
            Undefined::kOutOfRange);
}

TEST(Bayesian, FlatPriorIsTheOneSidedP) {
  const Contrast c = normal_contrast(1, 1.2, 0.005, 0.005);
  const auto posterior = bayesian(c);
  const auto test = fixed(c);
  EXPECT_NEAR(*posterior->difference.probability_better, 1 - *test->difference.p_value / 2, 1e-15);
  EXPECT_DOUBLE_EQ(posterior->difference.value, test->difference.value);
  EXPECT_NEAR(*posterior->relative->interval.low, *test->relative->interval.low, 1e-12);
  EXPECT_FALSE(posterior->difference.p_value);
}

TEST(Bayesian, PriorShrinksByPrecision) {
  // Prior N(0, (0.1·1)²), data N(0.2, 0.01): equal precisions, so half of each.
  const auto answer = bayesian(normal_contrast(1, 1.2, 0.005, 0.005), {.prior_sd_relative = 0.1});
  EXPECT_NEAR(answer->difference.value, 0.1, 1e-15);
  EXPECT_NEAR(*answer->difference.std_error, std::sqrt(0.005), 1e-15);
  EXPECT_NEAR(*answer->difference.probability_better, normal_cdf(0.1 / std::sqrt(0.005)), 1e-15);
}

TEST(Bayesian, ExpectedLossIsTheIntegral) {
  const auto answer = bayesian(normal_contrast(1, 1.02, 0.0005, 0.0005));
  const double sd = std::sqrt(0.001);
  double sum = 0;
  const double step = 1e-5;
  for (double x = 0.02 - 12 * sd; x < 0; x += step) {
    sum += step * -x * normal_pdf((x - 0.02) / sd) / sd;
  }
  EXPECT_NEAR(*answer->difference.expected_loss, sum, 1e-6);
}

TEST(Bayesian, DecisionsOnBothScalesAgree) {
  for (double lift = -1; lift <= 1; lift += 0.05) {
    const auto answer =
        bayesian(normal_contrast(0.5, 0.5 + lift, 0.01, 0.02), {.prior_sd_relative = 0.3});
    EXPECT_EQ(excludes_zero(answer->difference.interval),
              excludes_zero(answer->relative->interval));
  }
  EXPECT_EQ(bayesian(normal_contrast(0, 1, 1, 1), {.prior_sd_relative = 0.1}).error().code,
            Undefined::kZeroControl);
  EXPECT_EQ(bayesian(normal_contrast(1, 1, 1, 1), {.prior_sd_relative = -1}).error().code,
            Undefined::kOutOfRange);
}

// The posterior of both arms, by adding precisions: that of the data and 1/tau² along (-1, 1). Arms
// of an adjusted comparison are correlated.
TEST(Bayesian, APriorMovesBothCorrelatedArms) {
  const Contrast data{.control = 10,
                      .treatment = 10.6,
                      .control_variance = 0.04,
                      .treatment_variance = 0.09,
                      .covariance = 0.02};
  const double tau2 = 0.01 * 10 * 10 * 0.01;  // (1 % of the control)².
  const double det = 0.04 * 0.09 - 0.02 * 0.02;
  const double a = 0.09 / det + 1 / tau2;
  const double b = -0.02 / det - 1 / tau2;
  const double d = 0.04 / det + 1 / tau2;
  const double rc = (0.09 * 10 - 0.02 * 10.6) / det;
  const double rt = (0.04 * 10.6 - 0.02 * 10) / det;
  const double whole = a * d - b * b;
  Contrast wanted = data;
  wanted.control = (d * rc - b * rt) / whole;
  wanted.treatment = (a * rt - b * rc) / whole;
  wanted.control_variance = d / whole;
  wanted.treatment_variance = a / whole;
  wanted.covariance = -b / whole;
  const auto answer = bayesian(data, {.prior_sd_relative = 0.01});
  ASSERT_TRUE(answer && answer->relative);
  EXPECT_NEAR(answer->difference.value, wanted.difference(), 1e-12);
  EXPECT_NEAR(*answer->difference.std_error, std::sqrt(wanted.variance()), 1e-12);
  const auto lift = relative_lift(wanted, 1.959963984540054);
  EXPECT_NEAR(answer->relative->value, lift->value, 1e-12);
  EXPECT_NEAR(*answer->relative->interval.low, *lift->interval.low, 1e-10);
  EXPECT_NEAR(*answer->relative->interval.high, *lift->interval.high, 1e-10);
}

}  // namespace
}  // namespace assay::stats
