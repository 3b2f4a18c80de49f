#include "assay/deliver/assignments.h"

#include <optional>
#include <string>
#include <vector>

#include "assay/base/text.h"
#include "assay/deliver/answer.h"
#include "assay/deliver/request.h"

namespace assay::deliver {
namespace {

using assign::Assignment;
using assign::Context;
using assign::Handle;
using assign::Snapshot;

// The id that was sent, unless two kinds of unit may decide: then whose id did, for an exposure.
void append_row(const Snapshot& snapshot, Handle experiment, const Assignment& assignment,
                const Context& context, const std::string& sent_json, std::string& out) {
  if (out.back() != '[') out += ',';
  const std::string_view decided =
      snapshot.has_fallback(experiment) ? snapshot.unit(experiment, assignment, context).id : "";
  out += R"({"unit":)" + (decided.empty() ? sent_json : json_quoted(decided));
  out += R"(,"experiment":)";
  out += json_quoted(snapshot.id(experiment));
  if (assignment.assigned()) {
    const auto variant = static_cast<std::size_t>(assignment.variant);
    out += R"(,"variant":)" + json_quoted(snapshot.variant_key(experiment, variant));
    out += R"(,"propensity":)" + number_text(assignment.propensity);
  }
  out += R"(,"reason":")";
  out += reason_name(assignment.reason);
  out += '"';
  if (names_a_cause(assignment.reason)) {
    out += R"(,"because":)" + json_quoted(snapshot.explain(assignment));
  }
  if (snapshot.has_fallback(experiment)) {
    out += R"(,"unit_kind":)" + json_quoted(snapshot.unit_kind(experiment, assignment));
  }
  out += '}';
}

void append_withheld(const Snapshot& snapshot, Handle experiment, std::string_view why,
                     const std::string& sent_json, std::string& out) {
  if (out.back() != '[') out += ',';
  out += R"({"unit":)" + sent_json;
  out += R"(,"experiment":)" + json_quoted(snapshot.id(experiment));
  out += R"(,"error":)" + json_quoted(why) + '}';
}

}  // namespace

Result<Assigned> answer_assignments(const Snapshot& snapshot, std::string_view body,
                                    const AssignmentsOptions& options) {
  StickyStore* const store = options.store;
  Context context(snapshot);
  if (options.now) context.set_time(*options.now);
  std::optional<Handle> only;
  std::vector<Assignment> all;
  const auto begin = [&](std::optional<std::string_view> experiment,
                         std::size_t units) -> Result<void> {
    if (experiment) {
      only = snapshot.find(*experiment);
      if (!only) {
        return fail(Code::kNotFound, "no experiment " + json_quoted(*experiment) + " is running");
      }
    } else {
      all.resize(snapshot.size());
    }
    if (units * all.size() > kMaxRows) {
      return fail(Code::kInvalid, "more than " + std::to_string(kMaxRows) + " rows",
                  "name one experiment, or send fewer units");
    }
    return {};
  };
  Assigned out{.json = R"({"assignments":[)", .memories = {}, .unread = {}};
  std::string unit_json;
  const auto add = [&](Handle experiment, const Assignment& assignment) {
    const StoreState state = {.reads = !out.unread, .remembers = options.remembers};
    const auto why = withheld(snapshot, experiment, assignment, state);
    if (!why.empty()) return append_withheld(snapshot, experiment, why, unit_json, out.json);
    append_row(snapshot, experiment, assignment, context, unit_json, out.json);
    if (store != nullptr) {
      note_memories(snapshot, experiment, assignment, context, out.memories);
    }
  };
  const auto visit = [&]() -> Result<void> {
    unit_json = json_quoted(context.targeting_key().id);
    const bool asks = only ? snapshot.needs_memory(*only) : !snapshot.sticky().empty();
    if (store != nullptr && asks && !out.unread) {  // A store that failed is not asked again.
      auto known = recall(snapshot, *store, context);
      if (!known && only) return known;
      if (!known) out.unread = std::move(known).error();
    }
    if (only) {
      add(*only, snapshot.evaluate(*only, context));
      return {};
    }
    snapshot.evaluate_all(context, all);
    for (std::uint32_t i = 0; i < all.size(); ++i) add(Handle{i}, all[i]);
    return {};
  };
  ASSAY_TRY_VOID(read_units(body, context, begin, visit));
  out.json += "]}";
  out.is_of_all = !only;
  return out;
}

}  // namespace assay::deliver
