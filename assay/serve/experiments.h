// Experiments: the lifecycle of plans, from draft to running to stopped, and the compiled view of
// them that requests are answered from.
//
//   ASSAY_TRY(auto experiments, Experiments::open(records, catalogue));
//   auto added = experiments->add(yaml, "ranker.yaml", {now(), "ana"});
//   auto running = experiments->start("ranker_v2", {now(), "ana"});
//   experiments->view()->served->ofrep.evaluate_flag("ranker_v2", body);
//
// A draft may change in any way. Once started, the plan is frozen: a new version may raise
// `traffic`, change weights together with that (for the units that come in) or where the plan says
// `sticky` or `reshuffle` (all of these open a new epoch), rename the experiment and name
// overrides; anything else is a conflict that names the fields. A plan that asks for a share of a
// layer gets its slots when it starts, as a new version and in one change with the start; holdouts
// are those of the draft's last registration. Changes are made one at a time: each is stored whole
// or not at all, and only if the view with it could be made. Views are immutable and swapped whole.
// Any thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "assay/analyze/analyze.h"
#include "assay/base/expected.h"
#include "assay/collect/intake.h"
#include "assay/define/define.h"
#include "assay/deliver/deliver.h"
#include "assay/io/sqlite/records.h"
#include "assay/serve/tally.h"

namespace assay::serve {

// One registered experiment as it stands: what assignment must know of it, and all the rest. What
// follows from its record alone is made once, when that changes.
struct Registered : assign::Running {
  io::sqlite::ExperimentRecord record;
  std::vector<std::string> warnings;
  std::vector<io::sqlite::Epoch> epochs;
  std::vector<assign::Cohort> cohorts;            // Of every epoch, where there are several.
  std::shared_ptr<const assign::Snapshot> by_id;  // To hold exposures against: see assigned.h.
  collect::KnownExperiment known;
  std::shared_ptr<Tally::Counters> counters;  // None of a draft.

  bool is_draft() const { return record.state == io::sqlite::State::kDraft; }
  bool is_running() const { return record.state == io::sqlite::State::kRunning; }
};

// What the experiments that run or ran are answered from: a draft changes nothing of it.
struct Served {
  deliver::Ofrep ofrep;
  Tally tally;  // Of what is answered.
};

// Everything requests are answered from, as of the last change.
struct View final : collect::Known {
  using List = std::vector<std::shared_ptr<const Registered>>;
  View(List newest_first, List sorted, std::shared_ptr<const Served> answers)
      : experiments(std::move(newest_first)),
        by_id(std::move(sorted)),
        served(std::move(answers)) {}

  const List experiments;  // Newest first.
  const List by_id;        // The same, sorted.
  const std::shared_ptr<const Served> served;

  std::shared_ptr<const Registered> find(std::string_view id) const;  // May be null.
  const collect::KnownExperiment* known(std::string_view id) const override;
  std::vector<std::string_view> known_ids() const override;
};

// The rules of the running and stopped experiments, for others to evaluate.
struct Rules {
  std::string json;
  std::string etag;
};
Rules rules_of(const View& view);  // Slow: the text of every plan is written.

// What assignment must know of them; drafts are not answered for. Good as long as the list.
std::vector<const assign::Running*> running_of(const View::List& experiments);

// Why a plan was turned away: the problems of the file, or else what stands against it.
struct Refusal {
  Problems problems;
  Error error;
};

struct Addition {
  std::shared_ptr<const Registered> experiment;
  bool created = false;  // False: the very same plan was there before.
};

class Experiments {
 public:
  // `sticky` may be null: then nothing is remembered.
  static Result<std::unique_ptr<Experiments>> open(io::sqlite::Records& records,
                                                   define::Catalogue catalogue,
                                                   deliver::StickyStore* sticky = nullptr);

  // `file` names the text in problems. With `start`, an experiment that does not run yet is
  // registered and started in one change: both, or neither.
  struct AddOptions {
    bool start = false;
  };
  Expected<Addition, Refusal> add(std::string_view text, const std::string& file,
                                  const io::sqlite::Change& change, AddOptions options);
  Expected<Addition, Refusal> add(std::string_view text, const std::string& file,
                                  const io::sqlite::Change& change) {
    return add(text, file, change, AddOptions());
  }
  Result<std::shared_ptr<const Registered>> start(const std::string& id,
                                                  const io::sqlite::Change& change);
  // New weights of a running experiment whose plan is `adaptive`, for the units to come; opens an
  // epoch. The plan's problems (kInvalid), or kNotFound, or kConflict.
  Expected<std::shared_ptr<const Registered>, Refusal> reweigh(const std::string& id,
                                                               std::string_view text,
                                                               const io::sqlite::Change& change);
  Result<std::shared_ptr<const Registered>> stop(const std::string& id,
                                                 const io::sqlite::Change& change);

  std::shared_ptr<const View> view() const;
  // Calls `listener` after every change with the view it made, one at a time. Set it before others
  // use this.
  void on_change(std::function<void(const View&)> listener) { listener_ = std::move(listener); }

 private:
  Experiments(io::sqlite::Records& records, define::Catalogue catalogue,
              deliver::StickyStore* sticky)
      : records_(records), catalogue_(std::move(catalogue)), sticky_(sticky) {}

  // `cohorts`: of its epochs so far, where there are several; the newest one's may be missing.
  // `before`: the experiment as it was, or null.
  Result<std::shared_ptr<const Registered>> load(const io::sqlite::ExperimentRecord& record,
                                                 const std::vector<io::sqlite::Epoch>& epochs,
                                                 std::vector<assign::Cohort> cohorts,
                                                 const Registered* before) const;
  Result<std::vector<assign::Cohort>> stored_cohorts(
      const io::sqlite::ExperimentRecord& record,
      const std::vector<io::sqlite::Epoch>& epochs) const;
  define::Catalogue catalogue_for(const Registered& running) const;
  Result<void> find_slots(define::Experiment& plan) const;
  Result<void> check_prerequisites(const define::Experiment& plan) const;
  Result<void> check_startable(const define::Experiment& plan) const;
  // `write` stores a change of experiment `id`; what it passes to Records makes the view with it,
  // so that nothing is stored that could not be served. Published once it is stored.
  Result<std::shared_ptr<const Registered>> publish(
      const std::string& id, const std::function<Result<void>(const io::sqlite::Approve&)>& write);
  Result<std::shared_ptr<const Registered>> run(define::Experiment plan, const std::string& source,
                                                const io::sqlite::Change& change);

  io::sqlite::Records& records_;
  const define::Catalogue catalogue_;
  deliver::StickyStore* const sticky_;
  std::mutex change_mutex_;        // One change at a time.
  mutable std::mutex view_mutex_;  // Only while the pointer is read or swapped.
  std::shared_ptr<const View> view_;
  std::function<void(const View&)> listener_;
};

}  // namespace assay::serve
