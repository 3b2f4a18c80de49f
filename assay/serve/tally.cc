#include "assay/serve/tally.h"

#include <prometheus/counter.h>

namespace assay::serve {
namespace {

constexpr std::size_t kReasons = 16;  // More than there are.

std::size_t row_count(const assign::Snapshot& snapshot, std::uint32_t experiment) {
  return 1 + snapshot.variant_count({experiment});  // The first is for no variant.
}

std::size_t total_rows(const assign::Snapshot& snapshot) {
  std::size_t rows = 0;
  for (std::uint32_t e = 0; e < snapshot.size(); ++e) rows += row_count(snapshot, e);
  return rows;
}

}  // namespace

Tally::Tally(const assign::Snapshot& snapshot) : counters_(kReasons * total_rows(snapshot)) {
  std::size_t begin = 0;
  for (std::uint32_t e = 0; e < snapshot.size(); ++e) {
    begins_.push_back(begin);
    begin += kReasons * row_count(snapshot, e);
  }
}

void Tally::count(const assign::Snapshot& snapshot, const deliver::Evaluation& evaluation,
                  Metrics& metrics) {
  const auto row = static_cast<std::size_t>(evaluation.variant + 1);
  const auto reason = static_cast<std::size_t>(evaluation.reason);
  auto& place = counters_[begins_[evaluation.experiment.index] + kReasons * row + reason];
  prometheus::Counter* counter = place.load(std::memory_order_acquire);
  if (counter == nullptr) {
    counter = &metrics.evaluations(
        snapshot.id(evaluation.experiment),
        row == 0 ? std::string_view() : snapshot.variant_key(evaluation.experiment, row - 1),
        reason_name(evaluation.reason));
    place.store(counter, std::memory_order_release);
  }
  counter->Increment();
}

}  // namespace assay::serve
