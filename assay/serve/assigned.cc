#include "assay/serve/assigned.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace assay::serve {

using assign::Reason;
using io::duckdb::FirstExposure;

namespace {

constexpr assign::Handle kOnly{0};

// A namespace may ask for the id of another kind, which no exposure tells.
bool asks_other_ids(const define::Assignment& plan, std::string_view unit_kind) {
  return std::ranges::any_of(plan.namespaces,
                             [&](const auto& one) { return one.unit != unit_kind; });
}

}  // namespace

std::shared_ptr<const assign::Snapshot> compile_by_id(const Registered& experiment) {
  const define::Assignment& plan = experiment.plan.assignment;
  if (plan.sticky || plan.reshuffle) return nullptr;
  assign::Running running = static_cast<const assign::Running&>(experiment);
  running.is_stopped = false;
  running.plan.assignment.targeting = {};
  const auto compiled = assign::compile({&running, 1});
  return compiled ? *compiled : nullptr;
}

std::optional<std::string_view> drawn_variant(const Registered& experiment,
                                              assign::Context& context,
                                              const FirstExposure& exposure) {
  context.reset();
  context.set_text(exposure.unit_kind, exposure.unit_id);
  context.set_time(exposure.time);
  const assign::Snapshot& plan = *experiment.by_id;
  const assign::Assignment drawn = plan.evaluate(kOnly, context);
  switch (drawn.reason) {
    case Reason::kSplit:
    case Reason::kBurnIn:
      return plan.variant_key(kOnly, static_cast<std::size_t>(drawn.variant));
    case Reason::kExcluded:
      if (asks_other_ids(experiment.plan.assignment, exposure.unit_kind)) return std::nullopt;
      return "";
    case Reason::kHoldout:
    case Reason::kTraffic:
      return "";
    default:
      return std::nullopt;
  }
}

Result<std::optional<analyze::AssignmentCheck>> check_assignment(const Registered& experiment,
                                                                 io::duckdb::EventStore& events,
                                                                 Timestamp as_of) {
  if (!experiment.by_id) return std::nullopt;
  assign::Context context(*experiment.by_id);
  analyze::AssignmentCheck check{.noun = "units"};
  std::optional<std::pair<Timestamp, std::string>> first;
  const auto hold = [&](const FirstExposure& exposure) {
    ++check.rows;
    const auto drawn = drawn_variant(experiment, context, exposure);
    if (!drawn) ++check.left_out;
    if (!drawn || *drawn == exposure.variant) return;
    ++check.differing;
    std::pair here{exposure.time, std::string(exposure.unit_id)};
    if (first && *first <= here) return;
    check.example =
        fmt::format("exposed at {}, has {} where {} is assigned", to_text(exposure.time),
                    exposure.variant, drawn->empty() ? "no variant" : *drawn);
    first = std::move(here);
  };
  ASSAY_TRY_VOID(events.visit_first_exposures(experiment.plan, as_of, hold));
  if (check.rows == check.left_out) return std::nullopt;
  return check;
}

}  // namespace assay::serve
