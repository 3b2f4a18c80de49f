// A Condition over an event's properties, as SQL. Same meaning as everywhere: a missing attribute
// or one of the wrong type makes a comparison false, dots reach into objects (a key that contains
// the dots wins). Two things are particular to events: the attribute `value` is the event's number
// when the properties have no such key, and semver compares major.minor.patch, with any pre-release
// before its release.
#pragma once

#include "assay/base/expected.h"
#include "assay/define/condition.h"
#include "assay/io/duckdb/sql.h"

namespace assay::io::duckdb {

// Reads the columns `e.properties` (JSON text) and `e.value`; never NULL.
Result<Sql> condition_sql(const define::Condition& condition);

// The JSON value at a dotted path in `column`, as type JSON; NULL when it is missing.
Result<std::string> json_at(const std::string& column, const std::string& attribute);

}  // namespace assay::io::duckdb
