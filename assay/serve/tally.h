// Tally: how often each experiment was answered, by variant and reason, for Metrics. Counting is
// one addition to a number that no other thread writes: event loops share nothing. Any thread.
//
//   Tallies tallies;                      // One for a server: counts go on when plans change.
//   Tally tally = tallies.of(snapshot);   // One for each snapshot; slow.
//   tally.count(answer.evaluations);
//   for (const Tallies::Row& row : tallies.rows()) …
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "assay/deliver/answer.h"

namespace assay::serve {

class Tally {
 public:
  class Counters;  // Of one experiment.

  explicit Tally(std::vector<std::shared_ptr<Counters>> by_experiment)
      : by_experiment_(std::move(by_experiment)) {}

  void count(const std::vector<deliver::Evaluation>& evaluations) const;

 private:
  std::vector<std::shared_ptr<Counters>> by_experiment_;
};

class Tallies {
 public:
  Tally of(const assign::Snapshot& snapshot);

  struct Row {
    std::string experiment;
    std::string variant;  // Empty: none.
    assign::Reason reason = assign::Reason::kStopped;
    std::uint64_t count = 0;
  };
  std::vector<Row> rows() const;  // What was counted at all, by experiment.

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Tally::Counters>> counters_;  // By the names of all of it.
};

}  // namespace assay::serve
