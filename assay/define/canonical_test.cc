#include "assay/define/canonical.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/define/testing.h"

namespace assay::define {
namespace {

using testing::HasSubstr;

TEST(Canonical, EveryExampleReadsBackToTheSamePlan) {
  for (const auto& entry :
       std::filesystem::directory_iterator(ASSAY_SOURCE_DIR "/examples/experiments")) {
    const Experiment plan = must_parse(read_text(entry.path()));
    const auto again = from_canonical_json(canonical_json(plan));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, plan);
    EXPECT_EQ(canonical_json(*again), canonical_json(plan));
  }
}

// The bytes are a stored format: a change here changes every fingerprint.
TEST(Canonical, TheSmallestPlanIsTheseBytes) {
  const Experiment plan = must_parse(plan_with("analysis: {mde_relative: 0.1}"));
  EXPECT_EQ(canonical_json(plan),
            R"({"analysis":{"alpha":0.05,"correction":"benjamini_hochberg","covariate_name":"",)"
            R"("mde_relative":0.1,"method":"frequentist_sequential","power":0.8,)"
            R"("ship_probability":0.95,"srm_alpha":0.001,"variance_reduction":"none"},)"
            R"("assignment":{"expose_on_evaluation":false,"hash":"assay","layer":"x",)"
            R"("overrides":[],"reshuffle":false,"salt":"x","slots":[{"begin":0,"end":1000000}],)"
            R"("traffic_ppm":1000000,"unit":"user"},"control":"control","format":1,)"
            R"("hypothesis":"","id":"x","metrics":[{"definition":{"cap":{},"name":"m",)"
            R"("numerator":{"aggregate":"exists","event":"e","field":""},"quantile":0.5,)"
            R"("type":"proportion","window":{"begin_seconds":0}},"direction":"increase",)"
            R"("margin_relative":0,"must_not_worsen":false,"name":"m","role":"primary"}],)"
            R"("name":"x","schedule":{},"segments":[],"variants":[{"endpoint":"",)"
            R"("key":"control","weight":1},{"endpoint":"","key":"treatment","weight":1}]})");
  EXPECT_EQ(fingerprint(plan), "f565e77433bddad08573f590b86add3b1f899a4a1d9249133707caa81f624ba8");
}

TEST(Canonical, HowItIsWrittenDoesNotMatter) {
  const Experiment a = must_parse(plan_with("analysis: {alpha: 0.10, power: 0.8}\nname: y"));
  const Experiment b =
      must_parse("# a comment\n" + plan_with("name: 'y'\nanalysis: {alpha: 1e-1}"));
  EXPECT_EQ(fingerprint(a), fingerprint(b));
  EXPECT_NE(fingerprint(a), fingerprint(must_parse(plan_with("name: z"))));
}

std::string error_of(const std::string& json) {
  const auto plan = from_canonical_json(json);
  if (plan) return "";
  EXPECT_EQ(plan.error().code, Code::kCorrupt);
  return to_text(plan.error());
}

TEST(Canonical, WhatWeDidNotWriteIsCorrupt) {
  EXPECT_THAT(error_of(""), HasSubstr("not JSON"));
  EXPECT_THAT(error_of("[]"), HasSubstr("not in format 1"));
  EXPECT_THAT(error_of(R"({"format": 2})"), HasSubstr("newer assay"));
  EXPECT_THAT(error_of(R"({"format": 1})"), HasSubstr("no valid id"));
  const nlohmann::json good = nlohmann::json::parse(canonical_json(must_parse(plan_with(""))));
  const std::pair<const char*, nlohmann::json> cases[] = {
      {"/id", 7},
      {"/control", "nobody"},
      {"/variants", nlohmann::json::array()},
      {"/variants/0/weight", -1},
      {"/variants/0/weight", 1.5},
      {"/variants/0/weight", 4294967296},
      {"/analysis/alpha", "0.05"},
      {"/analysis/method", "guess"},
      {"/assignment/reshuffle", 1},
      {"/assignment/slots", 3},
      {"/assignment/slots/0", nullptr},
      {"/assignment/targeting", {{"op", "sometimes"}}},
      {"/schedule/start", "soon"},
      {"/metrics/0/definition/numerator", "e"},
  };
  for (const auto& wrong : cases) {
    nlohmann::json bad = good;
    bad[nlohmann::json::json_pointer(wrong.first)] = wrong.second;
    EXPECT_NE(error_of(bad.dump()), "") << wrong.first;
  }
}

}  // namespace
}  // namespace assay::define
