#include "assay/deliver/sticky.h"

#include <algorithm>
#include <array>
#include <optional>

#include "assay/base/hash.h"
#include "assay/deliver/answer.h"

namespace assay::deliver {

using assign::Assignment;
using assign::Context;
using assign::Handle;
using assign::Reason;
using assign::Snapshot;

namespace {

// What a unit is kept by: a long id by its hash, so that nobody fills the disk with ids.
std::string stored_id(std::string_view id) {
  return id.size() > kMaxUnitIdBytes ? "sha256:" + sha256_hex(id) : std::string(id);
}

}  // namespace

std::optional<Error> withheld(const Snapshot& snapshot, Handle experiment,
                              const Assignment& assignment, StoreFault fault) {
  if (fault == StoreFault::kNone || !snapshot.needs_memory(experiment)) return std::nullopt;
  const auto because = [](const char* cause) {
    return Error{Code::kUnavailable, cause, "try again soon"};
  };
  if (fault == StoreFault::kNotRead) return because("the store of earlier answers cannot be read");
  if (assignment.reason == Reason::kSticky) return std::nullopt;
  return because(fault == StoreFault::kOvertaken
                     ? "each time, another answer to one of the units was first"
                     : "the answer cannot be remembered, so none is given");
}

// Each unit is looked up once, for all experiments; within one experiment, the unit that decides
// comes first.
Result<void> recall(const Snapshot& snapshot, StickyStore& store, Context& context) {
  std::array<std::optional<std::vector<Memory>>, assign::Schema::kMaxUnitKinds> known;
  for (const Handle experiment : snapshot.sticky()) {
    for (const auto& [kind, id] : snapshot.rememberers(experiment, context)) {
      auto& of_unit = known[kind];
      if (!of_unit) {
        ASSAY_TRY(of_unit, store.recall(snapshot.kind_name(kind), stored_id(id)));
      }
      const auto memory =
          std::ranges::lower_bound(*of_unit, snapshot.id(experiment), {}, &Memory::experiment);
      if (memory == of_unit->end() || memory->experiment != snapshot.id(experiment)) continue;
      const auto variant = snapshot.find_variant(experiment, memory->variant);
      if (!variant) continue;
      context.remember({experiment, *variant, memory->epoch, kind});
    }
  }
  return {};
}

void note_memories(const Snapshot& snapshot, Handle experiment, const Assignment& assignment,
                   const Context& context, std::vector<NewMemory>& memories) {
  if (assignment.reason != Reason::kSplit && assignment.reason != Reason::kSticky) return;
  if (!snapshot.is_sticky(experiment)) return;
  for (const auto& one : snapshot.rememberers(experiment, context)) {
    const auto is_known = [&](const Context::Remembered& memory) {
      return memory.experiment.index == experiment.index && memory.unit_kind == one.kind &&
             snapshot.holds(memory);
    };
    if (std::ranges::any_of(context.remembered(), is_known)) continue;
    const auto variant = static_cast<std::size_t>(assignment.variant);
    memories.push_back(
        {.unit_kind = std::string(snapshot.kind_name(one.kind)),
         .unit_id = stored_id(one.id),
         .memory = {.experiment = std::string(snapshot.id(experiment)),
                    .variant = std::string(snapshot.variant_key(experiment, variant)),
                    .epoch = assignment.epoch},
         .first_epoch = snapshot.first_epoch(experiment)});
  }
}

void note_prerequisites(const Snapshot& snapshot, Handle experiment, const Assignment& assignment,
                        const Context& context, std::vector<NewMemory>& memories) {
  // Whoever has no unit was not compared with them.
  if (assignment.reason == Reason::kNoUnit || !snapshot.needs_memory(experiment)) return;
  for (const Handle one : snapshot.sticky_prerequisites(experiment)) {
    note_memories(snapshot, one, snapshot.evaluate(one, context), context, memories);
  }
}

}  // namespace assay::deliver
