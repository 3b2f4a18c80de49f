#include "assay/stats/mann_whitney.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

TEST(MannWhitney, AgreesWithSciPy) {
  testing::GoldenTable table("mann_whitney");
  for (std::size_t row = 0; row < table.size(); ++row) {
    std::int64_t state = table.integer(row, "seed");
    const std::int64_t levels = table.integer(row, "levels");
    const auto draw = [&](std::int64_t count, std::int64_t shift) {
      std::vector<double> values;
      for (std::int64_t i = 0; i < count; ++i) {
        state = (state * 48271) % 2147483647;
        values.push_back(static_cast<double>(state % levels + shift));
      }
      return values;
    };
    const auto control = draw(table.integer(row, "n_c"), 0);
    const auto treatment = draw(table.integer(row, "n_t"), table.integer(row, "shift"));
    const auto test = mann_whitney(control, treatment);
    ASSERT_TRUE(test);
    table.compare(row, "u", test->u);
    table.compare(row, "p_value", test->p_value);
  }
}

TEST(MannWhitney, AllEqualIsNoDifference) {
  const std::vector<double> same(5, 3.0);
  EXPECT_EQ(mann_whitney(same, same)->p_value, 1);
  EXPECT_EQ(mann_whitney(same, same)->estimate, 0.5);
  EXPECT_EQ(mann_whitney({}, same).error().code, Undefined::kNoData);
  EXPECT_EQ(mann_whitney(std::vector<double>{NAN}, same).error().code, Undefined::kNotFinite);
}

TEST(MannWhitney, ExactAgreesWithScipy) {
  testing::GoldenTable table("mann_whitney_exact");
  for (std::size_t row = 0; row < table.size(); ++row) {
    std::int64_t state = table.integer(row, "seed");
    const auto draw = [&](std::int64_t count) {
      std::vector<double> values;
      for (std::int64_t i = 0; i < count; ++i) {
        state = (state * 48271) % 2147483647;
        values.push_back(static_cast<double>(state % table.integer(row, "levels")));
      }
      return values;
    };
    const auto control = draw(table.integer(row, "n_c"));
    const auto treatment = draw(table.integer(row, "n_t"));
    const auto p = mann_whitney_exact_p(control, treatment);
    ASSERT_TRUE(p);
    table.compare(row, "p_value", *p);
  }
}

TEST(MannWhitney, ExactAtItsEdges) {
  const std::vector<double> low = {1, 2, 3};
  const std::vector<double> high = {4, 5, 6};
  EXPECT_DOUBLE_EQ(*mann_whitney_exact_p(low, high), 0.1);  // 2 of 20 ways.
  EXPECT_DOUBLE_EQ(*mann_whitney_exact_p(high, low), 0.1);
  EXPECT_EQ(*mann_whitney_exact_p(low, low), 1);
  EXPECT_EQ(*mann_whitney_exact_p(std::vector<double>{1}, std::vector<double>{1}), 1);
  EXPECT_EQ(mann_whitney_exact_p({}, low).error().code, Undefined::kNoData);
  EXPECT_EQ(mann_whitney_exact_p(std::vector<double>(48, 1.0), low).error().code,
            Undefined::kOutOfRange);
}

}  // namespace
}  // namespace assay::stats
