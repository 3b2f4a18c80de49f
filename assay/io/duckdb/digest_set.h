// DigestSet: which 128-bit ids were seen, exactly. Open addressing with linear probing in 256
// shards, so that growing never stops the world for long; 16 bytes a slot, filled to at most 3/4:
// 21 to 43 bytes per id. Digests are uniform, so their bits are the hash. Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "assay/base/hash.h"

namespace assay::io::duckdb {

class DigestSet {
 public:
  bool contains(Digest128 digest) const {
    const Shard& shard = shards_[digest.high >> 56];
    return !shard.slots.empty() && shard.slots[find(shard, stored(digest))] != kEmpty;
  }
  // False when it was there.
  bool insert(Digest128 digest) {
    Shard& shard = shards_[digest.high >> 56];
    if ((shard.used + 1) * 4 > shard.slots.size() * 3) grow(shard);
    Digest128& slot = shard.slots[find(shard, stored(digest))];
    if (slot != kEmpty) return false;
    slot = stored(digest);
    ++shard.used;
    ++size_;
    return true;
  }
  void clear() { *this = DigestSet(); }
  std::size_t size() const { return size_; }
  std::size_t memory_bytes() const {
    std::size_t bytes = 0;
    for (const Shard& shard : shards_) bytes += shard.slots.capacity() * sizeof(Digest128);
    return bytes;
  }

 private:
  static constexpr Digest128 kEmpty{0, 0};
  struct Shard {
    std::vector<Digest128> slots;
    std::size_t used = 0;
  };

  // The one digest that looks like an empty slot becomes its neighbour.
  static Digest128 stored(Digest128 digest) { return digest == kEmpty ? Digest128{0, 1} : digest; }
  static std::size_t find(const Shard& shard, Digest128 digest) {
    const std::size_t mask = shard.slots.size() - 1;
    std::size_t i = digest.low & mask;
    while (shard.slots[i] != kEmpty && shard.slots[i] != digest) i = (i + 1) & mask;
    return i;
  }
  static void grow(Shard& shard) {
    std::vector<Digest128> old(shard.slots.empty() ? 8 : shard.slots.size() * 2, kEmpty);
    old.swap(shard.slots);
    for (const Digest128& digest : old) {
      if (digest != kEmpty) shard.slots[find(shard, digest)] = digest;
    }
  }

  std::array<Shard, 256> shards_;
  std::size_t size_ = 0;
};

}  // namespace assay::io::duckdb
