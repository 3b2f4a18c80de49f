// Regular expressions that say no more than "one of these texts, at the start, at the end or
// anywhere": they become comparisons. Internal to define; see mongo.h.
//
//   "(Mobile|Tablet)"            contains Mobile or Tablet
//   "^/(cart|checkout)"          starts with /cart or /checkout
//   ".*@(acme|example)\\.com$"    ends with @acme.com or @example.com
//   "^https?://shop$"            equals http://shop or https://shop
//
// Everything else is refused, so that no regular expression is ever run: no input can be slow.
#pragma once

#include <optional>
#include <string>

#include "assay/define/condition.h"
#include "assay/define/fields.h"

namespace assay::define {

// Nothing after a problem, which is reported.
std::optional<Condition> pattern_condition(const std::string& attribute, const Value& regex);

}  // namespace assay::define
