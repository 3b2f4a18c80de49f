#include "assay/stats/beta_binomial.h"

#include <array>
#include <cmath>

#include <gtest/gtest.h>

#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

TEST(BetaBinomial, TheBestOfSeveralAgreesWithMpmathAndR) {
  testing::GoldenTable table("beta_binomial_best");
  for (std::size_t row = 0; row < table.size(); ++row) {
    std::vector<Beta> arms;
    for (std::size_t i = 0; i < table.size(); ++i) {
      if (table.text(i, "first") != table.text(row, "first")) continue;
      arms.push_back({table.number(i, "a"), table.number(i, "b")});
    }
    const auto best = probability_best(arms);
    table.compare(row, "probability_best",
                  best[static_cast<std::size_t>(table.integer(row, "arm"))]);
  }
}

TEST(BetaBinomial, AgreesWithMpmath) {
  testing::GoldenTable table("beta_binomial");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const Beta c{table.number(row, "a_c"), table.number(row, "b_c")};
    const Beta t{table.number(row, "a_t"), table.number(row, "b_t")};
    table.compare(row, "probability_better", probability_better(c, t));
    table.compare(row, "expected_loss", expected_loss(c, t));
  }
}

TEST(BetaBinomial, IdentitiesHold) {
  const Beta c{0.5, 30.5};
  const Beta t{4, 28};
  EXPECT_NEAR(probability_better(c, t) + probability_better(t, c), 1, 1e-13);
  // loss(ship control) - loss(ship treatment) = E(p_t) - E(p_c).
  EXPECT_NEAR(expected_loss(t, c) - expected_loss(c, t), t.mean() - c.mean(), 1e-13);
  EXPECT_NEAR(probability_better(c, c), 0.5, 1e-13);
  const std::array arms{c, t, Beta{2, 40}};
  const auto best = probability_best(arms);
  EXPECT_NEAR(best[0] + best[1] + best[2], 1, 1e-12);
  const std::array pair{c, t};
  EXPECT_NEAR(probability_best(pair)[1], probability_better(c, t), 1e-13);
}

TEST(BetaBinomial, TheGuidesExample) {
  const auto answer = beta_binomial({3200, 100000}, {3350, 100000});
  ASSERT_TRUE(answer);
  EXPECT_NEAR(*answer->difference.probability_better, 0.970, 0.0005);
  EXPECT_LT(*answer->difference.interval.low, 0);
  EXPECT_LT(*answer->relative.interval.low, 0);
  EXPECT_NEAR(answer->relative.value, 0.0469, 0.0005);
}

TEST(BetaBinomial, TenMillionUsersAndNone) {
  const auto many = beta_binomial({500000, 10000000}, {501000, 10000000});
  ASSERT_TRUE(many);
  EXPECT_NEAR(*many->difference.probability_better, 0.84743, 1e-4);  // Φ(1.0255).
  const auto none = beta_binomial({0, 0}, {0, 0}, {.prior = {0.5, 0.5}});
  ASSERT_TRUE(none);
  EXPECT_NEAR(*none->difference.probability_better, 0.5, 1e-12);
  EXPECT_NEAR(*none->difference.interval.low, -*none->difference.interval.high, 1e-6);
}

TEST(BetaBinomial, BadInputSaysWhy) {
  EXPECT_EQ(beta_binomial({2, 1}, {1, 1}).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(beta_binomial({1, 1}, {1, 1}, {.prior = {0, 1}}).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(beta_binomial({1, 1}, {1, 1}, {.alpha = 0}).error().code, Undefined::kOutOfRange);
}

}  // namespace
}  // namespace assay::stats
