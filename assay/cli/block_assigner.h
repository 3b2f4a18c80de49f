// Variants for the rows of a list of units, a block of rows at a time: experiments whose answer
// follows from the id alone by assign/bulk.h (each id hashed once), the others row by row; both
// give the same. Memory for one block, whatever the length of the list.
//
//   BlockAssigner assigner(*snapshot, {.experiments = 2}, header);
//   while (rows.next(row)) {
//     assigner.add(row);
//     if (!assigner.is_full()) continue;
//     assigner.assign();                       // …, assigner.variant({0}, row), …
//     assigner.clear();
//   }
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "assay/assign/bulk.h"
#include "assay/cli/row_context.h"

namespace assay::cli {

class BlockAssigner {
 public:
  // Snapshot and header live as long.
  BlockAssigner(const assign::Snapshot& snapshot, const Answered& answered,
                std::span<const std::string> header);

  const RowContext& rows() const { return rows_; }

  // What is wrong with the row, which then is not added; empty when nothing is.
  std::string add(const UnitRow& row);
  std::size_t size() const { return size_; }
  bool is_full() const { return size_ == kBlock || bytes_ >= kBlockBytes; }
  void assign();
  void clear();

  // After assign(): Assignment::kNone for a unit that is not in the experiment.
  std::int16_t variant(assign::Handle experiment, std::size_t row) const {
    return answers_[experiment.index * kBlock + row].variant;
  }
  // A condition of the plan forces the variant (`overrides` name their units themselves).
  bool is_forced(assign::Handle experiment, std::size_t row) const {
    return answers_[experiment.index * kBlock + row].reason == assign::Reason::kOverride;
  }
  // Why a row is answered as it is.
  assign::Assignment evaluate(assign::Handle experiment, const UnitRow& row);

 private:
  static constexpr std::size_t kBlock = 4096;
  static constexpr std::size_t kBlockBytes = 16 << 20;  // Of ids, whose offsets have 32 bits.
  // The ids of one column, for the experiments that need nothing else.
  struct Ids {
    std::size_t column = 0;
    std::vector<assign::Handle> experiments = {};
    std::string bytes = {};
    std::vector<std::uint32_t> offsets = {0};
  };
  struct Answer {
    std::int16_t variant = assign::Assignment::kNone;
    assign::Reason reason = assign::Reason::kSplit;
  };
  Ids& ids_of(std::size_t column);

  const assign::Snapshot& snapshot_;
  std::span<const std::string> header_;
  RowContext rows_;
  assign::Context context_;
  std::vector<Ids> ids_;
  std::vector<assign::Handle> single_;
  std::vector<Answer> answers_;  // Per experiment, kBlock of them.
  std::vector<std::uint8_t> variants_;
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace assay::cli
