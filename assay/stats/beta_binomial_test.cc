#include "assay/stats/beta_binomial.h"

#include <array>
#include <cmath>
#include <cstdint>

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

TEST(BetaBinomial, LimitsAgreeWithMpmath) {
  testing::GoldenTable table("posterior_limits");
  for (std::size_t row = 0; row < table.size(); ++row) {
    if (table.text(row, "family") != "beta") continue;
    // Shapes above the counts are the prior's.
    const auto counts = [&](const char* a, const char* b) {
      const auto won = static_cast<std::int64_t>(table.number(row, a) - 0.5);
      const auto lost = static_cast<std::int64_t>(table.number(row, b) - 0.5);
      return Proportion{won, won + lost};
    };
    const Proportion c = counts("a_c", "b_c");
    const Proportion t = counts("a_t", "b_t");
    const double a = table.number(row, "a_c") - static_cast<double>(c.successes);
    const auto answer = beta_binomial(c, t, {.prior = {a, a}});
    ASSERT_TRUE(answer);
    table.compare(row, "low", *answer->difference.interval.low);
    table.compare(row, "high", *answer->difference.interval.high);
    table.compare(row, "lift_low", *answer->relative.interval.low);
    table.compare(row, "lift_median", answer->relative.value, 1);
    table.compare(row, "lift_high", *answer->relative.interval.high);
  }
}

// Swapped arms, and failures counted for successes, turn every statement round.
TEST(BetaBinomial, SwapsAndMirrorsTurnItRound) {
  struct Case {
    Proportion c, t;
    double shape;
  };
  constexpr std::int64_t kMany = 1'000'000'000;
  for (const auto& [c, t, shape] :
       {Case{{0, 10}, {0, 10}, 1}, Case{{10, 10}, {10, 10}, 0.1}, Case{{0, 0}, {0, 0}, 0.1},
        Case{{3, 10}, {10, 10}, 0.5}, Case{{0, 1'000'000}, {3, 1'000'000}, 0.5},
        Case{{1, 2}, {kMany / 2, kMany}, 1}, Case{{kMany / 2, kMany}, {4, 4}, 1}}) {
    const BetaBinomialOptions options{.prior = {shape, shape}};
    const auto plain = beta_binomial(c, t, options);
    const auto swapped = beta_binomial(t, c, options);
    const auto mirrored =
        beta_binomial({c.n - c.successes, c.n}, {t.n - t.successes, t.n}, options);
    ASSERT_TRUE(plain && swapped && mirrored);
    for (const auto& turned : {swapped, mirrored}) {
      EXPECT_NEAR(*plain->difference.probability_better + *turned->difference.probability_better, 1,
                  1e-10);
      EXPECT_NEAR(*plain->difference.interval.low, -*turned->difference.interval.high, 1e-10);
    }
    EXPECT_NEAR(*swapped->difference.expected_loss - *plain->difference.expected_loss,
                plain->difference.value, 1e-10);
    EXPECT_NEAR((1 + plain->relative.value) * (1 + swapped->relative.value), 1, 1e-9);
  }
}

TEST(BetaBinomial, ANarrowArmAmongWideOnesIsAConstant) {
  // P(Beta(4, 8) > 0.3), by R's pbeta.
  const std::array arms{Beta{4, 8}, Beta{3e11, 7e11}};
  const auto best = probability_best(arms);
  EXPECT_NEAR(best[0], 0.5695623388, 1e-9);
  EXPECT_NEAR(best[0] + best[1], 1, 1e-10);
}

}  // namespace
}  // namespace assay::stats
