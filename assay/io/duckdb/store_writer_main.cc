// A process that appends events until it is killed, for event_store_test.cc.
//
//   store_writer PATH              prints the number of every acknowledged batch
//   store_writer PATH FILE_BYTES   no file may grow beyond FILE_BYTES, as on a full disk; after the
//                                  first refusal the limit is lifted and one more batch is sent
//
// Batch n holds the events n-0 … n-9.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <string>

#include <sys/resource.h>

#include "assay/io/duckdb/event_store.h"

namespace {

using assay::Result;
using assay::collect::Appended;
using assay::io::duckdb::EventStore;

assay::collect::Batch batch_of(long number) {
  assay::collect::Batch batch;
  for (int i = 0; i < 10; ++i) {
    batch.events.push_back({.id = std::to_string(number) + "-" + std::to_string(i),
                            .time = {number},
                            .name = "step",
                            .units = {{"user", "u" + std::to_string(number)}},
                            .properties_json = R"({"filler":")" + std::string(200, 'x') + "\"}"});
  }
  return batch;
}

Result<Appended> append(EventStore& store, long number) {
  std::promise<Result<Appended>> promise;
  store.append(batch_of(number), [&](auto done) { promise.set_value(std::move(done)); });
  return promise.get_future().get();
}

void limit_files(rlim_t bytes) {
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{bytes, RLIM_INFINITY};
  setrlimit(RLIMIT_FSIZE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  auto store = EventStore::open(argv[1], {});
  if (!store) {
    std::printf("error %s\n", to_text(store.error()).c_str());
    return 1;
  }
  if (argc > 2) limit_files(std::strtoul(argv[2], nullptr, 10));
  for (long number = 0;; ++number) {
    const auto done = append(**store, number);
    if (done) {
      std::printf("stored %ld\n", number);
    } else {
      std::printf("refused %ld %s\n", number, to_text(done.error()).c_str());
    }
    std::fflush(stdout);
    if (done) continue;
    limit_files(RLIM_INFINITY);
    const auto again = append(**store, number + 1);
    std::printf("%s %ld %s\n", again ? "stored" : "refused", number + 1,
                again ? "" : to_text(again.error()).c_str());
    return 0;
  }
}
