#include "assay/stats/noninferiority.h"

#include <array>
#include <cmath>

#include <gtest/gtest.h>

#include "assay/base/random.h"
#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

Contrast contrast(double control, double treatment, double se_control, double se_treatment,
                  std::int64_t n = 5'000) {
  return {.control = control,
          .treatment = treatment,
          .control_variance = se_control * se_control,
          .treatment_variance = se_treatment * se_treatment,
          .n_control = n,
          .n_treatment = n};
}

constexpr SafetyOptions kFixed{.fixed_look = true};

TEST(Safety, MarginsAgreeWithSciPyAndR) {
  testing::GoldenTable table("noninferiority");
  for (std::size_t row = 0; row < table.size(); ++row) {
    std::array<Summary, 2> arms;
    std::int64_t state = 17;
    const std::int64_t n_c = table.integer(row, "n_c");
    for (std::int64_t i = 0; i < n_c + table.integer(row, "n_t"); ++i) {
      state = state * 48271 % 2147483647;
      const double value = 5 + static_cast<double>(state % 100) / 10;
      arms[i < n_c ? 0 : 1].add(std::array{i < n_c ? value : value + table.number(row, "shift")});
    }
    const Contrast both = *mean_contrast(arms[0], arms[1]);
    const double margin = table.number(row, "margin");
    const auto once = not_lower(both, margin, kFixed);
    const auto always = not_lower(both, margin, {.burn_in = 2});
    ASSERT_TRUE(once && always);
    table.compare(row, "value", once->value, 0.01);
    table.compare(row, "fixed_low", *once->bounds.low);
    table.compare(row, "fixed_high", *once->bounds.high);
    table.compare(row, "sequence_low", *always->bounds.low);
    table.compare(row, "sequence_high", *always->bounds.high);
  }
}

// One look: value ± 1.6448536 se (the 95 % quantile of the normal distribution).
TEST(Safety, FixedBoundsAreNormalOnes) {
  const Safety safety = *at_most(contrast(490, 480, 5, 10), 500, kFixed);
  EXPECT_NEAR(*safety.bounds.high, 480 + 16.448536269514722, 1e-9);
  EXPECT_EQ(safety.status, SafetyStatus::kSafe);
  EXPECT_EQ(at_most(contrast(490, 490, 5, 10), 500, kFixed)->status, SafetyStatus::kUndecided);
  EXPECT_EQ(at_most(contrast(490, 520, 5, 10), 500, kFixed)->status, SafetyStatus::kHarmful);
}

TEST(Safety, AFloorMirrorsACap) {
  EXPECT_EQ(at_least(contrast(0.9, 0.95, 0.01, 0.01), 0.9, kFixed)->status, SafetyStatus::kSafe);
  EXPECT_EQ(at_least(contrast(0.9, 0.85, 0.01, 0.01), 0.9, kFixed)->status, SafetyStatus::kHarmful);
  const Safety safety = *at_least(contrast(0.9, 0.95, 0.01, 0.01), 0.9, kFixed);
  EXPECT_LT(*safety.bounds.low, safety.value);
  EXPECT_GT(*safety.bounds.high, safety.value);
}

// 10 % margin: treatment - 1.1 control = -0.05 with se √(0.01² + 1.1²·0.01²).
TEST(Safety, AMarginScalesWithTheControl) {
  const Safety safety = *not_higher(contrast(1.0, 1.05, 0.01, 0.01), 0.1, kFixed);
  const double w = 1.6448536269514722 * 0.01 * std::sqrt(1 + 1.21);
  EXPECT_NEAR(safety.value, 0.05, 1e-12);
  EXPECT_NEAR(*safety.bounds.high, 0.05 + w, 1e-12);
  EXPECT_EQ(safety.status, SafetyStatus::kSafe);
  EXPECT_EQ(not_higher(contrast(1.0, 1.2, 0.01, 0.01), 0.1, kFixed)->status,
            SafetyStatus::kHarmful);
  EXPECT_EQ(not_lower(contrast(1.0, 0.95, 0.01, 0.01), 0.1, kFixed)->status, SafetyStatus::kSafe);
  EXPECT_EQ(not_lower(contrast(1.0, 0.8, 0.01, 0.01), 0.1, kFixed)->status, SafetyStatus::kHarmful);
  // A negative control: the margin is a share of its size.
  EXPECT_EQ(not_higher(contrast(-1.0, -0.95, 0.01, 0.01), 0.1, kFixed)->status,
            SafetyStatus::kSafe);
}

TEST(Safety, TheSequentialBoundIsWiderThanTheFixedOne) {
  const Contrast c = contrast(490, 480, 5, 10);
  EXPECT_GT(*at_most(c, 500)->bounds.high, *at_most(c, 500, kFixed)->bounds.high);
}

// A mean exactly at its limit, watched at 50 looks in 400 runs: claims of harm stay within the 99.9
// % binomial quantile of 5 % (35), and so do claims of safety.
TEST(Safety, SequentialClaimsKeepAlphaAtTheLimit) {
  Random random(21);
  int harmful = 0, safe = 0;
  for (int run = 0; run < 400; ++run) {
    Summary control, treatment;
    bool alarm = false, pass = false;
    for (int look = 0; look < 50; ++look) {
      for (int i = 0; i < 100; ++i) {
        control.add(std::array{random.normal()});
        treatment.add(std::array{random.normal()});
      }
      const auto safety = at_most(*mean_contrast(control, treatment), 0.0, {.target_n = 10'000});
      if (!safety) continue;
      alarm |= safety->status == SafetyStatus::kHarmful;
      pass |= safety->status == SafetyStatus::kSafe;
    }
    harmful += alarm;
    safe += pass;
  }
  EXPECT_LE(harmful, 35);
  EXPECT_LE(safe, 35);
}

TEST(Safety, SaysWhyThereIsNoBound) {
  EXPECT_EQ(at_most(contrast(1, 1, 0.1, 0.1, 99), 2).error().code, Undefined::kNotYet);
  EXPECT_EQ(at_most(contrast(1, 1, 0.1, 0.0), 2).error().code, Undefined::kNoVariance);
  EXPECT_EQ(at_most(contrast(1, 1, 0.1, 0.1), 1.0 / 0.0).error().code, Undefined::kNotFinite);
  EXPECT_EQ(at_most(contrast(1, 1, 0.1, 0.1), 2, {.alpha = 0}).error().code,
            Undefined::kOutOfRange);
  EXPECT_EQ(not_higher(contrast(1, 1, 0.1, 0.1), -0.1).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(not_lower(contrast(1, 1, 0.1, 0.1), 0.1, {.target_n = 0}).error().code,
            Undefined::kOutOfRange);
}

}  // namespace
}  // namespace assay::stats
