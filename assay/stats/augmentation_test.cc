#include "assay/stats/augmentation.h"

#include <array>
#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/base/random.h"
#include "assay/stats/calculators.h"
#include "assay/stats/golden_test.h"
#include "assay/stats/inference.h"

namespace assay::stats {
namespace {

TEST(Augmentation, AgreesWithNumPy) {
  testing::GoldenTable table("augmentation");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const auto at = [&](const char* name) { return table.number(row, name); };
    Auxiliary auxiliary{{at("d1")}, {at("cov1")}, {at("v11")}};
    if (table.integer(row, "size") == 2) {
      auxiliary = {{at("d1"), at("d2")},
                   {at("cov1"), at("cov2")},
                   {at("v11"), at("v12"), at("v12"), at("v22")}};
    }
    const auto answer = augment(at("estimate"), at("std_error"), auxiliary);
    ASSERT_TRUE(answer);
    table.compare(row, "augmented", answer->estimate.value);
    table.compare(row, "augmented_error", *answer->estimate.std_error);
    table.compare(row, "p_value", *answer->estimate.p_value);
    table.compare(row, "balance", answer->balance_statistic);
    table.compare(row, "balance_p", answer->balance_p);
  }
}

// Units with an auxiliary column; a treatment that moves it by `moved`.
std::pair<Summary, Summary> world(Random& random, double effect, double moved) {
  std::pair<Summary, Summary> both{Summary({.covariates = 1}), Summary({.covariates = 1})};
  for (int i = 0; i < 600; ++i) {
    const bool treated = i % 2 == 1;
    const double other = random.normal();
    const double outcome = 2 * other + random.normal() + (treated ? effect : 0);
    (treated ? both.second : both.first).add(std::array{outcome, other + (treated ? moved : 0)});
  }
  return both;
}

TEST(Augmentation, IsCupedWhereTheAuxiliaryIsUntouched) {
  Random random(5);
  const auto [control, treatment] = world(random, 0.3, 0);
  const auto contrast = augmented_contrast(control, treatment);
  ASSERT_TRUE(contrast);
  EXPECT_EQ(contrast->difference(), cuped_contrast(control, treatment)->difference());
  // The same from its numbers.
  const auto plain = mean_contrast(control, treatment);
  const auto per_arm = [&](int i, int j) {
    return *control.covariance(i, j) / 300 + *treatment.covariance(i, j) / 300;
  };
  const auto numbers =
      augment(plain->difference(), std::sqrt(plain->variance()),
              {{treatment.mean(1) - control.mean(1)}, {per_arm(0, 1)}, {per_arm(1, 1)}});
  EXPECT_NEAR(numbers->estimate.value, contrast->difference(), 1e-12);
  EXPECT_NEAR(*numbers->estimate.std_error, std::sqrt(contrast->variance()), 1e-12);
  EXPECT_NEAR(numbers->variance_reduction, contrast->variance_reduction, 1e-12);
}

TEST(Augmentation, CoversAndRefusesAtItsRate) {
  Random random(20261122);
  int covered = 0, refused = 0, refused_when_moved = 0;
  constexpr int kWorlds = 1000;
  for (int i = 0; i < kWorlds; ++i) {
    const auto [control, treatment] = world(random, 0.3, 0);
    const auto contrast = augmented_contrast(control, treatment);
    if (contrast) {
      covered += fixed(*contrast)->difference.interval.contains(0.3);
    } else {
      ++refused;
    }
    const auto [c, t] = world(random, 0.3, 0.4);
    const auto moved = augmented_contrast(c, t);
    if (moved) continue;
    ++refused_when_moved;
    EXPECT_EQ(moved.error().code, Undefined::kUnsupported);
  }
  EXPECT_GE(covered, 922);  // The 99.9 % binomial band of 95 % is 926 … 971, less the refused.
  EXPECT_LE(refused, 6);    // 0.1 % expected.
  EXPECT_GE(refused_when_moved, 900);
}

TEST(Augmentation, SaysWhyNot) {
  const auto code = [](double error, const Auxiliary& auxiliary) {
    return augment(1, error, auxiliary).error().code;
  };
  EXPECT_EQ(code(0, {{0}, {0}, {1}}), Undefined::kOutOfRange);
  EXPECT_EQ(code(1, {}), Undefined::kOutOfRange);
  EXPECT_EQ(code(1, {{0}, {0, 1}, {1}}), Undefined::kOutOfRange);
  EXPECT_EQ(code(1, {{NAN}, {0}, {1}}), Undefined::kNotFinite);
  EXPECT_EQ(code(1, {{0}, {0}, {0}}), Undefined::kSingular);
  EXPECT_EQ(code(1, {{0, 0}, {0, 0}, {1, 1, 1, 1}}), Undefined::kSingular);
  EXPECT_EQ(code(1, {{0, 0}, {0, 0}, {1, 0.5, 0.2, 1}}), Undefined::kSingular);
  EXPECT_EQ(code(1, {{0}, {2}, {1}}), Undefined::kSingular);  // Correlation of 2.
  EXPECT_EQ(code(1, {{9}, {0}, {1}}), Undefined::kUnsupported);
  EXPECT_EQ(augmented_contrast(Summary(), Summary()).error().code, Undefined::kNoData);
}

TEST(Augmentation, Calculator) {
  const Answer answer =
      calculate("augmentation", R"({"estimate": 0.03, "std_error": 0.01, "differences": [0.002],
                          "covariances": [3e-5], "variances": [4e-5]})");
  ASSERT_EQ(answer.status, AnswerStatus::kOk) << answer.json;
  EXPECT_NEAR(nlohmann::json::parse(answer.json)["estimate"].get<double>(), 0.0285, 1e-12);
  const Answer refused =
      calculate("augmentation", R"({"estimate": 0.03, "std_error": 0.01, "differences": [0.2],
                          "covariances": [3e-5], "variances": [4e-5]})");
  EXPECT_EQ(refused.status, AnswerStatus::kUndefined);
  EXPECT_EQ(nlohmann::json::parse(refused.json)["error"]["code"], "unsupported");
}

}  // namespace
}  // namespace assay::stats
