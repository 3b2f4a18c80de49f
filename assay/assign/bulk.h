// Bulk: a column of ids against many experiments at once, for analysis and simulation. Each id is
// hashed once; each experiment then costs a unit one mix and one store.
//
//   IdColumn column{bytes, offsets};              // id i is bytes[offsets[i], offsets[i + 1])
//   std::vector<std::uint8_t> out(experiments.size() * column.size());
//   assign_column(*snapshot, experiments, column, out);
//   out[e * column.size() + i];                   // the variant of unit i in experiments[e]
//
// The same answers as Snapshot::evaluate with the id as the targeting key, on every machine: the
// vector paths (AVX-512, AVX2, chosen when the program runs) give the bits of the scalar one.
// Memory: 100 KiB whatever the length of the column. Any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "assay/assign/snapshot.h"
#include "assay/assign/steps.h"

namespace assay::assign {

// Ids in Arrow's layout: contiguous bytes, and one offset more than there are ids.
struct IdColumn {
  std::string_view bytes;
  std::span<const std::uint32_t> offsets;

  std::size_t size() const { return offsets.size() - 1; }
  std::string_view id(std::size_t i) const {
    return bytes.substr(offsets[i], offsets[i + 1] - offsets[i]);
  }
};

inline constexpr std::uint8_t kNoVariant = 0xff;

// True for experiments whose answer follows from the id alone (no targeting, of special.h nothing
// but holdouts of the same kind of unit) and that have fewer than kNoVariant variants.
bool can_assign_column(const Snapshot& snapshot, Handle experiment);

// One row of `out` per experiment; each must pass can_assign_column. kNoVariant: not assigned.
void assign_column(const Snapshot& snapshot, std::span<const Handle> experiments,
                   const IdColumn& column, std::span<std::uint8_t> out, Simd simd = best_simd());

// The split of units whose ids were hashed before, under one salt after another: simulation, A/A
// tests, the search for a salt. The variant that a plan of these weights draws, without targeting,
// slots and overrides.
//
//   const SplitColumn split(digests, {{1, 9}});   // digests[i] = unit_digest(id i)
//   split.draw(salt_digest("ranker_v2"), out);    // out[i] is 0 for a tenth of the units, else 1
//
// Read-only once made: any thread.
class SplitColumn {
 public:
  // 1 to 255 weights that add up to 1 to 2^31 - 1.
  SplitColumn(std::span<const std::uint64_t> digests, std::span<const std::uint32_t> weights);

  std::size_t size() const { return folded_.size(); }
  void draw(std::uint64_t salt_digest, std::span<std::uint8_t> out, Simd simd = best_simd()) const;

 private:
  std::vector<std::uint64_t> folded_;
  std::vector<std::uint64_t> thresholds_;
};

}  // namespace assay::assign
