#include "assay/assign/text_table.h"

#include <utility>

#include "assay/base/check.h"

namespace assay::assign {

std::uint32_t TextTable::intern(std::string_view text) {
  const TextKey key(text);
  std::size_t at = cell_of(key, text);
  if (cells_[at].number != kAbsent) return cells_[at].number;
  if ((size() + 1) * 2 > cells_.size()) {
    grow();
    at = cell_of(key, text);
  }
  ASSAY_CHECK(bytes_.size() + text.size() < kAbsent);
  const auto number = static_cast<std::uint32_t>(size());
  bytes_ += text;
  begins_.push_back(static_cast<std::uint32_t>(bytes_.size()));
  cells_[at] = {.key = key, .number = number};
  return number;
}

// The cells hold all that their place depends on: no text is read again.
void TextTable::grow() {
  const std::size_t mask = cells_.size() < 16 ? 15 : 2 * cells_.size() - 1;
  const std::vector<Cell> before = std::exchange(cells_, std::vector<Cell>(mask + 1));
  for (const Cell& cell : before) {
    if (cell.number == kAbsent) continue;
    std::size_t i = cell.key.hash() & mask;
    while (cells_[i].number != kAbsent) i = (i + 1) & mask;
    cells_[i] = cell;
  }
}

}  // namespace assay::assign
