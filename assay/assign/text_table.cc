#include "assay/assign/text_table.h"

#include "assay/base/check.h"
#include "assay/base/hash.h"

namespace assay::assign {
namespace {

std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

}  // namespace

std::uint32_t TextTable::find(std::string_view text) const {
  if (cells_.empty()) return kAbsent;
  const std::uint64_t hash = xxh3_64(text);
  const std::size_t mask = cells_.size() - 1;
  for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
    const Cell& cell = cells_[i];
    if (cell.number == kAbsent) return kAbsent;
    if (cell.tag == tag_of(hash) && this->text(cell.number) == text) return cell.number;
  }
}

std::uint32_t TextTable::intern(std::string_view text) {
  if (const std::uint32_t known = find(text); known != kAbsent) return known;
  if ((size() + 1) * 2 > cells_.size()) grow();
  ASSAY_CHECK(bytes_.size() + text.size() < kAbsent);
  const auto number = static_cast<std::uint32_t>(size());
  bytes_ += text;
  begins_.push_back(static_cast<std::uint32_t>(bytes_.size()));
  const std::uint64_t hash = xxh3_64(text);
  const std::size_t mask = cells_.size() - 1;
  std::size_t i = hash & mask;
  while (cells_[i].number != kAbsent) i = (i + 1) & mask;
  cells_[i] = {.tag = tag_of(hash), .number = number};
  return number;
}

void TextTable::grow() {
  cells_.assign(cells_.empty() ? 16 : cells_.size() * 2, Cell{});
  const std::size_t mask = cells_.size() - 1;
  for (std::uint32_t number = 0; number < size(); ++number) {
    const std::uint64_t hash = xxh3_64(text(number));
    std::size_t i = hash & mask;
    while (cells_[i].number != kAbsent) i = (i + 1) & mask;
    cells_[i] = {.tag = tag_of(hash), .number = number};
  }
}

}  // namespace assay::assign
