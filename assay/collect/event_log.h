// EventLog: where accepted events go. collect owns this port; io/duckdb implements it.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "assay/base/expected.h"
#include "assay/collect/event.h"

namespace assay::collect {

struct Batch {
  std::vector<Event> events;
  std::vector<Exposure> exposures;
};

struct Appended {
  std::int64_t stored = 0;
  std::int64_t duplicates = 0;  // Ids seen before, in this batch or any earlier one.
};

class EventLog {
 public:
  virtual ~EventLog() = default;
  using Done = std::function<void(Result<Appended>)>;
  // Takes the batch and calls `done` exactly once, from another thread, after the rows are durable
  // (or failed: then none of them is stored). kUnavailable when the queue is full: retry later.
  // Never blocks.
  virtual void append(Batch batch, Done done) = 0;
};

}  // namespace assay::collect
