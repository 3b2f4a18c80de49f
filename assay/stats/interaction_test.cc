#include "assay/stats/interaction.h"

#include <cmath>

#include <gtest/gtest.h>

#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

TEST(Interaction, AgreesWithRegressionAndLogit) {
  testing::GoldenTable table("interaction");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const auto cell = [&](const std::string& which) {
      return Proportion{table.integer(row, "x_" + which), table.integer(row, "n_" + which)};
    };
    const auto summary = [&](const std::string& which) {
      return *Summary::of_proportion(cell(which).successes, cell(which).n);
    };
    const auto test = interaction({summary("00"), summary("10"), summary("01"), summary("11")});
    ASSERT_TRUE(test);
    table.compare(row, "interaction", test->difference.value);
    table.compare(row, "std_error", *test->difference.std_error);
    table.compare(row, "df", *test->difference.df);
    table.compare(row, "p_value", *test->difference.p_value);
    table.compare(row, "independence_p", test->independence_p);
    const auto logit = logit_interaction({cell("00"), cell("10"), cell("01"), cell("11")});
    ASSERT_TRUE(logit);
    table.compare(row, "logit_statistic", logit->statistic);
    table.compare(row, "logit_p", logit->p_value);
  }
}

TEST(Interaction, DoublingTheOddsTwiceIsNoInteractionOfLogits) {
  // Odds 1/9, 2/9, 2/9, 4/9.
  const auto test = logit_interaction({{100, 1000}, {200, 1100}, {200, 1100}, {400, 1300}});
  EXPECT_NEAR(test->statistic, 0, 1e-9);
}

TEST(Interaction, BadInputSaysWhy) {
  const Summary one = *Summary::of_proportion(1, 1);
  const Summary constant = *Summary::of_mean(9, 2, 0);
  EXPECT_EQ(interaction({one, one, one, one}).error().code, Undefined::kTooFewUnits);
  EXPECT_EQ(interaction({constant, constant, constant, constant}).error().code,
            Undefined::kNoVariance);
  EXPECT_EQ(logit_interaction({{0, 9}, {0, 9}, {0, 9}, {0, 9}}).error().code,
            Undefined::kNoVariance);
  EXPECT_EQ(logit_interaction({{0, 0}, {1, 9}, {1, 9}, {1, 9}}).error().code, Undefined::kNoData);
  EXPECT_EQ(logit_interaction({{9, 3}, {1, 9}, {1, 9}, {1, 9}}).error().code,
            Undefined::kOutOfRange);
}

}  // namespace
}  // namespace assay::stats
