// StickyStore: what units were answered, in a SQLite file of its own. Implements
// deliver::StickyStore by group commit: one writer thread takes what waits, commits it in one
// durable transaction, and then answers. What was acknowledged survives kill -9. Readers never wait
// for the writer; memory is bounded by the queue and SQLite's page caches (2 MiB each).
//
// Call it from any thread. One process owns the file. Layout: spec/formats/sticky.md
//
//   ASSAY_TRY(auto store, StickyStore::open(directory + "/sticky.sqlite"));
//   ASSAY_TRY(const auto memories, store->recall("user", "u1"));
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "assay/deliver/sticky.h"

namespace assay::io::sqlite {

class StickyStore : public deliver::StickyStore {
 public:
  static constexpr std::size_t kMaxWaiting = 200'000;  // Memories; then remember is turned away.

  // How long where another program holds the file; an answer that is to be remembered waits for
  // it at most twice, behind the group before its own.
  struct Patience {
    std::chrono::milliseconds writing{1000};
    std::chrono::milliseconds reading{50};  // With a write-ahead log, readers hardly ever wait.
  };

  // Creates the file where it is missing. kConflict: of a newer version; kCorrupt: not a store of
  // answers; kUnavailable: cannot be opened or written.
  static Result<std::unique_ptr<StickyStore>> open(const std::string& path, Patience patience);
  static Result<std::unique_ptr<StickyStore>> open(const std::string& path) {
    return open(path, Patience());
  }
  ~StickyStore() override;  // close()

  Result<std::vector<deliver::Memory>> recall(std::string_view unit_kind,
                                              std::string_view unit_id) override;
  // `done` comes from the writer's thread; from the caller's when it is turned away.
  void remember(std::vector<deliver::NewMemory> memories, Done done) override;
  void close();  // Writes what waits; later memories are turned away.

 private:
  struct State;
  explicit StickyStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace assay::io::sqlite
