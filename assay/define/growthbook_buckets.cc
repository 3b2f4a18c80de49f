#include "assay/define/growthbook_buckets.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "assay/define/growthbook_fields.h"

namespace assay::define {
namespace {

constexpr std::uint64_t kParts = 100'000'000;  // Lengths are decimals of at most eight digits.
constexpr std::uint64_t kFineParts = 2'000'000'000;  // As many as weights may add up to.

// How many of the buckets 0, 1, 2 … are in, where those that are come first.
template <typename Predicate>
std::uint32_t count_first(HashScheme hash, Predicate is_in) {
  std::uint32_t low = 0;
  std::uint32_t high = bucket_count(hash);
  const double all = high;
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (is_in(middle / all)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

struct Buckets {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  bool is_empty() const { return begin >= end; }
};

Buckets buckets_of(HashScheme hash, const NumberRange& range) {
  return {buckets_below(hash, range.begin), buckets_below(hash, range.end)};
}

// Where the SDKs split by shares; the same sums in the same order as schemes.cc of assign.
std::vector<Buckets> buckets_of(HashScheme hash, const std::vector<double>& shares,
                                double coverage) {
  std::vector<Buckets> all;
  double before = 0;
  for (const double share : shares) {
    all.push_back(buckets_of(hash, {before, before + coverage * share}));
    before += share;
  }
  return all;
}

std::vector<Buckets> buckets_of(HashScheme hash, const std::vector<std::uint32_t>& weights,
                                double coverage) {
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<double> shares;
  for (const std::uint32_t weight : weights) shares.push_back(weight / total);
  return buckets_of(hash, shares, coverage);
}

bool are_same(const std::vector<Buckets>& a, const std::vector<Buckets>& b) {
  return std::ranges::equal(a, b, [](const Buckets& x, const Buckets& y) {
    return (x.is_empty() && y.is_empty()) || (x.begin == y.begin && x.end == y.end);
  });
}

bool contain(const std::vector<Buckets>& outer, const std::vector<Buckets>& inner) {
  return std::ranges::equal(outer, inner, [](const Buckets& x, const Buckets& y) {
    return y.is_empty() || (x.begin <= y.begin && y.end <= x.end);
  });
}

// A bound that decimals miss by one rounding is moved by a part in 10^8.
void mend(HashScheme hash, const std::vector<Buckets>& wanted,
          std::vector<std::uint32_t>& weights) {
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  double sum = 0;
  for (std::size_t i = 0; i + 1 < weights.size(); ++i) {
    if (buckets_below(hash, sum + weights[i] / total) > wanted[i].end && weights[i] > 0) {
      --weights[i];
      ++weights[i + 1];
    }
    sum += weights[i] / total;
  }
}

void shorten(std::vector<std::uint32_t>& weights) {
  std::uint32_t common = 0;
  for (const std::uint32_t weight : weights) common = std::gcd(common, weight);
  if (common <= 1) return;
  for (std::uint32_t& weight : weights) weight /= common;
}

// As it is written where that is exact, else the same bound in whole buckets.
std::uint32_t millionths(HashScheme hash, double bound) {
  const double whole = std::round(std::clamp(bound, 0.0, 1.0) * kLayerSlots);
  if (whole / kLayerSlots == bound) return static_cast<std::uint32_t>(whole);
  return buckets_below(hash, bound) * (kLayerSlots / bucket_count(hash));
}

// In how many parts the share is a whole number of them: a power of ten, else the denominator of a
// convergent of its continued fraction. 0 where kParts do not suffice.
std::uint64_t parts_for(double share) {
  using growthbook::parts_of;
  for (std::uint64_t one = 1; one <= kParts; one *= 10) {
    if (parts_of(share, static_cast<double>(one))) return one;
  }
  if (!(share > 0 && share < 1)) return 0;
  constexpr int kBits = 62;
  std::uint64_t denominator = std::uint64_t{1} << kBits;
  auto numerator = static_cast<std::uint64_t>(std::ldexp(share, kBits));
  for (std::uint64_t before = 0, parts = 1; numerator != 0;) {
    const std::uint64_t quotient = denominator / numerator;
    if (quotient > kParts || quotient * parts + before > kParts) return 0;
    before = std::exchange(parts, quotient * parts + before);
    if (parts_of(share, static_cast<double>(parts))) return parts;
    denominator = std::exchange(numerator, denominator % numerator);
  }
  return 0;
}

}  // namespace

std::uint32_t bucket_count(HashScheme hash) {
  return hash == HashScheme::kGrowthbookV2 ? 10'000 : 1000;
}

std::uint32_t buckets_below(HashScheme hash, double bound) {
  return count_first(hash, [&](double number) { return number < bound; });
}

std::uint32_t buckets_up_to(HashScheme hash, double bound) {
  return count_first(hash, [&](double number) { return number <= bound; });
}

std::vector<SlotRange> to_millionths(HashScheme hash, const std::vector<NumberRange>& ranges) {
  std::vector<SlotRange> all;
  for (const NumberRange& range : ranges) {
    if (buckets_of(hash, range).is_empty()) continue;
    all.push_back({millionths(hash, range.begin), millionths(hash, range.end)});
  }
  std::ranges::sort(all, {}, &SlotRange::begin);
  std::vector<SlotRange> merged;
  for (const SlotRange& range : all) {
    if (!merged.empty() && range.begin <= merged.back().end) {
      merged.back().end = std::max(merged.back().end, range.end);
    } else {
      merged.push_back(range);
    }
  }
  return merged;
}

std::optional<std::vector<std::uint32_t>> whole_weights(const std::vector<double>& shares) {
  std::uint64_t total = 1;
  for (const double share : shares) {
    total = std::lcm(total, parts_for(share));
    if (total == 0 || total > kParts) return std::nullopt;
  }
  std::vector<std::uint32_t> weights;
  std::uint64_t sum = 0;
  for (const double share : shares) {
    const auto parts = growthbook::parts_of(share, static_cast<double>(total));
    if (!parts) return std::nullopt;
    weights.push_back(*parts);
    sum += *parts;
  }
  return sum == total ? std::optional(std::move(weights)) : std::nullopt;
}

std::optional<std::vector<std::uint32_t>> near_weights(HashScheme hash,
                                                       const std::vector<double>& shares,
                                                       double coverage) {
  constexpr double kRounding = 1e-13;
  std::vector<std::uint32_t> weights;
  double sum = 0;
  std::uint64_t before = 0;
  for (const double share : shares) {
    if (!(share >= 0 && share <= 1)) return std::nullopt;
    sum += share;
    const auto end = static_cast<std::uint64_t>(std::round(sum * double{kFineParts}));
    weights.push_back(static_cast<std::uint32_t>(end - before));
    before = end;
  }
  if (std::abs(sum - 1) > kRounding) return std::nullopt;
  shorten(weights);
  for (const double covered : {coverage, 1.0}) {
    if (!are_same(buckets_of(hash, weights, covered), buckets_of(hash, shares, covered))) {
      return std::nullopt;
    }
  }
  return weights;
}

std::optional<RangeSplit> split_by_ranges(HashScheme hash, const std::vector<NumberRange>& ranges) {
  RangeSplit split;
  split.order.resize(ranges.size());
  std::iota(split.order.begin(), split.order.end(), std::size_t{0});
  std::ranges::stable_sort(split.order, {}, [&](std::size_t i) { return ranges[i].begin; });
  std::vector<Buckets> wanted;
  std::uint64_t total = 0;
  for (const std::size_t i : split.order) {
    wanted.push_back(buckets_of(hash, ranges[i]));
    const double length =
        std::clamp(ranges[i].end, 0.0, 1.0) - std::clamp(ranges[i].begin, 0.0, 1.0);
    split.weights.push_back(
        static_cast<std::uint32_t>(std::round(std::max(length, 0.0) * double{kParts})));
    total += split.weights.back();
    const auto before = wanted.size() < 2 ? Buckets{} : wanted[wanted.size() - 2];
    if (!wanted.back().is_empty() && wanted.back().begin < before.end) return std::nullopt;
  }
  if (total == 0 || total > kParts) return std::nullopt;
  const auto traffic = static_cast<std::uint32_t>(total / 100);
  if (total == kParts) mend(hash, wanted, split.weights);
  shorten(split.weights);
  if (total % 100 == 0 &&
      are_same(buckets_of(hash, split.weights, traffic / double{kLayerSlots}), wanted)) {
    split.traffic_ppm = traffic;
    return split;
  }
  if (!contain(buckets_of(hash, split.weights, 1.0), wanted)) return std::nullopt;
  split.inside = to_millionths(hash, ranges);
  return split;
}

}  // namespace assay::define
