#include "assay/stats/winsorize.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "assay/stats/golden_test.h"
#include "assay/stats/inference.h"

namespace assay::stats {
namespace {

// The same Lehmer generator as tools/golden/lifts.py, squared twice for a heavy tail.
std::vector<double> heavy(std::uint64_t& state, std::int64_t n) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < n; ++i) {
    state = state * 48271 % 2147483647;
    const double u = static_cast<double>(state % 1000) / 100;
    values.push_back(u * u * u * u);
  }
  return values;
}

TEST(Winsorize, AgreesWithNumpyAndScipy) {
  testing::GoldenTable table("winsorize");
  for (std::size_t row = 0; row < table.size(); ++row) {
    auto state = static_cast<std::uint64_t>(table.integer(row, "seed"));
    const auto control = heavy(state, table.integer(row, "n_c"));
    const auto treatment = heavy(state, table.integer(row, "n_t"));
    const auto cap = pooled_cap(control, treatment, table.number(row, "share"));
    ASSERT_TRUE(cap);
    table.compare(row, "cap", *cap);
    const Capped c = capped(control, *cap);
    const Capped t = capped(treatment, *cap);
    EXPECT_EQ(c.capped_n, table.integer(row, "capped_c"));
    EXPECT_EQ(t.capped_n, table.integer(row, "capped_t"));
    const auto answer = fixed(*mean_contrast(c.summary, t.summary));
    ASSERT_TRUE(answer);
    table.compare(row, "p_value", *answer->difference.p_value);
  }
}

TEST(Winsorize, EdgesOfTheShare) {
  const std::vector<double> ten = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  EXPECT_EQ(*pooled_cap(ten, {}, 0.9), 9);
  EXPECT_EQ(*pooled_cap(ten, {}, 0.91), 10);
  EXPECT_EQ(*pooled_cap({}, ten, 1e-9), 1);
  EXPECT_EQ(pooled_cap({}, {}, 0.5).error().code, Undefined::kNoData);
  EXPECT_EQ(pooled_cap(ten, {}, 1).error().code, Undefined::kOutOfRange);
  const std::vector<double> bad = {1, NAN};
  EXPECT_EQ(pooled_cap(bad, {}, 0.5).error().code, Undefined::kNotFinite);
  EXPECT_EQ(capped(ten, 9).capped_n, 1);
  EXPECT_EQ(capped(ten, 9).summary.mean(0), 5.4);
}

// 0.07 · 100 is a little above 7 in binary: the cap is still the seventh value.
TEST(Winsorize, AShareOfAWholeNumberOfValuesIsThatValue) {
  std::vector<double> values;
  for (int i = 1; i <= 100; ++i) values.push_back(i);
  EXPECT_EQ(*pooled_cap(values, {}, 0.07), 7);
}

}  // namespace
}  // namespace assay::stats
