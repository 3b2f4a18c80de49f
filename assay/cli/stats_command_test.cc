#include "assay/cli/stats_command.h"

#include <sstream>

#include <gtest/gtest.h>

#include "assay/cli/cli.h"

namespace assay::cli {
namespace {

struct Outcome {
  int status = 0;
  std::string out;
  std::string err;
};

Outcome run_with(const std::vector<std::string>& arguments, const std::string& input = "") {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  const int status = run(arguments, {in, out, err});
  return {status, out.str(), err.str()};
}

TEST(StatsCommand, AnswersOnStandardOutput) {
  const Outcome outcome = run_with({"stats", "welch_t"},
                                   R"({"control": {"n": 30, "mean": 10, "std_dev": 2},
                                       "treatment": {"n": 40, "mean": 11, "std_dev": 3}})");
  EXPECT_EQ(outcome.status, kOk);
  EXPECT_NE(outcome.out.find("\"p_value\":0.0994654"), std::string::npos) << outcome.out;
}

TEST(StatsCommand, ListsAndDescribes) {
  EXPECT_NE(run_with({"stats", "--list"}).out.find("group_sequential"), std::string::npos);
  EXPECT_NE(run_with({"stats", "--list", "--json"}).out.find("{\"methods\":["), std::string::npos);
  const Outcome schema = run_with({"stats", "--schema", "srm"});
  EXPECT_EQ(schema.status, kOk);
  EXPECT_NE(schema.out.find("\"shares\""), std::string::npos);
}

TEST(StatsCommand, TroubleHasItsStatus) {
  EXPECT_EQ(run_with({"stats", "welch_q"}, "{}").status, kBadInput);
  EXPECT_EQ(run_with({"stats", "--schema", "welch_q"}).status, kBadInput);
  EXPECT_EQ(run_with({"stats"}).status, kBadInput);
  EXPECT_EQ(run_with({"stats", "welch_t"}, "nonsense").status, kBadInput);
  const Outcome undefined = run_with(
      {"stats", "welch_t"}, R"({"control": {"values": [1]}, "treatment": {"values": [2]}})");
  EXPECT_EQ(undefined.status, kFailed);
  EXPECT_NE(undefined.err.find("too_few_units"), std::string::npos);
}

}  // namespace
}  // namespace assay::cli
