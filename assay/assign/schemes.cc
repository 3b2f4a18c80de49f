// Sources of the formulas, read in the packages that spec/conformance/schemes.json names:
// GrowthBook util.js (hash, getBucketRanges, chooseVariation), flagd-core fractional, Unleash
// strategy/util.js and variant.js, Optimizely bucket_value_generator and _findBucket, LaunchDarkly
// Bucketer and rollouts, Eppo sharders.js, Statsig Evaluator (user_bucket).
#include "assay/assign/schemes.h"

#include <charconv>

#include "assay/assign/peer_hash.h"
#include "assay/base/check.h"
#include "assay/base/hash.h"

namespace assay::assign {
namespace {

using define::HashScheme;

constexpr std::uint32_t kUnleashVariantSeed = 86028157;
constexpr std::uint64_t kDraws = 1ULL << 32;

std::uint64_t bucket_count(HashScheme scheme) {
  switch (scheme) {
    case HashScheme::kGrowthbookV2:
    case HashScheme::kOptimizely:
    case HashScheme::kEppo:
      return 10'000;
    case HashScheme::kGrowthbookV1:
    case HashScheme::kUnleash:
    case HashScheme::kStatsig:
      return 1000;
    case HashScheme::kLaunchdarkly:
      return 1ULL << 60;
    case HashScheme::kFlagd:
    case HashScheme::kMd5Guide:
    case HashScheme::kAssay:
      return kDraws;
  }
  ASSAY_CHECK(false);
}

// The fraction in [0, 1] that the peer compares with the ends of its ranges.
double fraction_of(HashScheme scheme, std::uint64_t bucket) {
  if (scheme == HashScheme::kMd5Guide) return static_cast<double>(bucket) / 0xffffffffU;
  return static_cast<double>(bucket) / static_cast<double>(bucket_count(scheme));
}

// The first bucket whose fraction is `bound` or more.
std::uint64_t first_bucket(HashScheme scheme, double bound) {
  std::uint64_t low = 0;
  std::uint64_t high = bucket_count(scheme);
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (fraction_of(scheme, middle) >= bound) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

// Whole numbers: a variant's range ends at its cumulative share of the buckets.
std::vector<BucketRange> split_exactly(HashScheme scheme, std::span<const std::uint32_t> weights,
                                       std::uint64_t total) {
  std::vector<BucketRange> ranges;
  std::uint64_t cumulative = 0;
  std::uint64_t begin = 0;
  for (const std::uint32_t weight : weights) {
    cumulative += weight;
    const std::uint64_t end = (cumulative * bucket_count(scheme) + total - 1) / total;
    ranges.push_back({begin, end});
    begin = end;
  }
  return ranges;
}

// getBucketRanges: a variant starts where the one before would end at full coverage.
std::vector<BucketRange> split_like_growthbook(HashScheme scheme,
                                               std::span<const std::uint32_t> weights, double total,
                                               double coverage) {
  std::vector<BucketRange> ranges;
  double cumulative = 0;
  for (const std::uint32_t weight : weights) {
    const double share = weight / total;
    ranges.push_back({.begin = first_bucket(scheme, cumulative),
                      .end = first_bucket(scheme, cumulative + coverage * share)});
    cumulative += share;
  }
  return ranges;
}

std::vector<BucketRange> split_like_launchdarkly(std::span<const std::uint32_t> weights,
                                                 std::uint64_t total) {
  constexpr auto kScheme = HashScheme::kLaunchdarkly;
  std::vector<BucketRange> ranges;
  double cumulative = 0;
  std::uint64_t begin = 0;
  for (const std::uint32_t weight : weights) {
    const std::uint64_t of_100000 = weight * peer_shares(kScheme) / total;
    cumulative += static_cast<double>(of_100000) / static_cast<double>(peer_shares(kScheme));
    ranges.push_back({begin, first_bucket(kScheme, cumulative)});
    begin = ranges.back().end;
  }
  ranges.back().end = bucket_count(kScheme);  // A sum that rounds below 1 leaves nobody out.
  return ranges;
}

// The guide's text gives the low buckets to control, its code to the treatment; programs run code.
// Its control is everyone else, also the one bucket whose fraction is 1.
std::vector<BucketRange> split_like_guide(std::span<const std::uint32_t> weights, double total,
                                          std::size_t control) {
  std::vector<BucketRange> ranges(weights.size());
  double cumulative = 0;
  std::uint64_t begin = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (i == control) continue;
    cumulative += weights[i] / total;
    ranges[i] = {begin, first_bucket(HashScheme::kMd5Guide, cumulative)};
    begin = ranges[i].end;
  }
  ranges[control] = {begin, kDraws};
  return ranges;
}

std::uint64_t growthbook_v2_bucket(std::string_view salt, std::string_view id) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, fnv1a32_utf16({salt, id})).ptr;
  return fnv1a32_utf16({std::string_view(digits, static_cast<std::size_t>(end - digits))}) % 10'000;
}

}  // namespace

