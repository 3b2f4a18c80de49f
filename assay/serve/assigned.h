// Assigned: what a plan gives a unit whose id and time alone decide, to hold exposures against it:
// as they come in, and all of them at each look. Its conditions are not asked: they say who is in,
// not which variant. Nothing is said where more decides (a memory, another experiment, an id of
// another kind), where somebody chose the variant, or where an earlier shuffle may have given it.
// Any thread.
//
//   assign::Context context(*registered.by_id);
//   const auto drawn = drawn_variant(registered, context, exposure);
//   if (drawn && *drawn != exposure.variant) ++differing;
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "assay/analyze/analyze.h"
#include "assay/io/duckdb/event_store.h"
#include "assay/serve/experiments.h"

namespace assay::serve {

// What Registered::by_id is: the plan by itself and as running, so that what it drew can be told
// when it has stopped, without its conditions. Null where no answer follows from id and time.
std::shared_ptr<const assign::Snapshot> compile_by_id(const Registered& experiment);

// The key of the variant, empty where the plan gives none; nothing where more decides. The context
// is of by_id, which is not null, and is reset.
std::optional<std::string_view> drawn_variant(const Registered& experiment,
                                              assign::Context& context,
                                              const io::duckdb::FirstExposure& exposure);

// The first exposures of an experiment's units; nothing where the plan draws none of them by id.
Result<std::optional<analyze::AssignmentCheck>> check_assignment(const Registered& experiment,
                                                                 io::duckdb::EventStore& events,
                                                                 Timestamp as_of);

}  // namespace assay::serve
