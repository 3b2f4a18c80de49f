// One-sided alternatives, in every test that has them.
#include <array>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "assay/stats/contingency.h"
#include "assay/stats/golden_test.h"
#include "assay/stats/inference.h"
#include "assay/stats/mann_whitney.h"
#include "assay/stats/proportion.h"

namespace assay::stats {
namespace {

std::vector<double> sample(std::int64_t seed, std::int64_t count, double add) {
  std::vector<double> out;
  std::int64_t state = seed;
  for (std::int64_t i = 0; i < count; ++i) {
    state = state * 48271 % 2147483647;
    out.push_back(static_cast<double>(state % 100) + add);
  }
  return out;
}

Summary summary_of(const std::vector<double>& values) {
  Summary summary;
  for (const double each : values) summary.add(std::array{each});
  return summary;
}

Alternative alternative_of(const std::string& word) {
  if (word == "greater") return Alternative::kGreater;
  return word == "less" ? Alternative::kLess : Alternative::kTwoSided;
}

Proportion below_fifty(const std::vector<double>& values) {
  Proportion out{.n = static_cast<std::int64_t>(values.size())};
  for (const double each : values) out.successes += each < 50;
  return out;
}

double p_of(const std::string& method, const std::vector<double>& c, const std::vector<double>& t,
            Alternative side) {
  if (method == "mann_whitney") return mann_whitney(c, t, side)->p_value;
  const Proportion x = below_fifty(c);
  const Proportion y = below_fifty(t);
  if (method == "two_proportion_z") return *two_proportions(x, y, {.alternative = side})->p_value;
  if (method == "fisher_exact") {
    return fisher_exact(y.successes, y.n - y.successes, x.successes, x.n - x.successes, side)
        ->p_value;
  }
  return *fixed(*mean_contrast(summary_of(c), summary_of(t)), {.alternative = side})
              ->difference.p_value;
}

TEST(Alternative, AgreesWithSciPyAndR) {
  testing::GoldenTable table("alternatives");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const auto c = sample(table.integer(row, "seed"), table.integer(row, "n_c"), 0);
    const auto t =
        sample(table.integer(row, "seed") + 1, table.integer(row, "n_t"), table.number(row, "add"));
    const Alternative side = alternative_of(table.text(row, "alternative"));
    const std::string& method = table.text(row, "method");
    table.compare(row, "p_value", p_of(method, c, t, side));
    if (method != "welch_t") continue;
    const auto answer = fixed(*mean_contrast(summary_of(c), summary_of(t)), {.alternative = side});
    const Interval& interval = answer->difference.interval;
    EXPECT_EQ(interval.low.has_value(), !table.text(row, "low").empty());
    EXPECT_EQ(interval.high.has_value(), !table.text(row, "high").empty());
    if (interval.low) table.compare(row, "low", *interval.low, 1);
    if (interval.high) table.compare(row, "high", *interval.high, 1);
  }
}

TEST(Alternative, TheIntervalsExcludeZeroExactlyWhenTheTestRejects) {
  for (const Alternative side : {Alternative::kGreater, Alternative::kLess}) {
    for (double shift = -3; shift <= 3; shift += 0.05) {
      const Contrast contrast{.control = 10,
                              .treatment = 10 + shift,
                              .control_variance = 0.5,
                              .treatment_variance = 0.7,
                              .df = 30,
                              .n_control = 20,
                              .n_treatment = 20};
      const auto answer = fixed(contrast, {.alpha = 0.05, .alternative = side});
      ASSERT_TRUE(answer);
      const bool rejects = *answer->difference.p_value < 0.05;
      EXPECT_EQ(!answer->difference.interval.contains(0), rejects) << shift;
      EXPECT_EQ(!answer->relative->interval.contains(0), rejects) << shift;
    }
  }
}

TEST(Alternative, OneSidedLevelsStayBelowAHalfAndEqualArmsSayNothing) {
  const Contrast contrast{.control = 1, .treatment = 2, .treatment_variance = 1};
  EXPECT_EQ(fixed(contrast, {.alpha = 0.6, .alternative = Alternative::kLess}).error().code,
            Undefined::kOutOfRange);
  EXPECT_EQ(*two_proportions({5, 5}, {5, 5}, {.alternative = Alternative::kGreater})->p_value, 1);
}

}  // namespace
}  // namespace assay::stats
