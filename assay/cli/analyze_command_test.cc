#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/cli/testing.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// 2 variants × 400 units: every 10th buys under a, every 4th under b; spend is ten times that.
class Table : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream file(path());
    file << "id,arm,bought,spend\n";
    for (int i = 0; i < 800; ++i) {
      const bool b = i % 2 == 1, bought = (i / 2) % (b ? 4 : 10) == 0;
      file << i << ',' << (b ? 'b' : 'a') << ',' << bought << ',' << 10 * bought << '\n';
    }
  }

  std::string path() const { return files_.file("table.csv"); }
  std::vector<std::string> arguments(std::vector<std::string> more) const {
    std::vector<std::string> all{"analyze", "--table", path(), "--unit", "id", "--variant", "arm"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  const Files files_;
};

TEST_F(Table, GivesOneRowPerMetricAndTreatment) {
  const Ran ran =
      assay(arguments({"--metric", "bought:proportion", "--metric", "spend:mean", "--json"}));
  ASSERT_EQ(ran.status, 0) << ran.err;
  const Json rows = ran.json()["comparisons"];
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0]["control"], "a");
  EXPECT_NEAR(rows[0]["estimate"], 0.15, 1e-12);
  EXPECT_NEAR(rows[0]["relative"]["estimate"], 1.5, 1e-12);
  EXPECT_NEAR(rows[1]["estimate"], 1.5, 1e-12);
  // Spend is ten times the purchase, so its test is the same one.
  EXPECT_NEAR(rows[0]["p_value"].get<double>() / rows[1]["p_value"].get<double>(), 1, 1e-9);
  EXPECT_EQ(rows[0]["n"], 800);
}

TEST_F(Table, MethodsAndDirectionsAreTheCallers) {
  const Ran ran = assay(arguments({"--metric", "bought:proportion,decrease", "--method",
                                   "sequential", "--control", "b", "--json"}));
  ASSERT_EQ(ran.status, 0) << ran.err;
  const Json row = ran.json()["comparisons"][0];
  EXPECT_EQ(row["variant"], "a");
  EXPECT_EQ(row["direction"], "decrease");
  EXPECT_NEAR(row["estimate"], -0.15, 1e-12);
  EXPECT_TRUE(assay(arguments({"--metric", "bought:proportion", "--method", "bayesian", "--json"}))
                  .json()["comparisons"][0]
                  .contains("probability_better"));
}

TEST_F(Table, PlannedSharesAreChecked) {
  const Ran ran =
      assay(arguments({"--metric", "spend:mean", "--share", "a=1", "--share", "b=9", "--json"}));
  EXPECT_FALSE(ran.json()["trusted"].get<bool>());
}

TEST_F(Table, ShowsATableToPeople) {
  const Ran ran = assay(arguments({"--metric", "bought:proportion"}));
  EXPECT_NE(ran.out.find("+150.00 %"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("sample_ratio"), std::string::npos);
}

TEST_F(Table, EveryBadArgumentIsNamedAtOnce) {
  const Ran ran = assay(arguments({"--metric", "bought:proporton", "--metric", "spend", "--metric",
                                   "spend:ratio", "--metric", "spend:mean,cap=pp", "--metric",
                                   "spend:mean,per=bought", "--metric", "spend:mean,q=2"}));
  EXPECT_EQ(ran.status, 2);
  EXPECT_TRUE(ran.out.empty());
  for (const char* text :
       {"did you mean proportion?", "COLUMN:TYPE", "needs its denominator", "cap=pp is no cap",
        "only a ratio has a denominator", "\"q=2\" is no option"}) {
    EXPECT_NE(ran.err.find(text), std::string::npos) << text << "\n" << ran.err;
  }
}

TEST_F(Table, WrongWordsAreRefused) {
  const auto refused = [&](std::vector<std::string> more, const std::string& text) {
    more.insert(more.end(), {"--metric", "spend:mean"});
    const Ran ran = assay(arguments(more));
    EXPECT_EQ(ran.status, 2);
    EXPECT_NE(ran.err.find(text), std::string::npos) << ran.err;
  };
  refused({"--control", "c"}, "no row has the variant \"c\"");
  refused({"--method", "sequental"}, "did you mean sequential?");
  refused({"--correction", "none_at_all"}, "one of none, bonferroni");
  refused({"--alpha", "0"}, "0 is not between 0 and 1");
  refused({"--share", "z=1"}, "VARIANT=WEIGHT");
  refused({"--as-of", "soon"}, "\"soon\" is no time");
}

TEST_F(Table, AMissingFileOrColumnIsRefused) {
  EXPECT_EQ(assay({"analyze", "--table", "/nowhere.csv", "--variant", "arm", "--metric", "x:mean"})
                .status,
            2);
  const Ran ran = assay(arguments({"--metric", "spent:mean"}));
  EXPECT_EQ(ran.status, 2);
  EXPECT_NE(ran.err.find("spend"), std::string::npos) << ran.err;  // Did you mean …
}

TEST(Analyze, NeedsItsFiles) {
  EXPECT_EQ(assay({"analyze", "exp.yaml"}).status, 2);
  EXPECT_EQ(assay({"decide"}).status, 2);
}

// 90,189 players of a mobile game. Golden: scipy 1.17.1, ttest_ind(gate_40, gate_30,
// equal_var=False) on the same columns; for the last row with both columns cut at 3,000, which
// takes the one player with 49,854 rounds back to the crowd.
TEST(Analyze, CookieCats) {
  const std::string path = ASSAY_SOURCE_DIR "/../shared/data/cookie_cats.csv";
  if (!fs::exists(path)) GTEST_SKIP() << "cookie_cats.csv is not here";
  const Ran ran = assay({"analyze", "--table", path, "--unit", "userid", "--variant", "version",
                         "--control", "gate_30", "--metric", "retention_1:proportion", "--metric",
                         "retention_7:proportion", "--metric", "sum_gamerounds:mean", "--metric",
                         "sum_gamerounds:mean,cap=3000", "--json"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const Json rows = ran.json()["comparisons"];
  const std::vector<double> difference{-0.005905169787341458, -0.008201298315205913,
                                       -1.157488453953249, -0.10930053449015986};
  const std::vector<double> p{0.07441443713953834, 0.001556530181006654, 0.37592438409326173,
                              0.8735849096293886};
  for (std::size_t i = 0; i < p.size(); ++i) {
    EXPECT_NEAR(rows[i]["estimate"].get<double>() / difference[i], 1, 1e-9) << i;
    EXPECT_NEAR(rows[i]["p_value"].get<double>() / p[i], 1, 1e-9) << i;
  }
  EXPECT_NEAR(rows[1]["low"], -0.013281677028690975, 1e-13);
  EXPECT_NEAR(rows[1]["high"], -0.00312091960172085, 1e-13);
  EXPECT_TRUE(rows[1]["significant"].get<bool>());
  EXPECT_FALSE(rows[0]["significant"].get<bool>());
}

}  // namespace
}  // namespace assay::cli
