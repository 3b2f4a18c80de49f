#include "assay/stats/shrinkage.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <gtest/gtest.h>

#include "assay/base/random.h"
#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

TEST(Shrinkage, AgreesWithStatsmodelsAndR) {
  testing::GoldenTable table("shrinkage");
  for (std::size_t row = 0; row < table.size(); ++row) {
    std::vector<Effect> family;
    std::size_t at = 0;
    for (std::size_t i = 0; i < table.size(); ++i) {
      if (table.text(i, "family") != table.text(row, "family")) continue;
      if (i == row) at = family.size();
      family.push_back({table.number(i, "effect"), table.number(i, "std_error")});
    }
    ShrinkageOptions options;
    if (family.size() < 10) options.tau = table.number(row, "tau");
    const auto shrunk = shrink(family, options);
    ASSERT_TRUE(shrunk);
    table.compare(row, "tau", shrunk->tau);
    table.compare(row, "posterior_mean", shrunk->effects[at].value);
    table.compare(row, "posterior_sd", shrunk->effects[at].std_error);
  }
}

TEST(Shrinkage, DerSimonianLaird) {
  // statsmodels combine_effects(…, method_re="dl").tau2 of these ten effects.
  std::vector<Effect> effects;
  for (int i = 0; i < 10; ++i) effects.push_back({0.1 * (i * i % 7) - 0.1, 0.05 + 0.01 * i});
  EXPECT_NEAR(shrink(effects)->tau, 0.1400155490186223, 1e-13);
}

TEST(Shrinkage, WinnersAreUnbiasedAfterwards) {
  Random random(31);
  double raw = 0;
  double shrunk = 0;
  constexpr int kWorlds = 2000;
  for (int world = 0; world < kWorlds; ++world) {
    std::vector<Effect> effects;
    std::vector<double> truth;
    for (int i = 0; i < 40; ++i) {
      truth.push_back(0.02 * random.normal());
      effects.push_back({truth.back() + 0.03 * random.normal(), 0.03});
    }
    const auto best = static_cast<std::size_t>(
        std::max_element(effects.begin(), effects.end(),
                         [](const Effect& a, const Effect& b) { return a.value < b.value; }) -
        effects.begin());
    raw += (effects[best].value - truth[best]) / kWorlds;
    shrunk += (shrink(effects, {.tau = 0.02})->effects[best].value - truth[best]) / kWorlds;
  }
  EXPECT_GT(raw, 0.04);
  EXPECT_NEAR(shrunk, 0, 0.002);
}

TEST(Shrinkage, TooFewOrImpossibleSayWhy) {
  const std::array<Effect, 1> one{{{0.1, 0.05}}};
  EXPECT_EQ(shrink(one).error().code, Undefined::kTooFewUnits);
  EXPECT_NEAR(shrink(one, {.tau = 0.05})->effects[0].value, 0.05, 1e-15);
  EXPECT_EQ(shrink(one, {.tau = 0})->effects[0].value, 0);
  EXPECT_EQ(shrink(one, {.tau = NAN}).error().code, Undefined::kOutOfRange);
  const std::array<Effect, 1> bad{{{0.1, 0}}};
  EXPECT_EQ(shrink(bad, {.tau = 1}).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(shrink({}).error().code, Undefined::kNoData);
}

}  // namespace
}  // namespace assay::stats
