#include "assay/stats/contingency.h"

#include <array>
#include <vector>

#include <gtest/gtest.h>

#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

TEST(Contingency, AgreesWithSciPy) {
  testing::GoldenTable table("contingency");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const std::array<std::int64_t, 4> counts = {table.integer(row, "a"), table.integer(row, "b"),
                                                table.integer(row, "c"), table.integer(row, "d")};
    table.compare(row, "chi2", chi_square_test(counts, 2)->statistic);
    table.compare(row, "chi2_p", chi_square_test(counts, 2)->p_value);
    table.compare(row, "yates_p", chi_square_test(counts, 2, Yates::kYes)->p_value);
    table.compare(row, "g", g_test(counts, 2)->statistic);
    table.compare(row, "g_p", g_test(counts, 2)->p_value);
    table.compare(row, "fisher_p",
                  fisher_exact(counts[0], counts[1], counts[2], counts[3])->p_value);
  }
}

TEST(Contingency, WiderTablesAndEmptyColumns) {
  const std::vector<std::int64_t> counts = {10, 20, 0, 30, 15, 15, 0, 33};
  const std::vector<std::int64_t> without = {10, 20, 30, 15, 15, 33};
  EXPECT_EQ(chi_square_test(counts, 4)->df, 2);
  EXPECT_DOUBLE_EQ(chi_square_test(counts, 4)->p_value, chi_square_test(without, 3)->p_value);
}

TEST(Contingency, NothingToCompareSaysWhy) {
  EXPECT_EQ(fisher_exact(0, 0, 3, 4).error().code, Undefined::kNoVariance);
  EXPECT_EQ(fisher_exact(0, 0, 0, 0).error().code, Undefined::kNoVariance);
  EXPECT_EQ(fisher_exact(-1, 2, 3, 4).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(fisher_exact(1LL << 40, 1LL << 40, 1LL << 40, 1LL << 40).error().code,
            Undefined::kUnsupported);
  EXPECT_EQ(g_test(std::vector<std::int64_t>{1, 2, 3}, 2).error().code, Undefined::kOutOfRange);
}

// Beside two huge equal counts the other two are a binomial with p = 1/2.
TEST(Contingency, FisherKeepsItsDigitsBesideHugeCounts) {
  constexpr std::int64_t kHuge = 4'000'000'000'000'000;
  const auto test = fisher_exact(3, 5, kHuge, kHuge, Alternative::kTwoSided);
  ASSERT_TRUE(test);
  EXPECT_NEAR(test->p_value, 1 - 70.0 / 256, 1e-12);
  const auto greater = fisher_exact(3, 5, kHuge, kHuge, Alternative::kGreater);
  EXPECT_NEAR(greater->p_value, 1 - 37.0 / 256, 1e-12);
}

}  // namespace
}  // namespace assay::stats
