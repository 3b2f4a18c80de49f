// Public experiments, where they are present beside this repository: the whole way from rows to
// answers, against SciPy and R (spec/golden/real_data.csv). Each is skipped by name when absent.
#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "assay/stats/contingency.h"
#include "assay/stats/covariate_balance.h"
#include "assay/stats/golden_test.h"
#include "assay/stats/inference.h"
#include "assay/stats/mann_whitney.h"

namespace assay::stats {
namespace {

using Row = std::map<std::string, std::string>;

std::vector<Row> rows_of(const std::string& name) {
  std::ifstream file(ASSAY_SOURCE_DIR "/../shared/data/" + name + ".csv");
  std::vector<std::string> header;
  std::vector<Row> rows;
  for (std::string line; std::getline(file, line);) {
    std::vector<std::string> cells;
    std::stringstream stream(line);
    for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
    if (header.empty()) {
      header = cells;
      continue;
    }
    cells.resize(header.size());
    Row row;
    for (std::size_t i = 0; i < header.size(); ++i) row[header[i]] = cells[i];
    rows.push_back(std::move(row));
  }
  return rows;
}

double number(const Row& row, const std::string& column) { return std::stod(row.at(column)); }

class RealData : public ::testing::Test {
 protected:
  void expect(const std::string& name, double got) {
    for (std::size_t row = 0; row < table_.size(); ++row) {
      if (table_.text(row, "name") == name) return table_.compare(row, "value", got);
    }
    FAIL() << name << " is not in spec/golden/real_data.csv";
  }

 private:
  testing::GoldenTable table_{"real_data"};
};

TEST_F(RealData, CookieCats) {
  const auto rows = rows_of("cookie_cats");
  if (rows.empty()) GTEST_SKIP() << "cookie_cats.csv is not here";
  std::map<std::string, std::vector<double>> rounds;
  for (const Row& row : rows) rounds[row.at("version")].push_back(number(row, "sum_gamerounds"));
  expect("cookie_cats_rank_p", mann_whitney(rounds["gate_30"], rounds["gate_40"])->p_value);
}

TEST_F(RealData, Hillstrom) {
  const auto rows = rows_of("hillstrom");
  if (rows.empty()) GTEST_SKIP() << "hillstrom.csv is not here";
  std::vector<Summary> spend(2, Summary({.covariates = 1}));
  std::vector<Summary> before(2, Summary({.covariates = 5}));
  for (const Row& row : rows) {
    if (row.at("segment") == "womens") continue;
    const std::size_t arm = row.at("segment") == "mens" ? 1 : 0;
    spend[arm].add(std::array{number(row, "spend"), number(row, "history")});
    before[arm].add(std::array{0.0, number(row, "recency"), number(row, "history"),
                               number(row, "mens"), number(row, "womens"), number(row, "newbie")});
  }
  const auto answer = fixed(*cuped_contrast(spend[0], spend[1]));
  expect("hillstrom_cuped_difference", answer->difference.value);
  expect("hillstrom_cuped_p", *answer->difference.p_value);
  expect("hillstrom_balance_p", covariate_balance(before[0], before[1])->p_value);
}

TEST_F(RealData, Asos) {
  const auto rows = rows_of("asos_digital_experiments");
  if (rows.empty()) GTEST_SKIP() << "asos_digital_experiments.csv is not here";
  double snapshots = 0;
  double sum_of_t = 0;
  double sum_of_p = 0;
  for (const Row& row : rows) {
    const bool whole =
        std::none_of(row.begin(), row.end(), [](const auto& cell) { return cell.second.empty(); });
    if (!whole) continue;
    const auto arm = [&](const std::string& which) {
      return Summary::of_mean(static_cast<std::int64_t>(number(row, "count_" + which)),
                              number(row, "mean_" + which), number(row, "variance_" + which));
    };
    const auto control = arm("c");
    const auto treatment = arm("t");
    if (!control || !treatment) continue;
    const auto contrast = mean_contrast(*control, *treatment);
    if (!contrast || contrast->variance() <= 0) continue;
    const auto answer = fixed(*contrast);
    ++snapshots;
    sum_of_t += *answer->difference.statistic;
    sum_of_p += *answer->difference.p_value;
  }
  expect("asos_snapshots", snapshots);
  expect("asos_sum_of_t", sum_of_t);
  expect("asos_sum_of_p", sum_of_p);
}

TEST_F(RealData, Upworthy) {
  const auto rows = rows_of("upworthy_exploratory");
  if (rows.empty()) GTEST_SKIP() << "upworthy_exploratory.csv is not here";
  std::map<std::string, std::vector<std::int64_t>> packages;
  for (const Row& row : rows) {
    const auto clicks = static_cast<std::int64_t>(number(row, "clicks"));
    auto& counts = packages[row.at("clickability_test_id")];
    counts.push_back(clicks);
    counts.push_back(static_cast<std::int64_t>(number(row, "impressions")) - clicks);
  }
  double tests = 0;
  double sum = 0;
  for (const auto& [name, counts] : packages) {
    if (counts.size() <= 2) continue;
    const auto test = chi_square_test(counts, 2);
    if (!test) continue;
    ++tests;
    sum += test->statistic;
  }
  expect("upworthy_tests", tests);
  expect("upworthy_sum_of_chi2", sum);
}

}  // namespace
}  // namespace assay::stats
