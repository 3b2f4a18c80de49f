
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/cli/testing.h"

namespace assay::cli {
namespace {

using Json = nlohmann::json;

class TwoSided : public testing::Test {
 protected:
  TwoSided() {
    // 100, 100, 90 and 110 requests, of which 20, 30, 25 and 55 are booked: the first row of
    // spec/golden/interaction.csv.
    std::string text = "request,buyer,seller,booked\n";
    int id = 0;
    const auto add = [&](const char* buyer, const char* seller, int n, int booked) {
      for (int i = 0; i < n; ++i) {
        text += std::to_string(++id) + "," + buyer + "," + seller + (i < booked ? ",1\n" : ",0\n");
      }
    };
    add("control", "control", 100, 20);
    add("new", "control", 100, 30);
    add("control", "new", 90, 25);
    add("new", "new", 110, 55);
    path_ = written("requests.csv", text);
  }
  Ran analyze(std::vector<std::string> more, const std::string& path = {}) const {
    std::vector<std::string> all = {"analyze", "--table", path.empty() ? path_ : path};
    all.insert(all.end(), more.begin(), more.end());
    return assay(all);
  }
  const std::vector<std::string> question_ = {
      "--unit", "request", "--variant", "buyer", "--by", "seller", "--metric", "booked:proportion"};
  std::vector<std::string> with(std::vector<std::string> more) const {
    more.insert(more.begin(), question_.begin(), question_.end());
    return more;
  }
  std::string path_;
};

TEST_F(TwoSided, GivesTheFourCellsTheirEffectsAndTheInteraction) {
  const Ran ran = analyze(with({"--json"}));
  ASSERT_EQ(ran.status, 0) << ran.err;
  const Json metric = Json::parse(ran.out)["metrics"][0];
  EXPECT_EQ(metric["cells"].size(), 4U);
  EXPECT_EQ(metric["cells"][1]["cell"], "buyer=new seller=control");
  EXPECT_DOUBLE_EQ(metric["cells"][1]["mean"].get<double>(), 0.3);
  const Json& effects = metric["effects"];
  EXPECT_NEAR(effects[0]["estimate"].get<double>(), 0.1, 1e-12);
  EXPECT_NEAR(effects[2]["estimate"].get<double>(), 0.3, 1e-12);
  EXPECT_EQ(effects[3]["effect"], "interaction");
  // statsmodels, spec/golden/interaction.csv.
  EXPECT_NEAR(effects[3]["estimate"].get<double>(), 0.12222222222222223, 1e-12);
  EXPECT_NEAR(effects[3]["p_value"].get<double>(), 0.18013243268064236, 1e-9);
  EXPECT_NEAR(metric["independence_p_value"].get<double>(), 0.3167048239469161, 1e-9);
  const Ran text = analyze(question_);
  EXPECT_TRUE(text.has("buyer=control seller=new")) << text.out;
  EXPECT_FALSE(text.has("NOT TRUSTED")) << text.out;
}

TEST_F(TwoSided, SaysWhyACellHasNoAnswer) {
  const std::string empty = written(
      "empty.csv",
      "request,buyer,seller,booked\n1,control,control,1\n2,new,control,0\n3,control,new,1\n");
  const Ran ran = analyze(question_, empty);
  EXPECT_EQ(ran.status, 0);
  EXPECT_TRUE(ran.has("none: ")) << ran.out;
}

TEST_F(TwoSided, RefusesWhatIsNoPairOfExperiments) {
  const std::string three = written("three.csv",
                                    "request,buyer,seller,booked\n"
                                    "1,a,control,1\n2,b,control,0\n3,c,new,1\n");
  const Ran many = analyze(question_, three);
  EXPECT_EQ(many.status, 2);
  EXPECT_TRUE(many.has("buyer: has 3 values")) << many.err;
  EXPECT_TRUE(many.has("found: a, b, c")) << many.err;
  const Ran control = analyze(with({"--control", "old"}));
  EXPECT_TRUE(control.has("no row has \"old\"")) << control.err;
  const Ran words = analyze(with({"--metric", "booked:ratio,per=request", "--cluster", "buyer",
                                  "--method", "sequential", "--share", "new=1", "--alpha", "2"}));
  EXPECT_EQ(words.status, 2);
  for (const char* part : {"only means", "--cluster", "--method", "--share", "--alpha"}) {
    EXPECT_TRUE(words.has(part)) << part << words.err;
  }
  EXPECT_EQ(analyze({"--by", "seller", "--metric", "booked:proportion"}).status, 2);
  const Ran column = analyze({"--variant", "buyer", "--by", "sellr", "--metric", "booked:mean"});
  EXPECT_TRUE(column.has("did you mean seller?")) << column.err;
  EXPECT_EQ(assay({"analyze", "--by", "x"}).status, 2);
}

}  // namespace
}  // namespace assay::cli
