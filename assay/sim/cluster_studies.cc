// Whole clusters (shops, cities, teams) randomized: 5 to 35 rows each, a tenth of the variance
// between clusters. Rows as units lie badly, CR0 lies with few clusters, CR2 with Satterthwaite's
// degrees of freedom holds from a handful on.
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "assay/sim/claims.h"
#include "assay/sim/studies.h"

namespace assay::sim {
namespace {

constexpr double kBetween = 0.1;  // Share of the variance that lies between clusters.

struct Clusters {
  std::array<std::vector<stats::Cluster>, 2> arms;
  std::array<stats::Summary, 2> rows;
  int planned = 0;
};

Simulate<Clusters> simulate_clusters(int clusters, int looks) {
  return [=](const Random& base, const Show<Clusters>& show) {
    Random random = base;
    Clusters data{.planned = clusters};
    int look = 0;
    for (int i = 0; i < clusters; ++i) {
      const std::size_t arm = static_cast<std::size_t>(i % 2);
      const double level = std::sqrt(kBetween) * random.normal();
      stats::Cluster cluster{.rows = 5 + static_cast<std::int64_t>(random.below(31))};
      for (std::int64_t row = 0; row < cluster.rows; ++row) {
        const std::array value{level + std::sqrt(1 - kBetween) * random.normal()};
        cluster.sum += value[0];
        data.rows[arm].add(value);
      }
      data.arms[arm].push_back(cluster);
      if ((i + 1) * looks < clusters * (look + 1)) continue;
      ++look;
      show(data);
    }
  };
}

Method<Clusters> cluster_method(std::string name, stats::ClusterVariance variance,
                                Promise promise) {
  return {{.name = std::move(name), .promise = promise}, [variance](const Clusters& data) -> Claim {
            const auto contrast = stats::cluster_contrast(data.arms[0], data.arms[1], variance);
            return contrast ? claim_of(fixed(*contrast), 0, 0.05) : Claim{};
          }};
}

Claim rows_claim(const Clusters& data) {
  const auto contrast = stats::mean_contrast(data.rows[0], data.rows[1]);
  return contrast ? claim_of(fixed(*contrast), 0, 0.05) : Claim{};
}

Claim sequential_claim(const Clusters& data) {
  const auto contrast = stats::cluster_contrast(data.arms[0], data.arms[1]);
  if (!contrast) return {};
  return without_p(
      claim_of(sequential(*contrast, {.target_n = static_cast<double>(data.planned)}), 0, 0.05));
}

Study cluster_study(int clusters) {
  const Promise many = clusters >= 200 ? Promise::kExactly : Promise::kNone;
  return make_study<Clusters>(
      {.id = fmt::format("clusters.g{}", clusters),
       .world = fmt::format("{} clusters of 5 to 35 rows, half treated", clusters),
       .runs = 5000,
       .units = 20 * clusters},
      simulate_clusters(clusters, 1),
      {cluster_method("CR2, Satterthwaite", stats::ClusterVariance::kCr2,
                      clusters >= 12 ? Promise::kExactly : Promise::kNone),
       cluster_method("CR1", stats::ClusterVariance::kCr1, many),
       cluster_method("CR0", stats::ClusterVariance::kCr0, many),
       {{.name = "rows as units", .promise = Promise::kNone}, rows_claim}});
}

}  // namespace

std::vector<Study> cluster_studies() {
  std::vector<Study> made;
  for (const int clusters : {6, 12, 40, 200}) made.push_back(cluster_study(clusters));
  made.push_back(make_study<Clusters>(
      {.id = "clusters.g1400.looks28",
       .world = "1400 clusters of 5 to 35 rows arriving, 28 looks",
       .runs = 1000,
       .units = 28'000,
       .looks = 28},
      simulate_clusters(1400, 28),
      {{{.name = "sequential of clusters", .promise = Promise::kAtMost}, sequential_claim},
       cluster_method("CR2, peeked at", stats::ClusterVariance::kCr2, Promise::kNone)}));
  return made;
}

}  // namespace assay::sim
