// Fairness: is assignment uniform, and are experiments independent of each other? Units of four
// kinds of id are assigned by the product itself (a compiled snapshot, a column of ids) under many
// salts, and every pair of salts is held against chance.
//
//   const Fairness report = check_fairness({.units = 1'000'000, .salts = 200}).value();
//   report.passed();
//
// Each check makes many tests and reports the worst. Its limit is the |z| that the worst of so many
// fair tests exceeds once in 10,000 runs (Bonferroni). The same options give the same numbers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "assay/base/expected.h"

namespace assay::sim {

struct FairnessOptions {
  int units = 1'000'000;
  int salts = 200;
  std::uint64_t seed = 1;  // Of the salts, the UUIDs and the triples.
};

struct FairnessCheck {
  std::string ids;    // "sequential", "decimal", "uuid", "email"
  std::string check;  // "buckets", "shares", "pairs", "pairs_5_percent", "carry_over", "triples"
  std::int64_t tests = 0;  // How many tests the worst is of.
  double worst_z = 0;
  double limit_z = 0;
  bool passed() const { return worst_z <= limit_z; }
};

struct Fairness {
  FairnessOptions options;
  std::vector<FairnessCheck> checks;
  bool passed() const;
};

// kInvalid when an option is out of range.
Result<Fairness> check_fairness(const FairnessOptions& options);

std::string to_json(const Fairness& fairness);

}  // namespace assay::sim
