#include "assay/stats/covariate_balance.h"

#include <vector>

#include <gtest/gtest.h>

#include "assay/base/random.h"
#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

// The rows behind spec/golden/covariate_balance.csv.
std::vector<Summary> arms_of(std::int64_t seed, int covariates, std::int64_t n_c,
                             std::int64_t n_t) {
  std::vector<Summary> arms(2, Summary({.covariates = covariates}));
  std::int64_t state = seed;
  for (std::int64_t i = 0; i < n_c + n_t; ++i) {
    std::vector<double> row = {0};
    for (int j = 0; j < covariates; ++j) {
      state = state * 48271 % 2147483647;
      row.push_back(static_cast<double>(state % 1000) / 100);
    }
    for (std::size_t j = 2; j < row.size(); ++j) row[j] += 0.5 * row[j - 1];
    if (i >= n_c) row[1] += 0.4;
    arms[i >= n_c ? 1 : 0].add(row);
  }
  return arms;
}

TEST(CovariateBalance, IsHotellingsTest) {
  testing::GoldenTable table("covariate_balance");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const auto arms =
        arms_of(table.integer(row, "seed"), static_cast<int>(table.integer(row, "covariates")),
                table.integer(row, "n_c"), table.integer(row, "n_t"));
    const auto test = covariate_balance(arms[0], arms[1]);
    ASSERT_TRUE(test);
    table.compare(row, "t_squared", test->t_squared);
    table.compare(row, "f", test->f);
    table.compare(row, "df2", test->df2);
    table.compare(row, "p_value", test->p_value);
  }
}

TEST(CovariateBalance, ACopyOfACovariateChangesNothing) {
  Random random(5);
  std::vector<Summary> once(2, Summary({.covariates = 1}));
  std::vector<Summary> twice(2, Summary({.covariates = 2}));
  for (int i = 0; i < 60; ++i) {
    const double x = random.normal();
    once[static_cast<std::size_t>(i % 2)].add(std::array{0.0, x});
    twice[static_cast<std::size_t>(i % 2)].add(std::array{0.0, x, 3 * x});
  }
  const auto a = covariate_balance(once[0], once[1]);
  const auto b = covariate_balance(twice[0], twice[1]);
  EXPECT_NEAR(a->p_value, b->p_value, 1e-9);
  EXPECT_EQ(b->df1, 1);
}

TEST(CovariateBalance, BadInputSaysWhy) {
  const Summary none;
  EXPECT_EQ(covariate_balance(none, none).error().code, Undefined::kNoData);
  Summary empty({.covariates = 1});
  EXPECT_EQ(covariate_balance(empty, empty).error().code, Undefined::kNoData);
  Summary low({.covariates = 1});
  Summary high({.covariates = 1});
  for (int i = 0; i < 5; ++i) {
    low.add(std::array{0.0, 1.0});
    high.add(std::array{0.0, 2.0});
  }
  EXPECT_EQ(covariate_balance(low, low).error().code, Undefined::kSingular);
  EXPECT_EQ(covariate_balance(low, high).error().code, Undefined::kNoVariance);
}

}  // namespace
}  // namespace assay::stats
