#include "assay/stats/effect_trend.h"

#include <vector>

#include <gtest/gtest.h>

#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

TEST(EffectTrend, AgreesWithWeightedLeastSquares) {
  testing::GoldenTable table("effect_trend");
  for (std::size_t row = 0; row < table.size(); ++row) {
    std::vector<DayEffect> days;
    for (std::size_t i = 0; i < table.size(); ++i) {
      if (table.text(i, "series") != table.text(row, "series")) continue;
      days.push_back(
          {table.number(i, "day"), table.number(i, "effect"), table.number(i, "std_error")});
    }
    const auto trend = effect_trend(days);
    ASSERT_TRUE(trend);
    table.compare(row, "slope", trend->slope.value);
    table.compare(row, "slope_se", *trend->slope.std_error);
    table.compare(row, "slope_p", *trend->slope.p_value);
    table.compare(row, "intercept", trend->intercept.value);
    table.compare(row, "intercept_se", *trend->intercept.std_error);
    EXPECT_EQ(trend->last_minus_first_week.has_value(), !table.text(row, "week").empty());
    if (!trend->last_minus_first_week) continue;
    table.compare(row, "week", trend->last_minus_first_week->value);
    table.compare(row, "week_se", *trend->last_minus_first_week->std_error);
  }
}

TEST(EffectTrend, BadInputSaysWhy) {
  const auto code = [](const std::vector<DayEffect>& days) {
    return effect_trend(days).error().code;
  };
  EXPECT_EQ(code({{0, 1, 1}, {1, 1, 1}}), Undefined::kTooFewUnits);
  EXPECT_EQ(code({{3, 1, 1}, {3, 2, 1}, {3, 1, 1}}), Undefined::kSingular);
  EXPECT_EQ(code({{0, 1, 1}, {1, 1, 0}, {2, 1, 1}}), Undefined::kOutOfRange);
  EXPECT_EQ(code({{0, 1, 1}, {1, NAN, 1}, {2, 1, 1}}), Undefined::kNotFinite);
}

}  // namespace
}  // namespace assay::stats
