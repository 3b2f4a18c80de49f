#include "assay/stats/distributions.h"

#include <cmath>
#include <map>

#include <gtest/gtest.h>

#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

using Function = double (*)(double x, double a, double b);

const std::map<std::string, Function> kFunctions = {
    {"normal_sf", [](double x, double, double) { return normal_sf(x); }},
    {"normal_log_sf", [](double x, double, double) { return normal_log_sf(x); }},
    {"normal_isf", [](double x, double, double) { return normal_isf(x); }},
    {"t_sf", [](double x, double df, double) { return t_sf(x, df); }},
    {"t_isf", [](double x, double df, double) { return t_isf(x, df); }},
    {"chi2_sf", [](double x, double df, double) { return chi2_sf(x, df); }},
    {"chi2_isf", [](double x, double df, double) { return chi2_isf(x, df); }},
    {"f_sf", [](double x, double a, double b) { return f_sf(x, a, b); }},
    {"f_quantile", [](double x, double a, double b) { return f_quantile(x, a, b); }},
    {"beta_sf", [](double x, double a, double b) { return beta_sf(x, a, b); }},
    {"beta_quantile", [](double x, double a, double b) { return beta_quantile(x, a, b); }},
    {"gamma_sf", [](double x, double a, double b) { return gamma_sf(x, a, b); }},
    {"gamma_quantile", [](double x, double a, double b) { return gamma_quantile(x, a, b); }},
    {"binomial_sf",
     [](double k, double n, double p) {
       return binomial_sf(static_cast<std::int64_t>(k), static_cast<std::int64_t>(n), p);
     }},
    {"noncentral_t_cdf", [](double x, double a, double b) { return noncentral_t_cdf(x, a, b); }},
    {"log_beta", [](double, double a, double b) { return log_beta(a, b); }},
};

void check(const std::string& name, const std::string& argument) {
  testing::GoldenTable table(name);
  for (std::size_t row = 0; row < table.size(); ++row) {
    const Function function = kFunctions.at(table.text(row, "function"));
    table.compare(
        row, "value",
        function(table.number(row, argument), table.number(row, "a"), table.number(row, "b")));
  }
}

TEST(Distributions, TailsAgreeWithMpmath) { check("distributions", "x"); }
TEST(Distributions, QuantilesAgreeWithMpmath) { check("quantiles", "p"); }

TEST(Distributions, TailsKeepTheirDigitsFarOut) {
  EXPECT_GT(normal_sf(37), 0);
  EXPECT_NEAR(normal_log_sf(1000), -500007.82669481218, 1e-6);
  EXPECT_EQ(t_sf(INFINITY, 5), 0);
  EXPECT_EQ(t_sf(-INFINITY, 5), 1);
}

TEST(Distributions, HugeDegreesOfFreedomAreNormal) {
  EXPECT_DOUBLE_EQ(t_sf(1.96, 1e9), normal_sf(1.96));
  EXPECT_DOUBLE_EQ(t_isf(0.025, 1e300), normal_isf(0.025));
  EXPECT_NEAR(t_isf(0.025, 0.99e8), normal_isf(0.025), 1e-7);
}

TEST(Distributions, BinomialQuantileIsTheSmallestThatReachesTheShare) {
  for (const double share : {0.001, 0.025, 0.5, 0.9, 0.999999}) {
    const auto k = binomial_quantile(share, 1000, 0.013);
    EXPECT_GE(binomial_cdf(k, 1000, 0.013), share);
    EXPECT_LT(binomial_cdf(k - 1, 1000, 0.013), share);
  }
  EXPECT_EQ(binomial_quantile(0.5, 10, 0), 0);
  EXPECT_EQ(binomial_quantile(0.5, 10, 1), 10);
  EXPECT_EQ(binomial_quantile(0.5, 0, 0.3), 0);
}

TEST(Distributions, BinomialEnds) {
  EXPECT_EQ(binomial_cdf(-1, 5, 0.5), 0);
  EXPECT_EQ(binomial_cdf(5, 5, 0.5), 1);
  EXPECT_EQ(binomial_sf(-1, 5, 0.5), 1);
  EXPECT_EQ(binomial_sf(5, 5, 0.5), 0);
  EXPECT_EQ(binomial_pmf(6, 5, 0.5), 0);
}

TEST(Distributions, OutsideTheDomainIsABug) {
  EXPECT_DEATH(normal_quantile(0), "upper_share");
  EXPECT_DEATH(normal_quantile(NAN), "upper_share");
  EXPECT_DEATH(t_sf(1, 0), "df");
}

// Beside 500 degrees of freedom the quantile changes from a root to an expansion; both must invert
// the same tail.
TEST(Distributions, QuantilesOfStudentsTInvertItsTailOnBothSidesOfTheExpansion) {
  for (const double df : {499.0, 500.0, 501.5, 2000.0, 1e6, 9e7}) {
    for (const double share : {0.4, 0.025, 1e-3, 4e-5, 2e-5, 0.975}) {
      EXPECT_NEAR(t_sf(t_isf(share, df), df) / share, 1, 2e-12) << df << " " << share;
    }
  }
}

}  // namespace
}  // namespace assay::stats
