#include "assay/define/metric_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/define/condition_parser.h"
#include "assay/define/testing.h"

namespace assay::define {
namespace {

using testing::HasSubstr;

MetricDefinition definition(std::string_view metric) {
  const Experiment plan = must_parse(plan_with_metric(metric));
  EXPECT_TRUE(plan.metrics.at(0).definition) << metric;
  return plan.metrics.at(0).definition.value_or(MetricDefinition{});
}

TEST(Metrics, EachTypeFoldsEventsItsOwnWay) {
  EXPECT_EQ(definition("{name: m, type: proportion, event: e}").numerator.aggregation,
            Aggregation::kExists);
  EXPECT_EQ(definition("{name: m, type: count, event: e}").numerator.aggregation,
            Aggregation::kCount);
  EXPECT_EQ(definition("{name: m, type: mean, event: e}").numerator.aggregation, Aggregation::kSum);
  EXPECT_EQ(definition("{name: m, type: mean, event: e, aggregate: max, field: f}").numerator.field,
            "f");
  EXPECT_EQ(definition("{name: m, type: quantile, event: e, quantile: 0.99}").quantile, 0.99);
  const MetricDefinition retention =
      definition("{name: m, type: retention, event: session, day: 7}");
  EXPECT_EQ(retention.window, (Window{7 * kSecondsPerDay, 8 * kSecondsPerDay}));
  const MetricDefinition ratio = definition(
      "{name: m, type: ratio, numerator: {event: a, field: cost}, denominator: {event: b}}");
  EXPECT_EQ(ratio.numerator.aggregation, Aggregation::kSum);
  ASSERT_TRUE(ratio.denominator);
  EXPECT_EQ(ratio.denominator->aggregation, Aggregation::kCount);
}

TEST(Metrics, WindowsAndCaps) {
  EXPECT_EQ(definition("{name: m, type: mean, event: e, window: 7d}").window,
            (Window{0, 7 * kSecondsPerDay}));
  EXPECT_EQ(definition("{name: m, type: mean, event: e, window: {from: 1h, to: 1.5h}}").window,
            (Window{3600, 5400}));
  EXPECT_EQ(definition("{name: m, type: mean, event: e, window: {from: 1w}}").window,
            (Window{604800, std::nullopt}));
  EXPECT_EQ(definition("{name: m, type: mean, event: e, cap: 100}").cap, (Cap{100, {}}));
  EXPECT_EQ(definition("{name: m, type: mean, event: e, cap: {percentile: 0.99}}").cap,
            (Cap{{}, 0.99}));
}

TEST(Metrics, QualifiedEngagementTakesThreeLines) {
  const MetricDefinition engaged = definition(
      "{name: m, type: proportion, event: article_read, where: {attribute: dwell_seconds, "
      "at_least: 30}}");
  EXPECT_EQ(to_text(engaged.numerator.where), "dwell_seconds at_least 30");
}

TEST(Metrics, WhatDoesNotFitIsAnError) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"{type: mean, event: e}", "key 'name' is missing"},
      {"{name: m, event: e}", "key 'type' is missing"},
      {"{name: m, type: mean, window: 7d}", "window: does nothing without an event"},
      {"{name: m, type: mean, event: e, quantile: 0.5}", "is for quantile metrics"},
      {"{name: m, type: mean, event: e, day: 7}", "is for retention metrics"},
      {"{name: m, type: mean, event: e, numerator: {event: e}}", "is for ratio metrics"},
      {"{name: m, type: mean, event: e, aggregate: count, field: f}", "field: does nothing when"},
      {"{name: m, type: count, event: e, aggregate: count_distinct}", "needs a field"},
      {"{name: m, type: count, event: e, aggregate: sum}", "a count is made by"},
      {"{name: m, type: proportion, event: e, aggregate: sum}", "a proportion is made by exists"},
      {"{name: m, type: proportion, event: e, field: f}", "does nothing when the aggregate"},
      {"{name: m, type: proportion, event: e, cap: 3}", "does nothing to a yes or no"},
      {"{name: m, type: retention, event: e}", "retention needs a day"},
      {"{name: m, type: retention, event: e, day: 7, window: 7d}", "keep one of them"},
      {"{name: m, type: quantile, event: e}", "key 'quantile' is missing"},
      {"{name: m, type: quantile, event: e, quantile: 1}", "1 is not between 0 and 1"},
      {"{name: m, type: quantile, event: e, quantile: 0.5, aggregate: sum}", "not for quantile"},
      {"{name: m, type: ratio, event: e}", "belongs into a part of the ratio"},
      {"{name: m, type: ratio, numerator: {event: e}}", "key 'denominator' is missing"},
      {"{name: m, type: ratio, numerator: {}, denominator: {event: e}}", "key 'event' is missing"},
      {"{name: m, type: mean, event: e, cap: 0}", "cap: 0 is not above 0"},
      {"{name: m, type: mean, event: e, cap: {percentile: 99}}", "99 is not between 0 and 1"},
      {"{name: m, type: mean, event: e, window: 7}", "'7' is not a duration"},
      {"{name: m, type: mean, event: e, window: -1d}", "'-1d' is not a duration"},
      {"{name: m, type: mean, event: e, window: 0d}", "the window is empty"},
      {"{name: m, type: mean, event: e, window: {from: 2d, to: 1d}}", "the window is empty"},
      {"{name: m, type: mean, event: e, window: 99999d}", "is not a duration"},
      {"{name: m, type: mean, event: e, mde_relative: 0}", "0 is not above 0"},
      {"{name: m, type: mean, event: e, threshold: 3}", "unknown key 'threshold'"},
      {"{name: m, type: mean, event: e, direction: must_not_increase}", "is not one of increase"},
      {"{name: m, type: mean, event: e}, {name: m, type: mean, event: e}", "appears twice"},
      {"7", "expected a map with keys such as name"},
      {"", "is an empty list"},
      {"{name: m, type: mean, event: e, where: {attribute: v, semver: 1.0.0}}",
       "semver is for targeting only"},
  };
  for (const auto& wrong : cases) {
    EXPECT_THAT(complaints(plan_with_metric(wrong.first)), HasSubstr(wrong.second)) << wrong.first;
  }
}

