// Claims about assignment that guides to experiments repeat and that are wrong, or right only
// sometimes. Each is held here by its own number; those about statistics are in
// stats/guide_errors_test.cc.
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "assay/assign/schemes.h"
#include "assay/assign/testing.h"
#include "assay/base/hash.h"

namespace assay::assign {
namespace {

using define::HashScheme;

// A common claim: 32 bits of a digest over 0xffffffff are a number in [0, 1). The last digest gives
// exactly 1, which is below no fraction: such a unit is control even where everyone is treated. The
// guide's scheme keeps this error for tests that move here; assay's own draw cannot reach the end.
TEST(CommonClaim, ADigestOverItsMaximumReachesOne) {
  constexpr std::uint32_t kLast = 0xffffffff;
  EXPECT_EQ(static_cast<double>(kLast) / 0xffffffff, 1.0);
  const std::uint32_t everyone[] = {0, 1};
  const auto guide = peer_split(HashScheme::kMd5Guide, everyone, 0, define::kLayerSlots).value();
  EXPECT_FALSE(guide[1].contains(kLast));
  EXPECT_TRUE(guide[1].contains(kLast - 1));
  for (const std::uint32_t total : {1U, 2U, 3U, 10U, 1000U, define::kLayerSlots, 0xffffffffU}) {
    EXPECT_EQ(scale(kLast, total), total - 1) << total;
    EXPECT_EQ(scale(0, total), 0U) << total;
  }
  const auto snapshot = compile_plans({plan_of("all", {0, 1})}).value();
  Context context(*snapshot);
  for (int i = 0; i < 50'000; ++i) {
    const std::string id = "user_" + std::to_string(i);
    context.set_targeting_key(id);
    ASSERT_EQ(snapshot->evaluate(Handle{0}, context).variant, 1) << i;
  }
}

// A common example: the text gives [0, 0.5) to control, the code treats whoever lies below the
// fraction. With that one range a ramp from 10 % to 50 % turns four of nine control units into
// treated ones. Here a ramp raises the traffic, and the split stays: nobody crosses.
TEST(CommonClaim, OneRangeForTheTreatmentMovesControlUnits) {
  constexpr int kUnits = 20'000;
  const auto ramp = [](std::uint32_t treated, std::uint32_t rest, std::uint32_t traffic_ppm,
                       HashScheme scheme) {
    define::Experiment plan = plan_of("ramp", {rest, treated});
    plan.assignment.salt = "checkout";
    plan.assignment.hash = scheme;
    plan.assignment.traffic_ppm = traffic_ppm;
    const auto snapshot = compile_plans({plan}).value();
    Context context(*snapshot);
    std::vector<int> variants;
    for (int i = 0; i < kUnits; ++i) {
      const std::string id = "user_" + std::to_string(i);
      context.set_targeting_key(id);
      variants.push_back(snapshot->evaluate(Handle{0}, context).variant);
    }
    return variants;
  };
  const auto crossed = [](const std::vector<int>& before, const std::vector<int>& after, int from) {
    int stood = 0;
    int moved = 0;
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (before[i] != from) continue;
      ++stood;
      moved += after[i] != from;
    }
    return static_cast<double>(moved) / stood;
  };
  const auto guide_10 = ramp(1, 9, define::kLayerSlots, HashScheme::kMd5Guide);
  const auto guide_50 = ramp(1, 1, define::kLayerSlots, HashScheme::kMd5Guide);
  EXPECT_NEAR(crossed(guide_10, guide_50, 0), 4.0 / 9, 0.015);
  EXPECT_EQ(crossed(guide_10, guide_50, 1), 0) << "the code treats the low range, which grows";
  const auto own_20 = ramp(1, 1, 200'000, HashScheme::kAssay);
  const auto own_100 = ramp(1, 1, define::kLayerSlots, HashScheme::kAssay);
  for (const int variant : {0, 1}) EXPECT_EQ(crossed(own_20, own_100, variant), 0);
}

// A common claim: a salt per experiment makes assignments independent. Only where the hash mixes:
// with GrowthBook's first hash (FNV-1a of the id, then the key) of user_0 … and the keys exp-1 and
// exp-2 each split is even, and yet 23.6 % are treated in both instead of 25 %. Its second hash and
// assay's own are independent.
TEST(CommonClaim, ASaltMakesIndependentOnlyWhereTheHashMixes) {
  constexpr int kUnits = 400'000;
  struct Shares {
    double first = 0;
    double second = 0;
    double both = 0;
  };
  const auto shares_of = [](const auto& treated) {
    Shares shares;
    for (int i = 0; i < kUnits; ++i) {
      const std::string unit = "user_" + std::to_string(i);
      const bool first = treated(unit, "exp-1");
      const bool second = treated(unit, "exp-2");
      shares.first += first;
      shares.second += second;
      shares.both += first && second;
    }
    return Shares{shares.first / kUnits, shares.second / kUnits, shares.both / kUnits};
  };
  const auto peer = [&](HashScheme scheme) {
    const std::uint32_t even[] = {1, 1};
    const BucketRange range = peer_split(scheme, even, 0, define::kLayerSlots).value()[1];
    return shares_of([=](const std::string& unit, const char* key) {
      return range.contains(peer_bucket(scheme, key, unit));
    });
  };
  const Shares flawed = peer(HashScheme::kGrowthbookV1);
  const Shares mended = peer(HashScheme::kGrowthbookV2);
  const Shares own = shares_of([](const std::string& unit, const char* key) {
    return scale(draw(unit_digest(unit), salt_digest(key)), 2) == 1;
  });
  const double error = std::sqrt(0.25 * 0.75 / kUnits);  // 0.07 points.
  for (const Shares& each : {flawed, mended, own}) {
    EXPECT_NEAR(each.first, 0.5, 0.004);
    EXPECT_NEAR(each.second, 0.5, 0.004);
  }
  EXPECT_NEAR(flawed.both, 0.236, 0.002);
  EXPECT_NEAR(mended.both, 0.25, 4 * error);
  EXPECT_NEAR(own.both, 0.25, 4 * error);
}

}  // namespace
}  // namespace assay::assign
