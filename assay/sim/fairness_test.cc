#include "assay/sim/fairness.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/base/random.h"
#include "assay/sim/bit_columns.h"

namespace assay::sim {
namespace {

// Columns of fair coins, except that the last is what `last` makes of the first two.
template <typename LastFunction>
BitColumns coins(LastFunction last) {
  constexpr std::size_t kUnits = 20'000, kColumns = 8;
  BitColumns columns(kColumns, kUnits);
  Random random(5);
  for (std::size_t unit = 0; unit < kUnits; ++unit) {
    bool bits[kColumns];
    for (bool& bit : bits) bit = (random.next() >> 63) != 0;
    bits[kColumns - 1] = last(bits, unit);
    for (std::size_t i = 0; i < kColumns; ++i) {
      if (bits[i]) columns.set(i, unit);
    }
  }
  return columns;
}

TEST(BitColumns, FairCoinsStayBelowTheLimitOfEveryTest) {
  const BitColumns fair = coins([](const bool* bits, std::size_t) { return bits[7]; });
  EXPECT_LT(worst_share(fair, 0.5).z, 4);
  EXPECT_LT(worst_pair(fair, 0.5).z, 4);
  EXPECT_LT(worst_triple(fair, 100, 1).z, 4);
  EXPECT_LT(worst_carry_over(fair, fair).z, 4);
  EXPECT_EQ(worst_share(fair, 0.5).tests, 8);
  EXPECT_EQ(worst_pair(fair, 0.5).tests, 28);
  EXPECT_EQ(worst_triple(fair, 100, 1).tests, 100);
  EXPECT_EQ(worst_carry_over(fair, fair).tests, 28);
}

TEST(BitColumns, EachTestSeesTheFaultItIsFor) {
  const BitColumns uneven = coins([](const bool*, std::size_t unit) { return unit % 10 < 6; });
  EXPECT_GT(worst_share(uneven, 0.5).z, 20);
  const BitColumns copied =
      coins([](const bool* b, std::size_t unit) { return unit % 5 == 0 ? b[0] : b[7]; });
  EXPECT_LT(worst_share(copied, 0.5).z, 4);
  EXPECT_GT(worst_pair(copied, 0.5).z, 10);
  EXPECT_GT(worst_carry_over(copied, copied).z, 10);
  // Independent two by two, and yet the last follows from the first two.
  const BitColumns parity = coins([](const bool* b, std::size_t) { return b[0] != b[1]; });
  EXPECT_LT(worst_pair(parity, 0.5).z, 4);
  EXPECT_GT(worst_triple(parity, 2000, 1).z, 100);
}

TEST(Fairness, TheProductsAssignmentIsFair) {
  const auto report = check_fairness({.units = 20'000, .salts = 12});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->checks.size(), 24U);
  for (const FairnessCheck& check : report->checks) {
    EXPECT_TRUE(check.passed()) << check.ids << " " << check.check << " " << check.worst_z;
    EXPECT_GT(check.worst_z, 0.2) << "nothing is that even";
    EXPECT_GT(check.limit_z, 4);
  }
  EXPECT_TRUE(report->passed());
  const auto json = nlohmann::json::parse(to_json(*report));
  EXPECT_EQ(json["checks"].size(), 24U);
  EXPECT_EQ(json["checks"][2]["check"], "pairs");
  EXPECT_EQ(json["checks"][2]["tests"], 66);
  EXPECT_EQ(json["passed"], true);
}

TEST(Fairness, OptionsOutOfRangeAreRefused) {
  EXPECT_EQ(check_fairness({.units = 9999}).error().code, Code::kInvalid);
  EXPECT_EQ(check_fairness({.units = 50'000'001}).error().code, Code::kInvalid);
  EXPECT_EQ(check_fairness({.salts = 2}).error().code, Code::kInvalid);
  EXPECT_EQ(check_fairness({.salts = 1001}).error().code, Code::kInvalid);
}

}  // namespace
}  // namespace assay::sim
