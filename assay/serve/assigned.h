// Assigned: what a plan gives a unit whose id and time alone decide, to hold exposures against it:
// as they come in, and all of them at each look. Nothing is said where more decides (a memory,
// another experiment; attributes, as they come in), or where an earlier shuffle may have given the
// variant. Any thread.
//
//   ASSAY_TRY(options.assignment, check_assignment(registered, events, options.as_of));
#pragma once

#include <optional>
#include <string_view>

#include "assay/analyze/analyze.h"
#include "assay/io/duckdb/event_store.h"
#include "assay/serve/experiments.h"

namespace assay::serve {

// Whether any answer of the plan follows from id and time.
bool is_drawn_by_id(const define::Experiment& plan);

// The key of the variant; nothing where the unit has none, or more decides. The context is of this
// snapshot and is reset.
std::optional<std::string_view> drawn_variant(const assign::Snapshot& snapshot,
                                              assign::Handle experiment, assign::Context& context,
                                              const io::duckdb::FirstExposure& exposure);

// The first exposures of an experiment's units; nothing where the plan draws none of them by id.
Result<std::optional<analyze::AssignmentCheck>> check_assignment(const Registered& experiment,
                                                                 io::duckdb::EventStore& events,
                                                                 Timestamp as_of);

}  // namespace assay::serve
