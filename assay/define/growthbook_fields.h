// The fields of GrowthBook's payloads, read as its SDKs read them. Internal to define.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "assay/define/fields.h"
#include "assay/define/growthbook_buckets.h"

namespace assay::define::growthbook {

std::optional<Value> get(const Value& value, const char* key);
// A text (or a number, as JavaScript writes it) that says something.
std::optional<std::string> text_of(const Value& value, const char* key);
// Nothing after a problem.
std::optional<double> number_of(const Value& value);
std::optional<NumberRange> number_range_of(const Value& value);
std::optional<std::vector<NumberRange>> bounds_of(const Value& ranges);
std::optional<HashScheme> hash_version(const Value& value, HashScheme otherwise);

// As JavaScript takes a value for true: not false, null, 0 or "".
bool is_truthy(const Node& node);
// The unit that a field names: the attribute `id` is the unit `user`, which it is without the
// field, too; any other names itself. Nothing after a problem.
std::optional<std::string> unit_of(const Value& value, const char* key);
// The items of a list; nothing after a problem, which nothing there (or null) is not.
std::optional<std::vector<Value>> items_of(const std::optional<Value>& list, const char* what);
// A variant's key from its value: "green", on, off; else what it is for.
std::string name_of(const std::string& payload_json, const char* otherwise);
// A whole number of parts; nothing where `share` is finer than `one` part.
std::optional<std::uint32_t> parts_of(double share, double one);

}  // namespace assay::define::growthbook
