#include "assay/cli/stats_command.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "assay/cli/testing.h"

namespace assay::cli {
namespace {

TEST(StatsCommand, AnswersOnStandardOutput) {
  const Ran outcome = assay({"stats", "welch_t"},
                            R"({"control": {"n": 30, "mean": 10, "std_dev": 2},
                                       "treatment": {"n": 40, "mean": 11, "std_dev": 3}})");
  EXPECT_EQ(outcome.status, kOk);
  EXPECT_NE(outcome.out.find("\"p_value\":0.0994654"), std::string::npos) << outcome.out;
}

TEST(StatsCommand, ListsAndDescribes) {
  EXPECT_NE(assay({"stats", "--list"}).out.find("group_sequential"), std::string::npos);
  EXPECT_NE(assay({"stats", "--list", "--json"}).out.find("{\"methods\":["), std::string::npos);
  const Ran schema = assay({"stats", "--schema", "srm"});
  EXPECT_EQ(schema.status, kOk);
  EXPECT_NE(schema.out.find("\"shares\""), std::string::npos);
}

TEST(StatsCommand, TroubleHasItsStatus) {
  EXPECT_EQ(assay({"stats", "welch_q"}, "{}").status, kBadInput);
  EXPECT_EQ(assay({"stats", "--schema", "welch_q"}).status, kBadInput);
  EXPECT_EQ(assay({"stats"}).status, kBadInput);
  EXPECT_EQ(assay({"stats", "welch_t"}, "nonsense").status, kBadInput);
  const Ran undefined =
      assay({"stats", "welch_t"}, R"({"control": {"values": [1]}, "treatment": {"values": [2]}})");
  EXPECT_EQ(undefined.status, kFailed);
  EXPECT_NE(undefined.err.find("too_few_units"), std::string::npos);
}

// A sound request of every method, and what may be wrong with any: exit status 2, a message, and
// nothing on standard output.
TEST(StatsCommand, EveryMethodAnswersOrSaysWhatIsWrong) {
  int methods = 0;
  const std::filesystem::path folder = ASSAY_SOURCE_DIR "/tests/corpus/calculators";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path());
    std::string method;
    std::getline(file, method);
    std::string request;
    std::getline(file, request);
    const Ran sound = assay({"stats", method}, request);
    EXPECT_EQ(sound.status, kOk) << method << ": " << sound.err;
    const std::string open = request.substr(0, request.rfind('}'));
    for (const std::string& bad :
         {open + ", \"surplus\": 1}", open + ", \"alpha\": 1e999}", open + ", \"alpha\": NaN}",
          open, std::string("[]"), std::string()}) {
      const Ran refused = assay({"stats", method}, bad);
      EXPECT_EQ(refused.status, kBadInput) << method << " " << bad;
      EXPECT_FALSE(refused.err.empty()) << method;
    }
    ++methods;
  }
  EXPECT_GT(methods, 40);
}

}  // namespace
}  // namespace assay::cli
