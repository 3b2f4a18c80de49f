// Compatibility schemes: the buckets of other tools, reproduced, so that a running test can move
// to assay (`hash: growthbook_v2`) without one unit changing its variant.
//
//   const auto split = peer_split(HashScheme::kEppo, {1, 1}, 0, kLayerSlots);   // once per plan
//   const std::uint64_t bucket = peer_bucket(HashScheme::kEppo, "salt", "user_42");
//   (*split)[1].contains(bucket);                                               // the second
//   variant?
//
// | scheme        | bucket                                            | the plan's `salt`     |
// | ------------- | ------------------------------------------------- | --------------------- |
// | growthbook_v2 | fnv1a32(decimal(fnv1a32(salt + id))) % 10000      | seed, or tracking key |
// | growthbook_v1 | fnv1a32(id + salt) % 1000                         | seed, or tracking key |
// | flagd         | murmur3_32(salt + id, seed 0)                     | flag key              |
// | unleash       | murmur3_32(salt:id, seed 86028157) % 1000         | group id              |
// | optimizely    | murmur3_32(id + salt, seed 1) * 10000 >> 32       | experiment id         |
// | launchdarkly  | first 60 bits of SHA-1(salt.id)                   | key.salt, or the seed |
// | eppo          | first 32 bits of MD5(salt-id) % 10000             | the split's salt      |
// | statsig       | first 64 bits of SHA-256(salt.id) % 1000          | the experiment's salt |
// | md5_guide     | first 32 bits of MD5(id:salt)                     | experiment_salt       |
//
// GrowthBook hashes UTF-16 code units, as its JavaScript SDK does; all others hash UTF-8. (The
// JavaScript SDKs of flagd and Unleash differ from their own servers for ids beyond ASCII.)
//
// Where the peer compares floating-point numbers, its comparisons are solved here for whole buckets
// once per plan, so that its roundings are kept and no evaluation computes with fractions. Proven
// by the peers' own SDKs: spec/conformance/schemes.json. No allocation, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "assay/define/experiment.h"

namespace assay::assign {

// A variant's buckets: [begin, end).
struct BucketRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool contains(std::uint64_t bucket) const { return bucket - begin < end - begin; }
};

std::uint64_t peer_bucket(define::HashScheme scheme, std::string_view salt, std::string_view id);

// The ranges of variants with these weights (not all 0), in their order. Nothing if the weights do
// not come out as whole shares of peer_shares(scheme), in which the peer would have been told of
// them.
std::optional<std::vector<BucketRange>> peer_split(define::HashScheme scheme,
                                                   std::span<const std::uint32_t> weights,
                                                   std::size_t control, std::uint32_t traffic_ppm);

// The buckets that the peer holds for inside of [begin_ppm, end_ppm) millionths.
BucketRange peer_range(define::HashScheme scheme, std::uint32_t begin_ppm, std::uint32_t end_ppm);

// The number of equal shares in which the peer writes weights; 0 if it takes any.
std::uint64_t peer_shares(define::HashScheme scheme);

// True where the peer's own rule says who is in the experiment when `traffic` is partial. Elsewhere
// assay's slots say so, and the peer's hash only splits.
bool has_peer_traffic(define::HashScheme scheme);

// True where the peer keeps experiments apart by ranges of a hash of their own.
bool has_namespaces(define::HashScheme scheme);

// Unleash only: its gradual rollout draws a percentage of its own.
bool is_in_unleash_rollout(std::string_view salt, std::string_view id, std::uint32_t traffic_ppm);

}  // namespace assay::assign
