// How many events a second the store accepts, durably, by size of batch and number of callers that
// wait for their acknowledgement; and what a store of five million rows costs.
//
//   build/release/assay/io/duckdb/event_store_bench
#include <condition_variable>
#include <mutex>
#include <string>

#include <benchmark/benchmark.h>

#include "assay/io/duckdb/event_store.h"
#include "assay/io/duckdb/test_folder.h"

namespace assay::io::duckdb {
namespace {

collect::Batch make_batch(std::int64_t first, std::int64_t size) {
  collect::Batch batch;
  for (std::int64_t i = first; i < first + size; ++i) {
    const std::string number = std::to_string(i);
    batch.events.push_back({.id = "0197a1b2-7c3d-4e5f-8a9b-" + number,
                            .time = {1'800'000'000'000'000 + i},
                            .name = i % 4 == 0 ? "purchase" : "page_view",
                            .units = {{"user", "user_" + std::to_string(i % 100'003)}},
                            .value = static_cast<double>(i % 100),
                            .properties_json = R"({"model":"v2","latency_ms":12.5})"});
  }
  return batch;
}

// Keeps `callers` batches on their way until `batches` are acknowledged.
class Load {
 public:
  Load(EventStore& store, std::int64_t batch_size) : store_(store), batch_size_(batch_size) {}

  bool run(std::int64_t batches, std::int64_t callers) {
    std::unique_lock lock(mutex_);
    for (std::int64_t i = 0; i < batches; ++i) {
      changed_.wait(lock, [&] { return waiting_ < callers; });
      ++waiting_;
      lock.unlock();
      store_.append(make_batch(next_, batch_size_), [this](const auto& done) {
        const std::lock_guard guard(mutex_);
        failed_ = failed_ || !done;
        --waiting_;
        changed_.notify_one();
      });
      next_ += batch_size_;
      lock.lock();
    }
    changed_.wait(lock, [&] { return waiting_ == 0; });
    return !failed_;
  }

 private:
  EventStore& store_;
  std::int64_t batch_size_;
  std::int64_t next_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t waiting_ = 0;
  bool failed_ = false;
};

void accept(benchmark::State& state) {
  const std::int64_t batch_size = state.range(0);
  const std::int64_t batches = state.range(2) / batch_size;
  for (auto _ : state) {
    state.PauseTiming();
    TestFolder folder;
    auto store = EventStore::open(folder.file("events.duckdb"), {}).value();
    Load load(*store, batch_size);
    state.ResumeTiming();
    if (!load.run(batches, state.range(1))) state.SkipWithError("a batch was refused");
    state.PauseTiming();
    state.counters["id_bytes"] =
        static_cast<double>(store->status().id_bytes) / static_cast<double>(store->status().events);
    store.reset();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * batches * batch_size);
}
BENCHMARK(accept)
    ->ArgNames({"batch", "callers", "rows"})
    ->Args({1, 1, 500})
    ->Args({1, 64, 20'000})
    ->Args({100, 1, 20'000})
    ->Args({100, 64, 500'000})
    ->Args({10'000, 4, 1'000'000})
    ->Args({10'000, 4, 5'000'000})
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace assay::io::duckdb
