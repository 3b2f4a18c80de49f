#include "assay/sim/study.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/sim/studies.h"
#include "assay/stats/distributions.h"

namespace assay::sim {
namespace {

using stats::normal_isf;

// One normal observation per look; the tests claim at a level that they may lie about.
Study coin(MethodHead head, double level, int looks = 1, double shift = 0) {
  return make_study<double>(
      {.id = "coin", .effect = shift != 0, .units = looks, .looks = looks},
      [=](const Random& base, const Show<double>& show) {
        Random random = base;
        for (int look = 0; look < looks; ++look) show(shift + random.normal());
      },
      {{std::move(head), [=](const double& x) {
          const double p = 2 * stats::normal_sf(std::abs(x));
          return Claim{.rejects = p<level, .misses = std::abs(x - shift)> normal_isf(level / 2),
                       .p_value = level == 0.05 ? p : p * 0.5,
                       .error = x - shift,
                       .std_error = level == 0.05 ? 1 : 0.8};
        }}});
}

const Row& row_of(const StudyResult& result, const std::string& measure) {
  for (const Row& row : result.rows) {
    if (row.measure == measure) return row;
  }
  ADD_FAILURE() << "no row " << measure;
  static const Row none;
  return none;
}

TEST(Study, AnHonestTestKeepsItsPromise) {
  const StudyResult result = run_study(coin({.name = "z"}, 0.05), {.runs = 4000});
  EXPECT_TRUE(result.passed());
  const Row& row = row_of(result, "false_positives");
  EXPECT_NEAR(row.mean, 0.05, 4 * row.std_error);
  EXPECT_GT(*row.uniformity_p, 0.001);
  EXPECT_EQ(row.p_histogram.size(), 20U);
  EXPECT_NEAR(row_of(result, "std_error").mean, 1, 0.05);
  EXPECT_NEAR(row_of(result, "error").mean, 0, 0.07);
}

// Each way to lie is caught by its own measure: too many alarms, too few (only where the rate was
// to be exact), p-values that are not uniform, standard errors that are too small.
TEST(Study, ALiarIsCaught) {
  const StudyResult loud = run_study(coin({.name = "z"}, 0.08), {.runs = 4000});
  for (const std::string measure : {"false_positives", "misses", "std_error"}) {
    EXPECT_EQ(row_of(loud, measure).verdict, Verdict::kBroken) << measure;
  }
  EXPECT_LT(*row_of(loud, "false_positives").uniformity_p, 1e-6);
  const StudyResult shy = run_study(coin({.name = "z"}, 0.03), {.runs = 4000});
  EXPECT_EQ(row_of(shy, "misses").verdict, Verdict::kBroken);
  const StudyResult bound =
      run_study(coin({.name = "z", .promise = Promise::kAtMost}, 0.03), {.runs = 4000});
  EXPECT_EQ(row_of(bound, "misses").verdict, Verdict::kKept);
  const StudyResult silent =
      run_study(coin({.name = "z", .promise = Promise::kNone}, 0.08), {.runs = 4000});
  EXPECT_EQ(row_of(silent, "misses").verdict, Verdict::kNotJudged);
  EXPECT_TRUE(silent.passed());
}

TEST(Study, PowerIsHeldAgainstThePlan) {
  const double power = stats::normal_sf(normal_isf(0.025) - 2) + stats::normal_cdf(-1.96 - 2);
  const auto verdict_of = [](double planned, Promise promise) {
    const StudyResult result = run_study(
        coin({.name = "z", .promise = promise, .power = planned}, 0.05, 1, 2), {.runs = 4000});
    return row_of(result, "power").verdict;
  };
  EXPECT_EQ(verdict_of(power, Promise::kExactly), Verdict::kKept);
  EXPECT_EQ(verdict_of(power + 0.1, Promise::kExactly), Verdict::kBroken);
  EXPECT_EQ(verdict_of(power - 0.1, Promise::kExactly), Verdict::kBroken);
  EXPECT_EQ(verdict_of(power - 0.1, Promise::kAtLeast), Verdict::kKept);
  EXPECT_EQ(verdict_of(power + 0.1, Promise::kAtLeast), Verdict::kBroken);
}

TEST(Study, LooksAddUp) {
  const StudyResult result =
      run_study(coin({.name = "z", .promise = Promise::kNone}, 0.05, 3), {.runs = 4000});
  const Row& row = row_of(result, "false_positives");
  ASSERT_EQ(row.by_look.size(), 3U);
  for (int look = 0; look < 3; ++look) {
    const double expected = 1 - std::pow(0.95, look + 1);
    EXPECT_NEAR(row.by_look[static_cast<std::size_t>(look)], expected, 0.02);
  }
  EXPECT_EQ(row.mean, row.by_look.back());
}

TEST(Studies, HaveNamesOfTheirOwnAndTheSameNumbersForTheSameSeed) {
  std::set<std::string> names;
  for (const Study& study : studies()) {
    EXPECT_TRUE(names.insert(study.head.id).second) << study.head.id;
    EXPECT_FALSE(study.head.world.empty()) << study.head.id;
    EXPECT_FALSE(study.methods.empty()) << study.head.id;
  }
  const Study first = studies().front();
  EXPECT_EQ(to_json({run_study(first, {.runs = 50})}), to_json({run_study(first, {.runs = 50})}));
  EXPECT_NE(to_json({run_study(first, {.runs = 50})}),
            to_json({run_study(first, {.runs = 50, .seed = 2})}));
}

// What the full calibration measured, by study, method and measure.
using Published = std::map<std::string, nlohmann::json>;

Published published() {
  std::ifstream file("docs/methods/calibration.json");
  const auto json = nlohmann::json::parse(file);
  Published rows;
  for (const auto& study : json.at("studies")) {
    for (const auto& row : study.at("rows")) {
      rows[study.at("study").get<std::string>() + " " + row.at("method").get<std::string>() + " " +
           row.at("measure").get<std::string>()] = row;
    }
  }
  return rows;
}

// How far a share of so many runs may lie from the published one: 1e-6 each side. The published
// share is itself uncertain; a count of none or all is taken half a run inward.
bool drifted(const Row& row, const nlohmann::json& full) {
  const double full_runs = full.at("runs").get<double>();
  const double mean = full.at("mean").get<double>();
  if (row.measure == "error" || row.measure == "std_error" || row.measure == "false_share") {
    const double scale =
        full.at("std_error").get<double>() * std::sqrt(full_runs / static_cast<double>(row.runs));
    return std::abs(row.mean - mean) > 6 * scale + 1e-9;
  }
  const double low = std::clamp(mean, 0.5 / full_runs, 1 - 0.5 / full_runs);
  const double spread = 3 * std::sqrt(low * (1 - low) / full_runs);
  const double n = static_cast<double>(row.runs);
  const auto at = [&](double tail, double share) {
    return static_cast<double>(
        stats::binomial_quantile(tail, row.runs, std::clamp(share, 0.0, 1.0)));
  };
  return row.mean * n < at(1e-6, low - spread) || row.mean * n > at(1 - 1e-6, low + spread);
}

// A few runs of every study that is not too large, held against the published measurements: a
// change of a method shows here before the next full calibration.
TEST(Studies, HaveNotDriftedFromThePublishedCalibration) {
  const Published full = published();
  int checked = 0;
  for (const Study& study : studies()) {
    const int runs = std::min(study.head.runs / 10, 120'000 / study.head.units);
    if (runs < 5) continue;
    const StudyResult result = run_study(study, {.runs = runs});
    for (const Row& row : result.rows) {
      const std::string name = study.head.id + " " + row.method + " " + row.measure;
      const auto found = full.find(name);
      if (found == full.end()) {
        ADD_FAILURE() << name << " is not in docs/methods/calibration.json: run make sim";
        continue;
      }
      EXPECT_FALSE(drifted(row, found->second))
          << name << ": " << row.mean << " in " << row.runs << " runs, published "
          << found->second.at("mean") << "\nreplay: assay simulate methods --study "
          << study.head.id << " --runs " << runs;
      ++checked;
    }
  }
  EXPECT_GT(checked, 300);
}

}  // namespace
}  // namespace assay::sim
