#include "assay/cli/balance_command.h"

#include <map>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/cli/testing.h"

namespace assay::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class BalanceCommand : public testing::Test {
 protected:
  BalanceCommand() { plan(""); }

  void plan(const std::string& more) {
    files_.write("exp.yaml",
                 "id: schools\nunit: school\nallocation: {control: 50, treatment: 50}\n"
                 "metrics: {primary: [{name: marks, type: mean, event: exam}]}\n" +
                     more);
  }
  Ran assign(const std::string& csv, const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"assign", files_.file("exp.yaml"), "--units", "-"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return assay(arguments, csv);
  }
  // Twenty schools in four regions, every other one large.
  static std::string schools() {
    std::string csv = "school,region,size\n";
    for (int i = 0; i < 20; ++i) {
      csv += "s" + std::to_string(i) + ",r" + std::to_string(i / 5) + "," +
             (i % 2 == 0 ? "large" : "small") + "\n";
    }
    return csv;
  }

  const Files files_;
};

// The salt that it prints gives, in the plan, the table that it prints.
TEST_F(BalanceCommand, TheSaltInThePlanGivesTheTable) {
  const Ran found = assign(schools(), {"--balance", "region,size", "--salts", "2000", "--json"});
  ASSERT_EQ(found.status, 0) << found.err;
  const json table = json::parse(found.out);
  EXPECT_EQ(table["units"], 20);
  EXPECT_LT(table["imbalance"]["chosen"], table["imbalance"]["median"]);
  ASSERT_EQ(table["strata"].size(), 7U);
  EXPECT_EQ(table["strata"][6], json::parse(R"({"name": "all units",
                                               "units": {"control": 10, "treatment": 10}})"));
  plan("salt: " + table["salt"].dump() + "\n");
  const Ran assigned = assign(schools(), {});
  std::map<std::string, int> counts;
  std::istringstream lines(assigned.out);
  std::string line;
  for (int i = -1; std::getline(lines, line); ++i) {
    const bool treated = line.find(",treatment,") != std::string::npos;
    if (i >= 0 && treated) ++counts["region=r" + std::to_string(i / 5)];
    if (i >= 0 && treated) ++counts[i % 2 == 0 ? "size=large" : "size=small"];
  }
  for (const json& one : table["strata"]) {
    if (one["name"] == "all units") continue;
    EXPECT_EQ(counts[one["name"].get<std::string>()], one["units"]["treatment"].get<int>()) << one;
  }
}

TEST_F(BalanceCommand, PrintsATable) {
  const Ran found = assign(schools(), {"--balance", "region"});
  ASSERT_EQ(found.status, 0) << found.err;
  EXPECT_THAT(found.out, HasSubstr("salt: \"schools"));
  EXPECT_THAT(found.out, HasSubstr("the best of 1000 salts"));
  EXPECT_THAT(found.out, HasSubstr("20 units\n"));
  EXPECT_THAT(found.out, testing::ContainsRegex("all units +10 +10\n"));
  EXPECT_THAT(found.out, HasSubstr("region=r3"));
}

TEST_F(BalanceCommand, OnlyUnitsThatTheHashAssignsCount) {
  plan("overrides: {s0: treatment}\ntargeting: {attribute: size, equals: large}\n");
  const json table = json::parse(assign(schools(), {"--balance", "region", "--json"}).out);
  EXPECT_EQ(table["units"], 9);
  EXPECT_EQ(table["left_out"], 11);
}

TEST_F(BalanceCommand, SaysWhatIsWrong) {
  const auto complaint = [&](const std::string& csv, const std::string& columns) {
    const Ran outcome = assign(csv, {"--balance", columns});
    EXPECT_EQ(outcome.status, kBadInput) << outcome.out;
    return outcome.err;
  };
  EXPECT_THAT(complaint(schools(), "area"), HasSubstr("no column 'area' to balance"));
  EXPECT_THAT(complaint(schools(), "region,region"), HasSubstr("--balance names 'region' twice"));
  EXPECT_THAT(complaint("school,region\ns1,a\ns1,b\n", "region"), HasSubstr("'s1' is there twice"));
  EXPECT_THAT(complaint("school,region\ns1\n", "region"), HasSubstr("1 fields"));
  EXPECT_THAT(complaint("school,region\n", "region"), HasSubstr("no unit of the list is assigned"));
  EXPECT_THAT(complaint("", "region"), HasSubstr("no header"));
  EXPECT_THAT(complaint("school,region\n\"s1", "region"), HasSubstr("quote"));
  std::string many = "school,score\n";
  for (int i = 0; i < 1002; ++i) many += "s" + std::to_string(i) + "," + std::to_string(i) + "\n";
  EXPECT_THAT(complaint(many, "score"), HasSubstr("more than 1000 different values"));
  EXPECT_NE(assign(schools(), {"--balance", "region", "--salts", "0"}).status, 0);
  const std::string again = files_.file("exp.yaml");
  EXPECT_THAT(assign(schools(), {again, "--balance", "region"}).err, HasSubstr("one experiment"));
  plan("hash: eppo\n");
  EXPECT_THAT(complaint(schools(), "region"), HasSubstr("another tool's splits"));
  plan("switchback: {period: 1h}\n");
  EXPECT_THAT(complaint(schools(), "region"), HasSubstr("a salt for each period"));
}

TEST(SaltsOption, NeedsBalance) {
  const Ran ran = assay({"assign", "plan.yaml", "--units", "-", "--salts", "5"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_TRUE(ran.has("--salts requires --balance")) << ran.err;
}

}  // namespace
}  // namespace assay::cli
