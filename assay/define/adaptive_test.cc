#include "assay/define/adaptive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/define/canonical.h"
#include "assay/define/testing.h"

namespace assay::define {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(std::string_view text, const Experiment& plan) {
  const auto weights = parse_reweighing(text, plan);
  EXPECT_FALSE(weights) << text;
  return weights ? "" : to_text(weights.error());
}

TEST(Adaptive, IsReadAndChecked) {
  const Experiment plan = must_parse(plan_with("sticky: true\nadaptive: {floor: 5%}"));
  EXPECT_EQ(plan.assignment.adaptive_floor_ppm, 50'000U);
  EXPECT_EQ(from_canonical_json(canonical_json(plan)).value(), plan);
  EXPECT_FALSE(must_parse(plan_with("")).assignment.adaptive_floor_ppm);
  EXPECT_EQ(canonical_json(must_parse(plan_with(""))).find("adaptive"), std::string::npos);
  EXPECT_THAT(complaints(plan_with("adaptive: {floor: 5%}")), HasSubstr("needs memory"));
  EXPECT_THAT(complaints(plan_with("sticky: true\nadaptive: {}")), HasSubstr("floor"));
  EXPECT_THAT(complaints(plan_with("sticky: true\nadaptive: {floor: 0}")), HasSubstr("no floor"));
  EXPECT_THAT(complaints(plan_with("sticky: true\nadaptive: {floor: 51%}")),
              HasSubstr("more than 2 variants can all have"));
  EXPECT_EQ(
      must_parse(plan_with("sticky: true\nadaptive: {floor: 50%}")).assignment.adaptive_floor_ppm,
      500'000U)
      << "nobody has less than all others";
  const std::string negative = complaints(plan_with("sticky: true\nadaptive: {floor: -5%}"));
  EXPECT_EQ(std::count(negative.begin(), negative.end(), '\n'), 1) << negative;
  EXPECT_THAT(complaints(plan_with("sticky: true\nreshuffle: true\nadaptive: {floor: 5%}")),
              HasSubstr("reshuffle"));
}

TEST(Adaptive, TheStartIsNotBelowTheFloorEither) {
  EXPECT_THAT(complaints("id: x\nsticky: true\nadaptive: {floor: 20%}\n"
                         "allocation: {control: 10%, treatment: 90%}\n"
                         "metrics: {primary: [{name: m, type: proportion, event: e}]}\n"),
              HasSubstr("'control' has less than the floor of 20%"));
}

TEST(Adaptive, NewWeightsComeInTheOrderOfThePlan) {
  const Experiment plan = must_parse(plan_with("sticky: true\nadaptive: {floor: 5%}"));
  const std::string& first = plan.variants[0].key;
  const std::string& second = plan.variants[1].key;
  const auto weights = parse_reweighing(
      R"({"allocation": {")" + second + R"(": 0.95, ")" + first + R"(": 0.05}})", plan);
  ASSERT_TRUE(weights) << to_text(weights.error());
  EXPECT_THAT(*weights, ElementsAre(5, 95));
  const auto body = [&](const std::string& a, const std::string& b) {
    return R"({"allocation": {")" + first + "\": " + a + ", \"" + second + "\": " + b + "}}";
  };
  EXPECT_THAT(*parse_reweighing(body("1", "3"), plan), ElementsAre(1, 3));
  EXPECT_THAT(
      refusal(body("0.0499", "0.9501"), plan),
      AllOf(HasSubstr(":1:16: error: allocation: "), HasSubstr("less than the floor of 5%")));
  EXPECT_THAT(refusal(body("0", "1"), plan), HasSubstr("less than the floor"));
  EXPECT_THAT(refusal(body("0.5", "0.4"), plan), HasSubstr("shares add to"));
  EXPECT_THAT(refusal(body("-1", "2"), plan), HasSubstr("negative"));
  EXPECT_THAT(refusal(R"({"allocation": {")" + first + R"(": 0.5, "other": 0.5}})", plan),
              HasSubstr("'other' is no variant of"));
  EXPECT_THAT(refusal(R"({"allocation": {")" + first + "\": 1}}", plan), HasSubstr("has no share"));
  EXPECT_THAT(refusal("{}", plan), HasSubstr("allocation"));
  EXPECT_THAT(refusal("[]", plan), HasSubstr("expected a map"));
  EXPECT_THAT(refusal(R"({"weights": {}})", plan), HasSubstr("unknown key"));
  EXPECT_THAT(refusal(body("1", "1"), must_parse(plan_with("sticky: true"))),
              HasSubstr("is not adaptive"));
}

}  // namespace
}  // namespace assay::define
