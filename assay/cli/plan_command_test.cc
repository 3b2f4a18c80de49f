#include "assay/cli/plan_command.h"

#include <cmath>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/cli/testing.h"

namespace assay::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

Ran plan(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "plan");
  return assay(arguments);
}

json planned(std::vector<std::string> arguments) {
  arguments.push_back("--json");
  const Ran outcome = plan(std::move(arguments));
  EXPECT_EQ(outcome.status, kOk) << outcome.err;
  return json::parse(outcome.out);
}

std::string fixed_file() {
  return written("fixed.yaml", R"(
id: checkout_v2
allocation: {control: 0.9, treatment: 0.1}
traffic: 0.25
metrics:
  primary: [{name: paid, type: proportion, event: payment}]
  guardrails: [{name: refunds, type: proportion, event: refund, must_not_increase: 0.2}]
analysis: {method: fixed_horizon, mde_relative: 0.1}
schedule: {sample_size_per_variant: 1000}
)");
}

std::string sequential_file() {
  return written("sequential.yaml", R"(
id: ranker
variants: {control: {weight: 1}, small: {weight: 1}, large: {weight: 1}}
metrics:
  primary:
    - {name: bought, type: proportion, event: purchase, mde_relative: 0.1}
    - {name: revenue, type: mean, event: purchase, aggregate: sum, mde_relative: 0.05}
analysis: {variance_reduction: cuped, cuped_covariate: before}
covariates: {before: {event: purchase, aggregate: count, lookback: 14d}}
schedule: {estimated_sample_size_per_group: 2000, max_runtime_days: 28}
)");
}

TEST(PlanCommand, AnswersHoldWhatTheyPromise) {
  const json answer = planned({"--type", "proportion", "--baseline", "0.032", "--mde-relative",
                               "0.1", "--daily-units", "5000"});
  for (const char* name : {"n_per_variant", "n_total", "power", "alpha", "mde_absolute",
                           "mde_relative", "duration_days"}) {
    EXPECT_TRUE(answer.contains(name)) << name;
  }
  EXPECT_EQ(answer["request"]["baseline"], 0.032);
  EXPECT_EQ(answer["method"], "sample_size");
}

TEST(PlanCommand, PeopleSeeOtherEffectsAndDurations) {
  const Ran outcome = plan({"--type", "proportion", "--baseline", "0.032", "--mde-relative", "0.1",
                            "--daily-units", "5000"});
  ASSERT_EQ(outcome.status, kOk) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("  units per variant  49777\n"));
  EXPECT_THAT(outcome.out, HasSubstr("power at this plan"));
  EXPECT_THAT(outcome.out, HasSubstr("0.0064 (20 %)"));
  EXPECT_THAT(outcome.out, HasSubstr("weeks"));
}

TEST(PlanCommand, EveryOptionIsAFieldOfTheCalculators) {
  const json answer =
      planned({"--type", "mean", "--baseline", "10", "--sd", "4", "--mde-relative", "0.05",
               "--treatments", "2", "--control-share", "0.4", "--correction", "dunnett",
               "--correlation", "0.5", "--unique-units", "1=500", "7=2000"});
  EXPECT_EQ(answer["request"]["weights"], json({0.4, 0.3, 0.3}));
  EXPECT_EQ(answer["request"]["days"], json({1, 7}));
  EXPECT_LT(answer["alpha_comparison"], 0.05);
  EXPECT_GT(answer["alpha_comparison"], 0.025);
  EXPECT_TRUE(answer.contains("duration_days"));
  const json looks = planned({"--type", "mean", "--baseline", "10", "--sd", "4", "--mde-relative",
                              "0.05", "--rule", "group_sequential", "--looks", "4"});
  EXPECT_GT(looks["inflation"], 1);
}

