// Every cell of {fixed, sequential, Bayesian} × {mean, proportion, ratio, quantile} × {CUPED or
// not} × {clustered or not} × {two variants, several}, as a user reaches it: `assay analyze
// --table`. Each is held against spec/golden/combinations.csv, and docs/methods/combinations.md
// must say the same.
#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/cli/testing.h"
#include "assay/stats/golden_test.h"

namespace assay::cli {
namespace {

using Json = nlohmann::json;

constexpr const char* kRows = ASSAY_SOURCE_DIR "/spec/golden/combinations_rows.csv";

std::string metric_words(const std::string& metric, bool cuped) {
  const std::string type = metric == "spend"    ? "mean"
                           : metric == "bought" ? "proportion"
                           : metric == "clicks" ? "ratio,per=views"
                                                : "quantile,q=0.75";
  return metric + ":" + type + (cuped ? ",covariate=before" : "");
}

std::vector<std::string> command(const std::string& metric, bool cuped, bool clustered,
                                 const std::string& method, const std::string& rows = kRows) {
  std::vector<std::string> words{"analyze",  "--table",  rows,
                                 "--unit",   "user",     "--variant",
                                 "variant",  "--metric", metric_words(metric, cuped),
                                 "--method", method,     "--json"};
  if (clustered) words.insert(words.end(), {"--cluster", "store"});
  return words;
}

Json answer(const std::vector<std::string>& words) {
  const Ran ran = assay(words);
  EXPECT_EQ(ran.status, 0) << ran.err;
  return Json::parse(ran.out.empty() ? "{}" : ran.out);
}

// The scorecard of one cell; each is drawn once.
const Json& card_of(const std::string& metric, bool cuped, bool clustered,
                    const std::string& method) {
  static std::map<std::vector<std::string>, Json> cards;
  const auto words = command(metric, cuped, clustered, method);
  const auto known = cards.find(words);
  return known != cards.end() ? known->second : cards.emplace(words, answer(words)).first->second;
}

// The comparison of one treatment, or null.
Json comparison(const Json& card, const std::string& variant) {
  for (const Json& each : card.value("comparisons", Json::array())) {
    if (each["variant"] == variant) return each;
  }
  return nullptr;
}

TEST(Combinations, EveryCellAgreesWithItsDefinition) {
  stats::testing::GoldenTable table("combinations");
  std::set<std::string> cells;
  for (std::size_t row = 0; row < table.size(); ++row) {
    const bool cuped = table.integer(row, "cuped") != 0;
    const bool clustered = table.integer(row, "clustered") != 0;
    const std::string metric = table.text(row, "metric"), method = table.text(row, "method");
    cells.insert(metric + method + std::to_string(cuped) + std::to_string(clustered));
    const Json& card = card_of(metric, cuped, clustered, method);
    const Json found = comparison(card, table.text(row, "variant"));
    ASSERT_TRUE(found.is_object()) << card.dump();
    const auto number = [&](const Json& from, const char* key) {
      return from.contains(key) && from[key].is_number() ? from[key].get<double>() : NAN;
    };
    const double error = table.number(row, "std_error");
    table.compare(row, "estimate", number(found, "estimate"), error);
    table.compare(row, "std_error", number(found, "std_error"));
    table.compare(row, "low", number(found, "low"), error);
    table.compare(row, "high", number(found, "high"), error);
    table.compare(row, "relative_low", number(found["relative"], "low"), 1e-2);
    table.compare(row, "relative_high", number(found["relative"], "high"), 1e-2);
    const char* evidence = method == "bayesian" ? "probability_better" : "p_value";
    table.compare(row, evidence, number(found, evidence));
    EXPECT_EQ(found["method"].get<std::string>().find("cuped") != std::string::npos, cuped);
  }
  EXPECT_EQ(cells.size(), 4u * 3 * 2 * 2);
}

std::string calculator_answer(const std::string& method, const Json& request) {
  const Ran ran = assay({"stats", method}, request.dump());
  EXPECT_EQ(ran.status, 0) << ran.err;
  return ran.out;
}

// Any cell of a scorecard goes on to the calculators for planned looks and for a horizon.
TEST(Combinations, EveryFixedCellFeedsThePlannedLooksAndTheHorizon) {
  stats::testing::GoldenTable table("combinations");
  for (std::size_t row = 0; row < table.size(); ++row) {
    if (table.text(row, "method") != "fixed") continue;
    const bool cuped = table.integer(row, "cuped") != 0;
    const bool clustered = table.integer(row, "clustered") != 0;
    const Json& card = card_of(table.text(row, "metric"), cuped, clustered, "fixed");
    const Json found = comparison(card, table.text(row, "variant"));
    ASSERT_TRUE(found.is_object()) << card.dump();
    const double error = found["std_error"].get<double>();
    const double z = found["estimate"].get<double>() / error;
    const Json horizon = Json::parse(calculator_answer(
        "sequentialized",
        {{"estimate", found["estimate"]}, {"std_error", error}, {"early_share", 0}}));
    EXPECT_NEAR(horizon["p_value"].get<double>(), std::erfc(std::abs(z) / std::sqrt(2.0)), 1e-12);
    const Json looks = Json::parse(calculator_answer(
        "group_sequential", {{"information", {0.5, 1}}, {"z", z}, {"std_error", error}}));
    // Crossing at the first look counts too.
    EXPECT_GE(looks["stagewise_p"].get<double>(), horizon["p_value"].get<double>() - 1e-12);
    EXPECT_LT(looks["effect"]["low"].get<double>(), looks["effect"]["high"].get<double>());
  }
}

// A number, or a reason with its code and its sentence: never neither.
TEST(Combinations, EveryCellOfAThinTableSaysWhy) {
  const Files files;
  const std::string head = "user,store,variant,bought,spend,clicks,views,latency,before\n";
  const std::vector<std::string> tables = {
      // One unit each; constant numbers; no views and no covariate at all.
      "1,1,a,0,3,1,2,100,4\n2,2,b,1,4,1,3,120,\n",
      "1,1,a,1,3,1,2,100,4\n2,2,a,1,3,1,2,100,4\n3,3,b,1,3,1,2,100,4\n4,4,b,1,3,1,2,100,4\n",
      "1,1,a,0,3,0,0,90,\n2,2,a,1,5,0,0,91,\n3,3,b,0,2,0,0,92,\n4,4,b,1,9,0,0,99,\n"};
  for (const std::string& rows : tables) {
    const std::string path = files.write("thin.csv", head + rows);
    for (const char* metric : {"spend", "bought", "clicks", "latency"}) {
      for (const char* method : {"fixed", "sequential", "bayesian"}) {
        for (const int cell : {0, 1, 2, 3}) {
          const Json card = answer(command(metric, cell % 2 != 0, cell >= 2, method, path));
          const Json found = comparison(card, "b");
          ASSERT_TRUE(found.is_object()) << card.dump();
          const bool number = found.contains("estimate") && found["estimate"].is_number();
          const bool reason = found.contains("undefined") && found["text"].is_string();
          EXPECT_NE(number, reason) << metric << method << cell << found.dump();
        }
      }
    }
  }
}

std::string words_of(const std::string& metric) {
  if (metric == "spend") return "mean";
  if (metric == "bought") return "proportion";
  return metric == "clicks" ? "ratio" : "quantile";
}

// The table of docs/methods/combinations.md names what each cell answered here.
TEST(Combinations, TheDocumentedTableIsTrue) {
  std::ifstream file(ASSAY_SOURCE_DIR "/docs/methods/combinations.md");
  std::stringstream text;
  text << file.rdbuf();
  for (const char* metric : {"spend", "bought", "clicks", "latency"}) {
    for (const int cell : {0, 1, 2, 3}) {
      const bool cuped = cell % 2 != 0, clustered = cell >= 2;
      std::string line = "| " + words_of(metric) + " | " + (cuped ? "CUPED" : "–") + " | " +
                         (clustered ? "clusters" : "units") + " |";
      for (const char* method : {"fixed", "sequential", "bayesian"}) {
        const Json found = comparison(card_of(metric, cuped, clustered, method), "c");
        const bool number = found["low"].is_number();
        line += " `" + found["method"].get<std::string>() + "`" + (number ? "" : " ?") + " |";
      }
      EXPECT_NE(text.str().find(line), std::string::npos) << line;
    }
  }
}

TEST(Combinations, AClusterLiesInOneVariantAndIsNamed) {
  const Files files;
  const std::string path =
      files.write("clusters.csv", "store,variant,spend\n1,a,3\n1,b,4\n,a,5\n2,b,5\n");
  const auto by = [&](const std::string& cluster) {
    return assay({"analyze", "--table", path, "--variant", "variant", "--metric", "spend:mean",
                  "--cluster", cluster});
  };
  const Ran ran = by("store");
  EXPECT_NE(ran.status, 0);
  EXPECT_TRUE(ran.has("cluster \"1\" is in two variants")) << ran.err;
  EXPECT_TRUE(ran.has("the cluster is missing")) << ran.err;
  const Ran misspelt = by("stoer");
  EXPECT_NE(misspelt.status, 0);
  EXPECT_TRUE(misspelt.has("did you mean store?")) << misspelt.err;
}

TEST(Combinations, FewClustersAreAWarning) {
  std::string rows = "store,variant,spend\n";
  for (int i = 0; i < 24; ++i) {
    rows += std::to_string(i / 2) + (i % 4 < 2 ? ",a," : ",b,") + std::to_string(i) + "\n";
  }
  const Files files;
  const std::string path = files.write("few.csv", rows);
  const Json card = answer({"analyze", "--table", path, "--variant", "variant", "--metric",
                            "spend:mean", "--cluster", "store", "--json"});
  const Json found = comparison(card, "b");
  EXPECT_EQ(found["n_control"], 6);
  EXPECT_NE(found["warnings"].dump().find("Only 6 clusters"), std::string::npos) << found.dump();
}

}  // namespace
}  // namespace assay::cli
