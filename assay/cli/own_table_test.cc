#include "assay/cli/own_table.h"

#include <cmath>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/base/random.h"
#include "assay/cli/testing.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// 400 people in 50 shops, whose levels they share; a few spend very much.
class OwnTable : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream file(path());
    file << "id,shop,past,won,score,before,views,spent\n";
    Random random(5);
    for (int i = 0; i < 400; ++i) {
      const int shop = i / 8;
      const double level = std::sin(shop);
      const double before = level + random.normal();
      const double score = before + random.normal();
      file << 'u' << i << ",s" << shop << ',' << (i % 4 == 0 ? "new" : "old") << ','
           << (score > 0.5 ? 1 : 0) << ',' << score << ',' << before << ',' << 1 + random.poisson(3)
           << ',' << (i % 50 == 0 ? 100 + i : 0) << '\n';
    }
  }

  std::string path() const { return files_.file("units.csv"); }
  Ran aa(const std::vector<std::string>& more) const {
    std::vector<std::string> all{"simulate", "aa", "--table", path(), "--unit", "id"};
    all.insert(all.end(), more.begin(), more.end());
    return assay(std::move(all));
  }

  const Files files_;
};

TEST_F(OwnTable, ATestThatIsRightKeepsItsPromise) {
  const Ran ran = aa({"--metric", "score:mean,covariate=before", "--metric", "won:proportion",
                      "--metric", "score:ratio,per=views", "--runs", "400"});
  EXPECT_EQ(ran.status, kOk) << ran.out << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("won: 400 units of "), HasSubstr("50 % treated, no effect"),
                             HasSubstr("keeps its promise"), Not(HasSubstr("What helps"))));
}

TEST_F(OwnTable, TheNumbersComeWithTheirErrors) {
  const Ran ran = aa({"--metric", "score:mean", "--runs", "300", "--seed", "3", "--json"});
  const Json study = Json::parse(ran.out)["studies"][0];
  EXPECT_EQ(study["study"], "score");
  EXPECT_EQ(study["units"], 400);
  EXPECT_EQ(study["rows"].size(), 12U);  // Four measures of three methods.
  const Json alarms = study["rows"][0];
  EXPECT_EQ(alarms["method"], "fixed_horizon");
  EXPECT_EQ(alarms["measure"], "false_positives");
  EXPECT_EQ(alarms["promise"], "exactly");
  const double rate = alarms["mean"];
  EXPECT_NEAR(alarms["std_error"], std::sqrt(rate * (1 - rate) / 300), 1e-12);
  EXPECT_EQ(alarms["p_histogram"].size(), 20U);
  EXPECT_GT(alarms["uniformity_p"], 0.001);
  EXPECT_EQ(aa({"--metric", "score:mean", "--runs", "300", "--seed", "3", "--json"}).out, ran.out);
  EXPECT_NE(aa({"--metric", "score:mean", "--runs", "300", "--json"}).out, ran.out);
}

// The median of so few moves in steps: at most as many alarms as promised, p-values uneven.
TEST_F(OwnTable, QuantilesAreRandomizedToo) {
  const Ran ran = aa({"--metric", "score:quantile,q=0.5", "--runs", "200", "--json"});
  const Json rows = Json::parse(ran.out)["studies"][0]["rows"];
  EXPECT_GT(rows[0]["mean"], 0);
  EXPECT_LT(rows[0]["mean"], 0.1);
}

// Eight of 400 spend anything, and 20 are treated: no t test is right here.
TEST_F(OwnTable, ATestThatLiesIsCaught) {
  const Ran ran = aa({"--metric", "spent:mean", "--treatment-share", "0.05", "--runs", "400"});
  EXPECT_EQ(ran.status, kFailed);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("5 % treated"), HasSubstr("CLAIMS TOO OFTEN, above 0."),
                             HasSubstr("What helps")));
}

