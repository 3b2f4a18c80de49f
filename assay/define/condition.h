// Condition: who is eligible, as a tree. The same language filters the events of a metric
// (`where`).
//
//   targeting:
//     all:
//       - {attribute: country, in: [IN, US]}
//       - {attribute: app_version, semver: ">=2.3.0"}
//       - not: {attribute: email, ends_with: "@example.com"}
//
// Attributes are looked up by name in a flat context; dots reach into objects ("device.os"). A
// missing attribute makes every comparison false (`exists` tells). A wrong type makes it false too,
// and the reason says so.
#pragma once

#include <string>
#include <variant>
#include <vector>

namespace assay::define {

using Scalar = std::variant<bool, double, std::string>;

enum class Op {
  kAlways,  // No condition at all.
  kAll,
  kAny,
  kNot,  // Over children.
  kEqual,
  kNotEqual,
  kIn,
  kNotIn,  // Over values.
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,  // Numbers.
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

}  // namespace assay::define
