#include "assay/stats/cluster.h"

#include <array>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

// The clusters behind spec/golden/cluster.csv.
std::vector<Cluster> clusters(std::int64_t seed, int count) {
  std::int64_t state = seed;
  const auto next = [&] { return state = (state * 48271) % 2147483647; };
  std::vector<Cluster> out;
  for (int g = 0; g < count; ++g) {
    const std::int64_t rows = 1 + next() % 20;
    double sum = 0;
    const auto base = static_cast<double>(next() % 100);
    for (std::int64_t i = 0; i < rows; ++i) sum += base + static_cast<double>(next() % 50);
    out.push_back({rows, sum});
  }
  return out;
}

TEST(Cluster, AgreesWithDenseMatrices) {
  testing::GoldenTable table("cluster");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const auto c =
        clusters(table.integer(row, "seed"), static_cast<int>(table.integer(row, "g_c")));
    const auto t =
        clusters(table.integer(row, "seed") + 1, static_cast<int>(table.integer(row, "g_t")));
    const auto error = [&](ClusterVariance kind) {
      return std::sqrt(cluster_contrast(c, t, kind)->variance());
    };
    table.compare(row, "difference", cluster_contrast(c, t)->difference());
    table.compare(row, "cr0", error(ClusterVariance::kCr0));
    table.compare(row, "cr1", error(ClusterVariance::kCr1));
    table.compare(row, "cr2", error(ClusterVariance::kCr2));
    table.compare(row, "df", cluster_contrast(c, t)->df);
  }
}

TEST(Cluster, CorrelationAgreesWithTheAnalysisOfVariance) {
  testing::GoldenTable table("icc");
  for (std::size_t row = 0; row < table.size(); ++row) {
    std::vector<Summary> groups(static_cast<std::size_t>(table.integer(row, "clusters")));
    std::int64_t state = table.integer(row, "seed");
    const auto next = [&] { return state = (state * 48271) % 2147483647; };
    for (Summary& group : groups) {
      const std::int64_t rows = 1 + next() % 20;
      const auto base = static_cast<double>(next() % 100);
      for (std::int64_t i = 0; i < rows; ++i) {
        group.add(std::array{base + static_cast<double>(next() % 50)});
      }
    }
    const auto found = cluster_correlation(groups);
    ASSERT_TRUE(found);
    table.compare(row, "icc", found->icc);
    table.compare(row, "mean_size", found->mean_size);
    table.compare(row, "size_cv", found->size_cv);
    table.compare(row, "design_effect", found->design_effect);
  }
}

TEST(Cluster, CorrelationNeedsRowsThatVaryWithinClusters) {
  const Summary one = *Summary::of_mean(1, 3, 0);
  const Summary many = *Summary::of_mean(5, 3, 0);
  EXPECT_EQ(cluster_correlation(std::array{many}).error().code, Undefined::kTooFewUnits);
  EXPECT_EQ(cluster_correlation(std::array{one, one}).error().code, Undefined::kTooFewUnits);
  EXPECT_EQ(cluster_correlation(std::array{many, many}).error().code, Undefined::kNoVariance);
}

TEST(Cluster, ClustersOfOneRowAreWelch) {
  const std::array<Cluster, 3> c{{{1, 2}, {1, 4}, {1, 9}}};
  const std::array<Cluster, 4> t{{{1, 3}, {1, 5}, {1, 5}, {1, 11}}};
  // Sample variances 13 and 12 with divisor n-1.
  EXPECT_NEAR(cluster_contrast(c, t)->variance(), 13.0 / 3 + 12.0 / 4, 1e-12);
  EXPECT_NEAR(cluster_contrast(c, t, ClusterVariance::kCr1)->variance(), 13.0 / 3 + 12.0 / 4,
              1e-12);
}

TEST(Cluster, TooFewSayWhy) {
  const std::array<Cluster, 2> two{{{2, 3}, {0, 0}}};
  EXPECT_EQ(cluster_contrast(two, two).error().code, Undefined::kTooFewUnits);
  EXPECT_EQ(cluster_contrast({}, two).error().code, Undefined::kNoData);
  const std::array<Cluster, 2> bad{{{2, NAN}, {1, 1}}};
  EXPECT_EQ(cluster_contrast(bad, bad).error().code, Undefined::kNotFinite);
}

}  // namespace
}  // namespace assay::stats
