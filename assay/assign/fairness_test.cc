// The promises of assignment, on worlds small enough to try everything and on samples with fixed
// seeds: nobody moves who should not, experiments of a layer never share a unit, layers and salts
// are independent, splits are uniform.
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "assay/assign/testing.h"
#include "assay/base/hash.h"
#include "assay/base/random.h"

namespace assay::assign {
namespace {

using define::Experiment;
using define::SlotRange;

// For each slot of a small layer and each half of the split, two units that land there.
std::vector<std::string> units_everywhere(std::uint32_t slots, std::string_view salt) {
  std::vector<std::array<int, 2>> found(slots);
  std::vector<std::string> units;
  for (int i = 0; units.size() < slots * 4; ++i) {
    const std::string unit = "u" + std::to_string(i);
    const std::uint64_t digest = unit_digest(unit);
    const std::uint32_t slot = scale(draw(digest, salt_digest("layer:world")), slots);
    int& count = found[slot][scale(draw(digest, salt_digest(salt)), 2)];
    if (count == 2) continue;
    ++count;
    units.push_back(unit);
  }
  return units;
}

Experiment in_world(std::string id, std::vector<SlotRange> slots, std::uint32_t traffic_ppm) {
  Experiment plan = plan_of(std::move(id));
  plan.assignment.layer = "world";
  plan.assignment.salt = "s";
  plan.assignment.slots = std::move(slots);
  plan.assignment.traffic_ppm = traffic_ppm;
  return plan;
}

std::vector<int> variants_of(const Snapshot& snapshot, Handle experiment,
                             const std::vector<std::string>& units) {
  std::vector<int> out;
  for (const std::string& unit : units) {
    Context context(snapshot);
    context.set_targeting_key(unit);
    out.push_back(snapshot.evaluate(experiment, context).variant);
  }
  return out;
}

std::uint32_t owned(const std::vector<SlotRange>& slots) {
  std::uint32_t sum = 0;
  for (const SlotRange& range : slots) sum += range.end - range.begin;
  return sum;
}

// Walks one allocation of two experiments through every ramp step of the first.
void check_every_ramp(std::uint32_t layer_slots, const std::vector<SlotRange>& first,
                      const std::vector<SlotRange>& second, const std::vector<std::string>& units) {
  const std::uint32_t total = owned(first);
  std::vector<int> before(units.size(), Assignment::kNone);
  std::vector<int> others_before;
  for (std::uint32_t used = 0; used <= total; ++used) {
    const std::uint32_t ppm = (used * 1'000'000 + total - 1) / total;
    std::vector<Experiment> plans = {in_world("first", first, ppm)};
    if (!second.empty()) plans.push_back(in_world("second", second, 1'000'000));
    const auto snapshot = compile_plans(plans, {.layer_slots = layer_slots}).value();
    const std::vector<int> now = variants_of(*snapshot, Handle{0}, units);
    const std::vector<int> others = second.empty() ? std::vector<int>(units.size(), -1)
                                                   : variants_of(*snapshot, Handle{1}, units);
    std::uint32_t count = 0;
    for (std::size_t i = 0; i < units.size(); ++i) {
      if (before[i] != Assignment::kNone) {
        ASSERT_EQ(now[i], before[i]) << "a ramp moved a unit";
      }
      if (now[i] != Assignment::kNone) {
        ++count;
        ASSERT_EQ(others[i], Assignment::kNone) << "a unit in two experiments of a layer";
      }
    }
    ASSERT_EQ(count, used * 4) << "each slot holds four of the units";
    if (used > 0) {
      ASSERT_EQ(others, others_before) << "a ramp moved the neighbour";
    }
    before = now;
    others_before = others;
  }
}

// Every way to give each of six slots to the first, the second or nobody, and every ramp.
TEST(SmallWorld, EveryAllocationOfSixSlotsAndEveryRamp) {
  const std::vector<std::string> units = units_everywhere(6, "s");
  for (int code = 0; code < 729; ++code) {
    std::array<std::vector<SlotRange>, 3> slots;
    int rest = code;
    for (std::uint32_t slot = 0; slot < 6; ++slot, rest /= 3) {
      slots[static_cast<std::size_t>(rest % 3)].push_back({slot, slot + 1});
    }
    if (slots[1].empty()) continue;
    check_every_ramp(6, slots[1], slots[2], units);
    if (HasFatalFailure()) FAIL() << "allocation " << code;
  }
}

// Every pair of disjoint intervals of a layer of twelve slots, and every ramp.
TEST(SmallWorld, EveryPairOfIntervalsOfTwelveSlotsAndEveryRamp) {
  const std::vector<std::string> units = units_everywhere(12, "s");
  for (std::uint32_t a = 0; a < 12; ++a) {
    for (std::uint32_t b = a + 1; b <= 12; ++b) {
      check_every_ramp(12, {{a, b}}, {}, units);
      for (std::uint32_t c = b; c < 12; c += 2) check_every_ramp(12, {{a, b}}, {{c, 12}}, units);
      if (HasFatalFailure()) FAIL() << a << " " << b;
    }
  }
}

// More weight for the last variant moves units only to it, and only across the moved edge.
TEST(SmallWorld, WeightsMoveOnlyTheUnitsBetweenOldAndNewEdge) {
  std::vector<std::string> units;
  for (int i = 0; i < 3000; ++i) units.push_back("u" + std::to_string(i));
  for (std::uint32_t first = 1; first < 12; ++first) {
    const auto before = compile_plans({plan_of("exp", {first, 12 - first})}).value();
    const auto after = compile_plans({plan_of("exp", {first - 1, 13 - first})}).value();
    const std::vector<int> old_variants = variants_of(*before, Handle{0}, units);
    const std::vector<int> new_variants = variants_of(*after, Handle{0}, units);
    for (std::size_t i = 0; i < units.size(); ++i) {
      const std::uint32_t twelfth = scale(draw(unit_digest(units[i]), salt_digest("exp")), 12);
      EXPECT_EQ(old_variants[i] != new_variants[i], twelfth == first - 1);
    }
  }
}

// --- Samples ---

using Namer = std::string (*)(std::uint64_t);

std::string sequential(std::uint64_t i) { return "user-" + std::to_string(i); }
std::string decimal(std::uint64_t i) { return std::to_string(i); }
std::string mail(std::uint64_t i) { return "someone." + std::to_string(i) + "@example.com"; }
std::string uuid(std::uint64_t i) {
  Random random(i);
  std::array<char, 37> text{};
  std::snprintf(
      text.data(), text.size(), "%08x-%04x-4%03x-a%03x-%012llx",
      static_cast<unsigned>(random.next() >> 32), static_cast<unsigned>(random.below(65536)),
      static_cast<unsigned>(random.below(4096)), static_cast<unsigned>(random.below(4096)),
      static_cast<unsigned long long>(random.next() >> 16));
  return text.data();
}
constexpr Namer kNamers[] = {sequential, decimal, mail, uuid};
constexpr std::uint64_t kUnits = 50'000;

// Chi-square over 1,000 slots: z = (x - 999) / sqrt(2 · 999) stays within ±5.
TEST(Fairness, SlotsAreUniformOnEveryKindOfId) {
  for (const Namer namer : kNamers) {
    for (const char* salt : {"layer:home", "layer:search", "x"}) {
      std::array<int, 1000> counts{};
      for (std::uint64_t i = 0; i < kUnits; ++i) {
        ++counts[scale(draw(unit_digest(namer(i)), salt_digest(salt)), 1000)];
      }
      const double expected = static_cast<double>(kUnits) / 1000;
      double chi_square = 0;
      for (const int count : counts)
        chi_square += (count - expected) * (count - expected) / expected;
      EXPECT_LT(std::abs(chi_square - 999) / std::sqrt(2 * 999.0), 5) << namer(7) << " " << salt;
    }
  }
}

// Shares of pairs of variants: two layers, two salts, and the layer's slot against the split of an
// experiment that bears the layer's name (the default, and a trap without the "layer:" prefix).
TEST(Fairness, LayersAndSplitsAreIndependent) {
  Experiment half = plan_of("half");
  half.assignment.traffic_ppm = 500'000;
  Experiment home = plan_of("home_test");
  home.assignment.layer = "home";
  home.assignment.slots = {{0, 500'000}};
  Experiment search = plan_of("search_test");
  search.assignment.layer = "search";
  search.assignment.slots = {{0, 500'000}};
  const auto snapshot = compile_plans({half, home, search, plan_of("other")}).value();
  for (const Namer namer : kNamers) {
    int in_both = 0;
    int half_treated = 0;
    int half_in = 0;
    int same = 0;
    for (std::uint64_t i = 0; i < kUnits; ++i) {
      const std::string unit = namer(i);
      Context context(*snapshot);
      context.set_targeting_key(unit);
      std::array<Assignment, 4> answers;
      snapshot->evaluate_all(context, answers);
      half_in += answers[0].assigned() ? 1 : 0;
      half_treated += answers[0].variant == 1 ? 1 : 0;
      in_both += answers[1].assigned() && answers[2].assigned() ? 1 : 0;
      same += answers[1].assigned() && answers[1].variant == answers[3].variant ? 1 : 0;
    }
    const auto z = [](int count, double n, double p) {
      return std::abs(count - n * p) / std::sqrt(n * p * (1 - p));
    };
    EXPECT_LT(z(half_in, kUnits, 0.5), 4.5);
    EXPECT_LT(z(half_treated, half_in, 0.5), 4.5) << "slot and split are one draw";
    EXPECT_LT(z(in_both, kUnits, 0.25), 4.5);
    EXPECT_LT(z(same, kUnits, 0.25), 4.5);
  }
}

}  // namespace
}  // namespace assay::assign
