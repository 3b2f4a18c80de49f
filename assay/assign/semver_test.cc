#include "assay/assign/semver.h"

#include <gtest/gtest.h>

namespace assay::assign {
namespace {

// The order of item 11.4 of semver.org 2.0.0, and the lines before it.
TEST(Semver, OrdersLikeTheSpecification) {
  const char* ascending[] = {"0.9.9",      "1.0.0-alpha",  "1.0.0-alpha.1", "1.0.0-alpha.beta",
                             "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",
                             "1.0.0",      "1.0.1",        "1.2.0",         "1.10.0",
                             "2.0.0"};
  for (std::size_t i = 0; i < std::size(ascending); ++i) {
    for (std::size_t j = 0; j < std::size(ascending); ++j) {
      const int order = compare(*parse_version(ascending[i]), *parse_version(ascending[j]));
      EXPECT_EQ(order < 0, i < j) << ascending[i] << " " << ascending[j];
      EXPECT_EQ(order == 0, i == j) << ascending[i] << " " << ascending[j];
    }
  }
}

TEST(Semver, ReadsLeniently) {
  for (const char* text : {"2", "2.0", "2.0.0+build.7", "02.0.0", "v2.0.0", "V2.0", "v2"}) {
    const auto version = parse_version(text);
    ASSERT_TRUE(version) << text;
    EXPECT_EQ(compare(*version, *parse_version("2.0.0")), 0) << text;
  }
  EXPECT_EQ(compare(*parse_version("1.0.0-rc.007"), *parse_version("1.0.0-rc.7")), 0);
  EXPECT_EQ(parse_version("4294967295.0.1")->parts[0], 0xffffffffU);
}

TEST(Semver, RefusesWhatIsNoVersion) {
  for (const char* text :
       {"", "v", "vv1.2.3", "x", "1.", "1..2", "1.2.3.4", "-1", "1.2.3-", "1.2.3-a..b", "1.2.3+",
        "1.2.3-a.", "1.2.3+a.", "4294967296", "4294967296.0.0", "1.2.x", " 1.2.3", "1,2"}) {
    EXPECT_FALSE(parse_version(text)) << text;
  }
}

struct RangeCase {
  const char* range;
  const char* version;
  bool matches;
};

// Caret and tilde as node-semver's README documents them.
TEST(Semver, Ranges) {
  const RangeCase cases[] = {
      {"=1.2.3", "1.2.3", true},
      {"1.2.3", "1.2.4", false},
      {"!=1.2.3", "1.2.4", true},
      {">=2.3.0", "2.3.0", true},
      {">=2.3.0", "2.10.0", true},
      {">=2.3.0", "2.3.0-rc.1", false},
      {">2.3", "2.3.0", false},
      {"<2", "1.99.99", true},
      {"<=2.0.0", "2.0.0+build", true},
      {"^1.2.3", "1.99.0", true},
      {"^1.2.3", "2.0.0", false},
      {"^1.2.3", "2.0.0-beta", false},
      {"^0.2.3", "0.2.9", true},
      {"^0.2.3", "0.3.0", false},
      {"^0.0.3", "0.0.4", false},
      {"^0", "0.9.0", true},
      {"^0.0", "0.0.9", true},
      {"^0.0", "0.1.0", false},
      {"~1.2.3", "1.2.9", true},
      {"~1.2.3", "1.3.0", false},
      {"~1", "1.9.0", true},
      {"~1", "2.0.0", false},
      {"^4294967295", "4294967295.5.0", true},
      {">=1.2 <2", "1.5.0", true},
      {">= 1.2 < 2", "2.0.0", false},
  };
  for (const RangeCase& c : cases) {
    const auto range = parse_range(c.range);
    ASSERT_TRUE(range) << c.range;
    EXPECT_EQ(matches(*range, *parse_version(c.version)), c.matches) << c.range << " " << c.version;
  }
}

// Where a key and an interval stand for a version and a range, they answer the same.
TEST(Semver, KeysOrderAsVersionsDo) {
  const char* versions[] = {"0.0.0",      "0.0.1",      "0.1.0",  "1.0.0-rc.1",   "1.0.0",
                            "1.0.1",      "1.9.9",      "1.10.0", "2.0.0",        "33554431.1",
                            "1.524287.1", "1.2.524287", "1.3.0",  "33554432.0.0", "1.524288.0",
                            "1.2.524288", "2.0.0-0"};
  const char* bounds[] = {"0", "0.0.1", "1.0.0", "1.0.0-rc.1", "1.10.0", "1.2.524287", "2.0.0-0"};
  int by_key = 0;
  for (const std::string symbol :
       {"", "=", "!=", "<", "<=", ">", ">=", "^", "~", ">=0.1 <", "<1 >"}) {
    for (const std::string bound : bounds) {
      const auto range = *parse_range(symbol + bound);
      const auto interval = key_interval(range);
      EXPECT_EQ(interval.has_value(), symbol != "!=" || bound.find('-') != std::string::npos);
      for (const char* text : versions) {
        const Version version = *parse_version(text);
        const std::uint64_t key = version_key(version);
        EXPECT_EQ(version_key(text), key) << text;
        if (!interval || key == kLongVersion) continue;
        EXPECT_EQ(key - interval->low < interval->width, matches(range, version))
            << symbol << bound << " " << text;
        ++by_key;
      }
    }
  }
  EXPECT_EQ(by_key, 12 * (11 * 7 - 5));
  EXPECT_FALSE(key_interval(*parse_range(">=33554432")));
}

TEST(Semver, RefusesWhatIsNoRange) {
  for (const char* text : {"", " ", ">=", "^", ">=x", "=>1.0", "1.2.3 foo", "~>1.0"}) {
    EXPECT_FALSE(parse_range(text)) << text;
  }
}

}  // namespace
}  // namespace assay::assign
