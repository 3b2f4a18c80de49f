// Sticky: what units were answered by experiments with `sticky`, so that they keep it. deliver owns
// this port; io/sqlite implements it. Evaluation stays pure: what is remembered goes into the
// context before it, and what is new comes out with the answer.
//
//   ASSAY_TRY_VOID(recall(snapshot, store, context));
//   const Assignment answer = snapshot.evaluate(experiment, context);
//   note_memories(snapshot, experiment, answer, context, memories);
//   store.remember(std::move(memories), reply);            // The reply waits until it is durable.
//
// Remembered under every unit that the context names of the plan's two kinds (unit,
// fallback_unit), so that someone who logs in keeps the variant of the device.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assay/assign/assign.h"
#include "assay/base/expected.h"

namespace assay::deliver {

struct Memory {
  std::string experiment;
  std::string variant;
  std::int64_t epoch = 0;  // In which it was drawn.
};

struct NewMemory {
  std::string unit_kind;
  std::string unit_id;
  Memory memory;
  std::int64_t first_epoch = 0;  // Takes the place of a memory from before this one.
};

class StickyStore {
 public:
  virtual ~StickyStore() = default;
  // What this unit was answered, by experiment. Any thread; may read a disk.
  virtual Result<std::vector<Memory>> recall(std::string_view unit_kind,
                                             std::string_view unit_id) = 0;
  // Calls `done` once, when all of it is durable (or none, and why; kUnavailable when too much
  // waits). False: another answer to one of the units was first and stands, and none of this is
  // kept; ask again.
  using Done = std::function<void(Result<bool> all_stand)>;
  virtual void remember(std::vector<NewMemory> memories, Done done) = 0;
};

// What the store could not do.
enum class StoreFault : std::uint8_t {
  kNone,
  kNotRead,        // Say what the units were answered before.
  kNotRemembered,  // Keep what they are answered now.
  kOvertaken,      // Keep it, for another answer to one of the units was first each time.
};

// Why this answer is not given after such a fault, for whoever asks (kUnavailable); null: it may be
// given.
std::optional<Error> withheld(const assign::Snapshot& snapshot, assign::Handle experiment,
                              const assign::Assignment& assignment, StoreFault fault);

// Puts what the context's units were answered before into the context.
Result<void> recall(const assign::Snapshot& snapshot, StickyStore& store, assign::Context& context);

// Appends what is to be remembered of this answer: nothing where it is not sticky or known already.
void note_memories(const assign::Snapshot& snapshot, assign::Handle experiment,
                   const assign::Assignment& assignment, const assign::Context& context,
                   std::vector<NewMemory>& memories);
// The same of the other experiments' answers that this one stands on, where they are not given
// beside it.
void note_prerequisites(const assign::Snapshot& snapshot, assign::Handle experiment,
                        const assign::Assignment& assignment, const assign::Context& context,
                        std::vector<NewMemory>& memories);

}  // namespace assay::deliver
