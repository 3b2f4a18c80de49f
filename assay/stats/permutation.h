// The permutation test: how often would the same assignment mechanism, re-drawn, have shown a
// difference as large as this one if the treatment changed nothing?
//
// What was randomized as one is a group: a unit, or a cluster with all its rows. Groups are
// re-assigned within their block (all of them in one block: complete randomization), always as many
// to the treatment as there were. T is the difference of the row means, blocks weighted by their
// rows, over its standard error (within blocks; between blocks where one holds a single group of a
// variant, as in pairs): studentized, the test also holds for equal means with unequal variances
// (Chung & Romano, Annals of Statistics 2013). Exact up to `exact_limit` assignments, p = share of
// |T_b| >= |T|; beyond, p = (1 + #)/(draws + 1), never 0 (Phipson & Smyth 2010). Equal up to
// rounding counts as equal. Valid at one look. Golden: spec/golden/permutation.csv
//
//   const std::vector<RandomizedGroup> groups = {{.sum = 3.1}, {.sum = 4.7, .treated = true}, …};
//   ASSAY_TRY(const Permutation test, permutation_test(groups, {.seed = 7}));
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "assay/stats/estimate.h"

namespace assay::stats {

struct RandomizedGroup {
  double sum = 0;         // Of its rows' values.
  std::int64_t rows = 1;  // At least one.
  bool treated = false;
  std::int64_t block = 0;
};

enum class PermutationStatistic { kStudentized, kDifference };

struct PermutationOptions {
  PermutationStatistic statistic = PermutationStatistic::kStudentized;
  Alternative alternative = Alternative::kTwoSided;
  std::int64_t draws = 9999;  // Where enumeration is too long.
  std::uint64_t seed = 0;
  std::int64_t exact_limit = 1'000'000;  // Assignments.
};

struct Permutation {
  double difference = 0;  // Treatment minus control.
  // None where the variants do not vary within themselves, yet differ.
  std::optional<double> statistic;
  double p_value = 1;
  bool exact = false;
  std::int64_t assignments = 0;  // Enumerated or drawn.
};

// kNoData without a group of either variant; kOutOfRange for a block with one variant only, a group
// without rows, or draws below one.
Stat<Permutation> permutation_test(std::span<const RandomizedGroup> groups,
                                   const PermutationOptions& options = {});

}  // namespace assay::stats
