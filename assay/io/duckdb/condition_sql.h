// A Condition over an event's properties, as SQL, with the meaning that define/condition.h gives it
// (its cases, spec/conformance/conditions.json, are run here too). One thing is particular to
// events: the attribute `value` is the event's number when the properties have no such key. semver
// is refused, as by the parser.
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
