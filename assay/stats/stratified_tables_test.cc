#include "assay/stats/stratified_tables.h"

#include <vector>

#include <gtest/gtest.h>

#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

TEST(StratifiedTables, AgreesWithStatsmodelsAndR) {
  testing::GoldenTable table("stratified_tables");
  for (std::size_t row = 0; row < table.size(); ++row) {
    std::vector<StratumTable> strata;
    for (std::size_t i = 0; i < table.size(); ++i) {
      if (table.text(i, "study") != table.text(row, "study")) continue;
      strata.push_back({{table.integer(i, "x_c"), table.integer(i, "n_c")},
                        {table.integer(i, "x_t"), table.integer(i, "n_t")}});
    }
    const auto test = cochran_mantel_haenszel(strata);
    ASSERT_TRUE(test);
    table.compare(row, "chi2", test->statistic);
    table.compare(row, "p_value", test->p_value);
    table.compare(row, "odds_ratio", test->odds_ratio);
    table.compare(row, "low", *test->interval.low);
    table.compare(row, "high", *test->interval.high);
    table.compare(row, "breslow_day", test->breslow_day, 1);
    table.compare(row, "breslow_day_p", test->breslow_day_p);
  }
}

TEST(StratifiedTables, WhatSaysNothingIsLeftOut) {
  const StratumTable good{{10, 100}, {20, 100}};
  const auto alone = cochran_mantel_haenszel(std::vector{good});
  const auto with = cochran_mantel_haenszel(
      std::vector{good, StratumTable{{0, 50}, {0, 60}}, StratumTable{{0, 0}, {3, 60}}});
  EXPECT_EQ(alone->statistic, with->statistic);
  EXPECT_EQ(alone->breslow_day_p, 1);
}

TEST(StratifiedTables, BadInputSaysWhy) {
  EXPECT_EQ(cochran_mantel_haenszel({}).error().code, Undefined::kNoData);
  EXPECT_EQ(cochran_mantel_haenszel(std::vector<StratumTable>{{{5, 3}, {1, 3}}}).error().code,
            Undefined::kOutOfRange);
  EXPECT_EQ(cochran_mantel_haenszel(std::vector<StratumTable>{{{0, 9}, {4, 9}}}).error().code,
            Undefined::kNoVariance);
}

}  // namespace
}  // namespace assay::stats
