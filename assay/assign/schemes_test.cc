#include "assay/assign/schemes.h"

#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/assign/peer_hash.h"
#include "assay/assign/testing.h"
#include "assay/base/hash.h"
#include "assay/define/parse.h"

namespace assay::assign {
namespace {

using define::HashScheme;
using json = nlohmann::ordered_json;  // Variants count in the order in which the file names them.

std::optional<json> read_json(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  return json::parse(file);
}

std::string answers_of(const json& c, std::uint32_t count) {
  const json file = {
      {"experiment",
       {{"id", "moved"},
        {"allocation", c["allocation"]},
        {"hash", c["scheme"]},
        {"salt", c["salt"]},
        {"traffic", c["traffic"]},
        {"metrics", {{"primary", json::array({{{"name", "clicks"}, {"type", "count"}}})}}}}}};
  const auto parsed = define::parse(file.dump(), {.file = "schemes.json"});
  if (!parsed) return to_text(parsed.error());
  const Running running{.plan = parsed->experiment};
  const auto snapshot = compile(std::span(&running, 1));
  if (!snapshot) return to_text(snapshot.error());
  Context context(**snapshot);
  std::string answers;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::string id = peer_unit_id(i, c["id_families"]);
    context.set_targeting_key(id);
    const Assignment answer = (*snapshot)->evaluate(Handle{0}, context);
    if (!answer.assigned() && answer.reason != Reason::kTraffic) return "neither split nor traffic";
    answers += answer.assigned() ? static_cast<char>('0' + answer.variant) : '-';
  }
  return answers;
}

TEST(Schemes, AnswerLikeThePeersOwnSdks) {
  const auto file = read_json(ASSAY_SOURCE_DIR "/spec/conformance/schemes.json");
  ASSERT_TRUE(file);
  ASSERT_EQ((*file)["count"], 100'000);
  for (const json& c : (*file)["cases"]) {
    const std::string answers = answers_of(c, 100'000);
    EXPECT_EQ(answers.substr(0, 1000), c["answers"]) << c["scheme"] << " " << c["salt"];
    EXPECT_EQ(sha256_hex(answers), c["sha256"]) << c["scheme"] << " " << c["salt"];
  }
  EXPECT_EQ((*file)["cases"].size(), 18U);
}

TEST(Schemes, GrowthBooksOwnHashVectors) {
  const auto file = read_json(ASSAY_SOURCE_DIR "/../shared/vectors/growthbook/cases.json");
  if (!file) GTEST_SKIP() << "NOT RUN: shared/vectors/growthbook/cases.json is not beside the tree";
  int seen = 0;
  for (const json& c : (*file)["hash"]) {
    if (c[3].is_null()) continue;  // An unknown version.
    const bool is_v2 = c[2] == 2;
    const auto bucket = peer_bucket(is_v2 ? HashScheme::kGrowthbookV2 : HashScheme::kGrowthbookV1,
                                    c[0].get<std::string>(), c[1].get<std::string>());
    EXPECT_DOUBLE_EQ(static_cast<double>(bucket) / (is_v2 ? 10'000 : 1000), c[3].get<double>())
        << c;
    ++seen;
  }
  EXPECT_EQ(seen, 14);
}

TEST(PeerHash, KnownValues) {
  // murmur3: smhasher's and Wikipedia's published values.
  EXPECT_EQ(murmur3_32({""}, 0), 0U);
  EXPECT_EQ(murmur3_32({""}, 1), 0x514e28b7U);
  EXPECT_EQ(murmur3_32({"test"}, 0), 0xba6bd213U);
  EXPECT_EQ(murmur3_32({"Hello, world!"}, 0), 0xc0363e43U);
  EXPECT_EQ(murmur3_32({"Hel", "", "lo, wor", "ld!"}, 0), 0xc0363e43U);
  // FNV: the authors' test vectors, test_fnv.c.
  EXPECT_EQ(fnv1a32_utf16({""}), 0x811c9dc5U);
  EXPECT_EQ(fnv1a32_utf16({"foo", "bar"}), 0xbf9cf968U);
  // RFC 1321, RFC 3174 and FIPS 180-4.
  EXPECT_EQ(md5_64({"message", " digest"}), 0xf96b697d7cb7938dU);
  EXPECT_EQ(sha1_64({"a", "bc"}), 0xa9993e364706816aU);
  EXPECT_EQ(sha256_64({"ab", "c"}), 0xba7816bf8f01cfeaU);
}

TEST(PeerHash, MalformedUtf8CountsAsTheReplacementCharacter) {
  const auto with = [](std::string_view text) { return fnv1a32_utf16({"a", text, "b"}); };
  const std::uint32_t one = with("\xEF\xBF\xBD");
  EXPECT_EQ(with("\xff"), one);
  EXPECT_EQ(with("\x80"), one);
  EXPECT_EQ(with("\xc3"), one) << "cut short at the end of a piece";
  EXPECT_EQ(with("\xed\xa0\x80"), with("\xff\xff\xff")) << "a surrogate";
  EXPECT_EQ(with("\xc0\xaf"), with("\xff\xff")) << "an overlong form";
  EXPECT_EQ(with("\xe0\x80\xaf"), with("\xff\xff\xff")) << "an overlong form of three bytes";
  EXPECT_EQ(with("\xf4\x90\x80\x80"), with("\xff\xff\xff\xff")) << "beyond U+10FFFF";
  EXPECT_EQ(with("\xf9\x80\x80\x80"), with("\xff\xff\xff\xff"));
  EXPECT_EQ(with("\xc3("), with("\xff(")) << "a letter is no continuation";
  EXPECT_EQ(with("\xe2\x82"), with("\xff\xff")) << "cut short before a letter";
  EXPECT_NE(with("🦊"), with("🦉"));
}

TEST(PeerHash, HashesTheUnitsOfUtf16) {
  const auto hash = [](std::initializer_list<std::uint32_t> units) {
    std::uint32_t all = 0x811c9dc5U;
    for (const std::uint32_t unit : units) all = (all ^ unit) * 0x01000193U;
    return all;
  };
  EXPECT_EQ(fnv1a32_utf16({"\xed\x9f\xbf"}), hash({0xd7ff}));
  EXPECT_EQ(fnv1a32_utf16({"\xee\x80\x80"}), hash({0xe000}));
  EXPECT_EQ(fnv1a32_utf16({"\xef\xbf\xbf"}), hash({0xffff}));
  EXPECT_EQ(fnv1a32_utf16({"\xf0\x90\x80\x80"}), hash({0xd800, 0xdc00})) << "U+10000";
  EXPECT_EQ(fnv1a32_utf16({"\xf4\x8f\xbf\xbf"}), hash({0xdbff, 0xdfff})) << "U+10FFFF";
}

define::Experiment moved(HashScheme scheme, std::vector<std::uint32_t> weights = {1, 1}) {
  define::Experiment plan = plan_of("moved", std::move(weights));
  plan.assignment.hash = scheme;
  return plan;
}

TEST(Schemes, WeightsThatThePeerCannotHaveAreRefused) {
  for (const HashScheme scheme : {HashScheme::kEppo, HashScheme::kOptimizely, HashScheme::kStatsig,
                                  HashScheme::kUnleash, HashScheme::kLaunchdarkly}) {
    const auto thirds = compile_plans({moved(scheme, {1, 1, 1})});
    ASSERT_FALSE(thirds);
    EXPECT_NE(to_text(thirds.error()).find("no whole shares of"), std::string::npos);
    EXPECT_TRUE(compile_plans({moved(scheme, {333, 333, 334})}));
  }
  EXPECT_TRUE(compile_plans({moved(HashScheme::kLaunchdarkly, {33'333, 66'667})}));
  EXPECT_FALSE(compile_plans({moved(HashScheme::kEppo, {33'333, 66'667})}));
  EXPECT_TRUE(compile_plans({moved(HashScheme::kGrowthbookV2, {1, 1, 1})}));
  EXPECT_TRUE(compile_plans({moved(HashScheme::kFlagd, {1, 1, 1})}));
  EXPECT_FALSE(compile_plans({moved(HashScheme::kEppo, {0, 0})})) << "and does not divide by zero";
}

TEST(Schemes, ANamespacesRangeEndsBeforeItsEnd) {
  for (const std::uint64_t buckets : {10'000U, 1000U}) {
    const auto scheme = buckets == 1000 ? HashScheme::kGrowthbookV1 : HashScheme::kGrowthbookV2;
    const BucketRange range = peer_range(scheme, 300'000, 600'000);
    for (const std::uint64_t share : {3U, 6U}) {
      EXPECT_EQ(range.contains(buckets * share / 10), share == 3);
      EXPECT_EQ(range.contains(buckets * share / 10 - 1), share == 6);
    }
  }
}

// flagd's own `fractional` may name an attribute alone; of any other, no salt is the id.
TEST(Schemes, FlagdMayHaveNoSalt) {
  for (const auto& [scheme, salt] :
       {std::pair{HashScheme::kFlagd, ""}, {HashScheme::kGrowthbookV1, "moved"}}) {
    define::Experiment plan = moved(scheme);
    plan.assignment.salt.clear();
    const auto snapshot = compile_plans({plan}).value();
    const std::uint32_t weights[] = {1, 1};
    const auto ranges = peer_split(scheme, weights, 0, define::kLayerSlots).value();
    for (int i = 0; i < 50; ++i) {
      const std::string id = std::to_string(i);
      const bool is_first = ranges[0].contains(peer_bucket(scheme, salt, id));
      EXPECT_EQ(ask(*snapshot, "moved", id).variant, is_first ? 0 : 1);
    }
  }
}

// Ranges of a whole split cover every bucket once.
TEST(Schemes, RangesLeaveNoBucketOutAndShareNone) {
  for (const HashScheme scheme :
       {HashScheme::kGrowthbookV2, HashScheme::kGrowthbookV1, HashScheme::kFlagd,
        HashScheme::kUnleash, HashScheme::kOptimizely, HashScheme::kLaunchdarkly, HashScheme::kEppo,
        HashScheme::kStatsig, HashScheme::kMd5Guide}) {
    const std::uint32_t weights[] = {100, 0, 200, 300, 400};
    auto ranges = peer_split(scheme, weights, 3, define::kLayerSlots).value();
    std::sort(ranges.begin(), ranges.end(),
              [](const auto& a, const auto& b) { return a.end < b.end; });
    ASSERT_EQ(ranges.size(), std::size(weights));
    std::uint64_t at = 0;
    for (const BucketRange& range : ranges) {
      EXPECT_EQ(range.begin, at);
      at = range.end;
    }
    EXPECT_GE(at, 1000U);
    for (int i = 0; i < 1000; ++i) {
      EXPECT_LT(peer_bucket(scheme, "salt", std::to_string(i)), at);
    }
  }
}

// flagd multiplies the hash with the weights' sum and takes the upper 32 bits.
TEST(Schemes, FlagdsEdgesAreThoseOfItsProduct) {
  const std::uint32_t weights[] = {1, 2, 4};
  const auto ranges = peer_split(HashScheme::kFlagd, weights, 0, define::kLayerSlots).value();
  ASSERT_EQ(ranges.size(), 3U);
  for (const std::uint32_t share : {1U, 3U}) {
    const std::uint32_t edge = static_cast<std::uint32_t>((std::uint64_t{share} << 32) / 7);
    for (std::uint32_t bucket = edge - 2; bucket <= edge + 2; ++bucket) {
      const std::uint32_t at = scale(bucket, 7);
      const std::size_t variant = at < 1 ? 0 : at < 3 ? 1 : 2;
      EXPECT_TRUE(ranges[variant].contains(bucket)) << bucket;
    }
  }
}

TEST(Schemes, TenthsThatAddUpToLessThanOneLeaveNobodyOut) {
  const std::vector<std::uint32_t> tenths(10,
                                          1);  // 0.9999999999999999, summed as LaunchDarkly does.
  const auto ranges = peer_split(HashScheme::kLaunchdarkly, tenths, 0, define::kLayerSlots).value();
  EXPECT_EQ(ranges.back().end, 1ULL << 60);
}

TEST(Schemes, TheGuidesLastBucketIsControl) {
  const std::uint32_t weights[] = {0, 1};
  const auto ranges = peer_split(HashScheme::kMd5Guide, weights, 0, define::kLayerSlots).value();
  EXPECT_TRUE(ranges[0].contains(0xffffffff));
  EXPECT_TRUE(ranges[1].contains(0xfffffffe));
}

TEST(Schemes, RaisingTrafficMovesNobody) {
  for (const HashScheme scheme : {HashScheme::kGrowthbookV2, HashScheme::kGrowthbookV1,
                                  HashScheme::kUnleash, HashScheme::kEppo}) {
    std::vector<std::int16_t> before(2000, Assignment::kNone);
    for (std::uint32_t traffic_ppm = 0; traffic_ppm <= define::kLayerSlots; traffic_ppm += 50'000) {
      define::Experiment plan = moved(scheme, {2, 3, 5});
      plan.assignment.traffic_ppm = traffic_ppm;
      const auto snapshot = compile_plans({plan}).value();
      Context context(*snapshot);
      for (std::uint32_t i = 0; i < before.size(); ++i) {
        const std::string id = peer_unit_id(i, 5);
        context.set_targeting_key(id);
        const Assignment now = snapshot->evaluate(Handle{0}, context);
        if (before[i] != Assignment::kNone) {
          EXPECT_EQ(now.variant, before[i]) << id;
        }
        if (traffic_ppm == 0) {
          EXPECT_EQ(now.reason, Reason::kTraffic);
        }
        if (traffic_ppm == define::kLayerSlots) {
          EXPECT_EQ(now.reason, Reason::kSplit);
        }
        before[i] = now.variant;
      }
    }
  }
}

TEST(Schemes, OtherLayersSlotsStillExclude) {
  define::Experiment plan = moved(HashScheme::kGrowthbookV2);
  plan.assignment.layer = "home";
  plan.assignment.slots = {{0, 500'000}};
  plan.assignment.traffic_ppm = 500'000;
  const auto snapshot = compile_plans({plan}).value();
  Context context(*snapshot);
  int excluded = 0, waiting = 0;
  for (std::uint32_t i = 0; i < 2000; ++i) {
    const std::string id = peer_unit_id(i, 5);
    context.set_targeting_key(id);
    const Assignment answer = snapshot->evaluate(Handle{0}, context);
    excluded += answer.reason == Reason::kExcluded ? 1 : 0;
    waiting += answer.reason == Reason::kTraffic ? 1 : 0;
  }
  EXPECT_NEAR(excluded, 1000, 120);
  EXPECT_NEAR(waiting, 500, 100);
}

}  // namespace
}  // namespace assay::assign
