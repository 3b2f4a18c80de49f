#include "assay/decide/decide.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace assay::decide {
namespace {

using analyze::Comparison;
using analyze::GuardrailResult;
using analyze::GuardrailStatus;
using analyze::Scorecard;
using analyze::TrustStatus;

constexpr std::int64_t kDay = kMicrosPerDay;

define::Experiment plan() {
  define::Experiment experiment;
  experiment.id = "ranker_v2";
  experiment.control = "control";
  experiment.variants = {{.key = "control", .weight = 1}, {.key = "treatment", .weight = 1}};
  experiment.analysis.mde_relative = 0.05;
  return experiment;
}

stats::Estimate estimate(double value, double low, double high) {
  return {.value = value, .interval = {low, high}, .method = "confidence_sequence"};
}

Comparison primary(double value, double low, double high,
                   const std::string& variant = "treatment") {
  Comparison comparison{.metric = "add_to_cart_rate", .control = "control", .variant = variant};
  comparison.difference = estimate(value / 10, low / 10, high / 10);
  comparison.relative = estimate(value, low, high);
  comparison.significant = low > 0 || high < 0;
  return comparison;
}

Scorecard card(Comparison comparison, double days = 20) {
  Scorecard scorecard{.experiment = "ranker_v2"};
  scorecard.first_exposure = Timestamp{0};
  scorecard.as_of = Timestamp{static_cast<std::int64_t>(days * static_cast<double>(kDay))};
  scorecard.comparisons = {std::move(comparison)};
  return scorecard;
}

GuardrailResult guardrail(GuardrailStatus status) {
  return {.metric = "p99_latency_ms",
          .variant = "treatment",
          .status = status,
          .message = "p99_latency_ms speaks.",
          .blocks = status == GuardrailStatus::kUndecided};
}

TEST(Decide, EndsASentenceOnce) {
  Comparison empty = primary(0, 0, 0);
  empty.difference = stats::undefined(stats::Undefined::kNoData, "No unit has a value.");
  empty.relative = stats::undefined(stats::Undefined::kNoData, "No unit has a value.");
  const Verdict verdict = decide(plan(), card(empty));
  ASSERT_EQ(verdict.reasons.size(), 1u);
  EXPECT_EQ(verdict.reasons[0].message, "add_to_cart_rate is undecided: No unit has a value.");
}

TEST(Decide, ShipsWhatImprovedAndHarmsNothing) {
  Scorecard scorecard = card(primary(0.08, 0.06, 0.10));
  scorecard.guardrails = {guardrail(GuardrailStatus::kPassed)};
  const Verdict verdict = decide(plan(), scorecard);
  EXPECT_EQ(verdict.decision, Decision::kShip);
  EXPECT_EQ(verdict.variant, "treatment");
  ASSERT_EQ(verdict.reasons.size(), 2u);
  EXPECT_EQ(verdict.reasons[0].code, "guardrail_passed");
  EXPECT_EQ(verdict.reasons[1].code, "primary_improved");
  EXPECT_NE(verdict.reasons[1].message.find("beyond the MDE"), std::string::npos);
}

TEST(Decide, SaysWhenAnImprovementMayBeSmallerThanTheMde) {
  const Verdict verdict = decide(plan(), card(primary(0.04, 0.01, 0.07)));
  EXPECT_EQ(verdict.decision, Decision::kShip);
  EXPECT_NE(verdict.reasons[0].message.find("may be smaller"), std::string::npos);
}

TEST(Decide, TrustComesBeforeEverything) {
  Scorecard scorecard = card(primary(0.08, 0.06, 0.10));
  scorecard.trust = {
      {.name = "sample_ratio", .status = TrustStatus::kFailed, .message = "Split is off."}};
  scorecard.guardrails = {guardrail(GuardrailStatus::kFailed)};
  const Verdict verdict = decide(plan(), scorecard);
  EXPECT_EQ(verdict.decision, Decision::kInvalid);
  ASSERT_GE(verdict.reasons.size(), 2u);
  EXPECT_EQ(verdict.reasons[0].code, "sample_ratio_mismatch");
  EXPECT_EQ(verdict.reasons[1].code, "guardrail_failed");
}

TEST(Decide, AFailedGuardrailBeatsAWin) {
  Scorecard scorecard = card(primary(0.08, 0.06, 0.10), 0.01);
  scorecard.guardrails = {guardrail(GuardrailStatus::kFailed)};
  EXPECT_EQ(decide(plan(), scorecard).decision, Decision::kRollBack);
}

TEST(Decide, AGuardrailStopsAWithheldExperimentToo) {
  Scorecard scorecard = card(primary(0.08, 0.06, 0.10));
  scorecard.withheld = true;
  scorecard.withheld_reason = "Too early.";
  EXPECT_EQ(decide(plan(), scorecard).decision, Decision::kContinue);
  EXPECT_EQ(decide(plan(), scorecard).reasons[0].code, "horizon_not_reached");
  scorecard.guardrails = {guardrail(GuardrailStatus::kFailed)};
  EXPECT_EQ(decide(plan(), scorecard).decision, Decision::kRollBack);
}

TEST(Decide, AnOpenGuardrailHoldsAWinBack) {
  Scorecard scorecard = card(primary(0.08, 0.06, 0.10));
  scorecard.guardrails = {guardrail(GuardrailStatus::kUndecided)};
  EXPECT_EQ(decide(plan(), scorecard).decision, Decision::kContinue);
  define::Experiment experiment = plan();
  experiment.schedule.max_runtime_days = 14;
  EXPECT_EQ(decide(experiment, scorecard).decision, Decision::kInconclusive);
}

TEST(Decide, WorseIsNotShipped) {
  EXPECT_EQ(decide(plan(), card(primary(-0.08, -0.10, -0.06))).decision, Decision::kDoNotShip);
}

TEST(Decide, ADecreaseIsGoodWhereThePlanSaysSo) {
  Comparison comparison = primary(-0.08, -0.10, -0.06);
  comparison.direction = define::Direction::kDecrease;
  const Verdict verdict = decide(plan(), card(comparison));
  EXPECT_EQ(verdict.decision, Decision::kShip);
  EXPECT_NE(verdict.reasons[0].message.find("beyond the MDE"), std::string::npos);
}

TEST(Decide, SmallerThanTheMdeEndsIt) {
  const Verdict verdict = decide(plan(), card(primary(0.001, -0.01, 0.012)));
  EXPECT_EQ(verdict.decision, Decision::kDoNotShip);
  EXPECT_EQ(verdict.reasons[0].code, "below_mde");
}

TEST(Decide, RuntimeBoundsHold) {
  define::Experiment experiment = plan();
  experiment.schedule.min_runtime_days = 14;
  experiment.schedule.max_runtime_days = 42;
  EXPECT_EQ(decide(experiment, card(primary(0.08, 0.06, 0.10), 13.9)).decision,
            Decision::kContinue);
  EXPECT_EQ(decide(experiment, card(primary(0.08, 0.06, 0.10), 14)).decision, Decision::kShip);
  EXPECT_EQ(decide(experiment, card(primary(0.03, -0.06, 0.10), 41)).decision, Decision::kContinue);
  EXPECT_EQ(decide(experiment, card(primary(0.03, -0.06, 0.10), 42)).decision,
            Decision::kInconclusive);
}

TEST(Decide, WithoutExposuresOrNumbersItGoesOn) {
  Scorecard scorecard = card(primary(0, -1, 1));
  scorecard.first_exposure.reset();
  EXPECT_EQ(decide(plan(), scorecard).reasons[0].code, "no_exposures");
  Comparison undefined{.metric = "m", .control = "control", .variant = "treatment"};
  undefined.difference = stats::undefined(stats::Undefined::kNotYet, "Too few units.");
  const Verdict verdict = decide(plan(), card(undefined));
  EXPECT_EQ(verdict.decision, Decision::kContinue);
  EXPECT_NE(verdict.reasons[0].message.find("Too few units."), std::string::npos);
}

TEST(Decide, TheBestOfSeveralTreatmentsShips) {
  define::Experiment experiment = plan();
  experiment.variants.push_back({.key = "bold", .weight = 1});
  Scorecard scorecard = card(primary(0.06, 0.02, 0.10));
  scorecard.comparisons.push_back(primary(0.09, 0.05, 0.13, "bold"));
  EXPECT_EQ(decide(experiment, scorecard).variant, "bold");
  scorecard.guardrails = {guardrail(GuardrailStatus::kFailed)};
  scorecard.guardrails[0].variant = "bold";
  EXPECT_EQ(decide(experiment, scorecard).decision, Decision::kRollBack);
}

TEST(Decide, OnePrimaryThatGotWorseDecides) {
  Scorecard scorecard = card(primary(0.06, 0.02, 0.10));
  scorecard.comparisons.push_back(primary(-0.09, -0.13, -0.05));
  scorecard.comparisons[1].metric = "revenue";
  EXPECT_EQ(decide(plan(), scorecard).decision, Decision::kDoNotShip);
}

TEST(Decide, WritesItsJson) {
  const auto json = nlohmann::json::parse(to_json(decide(plan(), card(primary(0.08, 0.06, 0.10)))));
  EXPECT_EQ(json["decision"], "ship");
  EXPECT_EQ(json["reasons"][0]["code"], "primary_improved");
  EXPECT_EQ(json["reasons"][0]["subject"], "add_to_cart_rate");
}

}  // namespace
}  // namespace assay::decide
