#include "assay/assign/bulk.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

#include "assay/base/check.h"
#include "assay/base/hash.h"

namespace assay::assign {
namespace {

constexpr std::size_t kMaxSplit = 255;  // Of count_steps.

}  // namespace

// Works on tiles of units, so that their digests stay in the nearest caches while the experiments
// pass over them.
class ColumnAssigner {
 public:
  static constexpr std::size_t kTile = 4096;

  ColumnAssigner(const Snapshot& snapshot, const IdColumn& column, Simd simd)
      : snapshot_(snapshot), column_(column), simd_(simd) {
    digests_.resize(kTile);
    folded_.resize(kTile);
  }

  static bool can(const Snapshot& snapshot, Handle experiment) {
    const Snapshot::Entry& entry = snapshot.entries_[experiment.index];
    const auto by_same_id = [&](const Special::Holdout& one) {
      return one.unit_kind == entry.unit_kind;
    };
    return (entry.flags & Snapshot::kSpecial) == 0 && entry.program == Targeting::kAlways &&
           std::ranges::all_of(held(snapshot, entry), by_same_id) &&
           entry.variant_count < kNoVariant && 3 * (entry.ranges_end - entry.ranges_begin) < 256;
  }

  void run(std::span<const Handle> experiments, std::span<std::uint8_t> out) {
    for (std::size_t begin = 0; begin < column_.size(); begin += kTile) {
      const std::size_t count = std::min(kTile, column_.size() - begin);
      hash(begin, count);
      for (std::size_t e = 0; e < experiments.size(); ++e) {
        std::uint8_t* row = out.data() + e * column_.size() + begin;
        assign(snapshot_.entries_[experiments[e].index], begin, count, row);
      }
    }
  }

 private:
  void hash(std::size_t begin, std::size_t count) {
    nameless_.clear();
    for (std::size_t i = 0; i < count; ++i) {
      const std::string_view id = column_.id(begin + i);
      if (id.empty()) nameless_.push_back(i);
      digests_[i] = unit_digest(id);
      folded_[i] = folded(digests_[i]);
    }
  }

  void assign(const Snapshot::Entry& entry, std::size_t begin, std::size_t count,
              std::uint8_t* row) {
    if ((entry.flags & Snapshot::kStopped) != 0) {
      std::fill_n(row, count, kNoVariant);
      return;
    }
    if ((entry.flags & Snapshot::kLikePeer) == 0) {
      split(entry, count, row);
    } else {
      split_like_peer(entry, begin, count, row);
    }
    if ((entry.flags & Snapshot::kWholeLayer) == 0) keep_slots_in_use(entry, count, row);
    for (const Special::Holdout& one : held(snapshot_, entry)) hold_out(one, count, row);
    correct(entry, begin, count, row);
  }

  void split(const Snapshot::Entry& entry, std::size_t count, std::uint8_t* row) {
    thresholds_.clear();
    for (std::uint32_t i = 0; i + 1 < entry.variant_count; ++i) {
      thresholds_.push_back(snapshot_.variants_[entry.variants_begin + i].threshold);
    }
    count_steps({folded_.data(), count}, folded(entry.salt), thresholds_, row, simd_);
  }

  void split_like_peer(const Snapshot::Entry& entry, std::size_t begin, std::size_t count,
                       std::uint8_t* row) {
    for (std::size_t i = 0; i < count; ++i) {
      const Unit unit{.id = column_.id(begin + i), .digest = digests_[i]};
      row[i] = static_cast<std::uint8_t>(snapshot_.split_like_peer(entry, unit));  // -1: kNoVariant
    }
  }

  // Every third edge begins a range: 3 r + 1 edges passed is the part in use of range r.
  void keep_slots_in_use(const Snapshot::Entry& entry, std::size_t count, std::uint8_t* row) {
    thresholds_.clear();
    for (std::uint32_t i = entry.ranges_begin; i < entry.ranges_end; ++i) {
      const Snapshot::Range& range = snapshot_.ranges_[i];
      thresholds_.insert(thresholds_.end(), {range.begin, range.used, range.end});
    }
    count_steps({folded_.data(), count}, folded(entry.layer_salt), thresholds_, edges_.data(),
                simd_);
    for (std::size_t i = 0; i < count; ++i) row[i] = edges_[i] % 3 == 1 ? row[i] : kNoVariant;
  }

  static std::span<const Special::Holdout> held(const Snapshot& snapshot,
                                                const Snapshot::Entry& entry) {
    if ((entry.flags & Snapshot::kHeld) == 0) return {};
    return snapshot.specials_[entry.special].holdouts;
  }

  void hold_out(const Special::Holdout& holdout, std::size_t count, std::uint8_t* row) {
    thresholds_ = {holdout.threshold};
    count_steps({folded_.data(), count}, folded(holdout.salt), thresholds_, edges_.data(), simd_);
    for (std::size_t i = 0; i < count; ++i) row[i] = edges_[i] == 1 ? row[i] : kNoVariant;
  }

  // Overrides, and units of no name, which even an override does not assign.
  void correct(const Snapshot::Entry& entry, std::size_t begin, std::size_t count,
               std::uint8_t* row) const {
    if ((entry.flags & Snapshot::kHasOverrides) != 0) {
      for (std::size_t i = 0; i < count; ++i) {
        const Unit unit{.id = column_.id(begin + i), .digest = digests_[i]};
        const std::int16_t variant = snapshot_.find_override(entry, unit);
        if (variant != Assignment::kNone) row[i] = static_cast<std::uint8_t>(variant);
      }
    }
    for (const std::size_t i : nameless_) row[i] = kNoVariant;
  }

  const Snapshot& snapshot_;
  const IdColumn& column_;
  Simd simd_;
  std::vector<std::uint64_t> digests_, folded_;
  std::vector<std::uint64_t> thresholds_;
  std::vector<std::size_t> nameless_;  // In this tile.
  std::array<std::uint8_t, kTile> edges_;
};

bool can_assign_column(const Snapshot& snapshot, Handle experiment) {
  return ColumnAssigner::can(snapshot, experiment);
}

void assign_column(const Snapshot& snapshot, std::span<const Handle> experiments,
                   const IdColumn& column, std::span<std::uint8_t> out, Simd simd) {
  ASSAY_CHECK(!column.offsets.empty() && column.offsets.back() <= column.bytes.size());
  ASSAY_CHECK(out.size() == experiments.size() * column.size());
  for (const Handle experiment : experiments) ASSAY_CHECK(can_assign_column(snapshot, experiment));
  ColumnAssigner(snapshot, column, simd).run(experiments, out);
}

SplitColumn::SplitColumn(std::span<const std::uint64_t> digests,
                         std::span<const std::uint32_t> weights) {
  const std::uint64_t total = std::accumulate(weights.begin(), weights.end(), std::uint64_t{0});
  ASSAY_CHECK(!weights.empty() && weights.size() <= kMaxSplit);
  ASSAY_CHECK(total > 0 && total <= kMaxTotalWeight);
  folded_.reserve(digests.size());
  for (const std::uint64_t digest : digests) folded_.push_back(folded(digest));
  std::uint64_t cumulative = 0;
  for (const std::uint32_t weight : weights.first(weights.size() - 1)) {
    cumulative += weight;
    thresholds_.push_back(first_draw(cumulative, total));
  }
}

void SplitColumn::draw(std::uint64_t salt_digest, std::span<std::uint8_t> out, Simd simd) const {
  ASSAY_CHECK(out.size() == size());
  count_steps(folded_, folded(salt_digest), thresholds_, out.data(), simd);
}

}  // namespace assay::assign
