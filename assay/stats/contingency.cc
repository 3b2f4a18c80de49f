#include "assay/stats/contingency.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "assay/stats/distributions.h"

namespace assay::stats {
namespace {

struct Cell {
  double observed = 0;
  double expected = 0;
};

struct Table {
  std::vector<Cell> cells;  // Only of rows and columns with a count.
  double df = 0;
  double least_expected = 0;
};

Stat<Table> table_of(std::span<const std::int64_t> counts, std::size_t columns) {
  if (columns < 2 || counts.size() < 2 * columns || counts.size() % columns != 0) {
    return undefined(Undefined::kOutOfRange,
                     fmt::format("{} counts are not a table of {} columns and at least two rows",
                                 counts.size(), columns));
  }
  const std::size_t rows = counts.size() / columns;
  std::vector<double> row_sum(rows);
  std::vector<double> column_sum(columns);
  double total = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] < 0) {
      return undefined(Undefined::kOutOfRange, fmt::format("a count is {}", counts[i]));
    }
    const double count = static_cast<double>(counts[i]);
    row_sum[i / columns] += count;
    column_sum[i % columns] += count;
    total += count;
  }
  const auto used = [](double sum) { return sum > 0; };
  const auto r = std::count_if(row_sum.begin(), row_sum.end(), used);
  const auto c = std::count_if(column_sum.begin(), column_sum.end(), used);
  if (r < 2 || c < 2) {
    return undefined(Undefined::kNoVariance,
                     fmt::format("{} rows and {} columns have counts: nothing to compare", r, c));
  }
  Table table{.df = static_cast<double>((r - 1) * (c - 1)), .least_expected = total};
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double expected = row_sum[i / columns] * (column_sum[i % columns] / total);
    if (expected <= 0) continue;
    table.cells.push_back({static_cast<double>(counts[i]), expected});
    table.least_expected = std::min(table.least_expected, expected);
  }
  return table;
}

}  // namespace

Stat<TableTest> chi_square_test(std::span<const std::int64_t> counts, std::size_t columns,
                                Yates yates) {
  ASSAY_TRY(const Table table, table_of(counts, columns));
  const bool correct = yates == Yates::kYes && table.df == 1;
  double sum = 0;
  for (const Cell& cell : table.cells) {
    double distance = std::abs(cell.observed - cell.expected);
    if (correct) distance -= std::min(0.5, distance);
    sum += distance * distance / cell.expected;
  }
  return TableTest{sum, table.df, chi2_sf(sum, table.df), table.least_expected};
}

Stat<TableTest> g_test(std::span<const std::int64_t> counts, std::size_t columns) {
  ASSAY_TRY(const Table table, table_of(counts, columns));
  double sum = 0;
  for (const Cell& cell : table.cells) {
    if (cell.observed > 0) sum += 2 * cell.observed * std::log(cell.observed / cell.expected);
  }
  sum = std::max(0.0, sum);
  return TableTest{sum, table.df, chi2_sf(sum, table.df), table.least_expected};
}

Stat<TableTest> fisher_exact(std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d,
                             Alternative alternative) {
  constexpr std::int64_t kMostTables = 1'000'000;
  constexpr double kTie = 1 + 1e-7;  // Equal probabilities that rounding separated, as in R.
  const std::array counts{a, b, c, d};
  ASSAY_TRY(const Table table, table_of(counts, 2));
  const std::int64_t row = a + b;
  const std::int64_t column = a + c;
  const std::int64_t n = a + b + c + d;
  const std::int64_t low = std::max<std::int64_t>(0, row + column - n);
  const std::int64_t high = std::min(row, column);
  if (high - low > kMostTables) {
    return undefined(
        Undefined::kUnsupported,
        fmt::format("{} tables to sum: use chi_square at such counts", high - low + 1));
  }
  // Each table's probability from its neighbour's, relative to the observed one: ratios of small
  // numbers keep their digits at any counts, where differences of ln Γ do not.
  const auto ratio = [&](std::int64_t x) {  // P(x + 1) / P(x).
    return static_cast<double>(row - x) / static_cast<double>(x + 1) *
           (static_cast<double>(column - x) / static_cast<double>(n - row - column + x + 1));
  };
  std::vector<double> log_relative(static_cast<std::size_t>(high - low + 1), 0.0);
  const auto at = [&](std::int64_t x) -> double& {
    return log_relative[static_cast<std::size_t>(x - low)];
  };
  for (std::int64_t x = a; x < high; ++x) at(x + 1) = at(x) + std::log(ratio(x));
  for (std::int64_t x = a; x > low; --x) at(x - 1) = at(x) - std::log(ratio(x - 1));
  const double peak = *std::max_element(log_relative.begin(), log_relative.end());
  double all = 0;
  double p = 0;
  for (std::int64_t x = low; x <= high; ++x) {
    const double each = std::exp(at(x) - peak);
    const bool extreme = alternative == Alternative::kGreater ? x >= a
                         : alternative == Alternative::kLess  ? x <= a
                                                              : at(x) <= std::log(kTie);
    all += each;
    if (extreme) p += each;
  }
  p /= all;
  return TableTest{0, 0, std::min(1.0, p), table.least_expected};
}

}  // namespace assay::stats
