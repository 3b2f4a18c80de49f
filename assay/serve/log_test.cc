#include "assay/serve/log.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace assay::serve {
namespace {

TEST(Log, IsJsonWhateverItSays) {
  const std::string line =
      "{" + log_members("odd \"event\"", {{"error", "line\nbreak \xff"}}) + "}";
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json["event"], "odd \"event\"");
  EXPECT_EQ(json["error"], "line\nbreak \xEF\xBF\xBD");
}

TEST(SeldomLog, TellsACauseOnceAMinuteAndThenHowOftenItWasLeftOut) {
  SeldomLog log;
  const auto due = [&](const char* event, const char* error, std::int64_t second) {
    return log.is_due(event, error, {second * kMicrosPerSecond});
  };
  EXPECT_EQ(due("lost", "disk full", 1000), 0);
  EXPECT_EQ(due("lost", "disk full", 1001), std::nullopt);
  EXPECT_EQ(due("lost", "disk full", 1059), std::nullopt);
  EXPECT_EQ(due("lost", "locked", 1059), 0) << "another cause";
  EXPECT_EQ(due("not_recalled", "disk full", 1059), 0) << "another event";
  EXPECT_EQ(due("lost", "disk full", 1060), 2);
  EXPECT_EQ(due("lost", "disk full", 1061), std::nullopt);
  EXPECT_EQ(due("lost", "disk full", 1200), 1);
  EXPECT_EQ(due("lost", "disk full", 500), 0) << "the clock was set back";
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(due("lost", std::to_string(i).c_str(), 2000), 0) << "bounded, and still told";
  }
}

TEST(Log, KnowsItsLevels) {
  EXPECT_FALSE(set_log_level("loud"));
  EXPECT_TRUE(set_log_level("debug"));
  EXPECT_TRUE(set_log_level("info"));
}

}  // namespace
}  // namespace assay::serve