std::uint64_t peer_bucket(HashScheme scheme, std::string_view salt, std::string_view id) {
  switch (scheme) {
    case HashScheme::kAssay:
      return draw(unit_digest(id), salt_digest(salt));
    case HashScheme::kGrowthbookV2:
      return growthbook_v2_bucket(salt, id);
    case HashScheme::kGrowthbookV1:
      return fnv1a32_utf16({id, salt}) % 1000;
    case HashScheme::kFlagd:
      return murmur3_32({salt, id}, 0);
    case HashScheme::kUnleash:
      return murmur3_32({salt, ":", id}, kUnleashVariantSeed) % 1000;
    case HashScheme::kOptimizely:
      return scale(murmur3_32({id, salt}, 1), 10'000);
    case HashScheme::kLaunchdarkly:
      return sha1_64({salt, ".", id}) >> 4;
    case HashScheme::kEppo:
      return (md5_64({salt, "-", id}) >> 32) % 10'000;
    case HashScheme::kStatsig:
      return sha256_64({salt, ".", id}) % 1000;
    case HashScheme::kMd5Guide:
      return md5_64({id, ":", salt}) >> 32;
  }
  ASSAY_CHECK(false);
}

BucketRange peer_range(HashScheme scheme, std::uint32_t begin_ppm, std::uint32_t end_ppm) {
  return {.begin = first_bucket(scheme, begin_ppm / double{define::kLayerSlots}),
          .end = first_bucket(scheme, end_ppm / double{define::kLayerSlots})};
}

std::uint64_t peer_shares(HashScheme scheme) {
  switch (scheme) {
    case HashScheme::kLaunchdarkly:
      return 100'000;
    case HashScheme::kUnleash:
    case HashScheme::kOptimizely:
    case HashScheme::kEppo:
    case HashScheme::kStatsig:
      return bucket_count(scheme);
    default:
      return 0;
  }
}

std::optional<std::vector<BucketRange>> peer_split(HashScheme scheme,
                                                   std::span<const std::uint32_t> weights,
                                                   std::size_t control, std::uint32_t traffic_ppm) {
  std::uint64_t total = 0;
  for (const std::uint32_t weight : weights) total += weight;
  ASSAY_CHECK(total > 0);
  if (const std::uint64_t shares = peer_shares(scheme); shares != 0) {
    for (const std::uint32_t weight : weights) {
      if (weight * shares % total != 0) return std::nullopt;
    }
  }
  const auto real_total = static_cast<double>(total);
  switch (scheme) {
    case HashScheme::kGrowthbookV2:
    case HashScheme::kGrowthbookV1:
      return split_like_growthbook(scheme, weights, real_total,
                                   traffic_ppm / double{define::kLayerSlots});
    case HashScheme::kLaunchdarkly:
      return split_like_launchdarkly(weights, total);
    case HashScheme::kMd5Guide:
      return split_like_guide(weights, real_total, control);
    default:
      return split_exactly(scheme, weights, total);
  }
}

bool has_peer_traffic(HashScheme scheme) {
  return scheme == HashScheme::kGrowthbookV2 || scheme == HashScheme::kGrowthbookV1 ||
         scheme == HashScheme::kUnleash;
}

bool has_namespaces(HashScheme scheme) {
  return scheme == HashScheme::kGrowthbookV2 || scheme == HashScheme::kGrowthbookV1;
}

bool is_in_unleash_rollout(std::string_view salt, std::string_view id, std::uint32_t traffic_ppm) {
  const std::uint32_t percent = murmur3_32({salt, ":", id}, 0) % 100 + 1;
  return percent * (define::kLayerSlots / 100) <= traffic_ppm;
}

}  // namespace assay::assign
