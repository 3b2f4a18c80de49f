#include "assay/stats/permutation.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/base/random.h"
#include "assay/stats/calculators.h"
#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

using Groups = std::vector<RandomizedGroup>;

// The designs behind spec/golden/permutation.csv, in integer arithmetic that Python repeats.
Groups design(const std::string& kind, std::int64_t seed, std::int64_t n_t, std::int64_t n) {
  std::int64_t state = seed;
  const auto next = [&] { return state = (state * 48271) % 2147483647; };
  const std::int64_t blocks = kind == "blocks" ? 3 : kind == "pairs" ? 7 : 1;
  Groups groups;
  for (std::int64_t block = 0; block < blocks; ++block) {
    for (std::int64_t i = 0; i < n; ++i) {
      RandomizedGroup group{.treated = i < n_t, .block = block};
      group.rows = kind == "clusters" ? 1 + next() % 5 : 1;
      for (std::int64_t row = 0; row < group.rows; ++row) {
        group.sum += static_cast<double>(next() % 40 + (group.treated ? 15 : 0));
      }
      groups.push_back(group);
    }
  }
  return groups;
}

TEST(Permutation, AgreesWithEnumerationSciPyAndCoin) {
  testing::GoldenTable table("permutation");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const Groups groups = design(table.text(row, "kind"), table.integer(row, "seed"),
                                 table.integer(row, "n_t"), table.integer(row, "n"));
    const auto test = permutation_test(groups);
    ASSERT_TRUE(test && test->exact && test->statistic);
    table.compare(row, "difference", test->difference);
    table.compare(row, "statistic", *test->statistic);
    table.compare(row, "p_value", test->p_value);
    EXPECT_EQ(test->assignments, table.integer(row, "assignments"));
    table.compare(row, "p_greater",
                  permutation_test(groups, {.alternative = Alternative::kGreater})->p_value);
    const auto plain = permutation_test(groups, {.statistic = PermutationStatistic::kDifference});
    table.compare(row, "p_difference", plain->p_value);
  }
}

