
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/cli/testing.h"

namespace assay::cli {
namespace {

using Json = nlohmann::json;

std::string request(const std::string& id, const std::string& more = {}) {
  return R"({"request":")" + id + R"(","unit":"u,1","salt":"s")" + more +
         R"(,"rankings":{"control":["a","b"],"treatment":["c","d"]}})" + "\n";
}

TEST(InterleaveCommand, WritesTheLogOfWhatToShow) {
  const Ran ran = assay({"interleave", "-"}, request("q1") + "\n" + request("q2"));
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out.substr(0, 35), "impression,unit,position,item,team\n");
  EXPECT_TRUE(ran.has("q1,\"u,1\",1,")) << ran.out;
  EXPECT_EQ(std::count(ran.out.begin(), ran.out.end(), '\n'), 9);
  const Ran ranks = assay({"interleave", "-"}, request("q1", R"(,"scheme":"balanced")"));
  EXPECT_TRUE(ranks.has("position,item,control_rank,treatment_rank")) << ranks.out;
  const Ran json = assay({"interleave", "-", "--json"}, request("q1"));
  EXPECT_EQ(Json::parse(json.out)["items"].size(), 4U);
}

TEST(InterleaveCommand, NamesTheLineThatCannotBeUsed) {
  const Ran ran =
      assay({"interleave", "-"}, request("q1") + "{}\n" + request("q2", R"(,"scheme":"balanced")"));
  EXPECT_EQ(ran.status, 2);
  EXPECT_TRUE(ran.has("-:2: error: request: is missing")) << ran.err;
  EXPECT_TRUE(ran.has("-:3: error: scheme: is not that of the lines before")) << ran.err;
  EXPECT_EQ(assay({"interleave", "/no/such/file"}).status, 2);
  EXPECT_EQ(assay({"interleave"}).status, 2);
}

// 80 people with one impression each: 40 click the treatment's item, 20 the control's, 20 none.
class ImpressionLog : public testing::Test {
 protected:
  static std::string impressions(bool treatment_always_first = false) {
    std::string text = "impression,unit,position,item,team\n";
    for (int i = 0; i < 80; ++i) {
      const std::string id = "i" + std::to_string(i), head = id + ",u" + std::to_string(i);
      const bool treatment = treatment_always_first || i % 2 == 0;
      text += head + ",1," + (treatment ? "t,treatment\n" : "c,control\n");
      text += head + ",2," + (treatment ? "c,control\n" : "t,treatment\n");
    }
    return written(treatment_always_first ? "first.csv" : "shown.csv", text);
  }
  static std::string clicks() {
    std::string text = "impression,item\n";
    for (int i = 0; i < 60; ++i) text += "i" + std::to_string(i) + (i < 40 ? ",t\n" : ",c\n");
    return written("clicks.csv", text + "i1,elsewhere\n");
  }
};

TEST_F(ImpressionLog, GivesThePreferenceAndItsInterval) {
  const Ran ran =
      assay({"analyze", "--impressions", impressions(), "--clicks", clicks(), "--json"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const Json card = Json::parse(ran.out);
  EXPECT_EQ(card["wins"], 40);
  EXPECT_EQ(card["losses"], 20);
  EXPECT_EQ(card["ties"], 20);
  EXPECT_EQ(card["unknown_clicks"], 1);
  EXPECT_EQ(card["first_place"]["trusted"], true);
  // (40 + 10)/80 - 1/2; scipy.stats.ttest_1samp of the scores; binomtest(40, 60).
  EXPECT_DOUBLE_EQ(card["preference"]["estimate"], 0.125);
  EXPECT_NEAR(card["preference"]["p_value"], 0.008959676643695697, 1e-12);
  EXPECT_NEAR(card["preference"]["sign_test"]["p_value"], 0.01348929373119186, 1e-12);
  const Ran text = assay({"analyze", "--impressions", impressions(), "--clicks", clicks()});
  EXPECT_TRUE(text.has("treatment wins 40, loses 20, ties 20")) << text.out;
  EXPECT_TRUE(text.has("1 of 61 clicks are on nothing that was shown")) << text.out;
  EXPECT_FALSE(text.has("NOT TRUSTED"));
  const Ran bayes = assay(
      {"analyze", "--impressions", impressions(), "--clicks", clicks(), "--method", "bayesian"});
  EXPECT_TRUE(bayes.has("P(up) 0.99")) << bayes.out;
  EXPECT_FALSE(bayes.has("sign test")) << "it is of one look";
}

TEST_F(ImpressionLog, DistrustsListsThatOneRankingLeads) {
  const Ran ran = assay({"analyze", "--impressions", impressions(true), "--clicks", clicks()});
  EXPECT_EQ(ran.out.substr(0, 11), "NOT TRUSTED") << ran.out;
}

TEST_F(ImpressionLog, SaysWhyThereIsNoPreference) {
  const std::string none = written("none.csv", "impression,item\n");
  const Ran ran = assay({"analyze", "--impressions", impressions(), "--clicks", none});
  EXPECT_EQ(ran.status, 0);
  EXPECT_TRUE(ran.has("preference   none: all 80 units have the same preference")) << ran.out;
}

TEST_F(ImpressionLog, RefusesWhatItCannotUse) {
  EXPECT_EQ(assay({"analyze", "--impressions", impressions()}).status, 2);
  const Ran words = assay({"analyze", "--impressions", impressions(), "--clicks", clicks(),
                           "--method", "magic", "--alpha", "2"});
  EXPECT_EQ(words.status, 2);
  EXPECT_TRUE(words.has("--method") && words.has("--alpha")) << words.err;
  const Ran swapped = assay({"analyze", "--impressions", clicks(), "--clicks", impressions()});
  EXPECT_EQ(swapped.status, 2);
  EXPECT_TRUE(swapped.has("position: no column for it")) << swapped.err;
}

}  // namespace
}  // namespace assay::cli
