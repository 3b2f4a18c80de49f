// How large a flag becomes once everything it refers to is written out as often as it is used: a
// few bytes of a file may stand for very many comparisons and values. Internal to define.
#pragma once

#include <cstddef>
#include <vector>

#include "assay/define/condition.h"
#include "assay/define/fields.h"

namespace assay::define {

// True, and a problem, where conditions have grown too large once all is expanded.
bool is_too_large(const Value& value, const std::vector<Condition>& conditions);

// The values to compare with in all lists, groups and patterns of one flag.
class Extent {
 public:
  // True, and a problem, where they have become too many.
  bool add(const Value& value, std::size_t more);
  bool add(const Value& value, const Condition& condition);
  std::size_t values() const { return values_; }

 private:
  std::size_t values_ = 0;
};

}  // namespace assay::define
