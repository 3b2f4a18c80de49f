#include "assay/stats/oec.h"

#include <array>

#include <gtest/gtest.h>

#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

constexpr std::array kEffects = {0.1, -0.2, 0.35};
constexpr std::array kCovariance = {0.01, 0.004, -0.002, 0.004, 0.02, 0.001, -0.002, 0.001, 0.03};

TEST(WeightedSum, AgreesWithNumPyAndR) {
  testing::GoldenTable table("weighted_sum");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const std::array weights{table.number(row, "w_1"), table.number(row, "w_2"),
                             table.number(row, "w_3")};
    const auto sum = weighted_sum(kEffects, weights, kCovariance);
    ASSERT_TRUE(sum);
    table.compare(row, "value", sum->value);
    table.compare(row, "std_error", *sum->std_error);
    table.compare(row, "p_value", *sum->p_value);
  }
}

TEST(WeightedSum, BadInputSaysWhy) {
  const std::array two = {1.0, 1.0};
  EXPECT_EQ(weighted_sum({}, {}, {}).error().code, Undefined::kNoData);
  EXPECT_EQ(weighted_sum(two, two, std::array{1.0}).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(weighted_sum(two, two, std::array{1.0, 0.0, 0.5, 1.0}).error().code,
            Undefined::kOutOfRange);
  EXPECT_EQ(weighted_sum(two, two, std::array{1.0, -2.0, -2.0, 1.0}).error().code,
            Undefined::kSingular);
  EXPECT_EQ(weighted_sum(two, two, std::array{1.0, -1.0, -1.0, 1.0}).error().code,
            Undefined::kNoVariance);
  EXPECT_EQ(weighted_sum(std::array{1e308}, std::array{1e308}, std::array{1.0}).error().code,
            Undefined::kNotFinite);
}

}  // namespace
}  // namespace assay::stats
