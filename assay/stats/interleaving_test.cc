#include "assay/stats/interleaving.h"

#include <cmath>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/stats/golden_test.h"
#include "assay/stats/inference.h"

namespace assay::stats {
namespace {

using nlohmann::json;

std::vector<std::int64_t> list(const std::string& cell) {
  std::vector<std::int64_t> numbers;
  std::stringstream stream(cell);
  for (std::string one; std::getline(stream, one, '|');) numbers.push_back(std::stoll(one));
  return numbers;
}

TEST(Interleaving, AgreesWithClusteredRegressionAndTheSignTest) {
  testing::GoldenTable table("interleaving");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const auto wins = list(table.text(row, "wins")), losses = list(table.text(row, "losses")),
               ties = list(table.text(row, "ties"));
    std::vector<UnitPreferences> units;
    for (std::size_t i = 0; i < wins.size(); ++i) units.push_back({wins[i], losses[i], ties[i]});
    units.push_back({});  // Without impressions: left out.
    const auto contrast = preference_contrast(units);
    ASSERT_TRUE(contrast);
    const auto answer = fixed(*contrast);
    ASSERT_TRUE(answer);
    table.compare(row, "estimate", answer->difference.value);
    table.compare(row, "std_error", *answer->difference.std_error);
    table.compare(row, "df", *answer->difference.df);
    table.compare(row, "low", *answer->difference.interval.low, *answer->difference.std_error);
    table.compare(row, "high", *answer->difference.interval.high, *answer->difference.std_error);
    table.compare(row, "p_value", *answer->difference.p_value);
    const SignTest sign = sign_test(units);
    EXPECT_EQ(sign.units_won, table.integer(row, "units_won"));
    EXPECT_EQ(sign.units_lost, table.integer(row, "units_lost"));
    table.compare(row, "sign_p", sign.p_value);
  }
}

TEST(Interleaving, UnitsThatAreAlikeMayBeCountedTogether) {
  std::vector<UnitPreferences> each(60, {.wins = 1});
  each.insert(each.end(), 40, {.losses = 1});
  each.insert(each.end(), 100, {.ties = 1});
  const UnitPreferences together[] = {
      {.wins = 1, .units = 60}, {.losses = 1, .units = 40}, {.ties = 1, .units = 100}};
  const auto a = preference_contrast(each), b = preference_contrast(together);
  EXPECT_DOUBLE_EQ(a->treatment, b->treatment);
  EXPECT_NEAR(a->treatment, (60 + 50.0) / 200 - 0.5, 1e-15);
  EXPECT_NEAR(a->variance(), b->variance(), 1e-17);
  EXPECT_EQ(a->n_treatment, b->n_treatment);
  EXPECT_DOUBLE_EQ(sign_test(each).p_value, sign_test(together).p_value);
}

TEST(Interleaving, SwappingTheRankersTurnsTheSign) {
  const UnitPreferences units[] = {{3, 1, 2}, {0, 2, 0}, {5, 5, 1}, {4, 0, 9}};
  const UnitPreferences swapped[] = {{1, 3, 2}, {2, 0, 0}, {5, 5, 1}, {0, 4, 9}};
  EXPECT_DOUBLE_EQ(preference_contrast(units)->treatment, -preference_contrast(swapped)->treatment);
  EXPECT_DOUBLE_EQ(preference_contrast(units)->variance(),
                   preference_contrast(swapped)->variance());
}

// A unit that returns a hundred times is one unit, not a hundred.
TEST(Interleaving, ManyImpressionsOfOneUnitAddLittle) {
  std::vector<UnitPreferences> units(20, {1, 1, 1});
  for (int i = 0; i < 10; ++i) units.push_back({.wins = i % 2 == 0 ? 30 : 0, .losses = 10});
  std::vector<UnitPreferences> pretending;
  for (const UnitPreferences& unit : units) {
    pretending.push_back({.wins = 1, .units = unit.wins});
    pretending.push_back({.losses = 1, .units = unit.losses});
    pretending.push_back({.ties = 1, .units = unit.ties});
  }
  EXPECT_DOUBLE_EQ(preference_contrast(units)->treatment,
                   preference_contrast(pretending)->treatment);
  EXPECT_GT(preference_contrast(units)->variance(),
            4 * preference_contrast(pretending)->variance());
}

TEST(Interleaving, BadInputSaysWhy) {
  const auto code = [](std::vector<UnitPreferences> units) {
    return preference_contrast(units).error().code;
  };
  EXPECT_EQ(code({}), Undefined::kTooFewUnits);
  EXPECT_EQ(code({{1, 0, 0}, {0, 0, 0}}), Undefined::kTooFewUnits);
  EXPECT_EQ(code({{1, 0, 0}, {-1, 0, 0}}), Undefined::kOutOfRange);
  EXPECT_EQ(code({{.ties = 5}, {.ties = 2}}), Undefined::kNoVariance) << "nobody clicked";
  EXPECT_EQ(code({{.wins = 5}, {.wins = 2}}), Undefined::kNoVariance);
  EXPECT_EQ(code({{.wins = 1, .units = 1LL << 53}, {.losses = 1, .units = 1LL << 53}}),
            Undefined::kOutOfRange);
  const UnitPreferences tie[] = {{.ties = 1}};
  EXPECT_EQ(sign_test(tie).p_value, 1);
}

Preferred preferred(const json& name) {
  return name == "control"     ? Preferred::kControl
         : name == "treatment" ? Preferred::kTreatment
                               : Preferred::kNeither;
}

TEST(Interleaving, CreditsLikeTheConformanceCases) {
  std::ifstream file(ASSAY_SOURCE_DIR "/spec/conformance/interleaving.json");
  const json cases = json::parse(file)["cases"];
  int checked = 0;
  std::map<Preferred, int> seen;
  for (const json& c : cases) {
    for (const json& credit : c["credits"]) {
      std::vector<Preferred> teams;
      std::vector<Ranks> ranks;
      for (const std::size_t place : credit["clicked"]) {
        const json& item = c["items"][place];
        if (c["scheme"] == "team_draft") {
          teams.push_back(preferred(item["team"]));
        } else {
          ranks.push_back({item["control_rank"], item["treatment_rank"]});
        }
      }
      const Preferred winner =
          c["scheme"] == "team_draft" ? team_draft_winner(teams) : balanced_winner(ranks);
      EXPECT_EQ(winner, preferred(credit["winner"])) << c["why"] << credit;
      ++checked;
      ++seen[winner];
    }
  }
  EXPECT_GT(checked, 500);
  EXPECT_GT(seen[Preferred::kControl], 80);
  EXPECT_GT(seen[Preferred::kTreatment], 80);
}

}  // namespace
}  // namespace assay::stats
