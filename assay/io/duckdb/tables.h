// The tables of an event store, and the fastest way into them. Documented column by column in
// spec/formats/event_store.md; a change of meaning needs a new kSchemaVersion and a migration.
#pragma once

#include <cstdint>
#include <vector>

#include "assay/base/expected.h"
#include "assay/base/hash.h"
#include "assay/collect/event.h"
#include "assay/io/duckdb/connection.h"

namespace assay::io::duckdb {

inline constexpr std::int64_t kSchemaVersion = 2;

// Creates what is missing; kConflict for a file of a newer version, kCorrupt for one of somebody
// else.
Result<void> prepare_tables(Connection& connection);

// Rows by reference: the batches stay where they are until the commit.
struct NewRows {
  struct Event {
    Digest128 id;
    const collect::Event* event;
  };
  struct Exposure {
    Digest128 id;
    const collect::Exposure* exposure;
  };
  std::vector<Event> events;
  std::vector<Exposure> exposures;
  bool empty() const { return events.empty() && exposures.empty(); }
};

// All rows in one durable transaction, or none of them.
Result<void> commit_rows(Connection& connection, const NewRows& rows, Timestamp received);

}  // namespace assay::io::duckdb
