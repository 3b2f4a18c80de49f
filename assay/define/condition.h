// Condition: who is eligible, as a tree. The same language filters the events of a metric
// (`where`).
//
//   targeting:
//     all:
//       - {attribute: country, in: [IN, US]}
//       - {attribute: app_version, semver: ">=2.3.0"}
//       - not: {attribute: email, ends_with: "@example.com"}
//
// What it means, in every engine (cases: spec/conformance/conditions.json):
//
// - Lookup. An attribute's whole name is looked up first; where there is none, its dots reach into
//   objects ("device.os"). null is the same as missing.
// - Missing. Every comparison of a missing attribute is false, not_equals and not_in too; only
//   `exists: false` is true.
// - Types. Nothing is converted: the text "5" is not the number 5. A comparison with another type
//   is false, except that not_equals and not_in are true for it: they are true exactly where the
//   attribute is there and the positive comparison is false.
// - Lists. Where the attribute is a list, `in` is true if any element is one of the values and
//   `contains` if any element equals one of the values; all else is a comparison with another type.
// - Text is compared byte by byte; starts_with, ends_with and contains take one text or several,
//   any of which may match. `contains` on text means a substring.
// - Numbers only: less_than, at_most, greater_than, at_least.
// - semver: text that is a version, in any of the ranges. Precedence as in Semantic Versioning
//   2.0.0, build metadata ignored, missing parts are 0 ("1.4", "v1.4": 1.4.0). "^1.4": >=1.4.0 and
//   below 2.0.0 (^0.3.1: below 0.4.0, ^0.0.3: below 0.0.4); "~1.4.2" is >=1.4.2 and below 1.5.0;
//   pre-releases of the bound are above it.
//   Other operators: = (or none), >, >=, <, <=. Text that is no version is false. Only for
//   targeting: a `where` with semver is refused by the parser.
// - all, any, not are plain logic; `not` of a comparison with a missing attribute is true.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace assay::define {

using Scalar = std::variant<bool, double, std::string>;

enum class Op {
  kAlways,  // No condition at all.
  kAll,
  kAny,
  kNot,  // Over children; kNot has one.
  kEqual,
  kNotEqual,  // values[0].
  kIn,
  kNotIn,  // Over values.
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,  // values[0], a number.
  kPrefix,
  kSuffix,
  kContains,  // Strings; any of the values. kContains also: list membership.
  kSemver,    // Any range in `values`: "=1.2.3", ">=2.0.0", "^1.4", "~1.4".
  kExists,    // values[0] is bool: present (true) or absent (false).
};

struct Condition {
  Op op = Op::kAlways;
  std::string attribute;
  std::vector<Scalar> values;
  std::vector<Condition> children;
  bool operator==(const Condition&) const = default;
};

// "country in [IN, US] and not (email ends_with @example.com)"
std::string to_text(const Condition& condition);

// An operator (or none) and one to three numbers, with an optional pre-release and build.
bool is_semver_range(std::string_view text);

}  // namespace assay::define
