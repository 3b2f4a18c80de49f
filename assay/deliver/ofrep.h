// OFREP 0.3, the OpenFeature Remote Evaluation Protocol: an experiment's id is the key of its flag,
// so that every OpenFeature SDK asks for its variant unmodified. Pure: request text in, answer out;
// the composition root owns sockets, headers and the exposures.
//
//   const Ofrep ofrep(snapshot);
//   ofrep.evaluate_flag("ranker_v2", R"({"context":{"targetingKey":"user_42"}})").body;
//   // {"key":"ranker_v2","reason":"SPLIT","variant":"treatment","value":"treatment",
//   //  "metadata":{"version":"1","epoch":0,"assay_reason":"split"}}
//
// `value` is the variant's payload, or its key where it has none. A unit outside of the experiment
// gets control's value, for that is what it would meet without the experiment, and an empty
// `variant`, so that nobody takes it for one of control's units. (The protocol would also allow to
// leave both out, but the npm provider 0.1.3 takes that for an error, and PyPI's 0.3.0 cannot read
// an answer without `variant`.) A payload of null has no `value`: the code's default. The
// protocol's reason is
//   SPLIT            the hash chose between variants
//   TARGETING_MATCH  an override names the unit, or its conditions leave one variant with weight
//   STATIC           everyone gets this one variant
//   DISABLED         the experiment is stopped
//   UNKNOWN          not in the experiment; metadata.assay_reason says why, and assay_because
//                    which attribute, holdout or other experiment it was
//
// Immutable and safe from any thread: make one for each snapshot and swap them together.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assay/assign/assign.h"
#include "assay/deliver/answer.h"
#include "assay/deliver/flag_texts.h"

namespace assay::deliver {

struct BulkOptions {
  std::string_view if_none_match = {};   // The header's value; empty where there is none.
  std::string_view stream_target = {};   // Path and query of the event stream; empty: none is told.
  std::optional<Timestamp> now = {};     // Without it, switchbacks have no unit.
  StoreFault fault = StoreFault::kNone;  // When it was to remember the answer before.
};

class Ofrep {
 public:
  // Without a store (null), sticky experiments remember nothing.
  explicit Ofrep(std::shared_ptr<const assign::Snapshot> snapshot, StickyStore* store = nullptr);

  // POST /ofrep/v1/evaluate/flags/{key}
  Answer evaluate_flag(std::string_view key, std::string_view body,
                       std::optional<Timestamp> now = {},
                       StoreFault fault = StoreFault::kNone) const;
  // POST /ofrep/v1/evaluate/flags. The ETag is a hash of the answer: 304 exactly when the client
  // has this answer. After a fault of the store, only the flags that need it not are answered; the
  // others have an errorCode.
  Answer evaluate_bulk(std::string_view body, const BulkOptions& options = {}) const;

  const assign::Snapshot& snapshot() const { return *snapshot_; }

 private:
  // Returns a hash of what it appends.
  std::uint64_t append_flag(assign::Handle experiment, const assign::Assignment& assignment,
                            const assign::Context& context, std::string& body) const;
  std::uint64_t append_no_unit(assign::Handle experiment, const assign::Assignment& assignment,
                               const assign::Context& context, std::string& body) const;
  // The exposure, and what is to be remembered.
  void leave_traces(assign::Handle experiment, const assign::Assignment& assignment,
                    const assign::Context& context, Answer& answer) const;

  std::shared_ptr<const assign::Snapshot> snapshot_;
  StickyStore* store_;
  FlagTexts texts_;
  std::vector<bool> leaves_traces_;  // By experiment: its answers are exposures, or remembered.
};

}  // namespace assay::deliver
