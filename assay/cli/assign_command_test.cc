#include "assay/cli/assign_command.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/base/hash.h"
#include "assay/cli/cli.h"

namespace assay::cli {
namespace {

using nlohmann::json;

constexpr const char* kPlan = R"(
experiment:
  id: ranker_v2
  allocation: {control: 50, treatment: 50}
  targeting:
    all:
      - {attribute: country, in: [IN, US]}
      - {attribute: age, at_least: 18}
  overrides: {tester: treatment}
  metrics:
    primary: [{name: clicks, type: count}]
)";

struct Outcome {
  int status;
  std::string out;
  std::string err;
};

class AssignCommand : public testing::Test {
 protected:
  AssignCommand() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(testing::TempDir()) / (std::string("assign_") + test->name());
    std::filesystem::create_directories(folder_);
    write("exp.yaml", kPlan);
  }
  ~AssignCommand() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }
  Outcome assign(const std::string& csv, std::vector<std::string> more = {}) {
    const std::string units = write("units.csv", csv);
    std::vector<std::string> arguments = {"assign", (folder_ / "exp.yaml").string(), "--units",
                                          units};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run_with(arguments, "");
  }
  static Outcome run_with(const std::vector<std::string>& arguments, const std::string& input) {
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    const int status = run(arguments, {in, out, err});
    return {status, out.str(), err.str()};
  }
  static std::string variant(std::string_view unit) {
    return scale(draw(unit_digest(unit), salt_digest("ranker_v2")), 2) == 0 ? "control"
                                                                            : "treatment";
  }

  std::filesystem::path folder_;
};

TEST_F(AssignCommand, WritesUnitVariantReason) {
  const Outcome result = assign(
      "country,user,age\nIN,u1,20\nUK,u2,20\nIN,u3,17\nIN,u4,\n,tester,\nIN,,20\nUS,\"a,b\",18\n");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, "unit,variant,reason\nu1," + variant("u1") +
                            ",split\nu2,,targeting\nu3,,targeting\nu4,,targeting\n"
                            "tester,treatment,override\n,,no_unit\n\"a,b\"," +
                            variant("a,b") + ",split\n");
}

TEST_F(AssignCommand, FindsTheColumnOfIds) {
  EXPECT_NE(assign("country,unit,age\nIN,u1,20\n").out.find("u1," + variant("u1") + ",split"),
            std::string::npos);
  EXPECT_NE(assign("id,country,age\nu1,IN,20\n").out.find("u1," + variant("u1") + ",split"),
            std::string::npos);
}

TEST_F(AssignCommand, WritesJson) {
  const Outcome result = assign("user,country,age\nu1,IN,20\n\"\xff\",UK,1\n", {"--json"});
  EXPECT_EQ(result.status, 0) << result.err;
  const json answer = json::parse(result.out);
  EXPECT_EQ(answer["experiment"], "ranker_v2");
  EXPECT_EQ(answer["fingerprint"].get<std::string>().size(), 64U);
  EXPECT_EQ(
      answer["assignments"][0],
      (json{{"unit", "u1"}, {"variant", variant("u1")}, {"propensity", 0.5}, {"reason", "split"}}));
  EXPECT_EQ(answer["assignments"][1]["reason"], "targeting");
}

TEST_F(AssignCommand, ReadsStandardInput) {
  const Outcome result = run_with({"assign", (folder_ / "exp.yaml").string(), "--units", "-"},
                                  "user,country,age\nu1,IN,20\n");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("u1,"), std::string::npos);
}

TEST_F(AssignCommand, NamesBadRowsAndKeepsTheRest) {
  const Outcome result = assign("user,country,age\nu1,IN\nu2,IN,20\nu3,IN,20,4\n\"u4");
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.out.find("u2,"), std::string::npos);
  EXPECT_NE(result.err.find("units.csv:2:1: error: 2 fields, but the header has 3"),
            std::string::npos)
      << result.err;
  EXPECT_NE(result.err.find("units.csv:4:"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("a quoted field has no end"), std::string::npos) << result.err;
}

TEST_F(AssignCommand, RefusesWhatItCannotUse) {
  EXPECT_EQ(assign("").status, 2);
  const std::string units = write("units.csv", "user\nu\n");
  EXPECT_EQ(run_with({"assign", (folder_ / "none.yaml").string(), "--units", units}, "").status, 2);
  EXPECT_EQ(run_with({"assign", (folder_ / "exp.yaml").string(), "--units",
                      (folder_ / "none.csv").string()},
                     "")
                .status,
            2);
  EXPECT_EQ(run_with({"assign", (folder_ / "exp.yaml").string()}, "").status, 2);
  EXPECT_EQ(run_with({"assign", (folder_ / "exp.yaml").string(), "--units", "-"}, "").status, 2);
}

}  // namespace
}  // namespace assay::cli
