// Tally: how often each experiment of a snapshot was answered, by variant and reason, for Metrics.
// Counting is one addition to a number that no other thread writes: event loops share nothing. Any
// thread.
//
//   const auto counters = Tally::counters_of(plan);  // Of one experiment, from its start on.
//   const Tally tally({counters});                   // In the order of a snapshot's experiments.
//   tally.count(answer.evaluations);
//   for (const Tally::Row& row : tally.rows()) …
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "assay/define/experiment.h"
#include "assay/deliver/answer.h"

namespace assay::serve {

class Tally {
 public:
  // Of one experiment. Whoever makes the tally of a later snapshot passes them on, so that counts
  // go on when plans change; the variants of a plan that runs are frozen.
  class Counters;
  static std::shared_ptr<Counters> counters_of(const define::Experiment& plan);

  explicit Tally(std::vector<std::shared_ptr<Counters>> by_experiment)
      : by_experiment_(std::move(by_experiment)) {}

  void count(const std::vector<deliver::Evaluation>& evaluations) const;

  struct Row {
    std::string experiment;
    std::string variant;  // Empty: none.
    assign::Reason reason = assign::Reason::kStopped;
    std::uint64_t count = 0;
  };
  std::vector<Row> rows() const;  // What was counted at all, by experiment.

 private:
  std::vector<std::shared_ptr<Counters>> by_experiment_;
};

}  // namespace assay::serve
