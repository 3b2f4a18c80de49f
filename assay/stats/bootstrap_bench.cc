// A 1,000-replicate bootstrap of a ratio metric, against reading the same data 1,000 times from
// blocks that stay in the cache (two dependent sums per unit).
#include <algorithm>
#include <vector>

#include <benchmark/benchmark.h>

#include "assay/base/random.h"
#include "assay/stats/bootstrap.h"

namespace assay::stats {
namespace {

constexpr int kReplicates = 1000;
constexpr std::size_t kBlock = 1024;

std::vector<BootstrapUnit> units(std::size_t n) {
  Random random(1);
  std::vector<BootstrapUnit> made;
  for (std::size_t i = 0; i < n; ++i) made.push_back({random.next(), random.uniform(), 1});
  return made;
}

void bootstrap_ratio(benchmark::State& state) {
  const auto data = units(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    BootstrapSums sums({.replicates = kReplicates});
    sums.add(data);
    benchmark::DoNotOptimize(sums.replicate(0));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0) * kReplicates);
}
BENCHMARK(bootstrap_ratio)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

void read_from_cache(benchmark::State& state) {
  const auto data = units(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    double numerator = 0;
    double denominator = 0;
    for (std::size_t begin = 0; begin < data.size(); begin += kBlock) {
      const std::size_t end = std::min(begin + kBlock, data.size());
      for (int replicate = 0; replicate < kReplicates; ++replicate) {
        for (std::size_t i = begin; i < end; ++i) {
          numerator += data[i].numerator;
          denominator += data[i].denominator;
        }
        benchmark::DoNotOptimize(numerator);
        benchmark::DoNotOptimize(denominator);
      }
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0) * kReplicates);
}
BENCHMARK(read_from_cache)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace assay::stats
