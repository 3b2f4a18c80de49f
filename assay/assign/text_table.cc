#include "assay/assign/text_table.h"

#include <utility>

#include "assay/base/check.h"

namespace assay::assign {

std::size_t TextTable::cell_of(const TextKey& key, std::string_view text) const {
  for (std::size_t i = key.hash() & mask_;; i = (i + 1) & mask_) {
    const Cell& cell = cells_[i];
    if (cell.number == kAbsent) return i;
    if (cell.key != key) continue;
    if (key.size <= TextKey::kWhole || this->text(cell.number) == text) return i;
  }
}

std::uint32_t TextTable::find_long(std::string_view text) const {
  return cells_[cell_of(TextKey(text), text)].number;
}

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
  mask_ = cells_.size() < 16 ? 15 : 2 * cells_.size() - 1;
  const std::vector<Cell> before = std::exchange(cells_, std::vector<Cell>(mask_ + 1));
  for (const Cell& cell : before) {
    if (cell.number == kAbsent) continue;
    std::size_t i = cell.key.hash() & mask_;
    while (cells_[i].number != kAbsent) i = (i + 1) & mask_;
    cells_[i] = cell;
  }
}

}  // namespace assay::assign
