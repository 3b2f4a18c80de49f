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

TEST(Log, KnowsItsLevels) {
  EXPECT_FALSE(set_log_level("loud"));
  EXPECT_TRUE(set_log_level("debug"));
  EXPECT_TRUE(set_log_level("info"));
}

}  // namespace
}  // namespace assay::serve
