#include "assay/stats/contrast.h"

#include <array>
#include <cmath>

#include <gtest/gtest.h>

#include "assay/base/random.h"
#include "assay/stats/golden_test.h"
#include "assay/stats/inference.h"

namespace assay::stats {
namespace {

// The samples behind spec/golden/contrast.csv, in integer arithmetic that Python repeats exactly.
struct Samples {
  Summary control;
  Summary treatment;
};

Samples samples(const Columns& columns, std::int64_t seed, std::int64_t n_c, std::int64_t n_t) {
  Samples both{Summary(columns), Summary(columns)};
  std::int64_t state = seed;
  const auto next = [&] {
    state = (state * 48271) % 2147483647;
    return static_cast<double>(state % 1000) / 100;
  };
  for (std::int64_t i = 0; i < n_c + n_t; ++i) {
    const bool treated = i >= n_c;
    const double before = next();
    const double second = next();
    const double size = 1 + std::floor(next());
    const double outcome = before + 0.5 * second + next() + (treated ? 0.7 : 0) + size;
    std::vector<double> row = {outcome};
    if (columns.denominator) row.push_back(size);
    if (columns.covariates > 0) row.push_back(before);
    if (columns.covariates > 1) row.push_back(second);
    (treated ? both.treatment : both.control).add(row);
  }
  return both;
}

Stat<Contrast> contrast_of(const std::string& kind, const Samples& s) {
  if (kind == "mean") return mean_contrast(s.control, s.treatment);
  if (kind == "ratio") return ratio_contrast(s.control, s.treatment);
  return cuped_contrast(s.control, s.treatment);
}

TEST(Contrast, AgreesWithIndependentSources) {
  testing::GoldenTable table("contrast");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const Columns columns{.denominator = table.integer(row, "denominator") != 0,
                          .covariates = static_cast<int>(table.integer(row, "covariates"))};
    const Samples s = samples(columns, table.integer(row, "seed"), table.integer(row, "n_c"),
                              table.integer(row, "n_t"));
    const auto contrast = contrast_of(table.text(row, "kind"), s);
    ASSERT_TRUE(contrast);
    table.compare(row, "difference", contrast->difference());
    table.compare(row, "std_error", std::sqrt(contrast->variance()));
    table.compare(row, "variance_reduction", contrast->variance_reduction);
    const auto answer = fixed(*contrast);
    ASSERT_TRUE(answer && answer->relative);
    table.compare(row, "p_value", *answer->difference.p_value);
    table.compare(row, "low", *answer->difference.interval.low);
    table.compare(row, "relative_low", *answer->relative->interval.low);
    table.compare(row, "relative_high", *answer->relative->interval.high);
  }
}

TEST(Contrast, ZeroOrOneUnitSaysWhy) {
  const auto one = *Summary::of_mean(1, 3, 0);
  const auto many = *Summary::of_mean(10, 3, 1);
  EXPECT_EQ(mean_contrast(Summary(), many).error().code, Undefined::kNoData);
  EXPECT_EQ(mean_contrast(many, one).error().code, Undefined::kTooFewUnits);
}

TEST(Contrast, OneConstantArmUsesTheOthersVariance) {
  const auto constant = *Summary::of_mean(10, 3, 0);
  const auto varied = *Summary::of_mean(20, 4, 2);
  const auto contrast = mean_contrast(constant, varied);
  EXPECT_DOUBLE_EQ(contrast->variance(), 0.1);
  EXPECT_DOUBLE_EQ(contrast->df, 19);
}

TEST(Contrast, RatioWithoutDenominatorSaysWhy) {
  Summary empty_denominator({.denominator = true});
  empty_denominator.add(std::array{1.0, 0.0});
  empty_denominator.add(std::array{2.0, 0.0});
  EXPECT_EQ(ratio_contrast(empty_denominator, empty_denominator).error().code,
            Undefined::kZeroDenominator);
}

TEST(Cuped, ConstantAndDuplicatedCovariatesAreDropped) {
  Random random(5);
  Summary one[2] = {Summary({.covariates = 1}), Summary({.covariates = 1})};
  Summary three[2] = {Summary({.covariates = 3}), Summary({.covariates = 3})};
  Summary constant[2] = {Summary({.covariates = 1}), Summary({.covariates = 1})};
  for (int i = 0; i < 2000; ++i) {
    const double x = random.normal();
    const double y = x + random.normal();
    one[i % 2].add(std::array{y, x});
    three[i % 2].add(std::array{y, x, 2 * x + 1, 7.0});
    constant[i % 2].add(std::array{y, 7.0});
  }
  const auto a = cuped_contrast(one[0], one[1]);
  const auto b = cuped_contrast(three[0], three[1]);
  EXPECT_NEAR(a->difference(), b->difference(), 1e-12);
  EXPECT_NEAR(a->variance(), b->variance(), 1e-12);
  EXPECT_NEAR(a->variance_reduction, 0.5, 0.06);
  const auto c = cuped_contrast(constant[0], constant[1]);
  EXPECT_EQ(c->variance_reduction, 0);
  EXPECT_DOUBLE_EQ(c->difference(), constant[1].mean(0) - constant[0].mean(0));
}

TEST(Cuped, SwappingArmsFlipsSignsAndScalingScales) {
  const Samples s = samples({.covariates = 2}, 11, 70, 210);
  const auto one = cuped_contrast(s.control, s.treatment);
  const auto two = cuped_contrast(s.treatment, s.control);
  EXPECT_NEAR(one->difference(), -two->difference(), 1e-12);
  EXPECT_NEAR(one->control_variance, two->treatment_variance, 1e-14);
  EXPECT_NEAR(one->covariance, two->covariance, 1e-14);
  EXPECT_GE(one->control_variance, 0);
}

TEST(Stratified, RampDoesNotReverseTheLift) {
  // Day 1: 1 % treated, 2.0 % against 2.3 %; day 2: 50 % treated, 1.0 % against 1.2 %. Pooling the
  // days says -27 %; both days say plus.
  const auto day = [](std::int64_t xc, std::int64_t nc, std::int64_t xt, std::int64_t nt) {
    return *mean_contrast(*Summary::of_proportion(xc, nc), *Summary::of_proportion(xt, nt));
  };
  const std::array days{day(19800, 990000, 230, 10000), day(5000, 500000, 6000, 500000)};
  const auto both = stratified_contrast(days);
  EXPECT_NEAR(both->control, 0.015, 1e-15);
  EXPECT_NEAR(both->treatment, 0.0175, 1e-15);
  const auto pooled =
      mean_contrast(*Summary::of_proportion(24800, 1490000), *Summary::of_proportion(6230, 510000));
  EXPECT_NEAR(pooled->difference() / pooled->control, -0.266, 0.001);
}

TEST(Stratified, OneStratumIsItselfAndNoneIsAReason) {
  const auto c = *mean_contrast(*Summary::of_mean(10, 3, 1), *Summary::of_mean(12, 4, 2));
  EXPECT_EQ(stratified_contrast(std::array{c})->df, c.df);
  EXPECT_EQ(stratified_contrast({}).error().code, Undefined::kNoData);
  // Two equal strata: the same difference, half the variance, twice the degrees of freedom.
  const auto two = stratified_contrast(std::array{c, c});
  EXPECT_DOUBLE_EQ(two->difference(), c.difference());
  EXPECT_DOUBLE_EQ(two->variance(), c.variance() / 2);
  EXPECT_DOUBLE_EQ(two->df, 2 * c.df);
}

// A covariate that a third of the units lack: the imputed constant cancels.
TEST(Contrast, AMissingCovariateIsItsMarkAndAnyConstant) {
  Random random(3);
  const auto contrast_with = [](double constant, Random stream) {
    Summary c({.covariates = 2}), t({.covariates = 2});
    for (int i = 0; i < 500; ++i) {
      const double before = 50 + 10 * stream.normal();
      const double outcome = before + stream.normal() + (i % 2 ? 0.5 : 0);
      const bool missing = stream.chance(0.3);
      (i % 2 ? t : c).add(std::array{outcome, missing ? constant : before, missing ? 1.0 : 0.0});
    }
    return *cuped_contrast(c, t);
  };
  const Contrast at_mean = contrast_with(50, random);
  const Contrast at_zero = contrast_with(0, random);
  EXPECT_EQ(at_mean.n_control + at_mean.n_treatment, 500);  // No unit is dropped.
  EXPECT_NEAR(at_zero.difference(), at_mean.difference(), 1e-9);
  EXPECT_NEAR(at_zero.variance(), at_mean.variance(), 1e-9 * at_mean.variance());
  EXPECT_GT(at_mean.variance_reduction, 0.5);
}

TEST(Contrast, FewUnitsOfARatioAreJudgedByT) {
  const Samples s = samples({.denominator = true, .covariates = 1}, 7, 12, 9);
  EXPECT_EQ(ratio_contrast(s.control, s.treatment)->df, 0);
  const double df = few_units_contrast(s.control, s.treatment)->df;
  EXPECT_GT(df, 8);
  EXPECT_LT(df, 19);
  EXPECT_EQ(cuped_contrast(s.control, s.treatment)->df, 0);
}

}  // namespace
}  // namespace assay::stats
