#include "assay/stats/cost_benefit.h"

#include <gtest/gtest.h>

#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

TEST(CostBenefit, AgreesWithMpmath) {
  testing::GoldenTable table("cost_benefit");
  for (std::size_t row = 0; row < table.size(); ++row) {
    CostBenefitOptions options{.units = table.number(row, "units"),
                               .unit_value = table.number(row, "unit_value"),
                               .cost = table.number(row, "cost"),
                               .prior_mean = table.number(row, "prior_mean")};
    if (!table.text(row, "prior_sd").empty()) options.prior_sd = table.number(row, "prior_sd");
    const auto worth =
        cost_benefit(table.number(row, "effect"), table.number(row, "std_error"), options);
    ASSERT_TRUE(worth);
    table.compare(row, "net_value", worth->net_value);
    table.compare(row, "net_value_sd", worth->net_value_sd);
    table.compare(row, "probability_positive", worth->probability_positive);
    table.compare(row, "loss_of_shipping", worth->loss_of_shipping);
    table.compare(row, "loss_of_waiting", worth->loss_of_waiting);
    table.compare(row, "value_of_more_data", worth->value_of_more_data);
  }
}

TEST(CostBenefit, TheTwoLossesDifferByTheNetValue) {
  const auto worth = cost_benefit(0.004, 0.002, {.units = 5e6, .unit_value = 1.5, .cost = 9000});
  EXPECT_NEAR(worth->loss_of_waiting - worth->loss_of_shipping, worth->net_value, 1e-7);
  EXPECT_TRUE(worth->ship);
  EXPECT_NEAR(worth->break_even_effect, 0.0012, 1e-15);
}

TEST(CostBenefit, BadInputSaysWhy) {
  EXPECT_EQ(cost_benefit(1, 0, {}).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(cost_benefit(NAN, 1, {}).error().code, Undefined::kNotFinite);
  EXPECT_EQ(cost_benefit(1, 1, {.units = 0}).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(cost_benefit(1, 1, {.unit_value = 0}).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(cost_benefit(1, 1, {.prior_sd = -1}).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(cost_benefit(1e300, 1, {.units = 1e300}).error().code, Undefined::kNotFinite);
}

}  // namespace
}  // namespace assay::stats
