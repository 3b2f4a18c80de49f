#include "assay/analyze/analyze.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/base/random.h"

namespace assay::analyze {
namespace {

using define::Method;
using define::MetricType;
using define::Role;
using stats::Summary;

// A source over cells in memory; what DuckDB fills in production.
class MemorySource : public SummarySource {
 public:
  Exposed exposures;
  std::map<std::string, MetricData> metrics;
  std::map<std::string, MetricData> without_contaminated;
  std::map<std::string, MetricData> segments;  // By value.
  bool broken = false;

  Result<Exposed> exposed(const define::Experiment&, Timestamp) override {
    if (broken) return fail(Code::kUnavailable, "the store is gone");
    return exposures;
  }
  Result<MetricData> metric(const define::Experiment&, const MetricQuery& query,
                            Timestamp) override {
    if (!query.segment.empty()) return segments[query.segment_value];
    const auto& from = query.exclude_contaminated ? without_contaminated : metrics;
    const auto it = from.find(query.metric.name);
    return it == from.end() ? MetricData{} : it->second;
  }
  Result<std::vector<std::string>> segment_values(const define::Experiment&, const std::string&,
                                                  Timestamp) override {
    std::vector<std::string> values;
    for (const auto& [value, data] : segments) values.push_back(value);
    return values;
  }
};

define::PlannedMetric planned(const std::string& name, MetricType type,
                              Role role = Role::kPrimary) {
  define::PlannedMetric metric{.name = name, .role = role};
  metric.definition =
      define::MetricDefinition{.name = name, .type = type, .numerator = {.event = name}};
  return metric;
}

define::Experiment plan(MetricType type = MetricType::kProportion) {
  define::Experiment experiment;
  experiment.id = "ranker_v2";
  experiment.control = "control";
  experiment.variants = {{.key = "control", .weight = 1}, {.key = "treatment", .weight = 1}};
  experiment.metrics = {planned("clicked", type)};
  experiment.schedule.sample_size_per_variant = 5000;
  return experiment;
}

Summary proportion(std::int64_t hits, std::int64_t n) { return *Summary::of_proportion(hits, n); }

MemorySource two_arms(std::int64_t n, std::int64_t hits_control, std::int64_t hits_treatment) {
  MemorySource source;
  source.exposures.units = {{{"control", 0}, n}, {{"treatment", 0}, n}};
  source.exposures.first = Timestamp{0};
  source.exposures.last = Timestamp{kMicrosPerDay};
  MetricData data{.events = hits_control + hits_treatment};
  data.cells[{"control", 0}].summary = proportion(hits_control, n);
  data.cells[{"treatment", 0}].summary = proportion(hits_treatment, n);
  source.metrics["clicked"] = data;
  return source;
}

Scorecard run(const define::Experiment& experiment, MemorySource& source, RunningP running = {}) {
  return *analyze(experiment, source,
                  {.as_of = Timestamp{20 * kMicrosPerDay}, .running_p = std::move(running)});
}

const TrustCheck& check(const Scorecard& card, const std::string& name) {
  return *std::ranges::find(card.trust, name, &TrustCheck::name);
}

TEST(Analyze, AClearEffectIsSignificantAndConsistent) {
  MemorySource source = two_arms(10'000, 1'000, 1'200);
  const Scorecard card = run(plan(), source);
  ASSERT_EQ(card.comparisons.size(), 1u);
  const Comparison& comparison = card.comparisons[0];
  ASSERT_TRUE(comparison.difference);
  EXPECT_NEAR(comparison.difference->value, 0.02, 1e-12);
  EXPECT_NEAR(comparison.relative->value, 0.2, 1e-12);
  EXPECT_TRUE(comparison.significant);
  EXPECT_GT(*comparison.difference->interval.low, 0);
  EXPECT_GT(*comparison.relative->interval.low, 0);
  EXPECT_EQ(comparison.n_control, 10'000);
  EXPECT_TRUE(card.trusted());
}

// The same numbers through each way of inference: fixed is narrower than sequential.
TEST(Analyze, TheMethodIsThePlans) {
  MemorySource source = two_arms(10'000, 1'000, 1'100);
  define::Experiment experiment = plan();
  const auto width = [&](Method method) {
    experiment.analysis.method = method;
    const auto interval = run(experiment, source).comparisons[0].difference->interval;
    return *interval.high - *interval.low;
  };
  const double fixed = width(Method::kFixedHorizon);
  EXPECT_NEAR(fixed, 2 * 1.959964 * std::sqrt(0.1 * 0.9 / 10'000 + 0.11 * 0.89 / 10'000), 1e-4);
  EXPECT_GT(width(Method::kSequential), 1.2 * fixed);
  EXPECT_NEAR(width(Method::kBayesian), fixed, 1e-4);
  EXPECT_TRUE(run(experiment, source).comparisons[0].difference->probability_better);
}

TEST(Analyze, FixedHorizonShowsNothingBeforeItsHorizon) {
  MemorySource source = two_arms(4'999, 400, 600);
  define::Experiment experiment = plan();
  experiment.analysis.method = Method::kFixedHorizon;
  const Scorecard card = run(experiment, source);
  EXPECT_TRUE(card.withheld);
  EXPECT_FALSE(card.comparisons[0].difference);
  EXPECT_FALSE(card.metrics[0].arms[0].value);
  const auto json = nlohmann::json::parse(to_json(card));
  EXPECT_EQ(json["comparisons"][0]["undefined"], "not_yet");
  EXPECT_FALSE(json["comparisons"][0].contains("estimate"));
  EXPECT_FALSE(json["comparisons"][0].contains("p_value"));
  EXPECT_NE(check(card, "sample_ratio").message.find("sequential test"), std::string::npos);
  MemorySource few = two_arms(4'999, 2, 3);
  few.exposures.contaminated = 100;
  few.without_contaminated = few.metrics;
  const Scorecard hushed = run(experiment, few);
  EXPECT_EQ(check(hushed, "contamination").message.find("differs"), std::string::npos);
  EXPECT_TRUE(hushed.comparisons[0].warnings.empty());
  MemorySource enough = two_arms(5'000, 400, 600);
  EXPECT_FALSE(run(experiment, enough).withheld);
}

TEST(Analyze, TheHorizonCountsUnitsWhoseWindowHasClosed) {
  MemorySource source = two_arms(6'000, 500, 600);
  MetricData& data = source.metrics["clicked"];
  data.all_units = data.cells;
  for (auto& [cell, value] : data.cells) value.matured = 4'999;
  define::Experiment experiment = plan();
  experiment.analysis.method = Method::kFixedHorizon;
  EXPECT_TRUE(run(experiment, source).withheld);
  for (auto& [cell, value] : data.cells) value.matured = 5'000;
  EXPECT_FALSE(run(experiment, source).withheld);
}

TEST(Analyze, AMismatchedSplitIsNotTrusted) {
  MemorySource source = two_arms(10'000, 1'000, 1'200);
  source.exposures.units[{"treatment", 0}] = 9'000;
  for (const Method method : {Method::kFixedHorizon, Method::kSequential}) {
    define::Experiment experiment = plan();
    experiment.analysis.method = method;
    const Scorecard card = run(experiment, source);
    EXPECT_EQ(check(card, "sample_ratio").status, TrustStatus::kFailed);
    EXPECT_FALSE(card.trusted());
  }
}

TEST(Analyze, TheSplitIsCheckedAgainstEachEpochsWeights) {
  MemorySource source = two_arms(10'000, 1'000, 1'200);
  source.exposures.units = {{{"control", 0}, 9'000},
                            {{"treatment", 0}, 1'000},
                            {{"control", 1}, 5'000},
                            {{"treatment", 1}, 5'000}};
  const auto card =
      analyze(plan(), source, {.as_of = {}, .epoch_weights = {{0, {9, 1}}, {1, {1, 1}}}});
  EXPECT_EQ(check(*card, "sample_ratio").status, TrustStatus::kOk);
}

// peers.md's ramp: +15 % at 1 % traffic, +20 % at 50 %; pooled it reads as a loss of 27 %.
TEST(Analyze, EpochsAreNeverPooled) {
  MemorySource source;
  source.exposures.units = {{{"control", 0}, 990'000},
                            {{"treatment", 0}, 10'000},
                            {{"control", 1}, 500'000},
                            {{"treatment", 1}, 500'000}};
  source.exposures.first = Timestamp{0};
  MetricData data{.events = 1};
  data.cells[{"control", 0}].summary = proportion(19'800, 990'000);
  data.cells[{"treatment", 0}].summary = proportion(230, 10'000);
  data.cells[{"control", 1}].summary = proportion(5'000, 500'000);
  data.cells[{"treatment", 1}].summary = proportion(6'000, 500'000);
  source.metrics["clicked"] = data;
  const Scorecard card = run(plan(), source);
  const Comparison& comparison = card.comparisons[0];
  // Epochs have equal units: (0.3 % + 0.2 %) / 2 on (2 % + 1 %) / 2.
  EXPECT_NEAR(comparison.difference->value, 0.0025, 1e-12);
  EXPECT_NEAR(comparison.relative->value, 0.0025 / 0.015, 1e-12);
  EXPECT_NEAR(*card.metrics[0].arms[0].value, 0.015, 1e-12);
  EXPECT_NEAR(*card.metrics[0].arms[1].value, 0.0175, 1e-12);
}

// Three variants whose shares changed from 80:10:10 to 10:20:70, with the same two effects in both
// epochs, whose levels differ. Weighted by the units of each pair, the epochs would count 900:300
// for one treatment and 900:800 for the other. Expected by hand: epochs weigh 1000:1000.
TEST(Analyze, EveryVariantIsComparedOverTheSameMixOfEpochs) {
  MemorySource source;
  MetricData data{.events = 1};
  define::Experiment experiment = plan(MetricType::kMean);
  experiment.analysis.method = Method::kFixedHorizon;
  experiment.schedule.sample_size_per_variant = 1;
  experiment.variants = {{.key = "control", .weight = 1},
                         {.key = "large", .weight = 2},
                         {.key = "small", .weight = 7}};
  const std::map<std::string, std::array<std::int64_t, 2>> units = {
      {"control", {800, 100}},
      {"small", {100, 200}},
      {"large", {100, 1200}}};  // 1000 and 1500 in all.
  const auto level = [](const std::string& variant, std::int64_t epoch) {
    const double effect = variant == "small" ? 1 : variant == "large" ? 3 : 0;
    return epoch == 0 ? 10 + effect : 50 + 2 * effect;
  };
  for (const auto& [variant, of] : units) {
    for (const std::int64_t epoch : {0, 1}) {
      const std::int64_t n = of[static_cast<std::size_t>(epoch)];
      source.exposures.units[{variant, epoch}] = n;
      data.cells[{variant, epoch}].summary = *Summary::of_mean(n, level(variant, epoch), 2);
    }
  }
  source.metrics["clicked"] = data;
  const Scorecard card = run(experiment, source);
  const auto& arms = card.metrics[0].arms;
  EXPECT_NEAR(*arms[0].value, 0.4 * 10 + 0.6 * 50, 1e-12);
  for (std::size_t i : {0u, 1u}) {
    const Comparison& one = card.comparisons[i];
    const auto& n = units.at(one.variant);
    // 0.4 · 3 + 0.6 · 6 and 0.4 · 1 + 0.6 · 2; by the pair's units 4.77 and 1.25.
    EXPECT_NEAR(one.difference->value, one.variant == "large" ? 4.8 : 1.6, 1e-12);
    EXPECT_NEAR(*arms[i + 1].value - *arms[0].value, one.difference->value, 1e-12);
    const double first = 2.0 / 800 + 2.0 / static_cast<double>(n[0]);
    const double second = 2.0 / 100 + 2.0 / static_cast<double>(n[1]);
    EXPECT_NEAR(*one.difference->std_error, std::sqrt(0.16 * first + 0.36 * second), 1e-12);
  }
}

// An epoch in which the treatment has no unit, or one, says nothing about the effect: it is in no
// shown value either.
TEST(Analyze, AnEpochThatComparesNobodyIsInNoValue) {
  for (const std::int64_t treated : {0, 1}) {
    MemorySource source = two_arms(100, 20, 30);
    MetricData& data = source.metrics["clicked"];
    data.cells[{"control", 1}].summary = proportion(900, 1000);
    if (treated > 0) data.cells[{"treatment", 1}].summary = proportion(1, 1);
    const Scorecard card = run(plan(), source);
    EXPECT_NEAR(card.comparisons[0].difference->value, 0.1, 1e-12);
    EXPECT_NEAR(*card.metrics[0].arms[0].value, 0.2, 1e-12);
    EXPECT_NEAR(*card.metrics[0].arms[1].value, 0.3, 1e-12);
    EXPECT_EQ(card.metrics[0].arms[0].n, 1100);
    EXPECT_EQ(card.metrics[0].arms[1].n, 100 + treated);
    // Nobody is compared anywhere: the values stand alone.
    data.cells.erase({"treatment", 0});
    const double weight = 1000.0 + static_cast<double>(treated);
    const Scorecard alone = run(plan(), source);
    EXPECT_FALSE(alone.comparisons[0].difference);
    EXPECT_TRUE(alone.metrics[0].arms[0].std_error);
    EXPECT_NEAR(*alone.metrics[0].arms[0].value, (20 + 0.9 * weight) / (100 + weight), 1e-12);
    EXPECT_EQ(alone.metrics[0].arms[1].value.has_value(), treated > 0);
    EXPECT_FALSE(alone.metrics[0].arms[1].std_error) << "one unit has none";
  }
}

TEST(Analyze, ARunningPNeverRises) {
  MemorySource strong = two_arms(10'000, 1'000, 1'300);
  const Scorecard first = run(plan(), strong);
  MemorySource weak = two_arms(12'000, 1'300, 1'320);
  const Scorecard second = run(plan(), weak, running_p(first));
  EXPECT_EQ(second.comparisons[0].difference->p_value, first.comparisons[0].difference->p_value);
  EXPECT_FALSE(second.comparisons[0].warnings.empty());
  // A restart reads the state from the stored JSON and goes on exactly as if nothing had happened.
  EXPECT_EQ(*running_p_from_json(to_json(first)), running_p(first));
}

TEST(Analyze, BrokenStateIsRefused) {
  EXPECT_EQ(running_p_from_json("{").error().code, Code::kCorrupt);
  EXPECT_EQ(running_p_from_json(R"({"comparisons":[{"metric":1,"variant":[],"p_value":0.5}]})")
                .error()
                .code,
            Code::kCorrupt);
}

TEST(Analyze, CupedNarrowsTheInterval) {
  Random random(11);
  MemorySource source = two_arms(5'000, 1, 1);
  MetricData data{.events = 1};
  for (const char* variant : {"control", "treatment"}) {
    Summary summary({.covariates = 1});
    for (int i = 0; i < 5'000; ++i) {
      const double before = random.normal();
      summary.add(std::array{10 + before + 0.5 * random.normal() + (variant[0] == 't' ? 0.1 : 0.0),
                             before});
    }
    data.cells[{variant, 0}].summary = summary;
  }
  source.metrics["clicked"] = data;
  define::Experiment experiment = plan(MetricType::kMean);
  experiment.analysis.variance_reduction = define::VarianceReduction::kCuped;
  experiment.analysis.covariate = define::MetricDefinition{.name = "before"};
  const Comparison comparison = run(experiment, source).comparisons[0];
  EXPECT_NEAR(comparison.variance_reduction, 0.8, 0.02);  // rho² = 1 / 1.25.
  EXPECT_NEAR(comparison.difference->value, 0.1, 0.05);
  EXPECT_TRUE(comparison.method.ends_with("+cuped"));
}

TEST(Analyze, CorrectsWithinPrimariesOnly) {
  MemorySource source = two_arms(10'000, 1'000, 1'100);
  source.metrics["bought"] = source.metrics["clicked"];
  source.metrics["crashed"] = source.metrics["clicked"];
  define::Experiment experiment = plan();
  experiment.analysis.method = Method::kFixedHorizon;
  experiment.analysis.correction = define::Correction::kBonferroni;
  experiment.metrics.push_back(planned("bought", MetricType::kProportion));
  experiment.metrics.push_back(planned("crashed", MetricType::kProportion, Role::kGuardrail));
  const Scorecard card = run(experiment, source);
  const double p = *card.comparisons[0].difference->p_value;
  EXPECT_NEAR(*card.comparisons[0].p_adjusted, 2 * p, 1e-15);
  EXPECT_NEAR(*card.comparisons[1].p_adjusted, 2 * p, 1e-15);
  EXPECT_NEAR(*card.comparisons[2].p_adjusted, p, 1e-15);
}

define::Experiment guarded(std::optional<double> threshold, bool must_not_worsen,
                           double margin = 0) {
  define::Experiment experiment = plan();
  define::PlannedMetric guardrail =
      planned("error_rate", MetricType::kProportion, Role::kGuardrail);
  guardrail.direction = define::Direction::kDecrease;
  guardrail.threshold = threshold;
  guardrail.must_not_worsen = must_not_worsen;
  guardrail.margin_relative = margin;
  experiment.metrics.push_back(guardrail);
  return experiment;
}

GuardrailResult guard(const define::Experiment& experiment, std::int64_t errors_control,
                      std::int64_t errors_treatment, std::int64_t n = 50'000) {
  MemorySource source = two_arms(n, n / 10, n / 10);
  MetricData data{.events = 1};
  data.cells[{"control", 0}].summary = proportion(errors_control, n);
  data.cells[{"treatment", 0}].summary = proportion(errors_treatment, n);
  source.metrics["error_rate"] = data;
  return run(experiment, source).guardrails.at(0);
}

TEST(Guardrail, AnAbsoluteThresholdPassesFailsOrWaits) {
  EXPECT_EQ(guard(guarded(0.01, false), 250, 250).status, GuardrailStatus::kPassed);
  EXPECT_EQ(guard(guarded(0.01, false), 250, 1'000).status, GuardrailStatus::kFailed);
  const GuardrailResult open = guard(guarded(0.01, false), 500, 499);
  EXPECT_EQ(open.status, GuardrailStatus::kUndecided);
  EXPECT_TRUE(open.blocks);
}

// Not one crash in 50,000 units is proof enough for a cap of 0.1 %; in 1,000 units it is not.
TEST(Guardrail, RareEventsAreJudgedExactly) {
  EXPECT_EQ(guard(guarded(0.001, false), 3, 0).status, GuardrailStatus::kPassed);
  EXPECT_EQ(guard(guarded(0.001, false), 1, 0, 1'000).status, GuardrailStatus::kUndecided);
}

// Errors per call when there is none yet: fed by the calls, bounded by the units.
TEST(Guardrail, ARatioWithoutErrorsIsFedAndJudged) {
  define::Experiment experiment = guarded(0.01, false);
  experiment.metrics[1].definition->type = MetricType::kRatio;
  MemorySource source = two_arms(5'000, 500, 500);
  MetricData data;
  for (const char* variant : {"control", "treatment"}) {
    Summary summary({.denominator = true});
    for (int i = 0; i < 5'000; ++i) summary.add(std::array{0.0, 3.0});
    data.cells[{variant, 0}].summary = summary;
  }
  source.metrics["error_rate"] = data;
  const GuardrailResult result = run(experiment, source).guardrails.at(0);
  EXPECT_EQ(result.status, GuardrailStatus::kPassed) << result.message;
}

TEST(Guardrail, WhatNothingFeedsGuardsNothingAndHoldsAShipBack) {
  MemorySource source = two_arms(5'000, 500, 500);
  const GuardrailResult result = run(guarded(0.01, false), source).guardrails.at(0);
  EXPECT_EQ(result.status, GuardrailStatus::kNoData);
  EXPECT_TRUE(result.blocks);
}

TEST(Guardrail, AFixedHorizonHidesItsNumbersUntilItFails) {
  define::Experiment experiment = guarded(0.01, false);
  experiment.analysis.method = Method::kFixedHorizon;
  experiment.schedule.sample_size_per_variant = 60'000;
  const GuardrailResult open = guard(experiment, 500, 499);
  EXPECT_EQ(open.status, GuardrailStatus::kUndecided);
  EXPECT_EQ(open.message.find_first_of("0123456789"), std::string::npos) << open.message;
  EXPECT_NE(guard(experiment, 250, 1'000).message.find("0.02"), std::string::npos);
}

TEST(Guardrail, AMarginIsJudgedAgainstTheControl) {
  EXPECT_EQ(guard(guarded(std::nullopt, true, 0.5), 500, 500).status, GuardrailStatus::kPassed);
  EXPECT_EQ(guard(guarded(std::nullopt, true, 0.1), 500, 900).status, GuardrailStatus::kFailed);
  EXPECT_TRUE(guard(guarded(std::nullopt, true, 0.05), 500, 500).blocks);
  // "No higher at all" cannot be proven, only refuted: undecided, but no ship waits for it.
  const GuardrailResult exact = guard(guarded(std::nullopt, true), 500, 500);
  EXPECT_EQ(exact.status, GuardrailStatus::kUndecided);
  EXPECT_FALSE(exact.blocks);
  EXPECT_EQ(guard(guarded(std::nullopt, true), 500, 900).status, GuardrailStatus::kFailed);
}

TEST(Guardrail, ThresholdAndMarginAreTwoRules) {
  EXPECT_EQ(guard(guarded(0.05, true), 500, 500).status, GuardrailStatus::kPassed);
  EXPECT_EQ(guard(guarded(0.05, true), 500, 900).status, GuardrailStatus::kFailed);
}

TEST(Analyze, ContaminationIsReportedWithItsSensitivity) {
  MemorySource source = two_arms(10'000, 1'000, 1'200);
  source.exposures.contaminated = 300;
  source.without_contaminated = source.metrics;
  const TrustCheck found = check(run(plan(), source), "contamination");
  EXPECT_EQ(found.status, TrustStatus::kWarning);
  EXPECT_NE(found.message.find("Without them clicked differs by 0.02 ["), std::string::npos)
      << found.message;
  source.exposures.contaminated = 3'000;
  EXPECT_EQ(check(run(plan(), source), "contamination").status, TrustStatus::kFailed);
}

TEST(Analyze, TheAssignmentCheckSaysHowManyWereCompared) {
  MemorySource source = two_arms(100, 10, 12);
  const AssignmentCheck found{.rows = 2000, .left_out = 1801};
  const auto card =
      analyze(plan(), source, {.as_of = Timestamp{20 * kMicrosPerDay}, .assignment = found});
  ASSERT_TRUE(card);
  EXPECT_EQ(card->trust.back().message,
            "The recorded variant is the assigned one in 199 rows; 1801 are not in the experiment, "
            "or forced.");
}

TEST(Analyze, AMetricThatNothingFeedsIsNoFinding) {
  MemorySource source = two_arms(10'000, 0, 0);
  const Scorecard card = run(plan(), source);
  EXPECT_EQ(check(card, "metric_feed").status, TrustStatus::kFailed);
  define::Experiment nameless = plan();
  nameless.metrics[0].definition.reset();
  EXPECT_FALSE(run(nameless, source).comparisons[0].difference);
}

TEST(Analyze, ImmatureUnitsStandBeside) {
  MemorySource source = two_arms(10'000, 1'000, 1'200);
  MetricData& data = source.metrics["clicked"];
  data.all_units = data.cells;
  data.cells[{"control", 0}].summary = proportion(500, 4'000);
  data.cells[{"treatment", 0}].summary = proportion(600, 4'000);
  const Scorecard card = run(plan(), source);
  EXPECT_NEAR(card.metrics[0].maturity, 0.4, 1e-12);
  EXPECT_EQ(check(card, "maturity").status, TrustStatus::kWarning);
  EXPECT_NEAR(card.comparisons[0].difference->value, 0.025, 1e-12);
  EXPECT_NEAR(card.comparisons[0].all_units->value, 0.02, 1e-12);
}

TEST(Analyze, AnEmptyExperimentHasAScorecardToo) {
  MemorySource source;
  const Scorecard card = run(plan(), source);
  EXPECT_FALSE(card.comparisons[0].difference);
  EXPECT_TRUE(card.trusted());
  EXPECT_TRUE(nlohmann::json::accept(to_json(card)));
}

TEST(Analyze, SegmentsAreCorrectedWithinTheirAttribute) {
  MemorySource source = two_arms(10'000, 1'000, 1'200);
  source.segments["IN"] = two_arms(5'000, 500, 600).metrics["clicked"];
  source.segments["US"] = two_arms(5'000, 500, 505).metrics["clicked"];
  define::Experiment experiment = plan();
  experiment.segments = {"country"};
  experiment.analysis.method = Method::kFixedHorizon;
  const Scorecard card = run(experiment, source, {{{"clicked", "treatment"}, 1e-9}});
  ASSERT_EQ(card.segments.size(), 2u);
  EXPECT_EQ(card.segments[0].value, "IN");
  EXPECT_NEAR(card.segments[0].comparison.difference->value, 0.02, 1e-12);
  EXPECT_NEAR(*card.segments[0].comparison.p_adjusted,
              2 * *card.segments[0].comparison.difference->p_value, 1e-15);
  EXPECT_TRUE(card.segments[0].comparison.significant);
  // The whole experiment's earlier p-value is no evidence about a part of it.
  EXPECT_FALSE(card.segments[1].comparison.significant);
  const auto json = nlohmann::json::parse(to_json(card));
  EXPECT_EQ(json["segments"][1]["attribute"], "country");
  EXPECT_EQ(json["segments"][1]["value"], "US");
  experiment.schedule.sample_size_per_variant = 20'000;
  EXPECT_TRUE(run(experiment, source).segments.empty());
}

TEST(Analyze, AFailingSourceIsAnError) {
  MemorySource source;
  source.broken = true;
  EXPECT_EQ(analyze(plan(), source, {}).error().code, Code::kUnavailable);
}

TEST(Analyze, SameInputSameBytes) {
  MemorySource source = two_arms(10'000, 1'000, 1'200);
  EXPECT_EQ(to_json(run(plan(), source)), to_json(run(plan(), source)));
}

}  // namespace
}  // namespace assay::analyze
