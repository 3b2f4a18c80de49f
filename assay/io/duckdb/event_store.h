// EventStore: the embedded home of events and exposures, one DuckDB file. Implements
// collect::EventLog by group commit: one writer thread gathers batches for a few milliseconds,
// appends them in one transaction, syncs the log once, and then answers every batch. What was
// acknowledged survives kill -9; an id counts once for ever (all ids are kept in memory, see
// digest_set.h: about 30 bytes each).
//
// append() and source() may be called from any thread; a source belongs to one thread at a time.
// One process owns the file. Layout: spec/formats/event_store.md
//
//   ASSAY_TRY(auto store, EventStore::open(data_dir + "/events.duckdb", {}));
//   store->append(batch, [](Result<collect::Appended> done) { reply(done); });
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "assay/analyze/source.h"
#include "assay/base/expected.h"
#include "assay/collect/event_log.h"
#include "assay/io/duckdb/summary_source.h"

namespace assay::io::duckdb {

struct EventStoreOptions {
  std::int64_t memory_mb_max = 1024;  // DuckDB's buffers; the ids come on top.
  std::int64_t queued_rows_max = 200'000;
  std::int64_t group_rows_max = 50'000;
  std::chrono::microseconds gather{2'000};  // How long a group waits for company.
};

struct EventStoreStatus {
  std::int64_t queued_rows = 0;
  std::int64_t events = 0;  // Distinct ids stored, ever.
  std::int64_t exposures = 0;
  std::int64_t id_bytes = 0;  // Memory of the ids.
  bool broken = false;        // A fatal error of the disk: nothing is stored until a restart.
};

class EventStore : public collect::EventLog {
 public:
  // kConflict: open elsewhere, or written by a newer assay; kCorrupt: not an event store.
  static Result<std::unique_ptr<EventStore>> open(const std::string& path,
                                                  const EventStoreOptions& options);
  ~EventStore() override;  // close(), its error lost.

  void append(collect::Batch batch, Done done) override;

  // Analysis over what is stored now; outlives neither the store nor close().
  Result<std::unique_ptr<analyze::SummarySource>> source();
  // Of what is stored now; see summary_source.h.
  Result<void> visit_first_exposures(const define::Experiment& experiment, Timestamp as_of,
                                     const VisitExposure& visit);
  EventStoreStatus status() const;

  // Stores what is queued and folds the log into the file. Later batches get kUnavailable, from the
  // thread that sent them.
  Result<void> close();

 private:
  struct State;
  explicit EventStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace assay::io::duckdb
