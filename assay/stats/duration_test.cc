#include "assay/stats/duration.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay::stats {
namespace {

using ::testing::HasSubstr;

TEST(Duration, OneDailyNumberIsAStraightLine) {
  const Traffic constant{.curve = {{1, 1000}}};
  EXPECT_EQ(units_after(10, constant), 10000);
  EXPECT_EQ(*duration_days(7000, constant), 7);
  EXPECT_EQ(*duration_days(7001, constant), 14);
  EXPECT_EQ(*duration_days(7000, {.curve = {{1, 1000}}, .share = 0.5}), 14);
}

// The example of the header.
TEST(Duration, ReturningVisitorsMakeItLonger) {
  const Traffic shop{.curve = {{1, 5000}, {7, 22000}, {28, 60000}}, .share = 0.5};
  EXPECT_NEAR(units_after(1, shop), 2500, 1e-9);
  EXPECT_NEAR(units_after(7, shop), 11000, 1e-9);
  EXPECT_NEAR(units_after(28, shop), 30000, 1e-9);
  EXPECT_EQ(*duration_days(30000, shop), 28);
  EXPECT_GT(*duration_days(60000, shop), 56);  // Twice the units take more than twice the time.
  double before = 0;
  double step = 1e300;
  for (int day = 1; day <= 100; ++day) {
    const double now = units_after(day, shop);
    const double limit = day > 28 ? step + 1e-6 : 1e300;
    EXPECT_LE(now - before, limit) << day;
    step = now - before;
    before = now;
  }
}

TEST(Duration, ASteepCurveIsNotExtrapolatedAsSteep) {
  const Traffic launch{.curve = {{1, 100}, {2, 400}}};
  EXPECT_NEAR(units_after(4, launch), 800, 1e-9);
}

TEST(Duration, ImpossibleTrafficSaysWhy) {
  const auto why = [](double units, const Traffic& traffic) {
    const auto days = duration_days(units, traffic);
    return days ? std::string("fine") : days.error().text;
  };
  EXPECT_THAT(why(1, {}), HasSubstr("no traffic"));
  EXPECT_THAT(why(1, {.curve = {{1, 0}}}), HasSubstr("must rise"));
  EXPECT_THAT(why(1, {.curve = {{1, 5}, {1, 6}}}), HasSubstr("must rise"));
  EXPECT_THAT(why(1, {.curve = {{1, INFINITY}}}), HasSubstr("must rise"));
  EXPECT_THAT(why(1, {.curve = {{1, 5}}, .share = 0}), HasSubstr("share"));
  EXPECT_THAT(why(1e9, {.curve = {{1, 5}}}), HasSubstr("100 years"));
}

}  // namespace
}  // namespace assay::stats