TEST(PlanCommand, DaysGiveTheUnits) {
  const json answer = planned(
      {"--type", "proportion", "--baseline", "0.1", "--daily-units", "1000", "--days", "14"});
  EXPECT_EQ(answer["n_total"], 14000);
  EXPECT_EQ(answer["method"], "minimum_detectable_effect");
  EXPECT_GT(answer["mde_relative"], 0.1);
  EXPECT_THAT(plan({"--type", "proportion", "--baseline", "0.1", "--days", "14"}).err,
              HasSubstr("no traffic"));
}

TEST(PlanCommand, AFileIsSizedWithItsArmsMarginsAndTraffic) {
  const json answer = planned({fixed_file(), "--baseline", "paid=0.05", "--baseline",
                               "refunds=0.01", "--power", "0.9", "--daily-units", "40000"});
  ASSERT_EQ(answer["metrics"].size(), 2U);
  const json& paid = answer["metrics"][0];
  EXPECT_EQ(paid["metric"], "paid");
  EXPECT_EQ(paid["role"], "primary");
  EXPECT_LT(paid["n_treatment"], paid["n_control"]);
  EXPECT_EQ(paid["request"]["traffic_share"], 0.25);
  const json& refunds = answer["metrics"][1];
  EXPECT_EQ(refunds["request"]["aim"], "noninferiority");
  EXPECT_EQ(refunds["request"]["mde_relative"], 0.2);
  EXPECT_EQ(refunds["request"]["rule"], "confidence_sequence");
  EXPECT_EQ(answer["binding_metric"], "paid");
  EXPECT_EQ(answer["n_total"], paid["n_total"]);
  EXPECT_EQ(answer["duration_days"], paid["duration_days"]);
}

TEST(PlanCommand, ASequentialFileIsSizedAsSequential) {
  const std::vector<std::string> arguments = {sequential_file(),
                                              "--baseline",
                                              "bought=0.1",
                                              "--baseline",
                                              "revenue=20",
                                              "--sd",
                                              "revenue=30",
                                              "--looks",
                                              "7",
                                              "--correlation",
                                              "revenue=0.6",
                                              "--daily-units",
                                              "20000"};
  const json answer = planned(arguments);
  const json& bought = answer["metrics"][0];
  EXPECT_EQ(bought["request"]["rule"], "confidence_sequence");
  EXPECT_EQ(bought["request"]["target_n"], 4000);
  // Two treatments, two primaries.
  EXPECT_NEAR(bought["alpha_comparison"].get<double>(), 0.0125, 1e-12);
  EXPECT_GT(bought["inflation"], 1.3);
  EXPECT_THAT(bought["notes"][0].get<std::string>(), HasSubstr("without CUPED"));
  EXPECT_EQ(answer["metrics"][1]["request"]["correlation"], 0.6);
  EXPECT_FALSE(answer["metrics"][1].contains("notes"));
  const std::string notes = answer["notes"].dump();
  EXPECT_THAT(notes, HasSubstr("The file expects 2000 units"));
  EXPECT_THAT(notes, HasSubstr("tightest at 4000"));
  const Ran text = plan(arguments);
  EXPECT_THAT(text.out, HasSubstr("The experiment needs"));
  EXPECT_THAT(text.out, HasSubstr(" decides."));
}

