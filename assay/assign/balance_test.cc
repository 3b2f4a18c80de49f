#include "assay/assign/balance.h"

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "assay/assign/testing.h"
#include "assay/base/hash.h"

namespace assay::assign {
namespace {

std::vector<std::string> names(int count) {
  std::vector<std::string> ids;
  for (int i = 0; i < count; ++i) ids.push_back("school_" + std::to_string(i));
  return ids;
}
std::vector<std::uint64_t> digests_of(const std::vector<std::string>& ids) {
  std::vector<std::uint64_t> digests;
  for (const std::string& id : ids) digests.push_back(unit_digest(id));
  return digests;
}
Strata every(int count, std::uint32_t levels) {
  Strata strata{.level = {}, .levels = levels};
  for (int i = 0; i < count; ++i) strata.level.push_back(static_cast<std::uint32_t>(i) % levels);
  return strata;
}

// The counts are those of the assignments that everyone computes with the salt.
TEST(Balance, CountsWhatTheSaltAssigns) {
  const auto ids = names(997);
  const std::vector<Strata> columns = {every(997, 3), every(997, 7)};
  const std::vector<std::uint32_t> weights = {1, 1, 1};
  const Balance best = find_balance(digests_of(ids), columns, weights, "exp", {.salts = 50});
  define::Experiment plan = plan_of("exp", weights);
  plan.assignment.salt = best.salt;
  const auto snapshot = compile_plans({plan}).value();
  auto counts = best.counts;
  double imbalance = 0;
  for (auto& column : counts) {
    for (auto& level : column) level.assign(3, 0);
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    Context context(*snapshot);
    context.set_targeting_key(ids[i]);
    const auto variant = static_cast<std::size_t>(snapshot->evaluate("exp", context)->variant);
    for (std::size_t c = 0; c < 2; ++c) ++counts[c][columns[c].level[i]][variant];
    ++counts[2][0][variant];
  }
  EXPECT_EQ(best.counts, counts);
  for (const auto& column : counts) {
    for (const auto& level : column) {
      const auto size = static_cast<double>(level[0] + level[1] + level[2]);
      for (std::size_t v = 0; v < 3; ++v) {
        const double e = size / 3;
        imbalance += std::pow(static_cast<double>(level[v]) - e, 2) / e;
      }
    }
  }
  EXPECT_NEAR(best.imbalance, imbalance, 1e-9);
  EXPECT_LT(best.imbalance, best.median);
  EXPECT_LE(best.imbalance, best.of_plan);
}

TEST(Balance, TwentySchoolsInFourRegionsAreEven) {
  const std::vector<Strata> columns = {every(20, 4)};
  const Balance best = find_balance(digests_of(names(20)), columns,
                                    std::vector<std::uint32_t>{1, 1}, "schools", {.salts = 5000});
  EXPECT_EQ(best.counts.back()[0], (std::vector<std::size_t>{10, 10}));
  ASSERT_EQ(best.counts[0].size(), 4U);
  for (const auto& region : best.counts[0]) {  // Five in each: 2 and 3 is the best there is.
    EXPECT_LE(region[0], 3U);
    EXPECT_GE(region[0], 2U);
  }
  EXPECT_NEAR(best.imbalance, 4 * 2 * 0.25 / 2.5, 1e-12);
  const Balance plain = find_balance(digests_of(names(20)), columns,
                                     std::vector<std::uint32_t>{1, 1}, "schools", {.salts = 1});
  EXPECT_EQ(best.of_plan, plain.imbalance);
  EXPECT_GT(best.of_plan, best.imbalance);
}

// Without a choice there is nothing but the plan's own salt.
TEST(Balance, OneSaltIsThePlansOwn) {
  const Balance only = find_balance(digests_of(names(10)), {}, std::vector<std::uint32_t>{1, 0},
                                    "exp", {.salts = 1});
  EXPECT_EQ(only.salt, "exp");
  EXPECT_EQ(only.of_plan, only.imbalance);
  EXPECT_EQ(only.imbalance, 0.0) << "a variant without weight gets nobody";
  EXPECT_EQ(candidate_salt("exp", 17), "exp#17");
  const Balance same = find_balance(digests_of(names(10)), {}, std::vector<std::uint32_t>{1, 0},
                                    "exp", {.salts = 9});
  EXPECT_EQ(same.salt, "exp") << "of salts that are as good, the first";
}

// Half a unit is expected of each variant in each stratum, and that counts.
TEST(Balance, StrataOfOneUnitCount) {
  const std::vector<Strata> columns = {every(4, 4)};
  const Balance only = find_balance(digests_of(names(4)), columns, std::vector<std::uint32_t>{1, 1},
                                    "exp", {.salts = 1});
  const double off = static_cast<double>(only.counts.back()[0][0]) - 2;
  EXPECT_DOUBLE_EQ(only.imbalance, 4 * 1.0 + 2 * off * off / 2);
}

// The share of searches, each for a test of its own, in which the small variant has a unit; by
// stratum. Strata of 1, 1, 2, 3, 5, 8 and 20 units.
std::vector<double> shares_of_strata(const std::vector<std::uint32_t>& weights, int tests) {
  const std::vector<std::size_t> sizes = {1, 1, 2, 3, 5, 8, 20};
  Strata strata{.level = {}, .levels = 7};
  for (std::uint32_t l = 0; l < 7; ++l) strata.level.insert(strata.level.end(), sizes[l], l);
  const auto digests = digests_of(names(40));
  std::vector<double> shares(7);
  for (int test = 0; test < tests; ++test) {
    const Balance best = find_balance(digests, std::vector<Strata>{strata}, weights,
                                      "exp" + std::to_string(test), {.salts = 200});
    for (std::size_t l = 0; l < 7; ++l) {
      shares[l] +=
          static_cast<double>(best.counts[0][l].back()) / static_cast<double>(sizes[l]) / tests;
    }
  }
  return shares;
}

// Units of the smallest strata keep their chance of the small variant, too.
TEST(Balance, EveryUnitKeepsItsChanceOfEachVariant) {
  constexpr int kTests = 800;
  for (const auto& weights : {std::vector<std::uint32_t>{4, 1}, std::vector<std::uint32_t>{6, 3, 1},
                              std::vector<std::uint32_t>{1, 1}}) {
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    const double share = weights.back() / total;
    const double band = 4 * std::sqrt(share * (1 - share) / kTests);
    for (const double found : shares_of_strata(weights, kTests)) EXPECT_NEAR(found, share, band);
  }
}

// The search ends where the shares are met to a unit.
TEST(Balance, UnequalSharesAreMetToAUnit) {
  const std::vector<Strata> columns = {every(60, 3)};
  const Balance best = find_balance(digests_of(names(60)), columns,
                                    std::vector<std::uint32_t>{9, 1}, "exp", {.salts = 5000});
  ASSERT_EQ(best.counts[0].size(), 3U);
  for (const auto& stratum : best.counts[0]) EXPECT_EQ(stratum[1], 2U);
  EXPECT_EQ(best.imbalance, 0.0);
}

// Chance alone: X² has as many degrees of freedom as strata times (variants - 1), in the mean.
TEST(Balance, TheMedianIsThatOfChance) {
  const std::vector<Strata> columns = {every(10'000, 5)};
  const Balance found = find_balance(digests_of(names(10'000)), columns,
                                     std::vector<std::uint32_t>{1, 1}, "exp", {.salts = 2000});
  EXPECT_NEAR(found.median, 5.1, 0.6);  // The five strata, and their sum once more.
}

}  // namespace
}  // namespace assay::assign
