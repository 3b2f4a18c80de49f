#include "assay/deliver/assignments.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "assay/base/text.h"
#include "assay/deliver/request.h"

namespace assay::deliver {
namespace {

using assign::Assignment;
using assign::Context;
using assign::Handle;
using assign::Snapshot;

void begin_row(const Snapshot& snapshot, Handle experiment, const std::string& unit_json,
               std::string& out) {
  if (out.back() != '[') out += ',';
  out += R"({"unit":)" + unit_json;
  out += R"(,"experiment":)" + json_quoted(snapshot.id(experiment));
}

// The id that was sent, unless two kinds of unit may decide: then whose id did, for an exposure.
void append_row(const Snapshot& snapshot, Handle experiment, const Assignment& assignment,
                const Context& context, const std::string& sent_json, std::string& out) {
  const std::string_view decided =
      snapshot.has_fallback(experiment) ? snapshot.unit(experiment, assignment, context).id : "";
  begin_row(snapshot, experiment, decided.empty() ? sent_json : json_quoted(decided), out);
  if (assignment.assigned()) {
    const auto variant = static_cast<std::size_t>(assignment.variant);
    out += R"(,"variant":)" + json_quoted(snapshot.variant_key(experiment, variant));
    out += R"(,"epoch":)" + std::to_string(assignment.epoch);
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

// What the store has, and what the rows before this one will have been answered when the answer
// leaves: whoever logs in further down keeps the variant of the device further up.
class WithRowsBefore : public StickyStore {
 public:
  explicit WithRowsBefore(StickyStore& store) : store_(store) {}

  Result<std::vector<Memory>> recall(std::string_view kind, std::string_view id) override {
    ASSAY_TRY(std::vector<Memory> memories, store_.recall(kind, id));
    const auto rows = rows_.find({std::string(kind), std::string(id)});
    if (rows == rows_.end()) return memories;
    for (const Memory& one : rows->second) {
      const auto at = std::ranges::lower_bound(memories, one.experiment, {}, &Memory::experiment);
      if (at != memories.end() && at->experiment == one.experiment) {
        *at = one;
      } else {
        memories.insert(at, one);
      }
    }
    return memories;
  }
  void remember(std::vector<NewMemory> memories, Done done) override {
    store_.remember(std::move(memories), std::move(done));
  }
  void note(const NewMemory& one) { rows_[{one.unit_kind, one.unit_id}].push_back(one.memory); }

 private:
  StickyStore& store_;
  std::map<std::pair<std::string, std::string>, std::vector<Memory>> rows_;
};

void append_withheld(const Snapshot& snapshot, Handle experiment, const Error& why,
                     const std::string& sent_json, std::string& out) {
  begin_row(snapshot, experiment, sent_json, out);
  out += R"(,"error":)" + json_quoted(to_text(why)) + '}';
}

}  // namespace

Result<Answer> answer_assignments(const Snapshot& snapshot, std::string_view body,
                                  const AssignmentsOptions& options) {
  std::optional<WithRowsBefore> store;
  if (options.store != nullptr) store.emplace(*options.store);
  Context context(snapshot);
  if (options.now) context.set_time(*options.now);
  std::optional<Handle> only;
  std::vector<Assignment> all;
  const auto begin = [&](std::optional<std::string_view> experiment,
                         std::size_t units) -> Result<void> {
    if (experiment) {
      only = snapshot.find(*experiment);
      if (!only) {
        return fail(Code::kNotFound, "no experiment " + json_quoted(*experiment) + " is running",
                    "GET /v1/experiments lists them; one that was registered must be started");
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
  Answer out{.body = R"({"assignments":[)", .etag = {}, .exposures = {}};
  StoreFault fault = options.fault;
  std::string unit_json;
  const auto add = [&](Handle experiment, const Assignment& assignment) -> Result<void> {
    if (auto why = withheld(snapshot, experiment, assignment, fault)) {
      if (only) return unexpected(std::move(*why));
      append_withheld(snapshot, experiment, *why, unit_json, out.body);
      return {};
    }
    append_row(snapshot, experiment, assignment, context, unit_json, out.body);
    if (!store || fault != StoreFault::kNone) return {};
    const std::size_t before = out.memories.size();
    note_memories(snapshot, experiment, assignment, context, out.memories);
    if (only) note_prerequisites(snapshot, experiment, assignment, context, out.memories);
    for (std::size_t i = before; i < out.memories.size(); ++i) store->note(out.memories[i]);
    return {};
  };
  const auto visit = [&]() -> Result<void> {
    unit_json = json_quoted(context.targeting_key().id);
    const bool asks = only ? snapshot.needs_memory(*only) : !snapshot.sticky().empty();
    // A store that cannot be read is not asked again.
    if (store && asks && fault != StoreFault::kNotRead && !recall(snapshot, *store, context)) {
      fault = StoreFault::kNotRead;
    }
    if (only) return add(*only, snapshot.evaluate(*only, context));
    snapshot.evaluate_all(context, all);
    for (std::uint32_t i = 0; i < all.size(); ++i) ASSAY_TRY_VOID(add(Handle{i}, all[i]));
    return {};
  };
  ASSAY_TRY_VOID(read_units(body, context, begin, visit));
  out.body += "]}";
  return out;
}

}  // namespace assay::deliver