PlannedMetric guardrail(std::string_view rules) {
  const std::string metric = "{name: g, type: mean, event: e, " + std::string(rules) + "}";
  const Experiment plan = must_parse(plan_with_metric(metric, "guardrails"));
  return plan.metrics.size() == 2 ? plan.metrics[1] : PlannedMetric{};
}

TEST(Guardrails, TheTwoRulesAreSeparate) {
  const PlannedMetric both = guardrail("threshold: 500, direction: must_not_increase");
  EXPECT_EQ(both.threshold, 500);
  EXPECT_TRUE(both.must_not_worsen);
  EXPECT_EQ(both.direction, Direction::kDecrease);
  const PlannedMetric cap = guardrail("threshold: 500");
  EXPECT_FALSE(cap.must_not_worsen);
  EXPECT_EQ(cap.direction, Direction::kDecrease);
  const PlannedMetric floor = guardrail("threshold: 0.2, direction: increase");
  EXPECT_FALSE(floor.must_not_worsen);
  EXPECT_EQ(floor.direction, Direction::kIncrease);
  const PlannedMetric margin = guardrail("must_not_decrease: 0.02");
  EXPECT_TRUE(margin.must_not_worsen);
  EXPECT_EQ(margin.margin_relative, 0.02);
  EXPECT_EQ(margin.direction, Direction::kIncrease);
  EXPECT_EQ(guardrail("must_not_increase: true").margin_relative, 0);
}

TEST(Guardrails, ARuleIsNeededAndOneIsEnough) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"direction: decrease", "the guardrail has no rule"},
      {"must_not_increase: false", "false says nothing"},
      {"must_not_increase: -0.1", "-0.1 is not"},
      {"must_not_increase: much", "expected true or false"},
      {"must_not_increase: true, must_not_decrease: true", "neither increase nor decrease"},
      {"must_not_increase: 0.1, direction: must_not_increase", "the rule is given twice"},
      {"threshold: 1, direction: must_not_incraese", "(did you mean must_not_increase?)"},
      {"threshold: .inf", "expected a number"},
  };
  for (const auto& wrong : cases) {
    const std::string metric = "{name: g, type: mean, event: e, " + std::string(wrong.first) + "}";
    EXPECT_THAT(complaints(plan_with_metric(metric, "guardrails")), HasSubstr(wrong.second))
        << wrong.first;
  }
}

