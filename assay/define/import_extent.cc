#include "assay/define/import_extent.h"

#include <fmt/format.h>

namespace assay::define {
namespace {

constexpr std::size_t kMaxParts = 500;         // Comparisons of one condition.
constexpr std::size_t kMaxValues = 1'000'000;  // Of one flag.

std::size_t parts_of(const Condition& condition) {
  std::size_t parts = 1;
  for (const Condition& child : condition.children) parts += parts_of(child);
  return parts;
}

std::size_t values_of(const Condition& condition) {
  std::size_t values = condition.values.size();
  for (const Condition& child : condition.children) values += values_of(child);
  return values;
}

}  // namespace

bool is_too_large(const Value& value, const std::vector<Condition>& conditions) {
  std::size_t parts = 0;
  for (const Condition& condition : conditions) parts += parts_of(condition);
  if (parts <= kMaxParts) return false;
  value.error("has too many comparisons once everything it refers to is written out",
              fmt::format("at most {}", kMaxParts));
  return true;
}

bool Extent::add(const Value& value, std::size_t more) {
  values_ += more;
  if (values_ <= kMaxValues) return false;
  value.error("has too many values to compare with once everything it refers to is written out",
              fmt::format("at most {} in one flag", kMaxValues));
  return true;
}

bool Extent::add(const Value& value, const Condition& condition) {
  return add(value, values_of(condition));
}

}  // namespace assay::define
