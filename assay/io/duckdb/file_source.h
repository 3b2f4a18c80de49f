// FileSource: a SummarySource over files of exposures and events (.csv, .ndjson, .jsonl, .parquet),
// for `assay analyze exp.yaml --exposures e.csv --events v.parquet`. The files are read into an
// in-memory database with the event store's tables; from there on everything is the same.
//
// Columns, by their first name that exists (the experiment's unit kind is written KIND):
//   exposures   unit: KIND, KIND_id, unit_id, unit, units (an object, of which KIND is read)
//               variant: variant, variation_id, variation
//               time: time, timestamp, exposed_at · optional: id, experiment (experiment_id),
//               epoch, override · every other column is an attribute
//   events      name: name, event, event_name · time: time, timestamp · unit: as above
//               optional: id, value, properties (a JSON object) · every other column is a property
// A row without id is known by its content, so that identical rows count once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assay/analyze/source.h"
#include "assay/base/expected.h"

namespace assay::io::duckdb {

struct ImportReport {
  std::int64_t rows = 0;
  std::int64_t duplicates = 0;  // Rows whose id, or whole content, was there before.
  std::int64_t other = 0;       // Of other experiments, or of other kinds of unit.
};

struct FileSource {
  std::unique_ptr<analyze::SummarySource> source;
  ImportReport exposures;
  ImportReport events;
  std::optional<Timestamp> last;  // The latest row of all: a natural as_of is just after it.
};

// What earlier versions of the plan say about its exposures; by default there were none.
struct Before {
  std::vector<define::Override> overrides = {};  // Left out beside those of the plan.
  // The epoch, from 0, of a unit whose row names none. Null: each row must name its own.
  std::function<std::int64_t(std::string_view unit_id)> epoch_of = [](auto) { return 0; };
};

// All problems at once: missing columns of both files, unreadable rows with file and row.
Checked<FileSource> open_files(const define::Experiment& experiment,
                               const std::vector<std::string>& exposures,
                               const std::vector<std::string>& events, const Before& before = {});

}  // namespace assay::io::duckdb
