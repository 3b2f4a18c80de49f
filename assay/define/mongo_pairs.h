// Two tests of Mongo's that are one comparison of assay, as assay's own payload for GrowthBook's
// SDKs has them: a type beside a test converts nothing, and negations ask whether there is
// anything. Internal to define; see mongo.h.
//
//   {"$type": "number", "$lt": 5}                                less than 5
//   {"$exists": true, "$not": {"$in": ["x"]}}                    not in [x]
//   {"$in": [5], "$not": {"$type": "boolean"}}                   in [5]
//   {"$or": [{"a": {"$type": "string", "$regex": "(?:x|y)"}},
//            {"a": {"$type": "array", "$in": ["x", "y"]}}]}      a contains x or y
//   {"$type": "string", "$regex": "(?:x|y)$",
//    "$not": {"$regex": "(?:\n|\r)$"}}                          ends with x or y
//
// Others stay two.
#pragma once

#include <string>
#include <string_view>

#include "assay/define/condition.h"

namespace assay::define {

Condition is_boolean(const std::string& name);
Condition is_number(const std::string& name);

// A test beside `$type`, whose own condition is `is_type`: without the ways of `tested` that need a
// value of another type, or none.
Condition of_type(std::string_view type, Condition is_type, Condition tested);

// Of one attribute, and of either.
Condition both(const std::string& name, Condition first, Condition second);
Condition either(Condition first, Condition second);

}  // namespace assay::define
