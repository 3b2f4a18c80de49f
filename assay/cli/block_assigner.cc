#include "assay/cli/block_assigner.h"

#include <algorithm>

namespace assay::cli {

using assign::Assignment;
using assign::Handle;
using assign::Snapshot;

BlockAssigner::BlockAssigner(const Snapshot& snapshot, const Answered& answered,
                             std::span<const std::string> header)
    : snapshot_(snapshot),
      header_(header),
      rows_(snapshot, answered, header),
      context_(snapshot),
      answers_(answered.experiments * kBlock) {
  for (std::uint32_t e = 0; e < answered.experiments; ++e) {
    const std::size_t column = kind_column(header_, snapshot.unit_kind({e})).value_or(rows_.key());
    if (can_assign_column(snapshot, {e})) {
      ids_of(column).experiments.push_back({e});
    } else {
      single_.push_back({e});
    }
  }
}

BlockAssigner::Ids& BlockAssigner::ids_of(std::size_t column) {
  const auto found = std::ranges::find(ids_, column, &Ids::column);
  return found != ids_.end() ? *found : ids_.emplace_back(Ids{.column = column});
}

std::string BlockAssigner::add(const UnitRow& row) {
  if (!single_.empty()) {
    std::string wrong = rows_.fill(row, context_);
    if (!wrong.empty()) return wrong;
  }
  for (const Handle experiment : single_) {
    const Assignment answer = snapshot_.evaluate(experiment, context_);
    answers_[experiment.index * kBlock + size_] = {answer.variant, answer.reason};
  }
  for (Ids& ids : ids_) {
    ids.bytes += row.fields[ids.column];
    bytes_ = std::max(bytes_, ids.bytes.size());
    ids.offsets.push_back(static_cast<std::uint32_t>(ids.bytes.size()));
  }
  ++size_;
  return {};
}

void BlockAssigner::assign() {
  for (const Ids& ids : ids_) {
    variants_.resize(ids.experiments.size() * size_);
    assign_column(snapshot_, ids.experiments, {ids.bytes, ids.offsets}, variants_);
    for (std::size_t k = 0; k < ids.experiments.size(); ++k) {
      Answer* answers = &answers_[ids.experiments[k].index * kBlock];
      for (std::size_t i = 0; i < size_; ++i) {
        const std::uint8_t variant = variants_[k * size_ + i];
        answers[i].variant =
            variant == assign::kNoVariant ? Assignment::kNone : std::int16_t{variant};
      }
    }
  }
}

void BlockAssigner::clear() {
  for (Ids& ids : ids_) {
    ids.bytes.clear();
    ids.offsets.resize(1);
  }
  size_ = 0;
  bytes_ = 0;
}

Assignment BlockAssigner::evaluate(Handle experiment, const UnitRow& row) {
  rows_.fill(row, context_);
  return snapshot_.evaluate(experiment, context_);
}

}  // namespace assay::cli
