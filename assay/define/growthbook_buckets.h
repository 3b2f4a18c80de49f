// Where GrowthBook's hash puts a unit: one of 1000 buckets (hashVersion 1) or of 10,000 (2), of
// which bucket k stands for the number k / 1000 or k / 10,000 in [0, 1). Ranges of such numbers are
// solved here for whole buckets, with the SDKs' own comparisons of doubles, so that a plan in
// millionths and integer weights takes in exactly the same units. Internal to define.
//
//   split_by_ranges(HashScheme::kGrowthbookV2, {{0, 0.1}, {0.9, 1}});
//   // weights 1 and 1, for the units inside of [0, 0.1) and [0.9, 1)
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "assay/define/experiment.h"

namespace assay::define {

// begin <= number < end.
struct NumberRange {
  double begin = 0;
  double end = 0;
};

std::uint32_t bucket_count(HashScheme hash);

// How many buckets are below the bound, or at most at it.
std::uint32_t buckets_below(HashScheme hash, double bound);
std::uint32_t buckets_up_to(HashScheme hash, double bound);

// Sorted and disjoint, in millionths; the same buckets as in the ranges given.
std::vector<SlotRange> to_millionths(HashScheme hash, const std::vector<NumberRange>& ranges);

// Weights that are exactly these shares of their sum, as the SDKs divide: decimals of at most eight
// digits, or fractions such as 1/3. Nothing where the shares do not add up to exactly 1, or where
// weights would add up to more than 10^8.
std::optional<std::vector<std::uint32_t>> whole_weights(const std::vector<double>& shares);

// The nearest weights in parts of 2 * 10^9, where units get the same variations by them as by the
// shares, at this coverage and at full. Nothing where they do not, or where the shares do not add
// up to 1.
std::optional<std::vector<std::uint32_t>> near_weights(HashScheme hash,
                                                       const std::vector<double>& shares,
                                                       double coverage);

// One range for each variation, as a split.
struct RangeSplit {
  std::vector<std::size_t> order;      // Of the variations; `weights` is in this order.
  std::vector<std::uint32_t> weights;  // In proportion to the ranges.
  std::uint32_t traffic_ppm = kLayerSlots;
  std::vector<SlotRange> inside;  // Only units in these take part; empty: all.
};

// Nothing where ranges overlap, or where no weights in their proportion split at the same places.
std::optional<RangeSplit> split_by_ranges(HashScheme hash, const std::vector<NumberRange>& ranges);

}  // namespace assay::define
