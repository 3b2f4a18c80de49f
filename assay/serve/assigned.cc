#include "assay/serve/assigned.h"

#include <string>
#include <utility>

#include <fmt/format.h>

namespace assay::serve {

using io::duckdb::FirstExposure;

bool is_drawn_by_id(const define::Experiment& plan) {
  return !plan.assignment.sticky && !plan.assignment.reshuffle;
}

std::optional<std::string_view> drawn_variant(const assign::Snapshot& snapshot,
                                              assign::Handle experiment, assign::Context& context,
                                              const FirstExposure& exposure) {
  context.reset();
  context.set_text(exposure.unit_kind, exposure.unit_id);
  context.set_time(exposure.time);
  const assign::Assignment drawn = snapshot.evaluate(experiment, context);
  if (drawn.reason != assign::Reason::kSplit && drawn.reason != assign::Reason::kBurnIn) return {};
  return snapshot.variant_key(experiment, static_cast<std::size_t>(drawn.variant));
}

// The plan is compiled by itself and as running, so that what it drew can be told when it has
// stopped, and without its conditions: they say who is in, not which variant. Units that a
// prerequisite lets in or keeps out are left out.
Result<std::optional<analyze::AssignmentCheck>> check_assignment(const Registered& experiment,
                                                                 io::duckdb::EventStore& events,
                                                                 Timestamp as_of) {
  if (!is_drawn_by_id(experiment.plan)) return std::nullopt;
  assign::Running running = running_of(experiment);
  running.is_stopped = false;
  running.plan.assignment.targeting = {};
  const auto snapshot = assign::compile({&running, 1});
  if (!snapshot) return std::nullopt;
  constexpr assign::Handle kOnly{0};
  assign::Context context(**snapshot);
  analyze::AssignmentCheck check{.noun = "units"};
  std::optional<std::pair<Timestamp, std::string>> first;
  const auto hold = [&](const FirstExposure& exposure) {
    ++check.rows;
    const auto drawn = drawn_variant(**snapshot, kOnly, context, exposure);
    if (!drawn) ++check.left_out;
    if (!drawn || *drawn == exposure.variant) return;
    ++check.differing;
    std::pair here{exposure.time, std::string(exposure.unit_id)};
    if (first && *first <= here) return;
    check.example = fmt::format("exposed at {}, has {} where {} is assigned",
                                to_text(exposure.time), exposure.variant, *drawn);
    first = std::move(here);
  };
  ASSAY_TRY_VOID(events.visit_first_exposures(experiment.plan, as_of, hold));
  if (check.rows == check.left_out) return std::nullopt;
  return check;
}

}  // namespace assay::serve
