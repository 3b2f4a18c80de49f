#include "assay/stats/peeking.h"

#include <cmath>

#include <gtest/gtest.h>

#include "assay/stats/distributions.h"
#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

TEST(Peeking, AgreesWithAnotherRecursion) {
  testing::GoldenTable table("peeking");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const int looks = static_cast<int>(table.integer(row, "looks"));
    const auto rule = operating_characteristics({.looks = looks});
    table.compare(row, "rejects", *peeking_error(looks));
    table.compare(row, "ships", rule->false_ship_rate);
    table.compare(row, "verdicts", rule->false_verdict_rate);
  }
}

TEST(Peeking, APriorRaisesTheFirstBounds) {
  const double flat = operating_characteristics({.looks = 20})->false_ship_rate;
  const double mild =
      operating_characteristics({.looks = 20, .noise_to_prior = 0.1})->false_ship_rate;
  const double sceptical =
      operating_characteristics({.looks = 20, .noise_to_prior = 10})->false_ship_rate;
  EXPECT_LT(mild, flat);
  EXPECT_LT(sceptical, 0.01);
}

TEST(Peeking, BadInputSaysWhy) {
  EXPECT_EQ(peeking_error(0).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(peeking_error(kMostPeeks + 1).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(peeking_error(3, 1).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(operating_characteristics({.ship_at = 0.4}).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(operating_characteristics({.noise_to_prior = NAN}).error().code,
            Undefined::kOutOfRange);
}

// At one look the prior widens the bound by √(1 + noise/prior), on both sides alike.
TEST(Peeking, APriorWidensBothSides) {
  const auto found = operating_characteristics({.looks = 1, .ship_at = 0.95, .noise_to_prior = 1});
  ASSERT_TRUE(found);
  const double tail = normal_sf(normal_isf(0.05) * std::sqrt(2.0));
  EXPECT_NEAR(found->false_ship_rate, tail, 1e-12);
  EXPECT_NEAR(found->false_verdict_rate, 2 * tail, 1e-12);
}

}  // namespace
}  // namespace assay::stats