std::string targeting(std::string_view text) {
  return to_text(must_parse(plan_with("targeting: " + std::string(text))).assignment.targeting);
}

TEST(Conditions, AreReadAndShown) {
  EXPECT_EQ(targeting("{countries: [IN, US]}"), "country in [IN, US]");
  EXPECT_EQ(targeting("{user_segments: [a], all: [{attribute: b, equals: true}, {attribute: c, "
                      "at_least: 2}]}"),
            "user_segment in [a] and (b equals true and c at_least 2)");
  EXPECT_EQ(targeting("{any: [{attribute: v, semver: '>=2.3.0'}, {not: {attribute: e, ends_with: "
                      "[x, y]}}]}"),
            "v semver >=2.3.0 or not (e ends_with [x, y])");
  EXPECT_EQ(targeting("{attribute: n, at_least: 1, at_most: 2}"), "n at_most 2 and n at_least 1");
  EXPECT_EQ(targeting("{attribute: s, equals: '5'}"), "s equals 5");
  EXPECT_EQ(targeting("{attribute: s, in: [True, FALSE, 'True', yes]}"),
            "s in [true, false, True, yes]");
  EXPECT_EQ(targeting("{attribute: s, in: [+5, '+5', .5, 1e-400]}"), "s in [5, +5, 0.5, 0]");
  EXPECT_EQ(to_text(Condition{}), "everyone");
}

TEST(Conditions, WhatComparesNothingIsAnError) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"{}", "is empty"},
      {"[a]", "expected a map"},
      {"{attribute: a}", "'a' is not compared with anything"},
      {"{equals: a}", "compares nothing"},
      {"{attribute: a, equals: 0x10}", "0x10 is no decimal number (write it in quotes"},
      {"{attribute: a, in: [b, 1e400]}", "1e400 is no decimal number"},
      {"{attribute: a, not_equals: -.inf}", "-.inf is no decimal number"},
      {"{attribute: a, equals: [b]}", "use in (or not_in) for several"},
      {"{attribute: a, in: b}", "expected a list, not 'b' (write [b])"},
      {"{attribute: a, in: []}", "is an empty list"},
      {"{attribute: a, less_than: b}", "expected a number"},
      {"{attribute: a, exists: maybe}", "expected true or false"},
      {"{attribute: a, semver: newest}", "'newest' is not a version range"},
      {"{attribute: a, semver: '>=1.2.3.4'}", "is not a version range"},
      {"{attribute: a, is: b}", "unknown key 'is'"},
      {"{attribute: a, equal: b}", "did you mean equals?"},
      {"{all: []}", "is an empty list"},
      {"{all: [{}]}", "is an empty condition"},
      {"{platform: [web]}", "did you mean platforms?"},
  };
  for (const auto& wrong : cases) {
    EXPECT_THAT(complaints(plan_with("targeting: " + std::string(wrong.first))),
                HasSubstr(wrong.second))
        << wrong.first;
  }
}

TEST(Conditions, VersionRanges) {
  for (const auto* range : {"1", "1.2", "1.2.3", "=1.2.3", ">= 1.2", "^0.3.1", "~1.4",
                            "<2.0.0-rc.1", "1.2.3+build", "1.2.3-a-b.7"}) {
    EXPECT_TRUE(is_semver_range(range)) << range;
  }
  for (const auto* range : {"", ">=", "v1.2.3", "1..2", "1.2.3.4", ".1", "1.2.", "1.x", "1.2.3-",
                            "1.2.3-a b", "==1", "9999999999"}) {
    EXPECT_FALSE(is_semver_range(range)) << range;
  }
}

}  // namespace
}  // namespace assay::define
