// Tally: how often each experiment of one snapshot was answered, by variant and reason, for
// Metrics. A counter is found by its names when it is first met; from then on counting is one load
// and one addition, without a lock. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "assay/deliver/answer.h"
#include "assay/serve/metrics.h"

namespace assay::serve {

class Tally {
 public:
  explicit Tally(const assign::Snapshot& snapshot);

  // The same snapshot as before.
  void count(const assign::Snapshot& snapshot, const deliver::Evaluation& evaluation,
             Metrics& metrics);

 private:
  std::vector<std::size_t> begins_;  // By experiment: where its counters are, a row per variant.
  std::vector<std::atomic<prometheus::Counter*>> counters_;
};

}  // namespace assay::serve
