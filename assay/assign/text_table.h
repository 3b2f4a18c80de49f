// TextTable: texts that a snapshot names, each stored once and numbered 0, 1, 2… Equal texts have
// equal numbers, so that the rest of the snapshot compares numbers.
//
//   TextTable table;
//   const std::uint32_t india = table.intern("IN");
//   table.find("IN") == india;  table.find("US") == TextTable::kAbsent;
//
// Built by one thread; afterwards `find` is safe from any thread and allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/hash.h"

namespace assay::assign {

// A text as two words and a length. Up to 16 bytes the words hold all of it, so that equal keys are
// equal texts; a longer text is hashed, and its bytes are compared as well.
struct TextKey {
  static constexpr std::size_t kWhole = 16;

  std::uint64_t head = 0;
  std::uint64_t tail = 0;
  std::uint32_t size = 0;

  TextKey() = default;
  explicit TextKey(std::string_view text) : size(static_cast<std::uint32_t>(text.size())) {
    const char* begin = text.data();
    if (text.size() > kWhole) {
      head = xxh3_64(text);
    } else if (text.size() >= 8) {
      head = load<std::uint64_t>(begin);
      tail = load<std::uint64_t>(begin + text.size() - 8);
    } else if (text.size() >= 4) {
      head = load<std::uint32_t>(begin);
      tail = load<std::uint32_t>(begin + text.size() - 4);
    } else if (!text.empty()) {
      head = load<std::uint8_t>(begin);
      tail = load<std::uint8_t>(begin + text.size() / 2) |
             static_cast<std::uint64_t>(load<std::uint8_t>(begin + text.size() - 1)) << 8;
    }
  }

  // For this table only, nobody else sees it: both halves of one product, so that every byte of the
  // key reaches the low bits.
  std::uint64_t hash() const {
    __extension__ using Wide = unsigned __int128;
    const Wide product =
        static_cast<Wide>(head ^ 0x9e3779b97f4a7c15ULL) * (tail ^ size ^ 0xe7037ed1a0b428dbULL);
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }
  bool operator==(const TextKey&) const = default;

 private:
  template <typename Word>
  static Word load(const char* from) {
    Word word;
    std::memcpy(&word, from, sizeof word);
    return word;
  }
};

class TextTable {
 public:
  static constexpr std::uint32_t kAbsent = 0xffffffff;

  std::uint32_t intern(std::string_view text);
  std::uint32_t find(std::string_view text) const {
    if (text.size() > TextKey::kWhole) return find_long(text);
    const TextKey key(text);
    for (std::size_t i = key.hash() & mask_;; i = (i + 1) & mask_) {
      const Cell& cell = cells_[i];
      if (cell.key == key || cell.number == kAbsent) return cell.number;
    }
  }
  std::string_view text(std::uint32_t number) const {
    return std::string_view(bytes_).substr(begins_[number], begins_[number + 1] - begins_[number]);
  }
  std::size_t size() const { return begins_.size() - 1; }

 private:
  // Open addressing, linear probing, at most half full.
  struct Cell {
    TextKey key;
    std::uint32_t number = kAbsent;
  };
  // Where the text is, or the empty cell where it would go.
  std::size_t cell_of(const TextKey& key, std::string_view text) const;
  std::uint32_t find_long(std::string_view text) const;  // Apart: the short ones need no call.
  void grow();

  std::string bytes_;
  std::vector<std::uint32_t> begins_{0};
  std::vector<Cell> cells_{Cell{}};  // A power of two, never empty.
  std::size_t mask_ = 0;             // Their number less one: it costs a multiplication to find.
};

}  // namespace assay::assign