TEST(Permutation, DrawsAgreeWithEnumeration) {
  for (const char* kind : {"complete", "clusters", "blocks"}) {
    const Groups groups = design(kind, 13, 3, kind == std::string("blocks") ? 5 : 12);
    const double exact = permutation_test(groups)->p_value;
    const auto drawn = permutation_test(groups, {.draws = 40'000, .seed = 3, .exact_limit = 1});
    EXPECT_FALSE(drawn->exact);
    EXPECT_EQ(drawn->assignments, 40'000);
    // Four Monte-Carlo standard errors.
    EXPECT_NEAR(drawn->p_value, exact, 4 * std::sqrt(exact * (1 - exact) / 40'000)) << kind;
  }
}

TEST(Permutation, SwappedShiftedAndScaled) {
  const Groups groups = design("clusters", 8, 4, 11);
  Groups swapped = groups, moved = groups;
  for (auto& each : swapped) each.treated = !each.treated;
  for (auto& each : moved) each.sum = 1e-3 * (each.sum + 1e7 * static_cast<double>(each.rows));
  const auto test = permutation_test(groups);
  EXPECT_EQ(permutation_test(swapped)->p_value, test->p_value);
  EXPECT_NEAR(*permutation_test(swapped)->statistic, -*test->statistic, 1e-12);
  EXPECT_EQ(permutation_test(moved)->p_value, test->p_value);
  EXPECT_NEAR(permutation_test(moved)->difference, 1e-3 * test->difference, 1e-9);
}

// Equal means, unequal variances, unequal sizes: the plain difference rejects far too often.
TEST(Permutation, StudentizedHoldsForEqualMeansWithUnequalVariances) {
  Random random(20261122);
  constexpr int kWorlds = 600;
  int studentized = 0, plain = 0;
  for (int world = 0; world < kWorlds; ++world) {
    Groups groups;
    for (int i = 0; i < 60; ++i) {
      const bool treated = i < 12;
      groups.push_back({.sum = random.normal() * (treated ? 5 : 1), .treated = treated});
    }
    const PermutationOptions options{.draws = 199, .seed = random.next()};
    if (permutation_test(groups, options)->p_value <= 0.05) ++studentized;
    PermutationOptions difference = options;
    difference.statistic = PermutationStatistic::kDifference;
    if (permutation_test(groups, difference)->p_value <= 0.05) ++plain;
  }
  EXPECT_LE(studentized, 56);  // 9.3 %: the 99.99 % binomial quantile of 600 at 5.5 %.
  EXPECT_GE(plain, 90);        // 15 % and more.
}

TEST(Permutation, ConstantVariants) {
  Groups groups;
  for (int i = 0; i < 6; ++i) groups.push_back({.sum = i < 3 ? 1.0 : 0.0, .treated = i < 3});
  const auto apart = permutation_test(groups);
  EXPECT_FALSE(apart->statistic);  // No variance within the variants.
  EXPECT_DOUBLE_EQ(apart->p_value, 2.0 / 20);
  for (auto& each : groups) each.sum = 4;
  EXPECT_EQ(permutation_test(groups)->p_value, 1);
}

TEST(Permutation, SaysWhyNot) {
  const Groups treated(3, {.sum = 1, .treated = true});
  EXPECT_EQ(permutation_test({}).error().code, Undefined::kNoData);
  EXPECT_EQ(permutation_test(treated).error().code, Undefined::kNoData);
  Groups groups = {{.sum = 1}, {.sum = 2, .treated = true}, {.sum = 3, .block = 1}};
  EXPECT_EQ(permutation_test(groups).error().code, Undefined::kOutOfRange);
  groups = {{.sum = NAN}, {.sum = 2, .treated = true}};
  EXPECT_EQ(permutation_test(groups).error().code, Undefined::kNotFinite);
  groups = {{.sum = 1e308}, {.sum = -1e308, .treated = true}};
  EXPECT_TRUE(permutation_test(groups) ||
              permutation_test(groups).error().code == Undefined::kNotFinite);
  groups = {{.sum = 1, .rows = 0}, {.sum = 2, .treated = true}};
  EXPECT_EQ(permutation_test(groups).error().code, Undefined::kOutOfRange);
  groups[0].rows = 1;
  EXPECT_EQ(permutation_test(groups, {.draws = 0}).error().code, Undefined::kOutOfRange);
}

TEST(Permutation, CalculatorReadsClustersAndBlocks) {
  const Answer units =
      calculate("permutation", R"({"control": [1, 2, 3], "treatment": [7, 8, 9]})");
  ASSERT_EQ(units.status, AnswerStatus::kOk) << units.json;
  EXPECT_EQ(nlohmann::json::parse(units.json)["p_value"], 0.1);
  const Answer clusters =
      calculate("permutation", R"({"control": [1, 2, 3, 4], "control_clusters": [1, 1, 2, 2],
                         "treatment": [7, 8, 9, 8], "treatment_clusters": [3, 3, 4, 4]})");
  EXPECT_EQ(nlohmann::json::parse(clusters.json)["assignments"], 6) << clusters.json;
  const Answer blocks = calculate("permutation", R"({"control": [1, 2], "control_blocks": [1, 2],
                                  "treatment": [7, 8], "treatment_blocks": [1, 2]})");
  EXPECT_EQ(nlohmann::json::parse(blocks.json)["assignments"], 4) << blocks.json;
}

TEST(Permutation, CalculatorNamesWhatIsWrong) {
  const auto problem = [](const char* request) {
    const Answer answer = calculate("permutation", request);
    EXPECT_EQ(answer.status, AnswerStatus::kBadRequest) << answer.json;
    return nlohmann::json::parse(answer.json)["error"]["problems"][0]["field"].get<std::string>();
  };
  EXPECT_EQ(problem(R"({"control": [1], "control_blocks": [1, 2], "treatment": [2],
                        "treatment_blocks": [1]})"),
            "control_blocks");
  EXPECT_EQ(problem(R"({"control": [1], "control_clusters": [1], "treatment": [2]})"),
            "treatment_clusters");
  EXPECT_EQ(problem(R"({"control": [1, 2], "control_clusters": [5, 5], "control_blocks": [1, 2],
                        "treatment": [2], "treatment_clusters": [6], "treatment_blocks": [1]})"),
            "control_blocks");
  EXPECT_EQ(problem(R"({"control": [1, 2], "treatment": [2, 3], "draws": 0})"), "draws");
}

// The observed assignment is one of those drawn: no draw as far out is p = 1/(draws + 1), not 0.
TEST(Permutation, NoDrawAsFarOutIsNotZero) {
  std::vector<RandomizedGroup> groups;
  for (int i = 0; i < 60; ++i) {
    groups.push_back({.sum = i + (i < 30 ? 0 : 1000.0), .treated = i >= 30});
  }
  const auto test = permutation_test(groups, {.draws = 99});
  ASSERT_TRUE(test);
  EXPECT_FALSE(test->exact);
  EXPECT_DOUBLE_EQ(test->p_value, 0.01);
}

}  // namespace
}  // namespace assay::stats
