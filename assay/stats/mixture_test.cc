#include "assay/stats/mixture.h"

#include <cmath>

#include <gtest/gtest.h>

#include "assay/base/random.h"
#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

TEST(Mixture, AgreesWithQuadrature) {
  testing::GoldenTable table("msprt");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const auto look =
        mixture_sprt(table.number(row, "estimate"), table.number(row, "std_error"),
                     {.alpha = table.number(row, "alpha"), .tau = table.number(row, "tau")});
    ASSERT_TRUE(look);
    table.compare(row, "log_e", look->log_e);
    table.compare(row, "p_value", *look->estimate.p_value);
    table.compare(row, "low", *look->estimate.interval.low);
    table.compare(row, "high", *look->estimate.interval.high);
  }
}

TEST(ConversionEValue, AgreesWithMpmath) {
  testing::GoldenTable table("conversion_e_value");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const auto log_e = conversion_log_e(table.integer(row, "x_c"), table.integer(row, "x_t"),
                                        table.number(row, "share"));
    ASSERT_TRUE(log_e);
    table.compare(row, "log_e", *log_e);
  }
}

TEST(MixtureSprt, EvidenceIsTheMixtureIntegral) {
  // E = ∫ N(d; theta, V)/N(d; 0, V) N(theta; 0, tau²) dtheta, by the midpoint rule.
  const double d = 0.4;
  const double se = 0.15;
  const double tau = 0.3;
  double integral = 0;
  constexpr double kStep = 1e-4;
  for (double theta = -3 + kStep / 2; theta < 3; theta += kStep) {
    const double ratio = std::exp((d * d - (d - theta) * (d - theta)) / (2 * se * se));
    integral +=
        kStep * ratio * std::exp(-theta * theta / (2 * tau * tau)) / (tau * std::sqrt(2 * M_PI));
  }
  const auto look = mixture_sprt(d, se, {.tau = tau});
  ASSERT_TRUE(look);
  EXPECT_NEAR(std::exp(look->log_e) / integral, 1, 1e-9);
}

TEST(MixtureSprt, IntervalAndPAreOneTest) {
  for (double z = 0; z < 7; z += 0.05) {
    const auto look = mixture_sprt(z, 1, {.alpha = 0.05, .tau = 2});
    EXPECT_EQ(!look->estimate.interval.contains(0), *look->estimate.p_value < 0.05) << z;
  }
}

TEST(MixtureSprt, ExtremesStayFinite) {
  EXPECT_TRUE(std::isfinite(mixture_sprt(1e10, 1e-10, {.tau = 1e200})->log_e));
  EXPECT_EQ(*mixture_sprt(100, 1e-3, {.tau = 1})->estimate.p_value, 0);
  EXPECT_EQ(mixture_sprt(1, 0, {}).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(mixture_sprt(NAN, 1, {}).error().code, Undefined::kNotFinite);
  EXPECT_EQ(mixture_sprt(1, 1, {.tau = 0}).error().code, Undefined::kOutOfRange);
}

TEST(ConversionEvidence, HasExpectationOne) {
  // Sum over all splits of 12 conversions of P(split)·E(split) is exactly 1.
  double sum = 0;
  double choose = 1;
  for (int t = 0; t <= 12; ++t) {
    sum += choose * std::pow(0.3, t) * std::pow(0.7, 12 - t) *
           std::exp(*conversion_log_e(12 - t, t, 0.3));
    choose = choose * (12 - t) / (t + 1);
  }
  EXPECT_NEAR(sum, 1, 1e-12);
  EXPECT_EQ(*conversion_log_e(0, 0, 0.5), 0);
  EXPECT_EQ(conversion_log_e(-1, 0, 0.5).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(conversion_log_e(1, 0, 1).error().code, Undefined::kOutOfRange);
}

// mpmath 1.4.1, 60 digits.
TEST(ConversionEvidence, KeepsItsDigitsAtLargeCounts) {
  EXPECT_NEAR(*conversion_log_e(3'000'000'000, 1'000'200'000, 0.25) / 4.025945340336296, 1, 1e-12);
  EXPECT_NEAR(*conversion_log_e(10'000'000'000'000, 10'000'010'000'000, 0.5) / -12.587586842095913,
              1, 1e-12);
}

TEST(MixtureSprt, TheAlwaysValidPNeverRises) {
  EXPECT_EQ(*mixture_sprt(0, 1, {.tau = 1, .running_p = 0.003})->estimate.p_value, 0.003);
}

}  // namespace
}  // namespace assay::stats
