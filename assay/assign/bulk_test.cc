#include "assay/assign/bulk.h"

#include <gtest/gtest.h>

#include "assay/assign/testing.h"
#include "assay/base/hash.h"

namespace assay::assign {
namespace {

std::vector<Simd> paths() {
  std::vector<Simd> usable;
  for (const Simd simd : {Simd::kScalar, Simd::kAvx2, Simd::kAvx512}) {
    if (simd <= best_simd()) usable.push_back(simd);
  }
  return usable;
}

TEST(Steps, EveryPathCountsWhatTheDrawSays) {
  std::vector<std::uint64_t> digests, ready;
  for (std::uint64_t i = 0; i < 1000; ++i) digests.push_back(fmix64(i * i + 1));
  digests[3] = 0;
  digests[70] = ~0ULL;
  for (const std::uint64_t digest : digests) ready.push_back(folded(digest));
  const std::uint64_t salt = salt_digest("steps");
  const std::uint64_t edge = draw(digests[5], salt);  // Reached exactly, and just not.
  const std::vector<std::vector<std::uint64_t>> cases = {
      {},
      {0},
      {1ULL << 31},
      {0xffffffff, 1ULL << 32},
      {0, 0, edge, edge + 1, 1ULL << 32, 1ULL << 32},
      std::vector<std::uint64_t>(255, edge)};
  for (const auto& thresholds : cases) {
    for (const Simd simd : paths()) {
      for (const std::size_t count : {0U, 1U, 31U, 32U, 33U, 63U, 64U, 65U, 127U, 129U, 1000U}) {
        std::vector<std::uint8_t> out(count + 1, 0xab);
        count_steps({ready.data(), count}, folded(salt), thresholds, out.data(), simd);
        for (std::size_t i = 0; i < count; ++i) {
          unsigned steps = 0;
          for (const std::uint64_t t : thresholds) steps += draw(digests[i], salt) >= t ? 1U : 0U;
          ASSERT_EQ(out[i], steps) << i << " of " << count << " by " << static_cast<int>(simd);
        }
        ASSERT_EQ(out[count], 0xab) << "wrote behind the end";
      }
    }
  }
}

// A mixed digest whose lower half is 0 stands exactly on its threshold: undo fmix64 to find it.
TEST(Steps, ADrawOnTheThresholdHasPassedIt) {
  constexpr std::uint64_t kFirstInverse = 0x4f74430c22a54005ULL;
  constexpr std::uint64_t kSecondInverse = 0x9cb4b2f8129337dbULL;
  static_assert(0xff51afd7ed558ccdULL * kFirstInverse == 1);
  static_assert(0xc4ceb9fe1a85ec53ULL * kSecondInverse == 1);
  const std::uint64_t salt = folded(salt_digest("steps"));
  const std::uint64_t edge = 0x8badf00d;
  std::uint64_t x = (edge << 32) * kSecondInverse;
  x = (x ^ (x >> 33)) * kFirstInverse;
  const std::vector<std::uint64_t> digests(64, x ^ salt);
  for (const Simd simd : paths()) {
    for (const auto& [threshold, steps] :
         std::vector<std::pair<std::uint64_t, int>>{{edge - 1, 1}, {edge, 1}, {edge + 1, 0}}) {
      std::vector<std::uint8_t> out(digests.size());
      count_steps(digests, salt, {&threshold, 1}, out.data(), simd);
      EXPECT_EQ(out, std::vector<std::uint8_t>(64, static_cast<std::uint8_t>(steps)))
          << static_cast<int>(simd);
    }
  }
}

struct Ids {
  std::string bytes;
  std::vector<std::uint32_t> offsets{0};