TEST(PlanCommand, ATableOfThePastGivesBaselineSpreadAndClusters) {
  std::string rows = "user,shop,revenue,before,bought,orders\n";
  for (int i = 0; i < 200; ++i) {
    const int shop = i % 20;
    const double before = 10 + i % 7;
    rows += std::to_string(i) + "," + std::to_string(shop) + "," +
            std::to_string(2 * before + shop % 3 + i % 5) + "," + std::to_string(before) + "," +
            std::to_string(i % 4 == 0) + "," + std::to_string(1 + i % 3) + "\n";
  }
  const std::string table = written("past.csv", rows);
  const json answer = planned({"--table", table, "--metric", "revenue:mean,covariate=before",
                               "--metric", "bought:proportion", "--metric",
                               "revenue:ratio,per=orders", "--mde-relative", "0.05"});
  ASSERT_EQ(answer["metrics"].size(), 3U);
  std::map<std::string, json> requests;
  for (const json& each : answer["metrics"]) requests[each["metric"]] = each["request"];
  EXPECT_EQ(requests["bought"]["baseline"], 0.25);
  EXPECT_GT(requests["revenue,covariate=before"]["correlation"], 0.8);
  EXPECT_EQ(requests["revenue,per=orders"]["metric"], "ratio");
  const json clustered = planned({"--table", table, "--metric", "bought:proportion", "--cluster",
                                  "shop", "--mde-relative", "0.2"});
  EXPECT_EQ(clustered["request"]["cluster_size"], 10);
  EXPECT_TRUE(clustered.contains("clusters_per_variant"));
  EXPECT_THAT(plan({"--table", table, "--metric", "bougth:proportion"}).err,
              HasSubstr("did you mean bought?"));
  EXPECT_THAT(plan({"--table", table, "--metric", "revenue:ratio,per=orders", "--cluster", "shop",
                    "--mde-relative", "0.1"})
                  .err,
              HasSubstr("no mean or share"));
  EXPECT_THAT(plan({fixed_file(), "--table", table, "--metric", "bought:proportion"}).err,
              HasSubstr("no metric 'bought'"));
}

// The day-7 retention of 90,189 players of a public data set: 18.6 %.
TEST(PlanCommand, RealDataGiveTheBaseline) {
  const std::string path = ASSAY_SOURCE_DIR "/../shared/data/cookie_cats.csv";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "../shared/data/cookie_cats.csv is absent";
  const json answer =
      planned({"--table", path, "--unit", "userid", "--variant", "version", "--control", "gate_30",
               "--metric", "retention_7:proportion", "--mde-relative", "0.05"});
  EXPECT_NEAR(answer["request"]["baseline"].get<double>(), 0.1902, 1e-4);
  EXPECT_NEAR(answer["n_per_variant"].get<double>(), 27000, 1500);
}

TEST(PlanCommand, SaysWhatItNeeds) {
  const auto why = [](std::vector<std::string> arguments) {
    const Ran outcome = plan(std::move(arguments));
    EXPECT_EQ(outcome.status, kBadInput);
    return outcome.err;
  };
  EXPECT_THAT(why({}), HasSubstr("metric: is required"));
  EXPECT_THAT(why({"--type", "proportion"}), HasSubstr("baseline: is required"));
  EXPECT_THAT(why({"--type", "median", "--baseline", "1"}),
              HasSubstr("not among the choices (proportion, mean, ratio, quantile)"));
  EXPECT_THAT(why({"--type", "proportion", "--baseline", "x"}), HasSubstr("'x' is not a number"));
  EXPECT_THAT(why({"--type", "mean", "--baseline", "1", "--mde-relative", "0.1"}),
              HasSubstr("std_dev: is required"));
  EXPECT_THAT(why({"--type", "proportion", "--baseline", "0.5"}), HasSubstr("mde_relative"));
  EXPECT_THAT(why({"--type", "proportion", "--baseline", "0.5", "--mde-relative", "3"}),
              HasSubstr("rate would be 2"));
  EXPECT_THAT(why({"--type", "proportion", "--baseline", "0.5", "--mde-relative", "0.1", "--power",
                   "0.8", "--n-per-variant", "10"}),
              HasSubstr("leave out the one"));
  EXPECT_THAT(why({"--type", "proportion", "--baseline", "0.5", "--mde-relative", "0.1",
                   "--unique-units", "7"}),
              HasSubstr("DAY=UNITS"));
  EXPECT_THAT(why({"--type", "proportion", "--baseline", "0.5", "--treatments", "0"}),
              HasSubstr("treatments"));
  EXPECT_THAT(why({"--type", "proportion", "--baseline", "0.5", "--control-share", "2"}),
              HasSubstr("control-share"));
  EXPECT_THAT(why({fixed_file()}), HasSubstr("no metric has a baseline"));
  EXPECT_THAT(why({fixed_file(), "--baseline", "payd=1"}), HasSubstr("no metric 'payd'"));
}

}  // namespace
}  // namespace assay::cli
