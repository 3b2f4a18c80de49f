// Two rankers whose lists are merged: people click by place and by their own taste, and no ranker
// is better. Impressions as units lie where people come back; team draft prefers neither ranker
// whatever the rankings, balanced prefers a shifted one.
#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "assay/assign/interleave.h"
#include "assay/sim/claims.h"
#include "assay/sim/studies.h"
#include "assay/stats/interleaving.h"

namespace assay::sim {
namespace {

using assign::InterleavingScheme;
using stats::UnitPreferences;
using Ranking = std::array<std::string_view, 6>;

constexpr Ranking kItems = {"a", "b", "c", "d", "e", "f"};

struct World {
  int users = 200;
  int looks = 1;
  bool shifted = false;  // The treatment ranks as the control does, but its first item last.
  double better = 0;     // Clicks on the treatment's items are e^better times as likely.
};

// What people preferred, with lists merged in either way.
struct Preferences {
  std::vector<UnitPreferences> draft;
  std::vector<UnitPreferences> balanced;
  int planned = 0;
};

void add(stats::Preferred winner, UnitPreferences& unit) {
  ++(winner == stats::Preferred::kTreatment ? unit.wins
     : winner == stats::Preferred::kControl ? unit.losses
                                            : unit.ties);
}

Ranking shuffled(Random& random) {
  Ranking items = kItems;
  for (std::size_t i = items.size() - 1; i > 0; --i)
    std::swap(items[i], items[random.below(i + 1)]);
  return items;
}

// One impression; a person whose taste is positive clicks the treatment's items more.
void impression(const World& world, double taste, Random& random, UnitPreferences& draft,
                UnitPreferences& balanced) {
  const Ranking control = shuffled(random);
  Ranking treatment = world.shifted ? control : shuffled(random);
  if (world.shifted) std::rotate(treatment.begin(), treatment.begin() + 1, treatment.end());
  const std::string request = std::to_string(random.next());
  std::vector<stats::Preferred> teams;
  std::vector<stats::Ranks> ranks;
  for (const auto scheme : {InterleavingScheme::kTeamDraft, InterleavingScheme::kBalanced}) {
    const auto shown = assign::interleave({control, treatment},
                                          {.scheme = scheme, .request = request, .salt = "sim"});
    double seen = 0.5;
    for (const assign::ShownItem& one : *shown) {
      const double side = one.team == assign::Team::kTreatment ? 1
                          : one.team == assign::Team::kControl ? -1
                                                               : 0;
      const bool clicked = random.chance(std::min(1.0, seen * std::exp(side * taste)));
      seen *= 0.7;
      if (!clicked) continue;
      if (scheme == InterleavingScheme::kTeamDraft) {
        teams.push_back(side > 0   ? stats::Preferred::kTreatment
                        : side < 0 ? stats::Preferred::kControl
                                   : stats::Preferred::kNeither);
      } else {
        ranks.push_back({one.control_rank, one.treatment_rank});
      }
    }
  }
  add(stats::team_draft_winner(teams), draft);
  add(stats::balanced_winner(ranks), balanced);
}

Simulate<Preferences> simulate_people(const World& world) {
  return [world](const Random& base, const Show<Preferences>& show) {
    Random random = base;
    Preferences data{.planned = world.users};
    int look = 0;
    for (int i = 0; i < world.users; ++i) {
      const double taste = 0.5 * random.normal() + world.better;
      UnitPreferences draft, balanced;
      const std::int64_t visits = 1 + random.poisson(random.gamma(1, 4));
      for (std::int64_t visit = 0; visit < visits; ++visit) {
        impression(world, taste, random, draft, balanced);
      }
      data.draft.push_back(draft);
      data.balanced.push_back(balanced);
      if ((i + 1) * world.looks < world.users * (look + 1)) continue;
      ++look;
      show(data);
    }
  };
}

Claim fixed_claim(std::span<const UnitPreferences> units) {
  const auto contrast = preference_contrast(units);
  return contrast ? without_p(claim_of(fixed(*contrast), 0, 0.05)) : Claim{};
}

Claim impressions_claim(const Preferences& data) {
  UnitPreferences all;
  for (const UnitPreferences& unit : data.draft) {
    all.wins += unit.wins;
    all.losses += unit.losses;
    all.ties += unit.ties;
  }
  const UnitPreferences units[] = {{.wins = 1, .units = all.wins},
                                   {.losses = 1, .units = all.losses},
                                   {.ties = 1, .units = all.ties}};
  return fixed_claim(units);
}

Claim sign_claim(const Preferences& data) {
  return {.rejects = stats::sign_test(data.draft).p_value < 0.05};
}

Claim sequential_claim(const Preferences& data) {
  const auto contrast = preference_contrast(data.draft);
  if (!contrast) return {};
  const double target = 2.0 * data.planned;  // A unit counts once for each ranker.
  return without_p(claim_of(sequential(*contrast, {.target_n = target}), 0, 0.05));
}

Method<Preferences> of_people(std::string name, Promise promise) {
  return {{.name = std::move(name), .promise = promise},
          [](const Preferences& data) { return fixed_claim(data.draft); }};
}

}  // namespace

std::vector<Study> interleaving_studies() {
  std::vector<Study> made;
  for (const int users : {20, 200}) {
    made.push_back(make_study<Preferences>(
        {.id = fmt::format("interleaving.n{}", users),
         .world = fmt::format("{} people, 5 lists each on average, own tastes", users),
         .runs = 2000,
         .units = 60 * users},
        simulate_people({.users = users}),
        {of_people("team draft, people", users < 200 ? Promise::kNone : Promise::kExactly),
         {{.name = "team draft, sign test of people", .promise = Promise::kAtMost}, sign_claim},
         {{.name = "team draft, impressions as units", .promise = Promise::kNone},
          impressions_claim}}));
  }
  made.push_back(make_study<Preferences>(
      {.id = "interleaving.shifted",
       .world = "200 people, 5 lists each on average, one ranking is the other one shifted",
       .runs = 2000,
       .units = 12'000},
      simulate_people({.users = 200, .shifted = true}),
      {of_people("team draft, people", Promise::kExactly),
       {{.name = "balanced, people", .promise = Promise::kNone},
        [](const Preferences& data) { return fixed_claim(data.balanced); }}}));
  made.push_back(make_study<Preferences>(
      {.id = "interleaving.looks28",
       .world = "1400 people, 5 lists each on average, own tastes, 28 looks",
       .runs = 500,
       .units = 84'000,
       .looks = 28},
      simulate_people({.users = 1400, .looks = 28}),
      {{{.name = "team draft, sequential", .promise = Promise::kAtMost}, sequential_claim},
       of_people("team draft, peeked at", Promise::kNone)}));
  return made;
}

}  // namespace assay::sim