  void add(std::string_view id) {
    bytes += id;
    offsets.push_back(static_cast<std::uint32_t>(bytes.size()));
  }
  IdColumn column() const { return {bytes, offsets}; }
};

Ids many_ids(int count) {
  Ids ids;
  for (int i = 0; i < count; ++i) ids.add(i % 500 == 7 ? "" : "user_" + std::to_string(i));
  return ids;
}

std::vector<Running> every_kind() {
  std::vector<Running> running;
  const auto add = [&](std::string id, std::vector<std::uint32_t> weights) -> define::Experiment& {
    running.push_back({.plan = plan_of(std::move(id), std::move(weights))});
    return running.back().plan;
  };
  add("even", {1, 1});
  add("four", {1, 0, 3, 2});
  add("many", std::vector<std::uint32_t>(254, 1));
  add("partial", {1, 1}).assignment.traffic_ppm = 300'000;
  add("nobody", {1, 1}).assignment.traffic_ppm = 0;
  define::Experiment& ranges = add("ranges", {1, 2});
  ranges.assignment.layer = "home";
  ranges.assignment.slots = {{0, 100'000}, {100'000, 250'000}, {900'000, 1'000'000}};
  ranges.assignment.traffic_ppm = 600'000;
  define::Experiment& other = add("other", {1, 2});
  other.assignment.layer = "home";
  other.assignment.slots = {{300'000, 800'000}};
  other.assignment.overrides = {
      {"user_1", "treatment"}, {"", "treatment"}, {"user_9999", "control"}};
  add("held", {1, 1}).assignment.holdouts = {{.name = "a", .unit = "user", .share_ppm = 100'000},
                                             {.name = "b", .unit = "user", .share_ppm = 0}};
  define::Experiment& all_held = add("all_held", {1, 1});
  all_held.assignment.holdouts = {{.name = "c", .unit = "user", .share_ppm = 1'000'000}};
  all_held.assignment.overrides = {{"user_1", "treatment"}};
  add("peer", {1, 1}).assignment.hash = define::HashScheme::kGrowthbookV2;
  running.back().plan.assignment.traffic_ppm = 500'000;
  add("stopped", {1, 1});
  running.back().is_stopped = true;
  return running;
}

TEST(Bulk, AnswersLikeEvaluateOnEveryPath) {
  const auto snapshot = compile(every_kind()).value();
  const Ids ids = many_ids(10'007);
  const IdColumn column = ids.column();
  std::vector<Handle> handles;
  for (std::uint32_t i = 0; i < snapshot->size(); ++i) handles.push_back({i});
  std::vector<std::uint8_t> expected;
  Context context(*snapshot);
  for (const Handle handle : handles) {
    for (std::size_t i = 0; i < column.size(); ++i) {
      context.set_targeting_key(column.id(i));
      expected.push_back(static_cast<std::uint8_t>(snapshot->evaluate(handle, context).variant));
    }
  }
  for (const Simd simd : paths()) {
    std::vector<std::uint8_t> out(expected.size());
    assign_column(*snapshot, handles, column, out, simd);
    EXPECT_EQ(out, expected) << static_cast<int>(simd);
  }
}

TEST(Bulk, AnEmptyColumnAndNoExperimentsAreFine) {
  const auto snapshot = compile(every_kind()).value();
  assign_column(*snapshot, {}, many_ids(3).column(), {});
  const Handle handle{0};
  assign_column(*snapshot, {&handle, 1}, Ids{}.column(), {});
}

// Hashed once and split under many salts: what plans of these salts and weights answer.
TEST(Bulk, SplitsHashedUnitsAsAPlanDoes) {
  const Ids ids = many_ids(1001);
  std::vector<std::uint64_t> digests;
  for (std::size_t i = 0; i < ids.column().size(); ++i) {
    digests.push_back(unit_digest(ids.column().id(i)));
  }
  for (const std::vector<std::uint32_t>& weights :
       {std::vector<std::uint32_t>{1}, {1, 9}, {3, 0, 2, 0}, {0x7ffffffe, 1}}) {
    const SplitColumn split(digests, weights);
    for (const std::string salt : {"one", "two"}) {
      define::Experiment plan = plan_of("plan", weights);
      plan.assignment.salt = salt;
      const auto snapshot = weights.size() > 1 ? compile_plans({plan}).value() : nullptr;
      for (const Simd simd : paths()) {
        std::vector<std::uint8_t> out(split.size());
        split.draw(salt_digest(salt), out, simd);
        for (std::size_t i = 0; i < out.size(); ++i) {
          const std::string_view id = ids.column().id(i);
          if (snapshot == nullptr) {
            ASSERT_EQ(out[i], 0);
            continue;
          }
          if (id.empty()) continue;
          Context context(*snapshot);
          context.set_targeting_key(id);
          ASSERT_EQ(out[i], snapshot->evaluate(Handle{0}, context).variant) << id << " " << salt;
        }
      }
    }
  }
}

TEST(Bulk, TellsWhatTheIdAloneCannotAnswer) {
  define::Experiment targeted = plan_of("targeted");
  targeted.assignment.targeting = leaf(define::Op::kEqual, "country", {std::string("IN")});
  define::Experiment held = plan_of("held");
  held.assignment.holdouts = {{.name = "a", .unit = "user", .share_ppm = 100'000}};
  define::Experiment held_by_another = held;
  held_by_another.id = "held_by_another";
  held_by_another.assignment.unit = "session";
  const auto snapshot =
      compile_plans({targeted, plan_of("wide", std::vector<std::uint32_t>(255, 1)), plan_of("ok"),
                     held, held_by_another})
          .value();
  EXPECT_FALSE(can_assign_column(*snapshot, {0}));
  EXPECT_FALSE(can_assign_column(*snapshot, {1}));
  EXPECT_TRUE(can_assign_column(*snapshot, {2}));
  EXPECT_TRUE(can_assign_column(*snapshot, {3}));
  EXPECT_FALSE(can_assign_column(*snapshot, {4}));
}

TEST(Bulk, LeavesOutWhateverMoreThanTheIdDecides) {
  std::vector<Running> all(7, {.plan = plan_of("")});
  for (std::size_t i = 0; i < all.size(); ++i) all[i].plan.id = "e" + std::to_string(i);
  all[0].plan.assignment.prerequisites = {{"other", {"treatment"}}};
  all[1].plan.assignment.forced = {{.variant = "control", .when = {}}};
  all[2].plan.assignment.namespaces = {
      {define::HashScheme::kGrowthbookV2, "seed", "user", {{0, 300'000}}}};
  all[3].plan.assignment.switchback = define::Switchback{.period_seconds = 60};
  all[4].plan.assignment.fallback_unit = "device";
  all[5].plan.assignment.sticky = true;
  all[6].earlier = {{.epoch = -1, .traffic_ppm = 100'000, .weights = {1, 9}}};
  const auto snapshot = must_compile(all);
  for (std::uint32_t i = 0; i < all.size(); ++i) {
    EXPECT_FALSE(can_assign_column(*snapshot, {i})) << i;
  }
}

// The three edges of each range are counted in a byte.
TEST(Bulk, CountsAtMost85Ranges) {
  define::Experiment plan = plan_of("ranges");
  for (std::uint32_t i = 0; i < 85; ++i) {
    plan.assignment.slots.push_back({i * 10'000, i * 10'000 + 5'000});
  }
  EXPECT_TRUE(can_assign_column(*must_compile({plan}), {0}));
  plan.assignment.slots.push_back({900'000, 1'000'000});
  EXPECT_FALSE(can_assign_column(*must_compile({plan}), {0}));
}

}  // namespace
}  // namespace assay::assign
