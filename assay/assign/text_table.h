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
#include <string>
#include <string_view>
#include <vector>

namespace assay::assign {

class TextTable {
 public:
  static constexpr std::uint32_t kAbsent = 0xffffffff;

  std::uint32_t intern(std::string_view text);
  std::uint32_t find(std::string_view text) const;
  std::string_view text(std::uint32_t number) const {
    return std::string_view(bytes_).substr(begins_[number], begins_[number + 1] - begins_[number]);
  }
  std::size_t size() const { return begins_.size() - 1; }

 private:
  // Open addressing, linear probing, at most half full. The tag (high half of the hash) spares most
  // comparisons of texts.
  struct Cell {
    std::uint32_t tag = 0;
    std::uint32_t number = kAbsent;
  };
  void grow();

  std::string bytes_;
  std::vector<std::uint32_t> begins_{0};
  std::vector<Cell> cells_;
};

}  // namespace assay::assign
