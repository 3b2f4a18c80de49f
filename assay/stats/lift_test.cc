#include "assay/stats/lift.h"

#include <cmath>

#include <gtest/gtest.h>

#include "assay/stats/golden_test.h"
#include "assay/stats/inference.h"

namespace assay::stats {
namespace {

TEST(Lift, AgreesWithMpmath) {
  testing::GoldenTable table("lift");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const Contrast contrast{.control = table.number(row, "control"),
                            .treatment = table.number(row, "treatment"),
                            .control_variance = table.number(row, "control_variance"),
                            .treatment_variance = table.number(row, "treatment_variance"),
                            .covariance = table.number(row, "covariance")};
    const auto check = [&](LiftMethod method, const std::string& name) {
      const auto answer = lift(contrast, method);
      ASSERT_TRUE(answer) << name;
      table.compare(row, name + "_low", *answer->interval.low, 0.1);
      table.compare(row, name + "_high", *answer->interval.high, 0.1);
    };
    check(LiftMethod::kFieller, "fieller");
    check(LiftMethod::kDelta, "delta");
    if (!table.text(row, "log_low").empty()) check(LiftMethod::kLog, "log");
  }
}

TEST(Lift, EachIntervalFitsItsOwnTest) {
  for (double treatment = 8; treatment < 13; treatment += 0.05) {
    const Contrast contrast{10, treatment, 0.4, 0.7, 0.1, 40, 100, 100};
    for (const auto method : {LiftMethod::kFieller, LiftMethod::kDelta, LiftMethod::kLog}) {
      const auto answer = lift(contrast, method);
      ASSERT_TRUE(answer);
      EXPECT_EQ(!answer->interval.contains(0), *answer->p_value < 0.05) << treatment;
    }
  }
}

TEST(Lift, DeltaMayContradictTheDifferenceAndFiellerNever) {
  const Contrast contrast{
      .control = 2, .treatment = 5, .control_variance = 0.8, .treatment_variance = 1.5};
  EXPECT_TRUE(fixed(contrast)->difference.interval.low > 0);
  EXPECT_FALSE(lift(contrast, LiftMethod::kFieller)->interval.contains(0));
  EXPECT_TRUE(lift(contrast, LiftMethod::kDelta)->interval.contains(0));
}

TEST(Lift, BadInputSaysWhy) {
  const Contrast zero{.control = 0, .treatment = 5, .control_variance = 1, .treatment_variance = 1};
  EXPECT_EQ(lift(zero, LiftMethod::kDelta).error().code, Undefined::kZeroControl);
  const Contrast negative{
      .control = -1, .treatment = 5, .control_variance = 1, .treatment_variance = 1};
  EXPECT_EQ(lift(negative, LiftMethod::kLog).error().code, Undefined::kOutOfRange);
  EXPECT_TRUE(lift(negative, LiftMethod::kDelta));
  const Contrast constant{.control = 5, .treatment = 5};
  EXPECT_EQ(lift(constant, LiftMethod::kDelta).error().code, Undefined::kNoVariance);
  EXPECT_EQ(lift(negative, LiftMethod::kDelta, 1).error().code, Undefined::kOutOfRange);
}

}  // namespace
}  // namespace assay::stats
