#include <string>

#include <benchmark/benchmark.h>

#include "assay/collect/collect.h"

namespace assay::collect {
namespace {

std::string lines(int count) {
  std::string body;
  for (int i = 0; i < count; ++i) {
    body += R"({"id":"e)" + std::to_string(i) +
            R"(","time":"2026-03-06T00:00:00Z","name":"click",)" +
            R"("units":{"user":"u1"},"value":12.5,"properties":{"item":42}})" + "\n";
  }
  return body;
}

void parse_ten_thousand_lines(benchmark::State& state) {
  const std::string body = lines(10'000);
  for (auto unused : state) {
    static_cast<void>(unused);
    const auto parsed =
        parse_events(body, "application/x-ndjson", Timestamp{1'800'000'000'000'000});
    benchmark::DoNotOptimize(parsed.events.data());
  }
  state.SetItemsProcessed(state.iterations() * 10'000);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(parse_ten_thousand_lines)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace assay::collect
