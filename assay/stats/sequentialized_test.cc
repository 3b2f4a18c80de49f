#include "assay/stats/sequentialized.h"

#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/base/random.h"
#include "assay/stats/calculators.h"
#include "assay/stats/distributions.h"
#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

Contrast effect(double estimate, double error, double df = 0) {
  return {.control = 10,
          .treatment = 10 + estimate,
          .control_variance = error * error / 2,
          .treatment_variance = error * error / 2,
          .df = df};
}

TEST(Sequentialized, AgreesWithMpmath) {
  testing::GoldenTable table("sequentialized");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const auto look =
        sequentialized(effect(table.number(row, "estimate"), table.number(row, "std_error"),
                              table.number(row, "df")),
                       {.alpha = table.number(row, "alpha"),
                        .information = table.number(row, "information"),
                        .early_share = table.number(row, "early_share")});
    ASSERT_TRUE(look);
    const Estimate& difference = look->inference.difference;
    // 10 + estimate rounds at 1e-15 of 10.
    const double error = table.number(row, "std_error");
    table.compare(row, "low", *difference.interval.low, error);
    table.compare(row, "high", *difference.interval.high, error);
    table.compare(row, "p_value", *difference.p_value);
    table.compare(row, "conditional_level", look->conditional_level);
  }
}

TEST(Sequentialized, IsTheFixedTestAtTheHorizon) {
  for (const double df : {0.0, 9.0, 250.0}) {
    const Contrast contrast = effect(1.1, 0.5, df);
    const auto at_horizon = sequentialized(contrast, {.early_share = 0});
    const auto answer = fixed(contrast);
    EXPECT_DOUBLE_EQ(*at_horizon->inference.difference.p_value, *answer->difference.p_value);
    EXPECT_NEAR(*at_horizon->inference.difference.interval.low, *answer->difference.interval.low,
                1e-12);
    EXPECT_NEAR(*at_horizon->inference.relative->interval.high, *answer->relative->interval.high,
                1e-12);
    // Nothing is spent early: before the horizon there is no answer, but a level to go on with.
    const auto before = sequentialized(contrast, {.information = 0.9, .early_share = 0});
    EXPECT_FALSE(before->inference.difference.interval.low);
    EXPECT_EQ(*before->inference.difference.p_value, 1);
    EXPECT_GT(before->conditional_level, 0.05);
  }
}

TEST(Sequentialized, ThePAndTheIntervalAgree) {
  for (double estimate = -3; estimate <= 3; estimate += 0.25) {
    for (const double information : {0.1, 0.5, 0.99, 1.0}) {
      for (const double df : {0.0, 15.0}) {
        const auto look = sequentialized(effect(estimate, 0.6, df), {.information = information});
        const Estimate& difference = look->inference.difference;
        EXPECT_EQ(*difference.p_value <= 0.05, !difference.interval.contains(0));
        EXPECT_EQ(difference.interval.contains(0), look->inference.relative->interval.contains(0));
      }
    }
  }
}

// 28 looks at Brownian motion without and with an effect of power 80 % at the horizon.
TEST(Sequentialized, KeepsAlphaOverAllLooksAndThePowerOfTheHorizon) {
  Random random(20261122);
  constexpr int kPaths = 4000, kLooks = 28;
  const double drift = normal_isf(0.025) + normal_isf(0.2);
  int ever = 0, found = 0, fixed_found = 0, same_at_horizon = 0;
  double level_when_stopped = 0;
  for (int path = 0; path < kPaths; ++path) {
    double null_sum = 0;
    bool rejected = false, rejected_effect = false, stopped = false;
    for (int k = 1; k <= kLooks; ++k) {
      const double t = static_cast<double>(k) / kLooks;
      null_sum += random.normal() / std::sqrt(kLooks);
      const auto ask = [&](double score, double share) {
        return *sequentialized(effect(score / t, 1 / std::sqrt(t)),
                               {.information = t, .early_share = share});
      };
      const auto look = ask(null_sum, 0.05);
      rejected = rejected || *look.inference.difference.p_value <= 0.05;
      const auto with_effect = ask(null_sum + drift * t, 0.05);
      rejected_effect = rejected_effect || *with_effect.inference.difference.p_value <= 0.05;
      // A data-driven stop: the martingale keeps its expectation alpha.
      if (!stopped && (look.conditional_level > 0.3 || k == kLooks)) {
        stopped = true;
        level_when_stopped += look.conditional_level;
      }
      if (k < kLooks) continue;
      const bool by_fixed = 2 * normal_sf(std::abs(null_sum)) <= 0.05;
      const auto plain = ask(null_sum, 0);
      same_at_horizon += (*plain.inference.difference.p_value <= 0.05) == by_fixed;
      fixed_found += std::abs(null_sum + drift) >= normal_isf(0.025);
    }
    ever += rejected;
    found += rejected_effect;
  }
  const double error = std::sqrt(0.05 * 0.95 / kPaths);  // 0.34 %.
  EXPECT_LE(ever / static_cast<double>(kPaths), 0.05 + 3 * error);
  EXPECT_GE(ever / static_cast<double>(kPaths), 0.035);
  EXPECT_EQ(same_at_horizon, kPaths);
  EXPECT_GE(found, fixed_found - kPaths / 100);  // At most one point of power is lost.
  // The level at the stop spreads between 0 and 1: its standard error is below 0.4 %.
  EXPECT_NEAR(level_when_stopped / kPaths, 0.05, 0.012);
}

TEST(Sequentialized, SaysWhyNot) {
  const auto code = [](SequentializedOptions options) {
    return sequentialized(effect(1, 1), options).error().code;
  };
  EXPECT_EQ(code({.alpha = 0}), Undefined::kOutOfRange);
  EXPECT_EQ(code({.information = 0}), Undefined::kOutOfRange);
  EXPECT_EQ(code({.information = NAN}), Undefined::kOutOfRange);
  EXPECT_EQ(code({.early_share = 0.6}), Undefined::kOutOfRange);
  EXPECT_EQ(sequentialized(effect(1, 0)).error().code, Undefined::kNoVariance);
  EXPECT_EQ(*sequentialized(effect(0, 0))->inference.difference.p_value, 1);
  // Tails beyond double precision: still an answer.
  EXPECT_TRUE(sequentialized(effect(1e6, 1, 30), {.information = 1e-5}));
  EXPECT_TRUE(sequentialized(effect(1e200, 1e-100), {.information = 0.5}));
}

TEST(Sequentialized, Calculator) {
  const Answer answer =
      calculate("sequentialized", R"({"estimate": 2.5, "std_error": 0.5, "information": 0.5})");
  ASSERT_EQ(answer.status, AnswerStatus::kOk) << answer.json;
  const auto out = nlohmann::json::parse(answer.json);
  EXPECT_NEAR(out["p_value"].get<double>(), 0.018600747330529344, 1e-12);
  EXPECT_NEAR(out["conditional_level"].get<double>(), 0.9870661545464097, 1e-12);
  EXPECT_EQ(calculate("sequentialized", R"({"estimate": 2.5, "std_error": 0})").status,
            AnswerStatus::kBadRequest);
}

}  // namespace
}  // namespace assay::stats