TEST_F(OwnTable, PeekingAtAFixedTestPromisesNothing) {
  const Ran ran = aa({"--metric", "score:mean", "--looks", "10", "--runs", "200", "--json"});
  EXPECT_EQ(ran.status, kOk) << ran.out;
  const Json rows = Json::parse(ran.out)["studies"][0]["rows"];
  ASSERT_EQ(rows.size(), 6U);
  EXPECT_EQ(rows[0]["promise"], "none");
  EXPECT_GT(rows[0]["mean"], 0.11);
  EXPECT_EQ(rows[0]["by_look"].size(), 10U);
  EXPECT_EQ(rows[2]["method"], "sequential");
  EXPECT_LT(rows[2]["mean"], 0.05);
}

// Whole shops get a variant: their people never differ in it, and errors know it.
TEST_F(OwnTable, ClustersAreRandomizedWhole) {
  const Ran shops = aa({"--cluster", "shop", "--metric", "score:mean", "--runs", "400"});
  EXPECT_EQ(shops.status, kOk) << shops.out;
  EXPECT_THAT(shops.out, AllOf(HasSubstr("50 clusters of "), HasSubstr("no answer in any run")));
  const Ran past = aa({"--variant", "past", "--control", "new", "--metric", "score:mean", "--runs",
                       "20", "--json"});
  EXPECT_EQ(Json::parse(past.out)["studies"][0]["units"], 100);
}

TEST_F(OwnTable, BadInputSaysWhatIsWrong) {
  const auto error = [&](const std::vector<std::string>& more) {
    const Ran ran = aa(more);
    EXPECT_EQ(ran.status, kBadInput) << ran.out;
    return ran.err;
  };
  EXPECT_THAT(error({}), HasSubstr("--metric: at least one metric is needed"));
  EXPECT_THAT(error({"--metric", "scores:mean"}),
              HasSubstr("there is no column \"scores\" (did you mean score?)"));
  EXPECT_THAT(error({"--metric", "score:proportion"}), HasSubstr("is neither 0 nor 1"));
  EXPECT_THAT(
      error({"--metric", "score:mean", "--runs", "1", "--looks", "0", "--treatment-share", "1.5"}),
      AllOf(HasSubstr("--runs: runs must be between 2 and"), HasSubstr("--looks: "),
            HasSubstr("--treatment-share: 1.5 is not a share")));
  EXPECT_THAT(error({"--metric", "score:mean", "--looks", "401"}),
              HasSubstr("there are 400 units to randomize"));
  EXPECT_THAT(error({"--metric", "score:mean", "--variant", "past", "--control", "neww"}),
              HasSubstr("no row has past \"neww\""));
  EXPECT_THAT(error({"--metric", "score:mean", "--alpha", "0"}), HasSubstr("--alpha: "));
  EXPECT_THAT(error({"--metric", "score:mean", "--law", "normal"}),
              HasSubstr("--law excludes --table"));
  EXPECT_THAT(assay({"simulate", "methods", "--table", path()}).err,
              HasSubstr("--table: methods reads no table"));
  EXPECT_THAT(assay({"simulate", "aa", "--table", path() + "x", "--metric", "score:mean"}).err,
              HasSubstr("there is no file"));
}

// A few giants make the t test of the plain mean shy and its p-values uneven; capped it is right.
TEST(OwnTableRevenue, ACapMendsTheTestOfRevenue) {
  const std::string path = ASSAY_SOURCE_DIR "/../shared/data/ab_revenue.csv";
  if (!fs::exists(path)) GTEST_SKIP() << "../shared/data/ab_revenue.csv is absent";
  const auto status = [&](const char* metric) {
    return assay({"simulate", "aa", "--table", path, "--metric", metric, "--runs", "600"}).status;
  };
  EXPECT_EQ(status("REVENUE:mean"), kFailed);
  EXPECT_EQ(status("REVENUE:mean,cap=p99.9"), kOk);
}

}  // namespace
}  // namespace assay::cli
