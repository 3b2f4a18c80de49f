// Counts in a table: do the rows share one distribution over the columns?
//
// Pearson's chi-square (with Yates's correction for 2×2 on request), the likelihood-ratio G test,
// and Fisher's exact test for 2×2: two-sided by summing all tables at most as probable as the one
// seen, as R's fisher.test does. Take Fisher where an expected count is below 5. Golden:
// spec/golden/contingency.csv
//
//   const std::vector<std::int64_t> counts = {32, 968, 41, 959};   // two rows of two columns
//   const auto test = chi_square_test(counts, 2);
#pragma once

#include <cstdint>
#include <span>

#include "assay/stats/estimate.h"

namespace assay::stats {

struct TableTest {
  double statistic = 0;  // Chi-square or G; 0 for Fisher, which has none.
  double df = 0;
  double p_value = 1;
  double least_expected = 0;  // Below 5 the chi-square approximation is poor.
};

enum class Yates { kNo, kYes };

// `counts` row by row; rows or columns that are all zero are left out.
Stat<TableTest> chi_square_test(std::span<const std::int64_t> counts, std::size_t columns,
                                Yates yates = Yates::kNo);
Stat<TableTest> g_test(std::span<const std::int64_t> counts, std::size_t columns);
// The four counts a b / c d. "Greater": the odds ratio a·d / (b·c) is above 1.
Stat<TableTest> fisher_exact(std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d,
                             Alternative alternative = Alternative::kTwoSided);

}  // namespace assay::stats
