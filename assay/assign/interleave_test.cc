#include "assay/assign/interleave.h"

#include <fstream>
#include <map>
#include <numeric>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/base/random.h"

namespace assay::assign {
namespace {

using nlohmann::json;
using Ranking = std::vector<std::string_view>;

std::vector<ShownItem> merged(const Ranking& control, const Ranking& treatment,
                              const std::string& request,
                              InterleavingScheme scheme = InterleavingScheme::kTeamDraft,
                              std::size_t length = SIZE_MAX) {
  const auto shown =
      interleave({control, treatment},
                 {.scheme = scheme, .request = request, .salt = "search", .length = length});
  EXPECT_TRUE(shown) << to_text(shown.error());
  return *shown;
}

std::string request_number(int i) { return "q" + std::to_string(i); }

// The example in the header.
TEST(Interleave, EachTeamPicksInEachRound) {
  const std::string_view a[] = {"d1", "d2", "d3"}, b[] = {"d2", "d4", "d1"};
  const auto shown = interleave({a, b}, {.request = "q-81723", .salt = "ranker_v2"});
  ASSERT_TRUE(shown);
  ASSERT_EQ(shown->size(), 4U);
  EXPECT_NE((*shown)[0].team, (*shown)[1].team);
  EXPECT_NE((*shown)[0].team, Team::kNobody);
}

TEST(Interleave, Conformance) {
  std::ifstream file(ASSAY_SOURCE_DIR "/spec/conformance/interleaving.json");
  ASSERT_TRUE(file);
  const json cases = json::parse(file)["cases"];
  const auto name = [](Team team) {
    return team == Team::kControl ? "control" : team == Team::kTreatment ? "treatment" : "nobody";
  };
  for (const json& c : cases) {
    const auto a = c["control"].get<std::vector<std::string>>();
    const auto b = c["treatment"].get<std::vector<std::string>>();
    const bool drafts = c["scheme"] == "team_draft";
    const Ranking control(a.begin(), a.end()), treatment(b.begin(), b.end());
    const auto shown = merged(
        control, treatment, c["request"],
        drafts ? InterleavingScheme::kTeamDraft : InterleavingScheme::kBalanced, c["length"]);
    json items = json::array();
    for (const ShownItem& one : shown) {
      json item = {{"item", one.item}};
      if (drafts) {
        item["team"] = name(one.team);
      } else {
        item["control_rank"] = one.control_rank;
        item["treatment_rank"] = one.treatment_rank;
      }
      items.push_back(item);
    }
    EXPECT_EQ(items, c["items"]) << c["why"] << " " << c["request"];
  }
  EXPECT_GT(cases.size(), 150U);
}

// All pairs of rankings over three items, of every length: what is shown, and to whom it belongs.
TEST(Interleave, EveryPairOfShortRankings) {
  std::vector<Ranking> all = {{}};
  for (const char* first : {"a", "b", "c"}) {
    all.push_back({first});
    for (const char* second : {"a", "b", "c"}) {
      if (first == std::string_view(second)) continue;
      all.push_back({first, second});
      for (const char* third : {"a", "b", "c"}) {
        if (third == std::string_view(first) || third == std::string_view(second)) continue;
        all.push_back({first, second, third});
      }
    }
  }
  ASSERT_EQ(all.size(), 16U);
  for (const Ranking& a : all) {
    for (const Ranking& b : all) {
      std::set<std::string_view> both(a.begin(), a.end());
      both.insert(b.begin(), b.end());
      for (std::size_t length = 1; length <= 4; ++length) {
        for (const auto scheme : {InterleavingScheme::kTeamDraft, InterleavingScheme::kBalanced}) {
          const auto shown = merged(a, b, request_number(7), scheme, length);
          ASSERT_EQ(shown.size(), std::min(length, both.size()));
          std::set<std::string_view> seen;
          int balance = 0;
          for (const ShownItem& one : shown) {
            seen.insert(one.item);
            balance += one.team == Team::kControl ? 1 : one.team == Team::kTreatment ? -1 : 0;
          }
          ASSERT_EQ(seen.size(), shown.size()) << "an item once";
          ASSERT_LE(std::abs(balance), shown.size() == length ? 1 : 0);
        }
      }
    }
  }
}

// Whom clicks on every place prefer, summed over requests, as shares of the clicks: `weight` is the
// probability of a click on each place, whatever is there.
struct Lean {
  double by_place[8] = {};  // Control's share of a place minus treatment's.
  double first = 0;         // How often control's item is on top.
};
Lean lean_of(const Ranking& a, const Ranking& b, std::size_t length) {
  constexpr int kRequests = 20'000;
  Lean lean;
  for (int i = 0; i < kRequests; ++i) {
    const auto shown = merged(a, b, request_number(i), InterleavingScheme::kTeamDraft, length);
    for (std::size_t place = 0; place < shown.size(); ++place) {
      const Team team = shown[place].team;
      lean.by_place[place] += (team == Team::kControl     ? 1.0
                               : team == Team::kTreatment ? -1.0
                                                          : 0.0) /
                              kRequests;
    }
    lean.first += !shown.empty() && shown[0].team == Team::kControl ? 1.0 / kRequests : 0;
  }
  return lean;
}

// A click that sees places and not rankings prefers neither, at any place: whatever the rankings.
TEST(Interleave, TeamDraftHasNoBiasAtAnyPlace) {
  const std::vector<std::pair<Ranking, Ranking>> pairs = {
      {{"a", "b", "c", "d"}, {"a", "b", "c", "d"}},
      {{"a", "b", "c", "d"}, {"b", "c", "d", "a"}},
      {{"a", "b", "c"}, {"x", "y", "z"}},
      {{"x"}, {"x", "y", "z"}},
      {{"a", "b"}, {"b", "c", "d", "e"}},
      {{"c", "a"}, {"a", "b", "c", "d", "e"}},
      {{"a", "b", "c", "d"}, {"d"}},
      {{}, {"a", "b"}}};
  const double band = 4 / std::sqrt(20'000.0);  // Four standard errors of a fair coin.
  for (const auto& [a, b] : pairs) {
    for (const std::size_t length : {std::size_t{3}, std::size_t{8}}) {
      const Lean lean = lean_of(a, b, length);
      for (const double place : lean.by_place) EXPECT_LT(std::abs(place), band);
    }
  }
  EXPECT_NEAR(lean_of({"a", "b"}, {"c", "d"}, 8).first, 0.5, band / 2);
}

// Nor do several clicks in one list, whatever places they fall on together: which rounds count may
// not hang on the coins.
TEST(Interleave, TeamDraftHasNoBiasForSeveralClicks) {
  const std::vector<std::pair<Ranking, Ranking>> pairs = {
      {{"a", "b"}, {"a", "c", "b"}},
      {{"a", "b", "c"}, {"a", "d", "b"}},
      {{"a", "b", "c"}, {"a", "d", "b", "c"}},
      {{"a", "c", "b", "d"}, {"a", "b", "c", "e"}}};
  constexpr int kRequests = 20'000;
  for (const auto& [a, b] : pairs) {
    for (const std::size_t length : {std::size_t{3}, std::size_t{5}}) {
      std::map<unsigned, int> lean;  // By the places that are clicked, as bits.
      for (int i = 0; i < kRequests; ++i) {
        const auto shown = merged(a, b, request_number(i), InterleavingScheme::kTeamDraft, length);
        for (unsigned places = 1; places < 1U << shown.size(); ++places) {
          int clicks = 0;
          for (std::size_t k = 0; k < shown.size(); ++k) {
            if ((places >> k & 1) == 0 || shown[k].team == Team::kNobody) continue;
            clicks += shown[k].team == Team::kControl ? 1 : -1;
          }
          lean[places] += clicks > 0 ? 1 : clicks < 0 ? -1 : 0;
        }
      }
      ASSERT_FALSE(lean.empty());
      for (const auto& [places, sum] : lean) {
        EXPECT_LT(std::abs(sum), 4 * std::sqrt(kRequests)) << places << " of " << length;
      }
    }
  }
}

// The bias of the balanced scheme that section 3.2 of Radlinski et al. shows: of one click at
// random, three in four prefer the ranking that is the other one shifted by one.
TEST(Interleave, BalancedPrefersAShiftedRanking) {
  const Ranking a = {"a", "b", "c", "d"}, b = {"b", "c", "d", "a"};
  int treatment = 0, clicks = 0;
  for (int i = 0; i < 1000; ++i) {
    for (const ShownItem& one : merged(a, b, request_number(i), InterleavingScheme::kBalanced)) {
      ++clicks;
      treatment += one.treatment_rank < one.control_rank ? 1 : 0;
    }
  }
  EXPECT_EQ(treatment * 4, clicks * 3);
}

TEST(Interleave, CoinsOfTwoTestsAndOfTwoRoundsAreIndependent) {
  std::map<std::string, int> counts;
  for (int i = 0; i < 10'000; ++i) {
    std::string coins;
    for (const char* salt : {"one", "two"}) {
      const std::string_view a[] = {"a", "b"}, b[] = {"c", "d"};
      const auto shown = interleave({a, b}, {.request = request_number(i), .salt = salt}).value();
      coins += shown[0].team == Team::kControl ? 'c' : 't';
      coins += shown[2].team == Team::kControl ? 'c' : 't';
    }
    ++counts[coins];
  }
  EXPECT_EQ(counts.size(), 16U);
  double chi2 = 0;
  for (const auto& [coins, n] : counts) chi2 += (n - 625.0) * (n - 625.0) / 625.0;
  EXPECT_LT(chi2, 37.7) << "the 99.9 % point at 15 degrees of freedom";
}

TEST(Interleave, RefusesWithEveryProblem) {
  const std::string_view a[] = {"x", "y", "x"}, b[] = {"z", "z"};
  const auto shown = interleave({a, b}, {.request = "", .salt = "", .length = 0});
  ASSERT_FALSE(shown);
  const std::string text = to_text(shown.error());
  for (const char* part : {"request", "salt", "length", "rankings.control[2]: \"x\" is there",
                           "rankings.treatment[1]", "at [0]"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
  EXPECT_EQ(shown.error().size(), 5U);
}

TEST(Interleave, LongRankingsWithManySharedItems) {
  std::vector<std::string> names;
  for (int i = 0; i < 20'000; ++i) names.push_back(std::to_string(i));
  Ranking a(names.begin(), names.end()), b(names.rbegin(), names.rend());
  const auto shown = merged(a, b, "q");
  EXPECT_EQ(shown.size(), names.size());
}

}  // namespace
}  // namespace assay::assign
