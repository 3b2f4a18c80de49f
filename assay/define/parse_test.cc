#include "assay/define/parse.h"

#include <algorithm>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/define/define.h"
#include "assay/define/testing.h"

namespace assay::define {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(Parse, TheGuidesSampleIsAcceptedAsItStands) {
  const std::string path = ASSAY_SOURCE_DIR "/../shared/seeds/guide_experiment.yaml";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "absent: guide_experiment.yaml";
  const auto parsed = parse(read_text(path), {.file = "guide.yaml"});
  ASSERT_TRUE(parsed) << to_text(parsed.error());
  const Experiment& plan = parsed->experiment;
  EXPECT_EQ(plan.id, "rec-model-v2-2026q1");
  EXPECT_EQ(plan.variants.size(), 2U);
  EXPECT_EQ(plan.control, "control");
  EXPECT_EQ(plan.variants[0].weight, plan.variants[1].weight);
  EXPECT_EQ(to_text(plan.assignment.targeting),
            "platform in [web, android, ios] and country in [IN, US, UK] and user_segment in "
            "[returning_users]");
  ASSERT_EQ(plan.metrics.size(), 6U);
  // The sample's one line is two rules: a cap, and no worse than control.
  EXPECT_EQ(plan.metrics[3].name, "p99_latency_ms");
  EXPECT_EQ(plan.metrics[3].threshold, 500);
  EXPECT_TRUE(plan.metrics[3].must_not_worsen);
  EXPECT_EQ(plan.metrics[3].direction, Direction::kDecrease);
  EXPECT_EQ(plan.analysis.method, Method::kSequential);
  EXPECT_EQ(plan.analysis.covariate_name, "pre_experiment_add_to_cart_rate");
  EXPECT_EQ(to_text(*plan.schedule.start), "2026-03-01T00:00:00Z");
  EXPECT_EQ(plan.schedule.sample_size_per_variant, 50000);
  // Six metrics and a covariate are named but not defined.
  EXPECT_EQ(parsed->warnings.size(), 7U);

  // The example catalogue defines its metrics and its covariate, so that it can start just as it
  // stands.
  const auto catalogue = parse_catalogue(read_text(ASSAY_SOURCE_DIR "/examples/metrics.yaml"), "m");
  ASSERT_TRUE(catalogue) << to_text(catalogue.error());
  const auto defined = parse(read_text(path), {.file = "guide.yaml", .catalogue = *catalogue});
  ASSERT_TRUE(defined) << to_text(defined.error());
  EXPECT_EQ(to_text(defined->warnings), "");
  EXPECT_EQ(defined->experiment.analysis.variance_reduction, VarianceReduction::kCuped);
  ASSERT_TRUE(defined->experiment.analysis.covariate);
  EXPECT_EQ(defined->experiment.analysis.covariate->numerator.event, "add_to_cart");
  EXPECT_EQ(defined->experiment.analysis.covariate->window, (Window{-14 * kSecondsPerDay, 0}));
}

TEST(Parse, EveryExampleIsFine) {
  int files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(ASSAY_SOURCE_DIR "/examples/experiments")) {
    const auto parsed = parse(read_text(entry.path()), {.file = entry.path().filename()});
    ASSERT_TRUE(parsed) << to_text(parsed.error());
    EXPECT_EQ(to_text(parsed->warnings), "") << entry.path();
    ++files;
  }
  EXPECT_GE(files, 5);
  const auto catalogue = parse_catalogue(read_text(ASSAY_SOURCE_DIR "/examples/metrics.yaml"), "m");
  ASSERT_TRUE(catalogue) << to_text(catalogue.error());
  EXPECT_EQ(catalogue->metrics.size(), 7U);
  EXPECT_EQ(catalogue->covariates.size(), 1U);
}

TEST(Parse, TheSmallestPlanHasItsDefaults) {
  const Experiment plan = must_parse(plan_with(""));
  EXPECT_EQ(plan.name, "x");
  EXPECT_EQ(plan.assignment.unit, "user");
  EXPECT_EQ(plan.assignment.layer, "x");
  EXPECT_EQ(plan.assignment.salt, "x");
  EXPECT_EQ(plan.assignment.slots, (std::vector<SlotRange>{{0, kLayerSlots}}));
  EXPECT_EQ(plan.assignment.traffic_ppm, kLayerSlots);
  EXPECT_FALSE(plan.assignment.expose_on_evaluation);
  EXPECT_EQ(plan.analysis, Analysis{});
  EXPECT_EQ(complaints(plan_with("")), "");
}

TEST(Parse, AllProblemsComeAtOnceInFileOrder) {
  const auto parsed = parse(
      "id: x y\n"
      "allocation: {control: 0.5, treatment: 0.6}\n"
      "trafic: 1\n"
      "metrics:\n"
      "  primary:\n"
      "    - {name: m, type: proportoin, event: e}\n"
      "analysis: {alpha: 1.5, method: frequentist_sequental}\n"
      "schedule: {start_date: 2026-02-30, min_runtime_days: 9, max_runtime_days: 3}\n",
      {.file = "exp.yaml"});
  ASSERT_FALSE(parsed);
  const std::string text = to_text(parsed.error());
  EXPECT_EQ(parsed.error().size(), 8U) << text;
  EXPECT_THAT(text, StartsWith("exp.yaml:1:5: error: id: 'x y' is not a usable id"));
  EXPECT_THAT(text, HasSubstr("exp.yaml:2:13: error: allocation: shares add to 1.10 (fractions"));
  EXPECT_THAT(text, HasSubstr("exp.yaml:3:1: error: trafic: unknown key 'trafic' (did you mean "
                              "traffic?)"));
  EXPECT_THAT(text, HasSubstr("exp.yaml:6:23: error: metrics.primary[0].type: 'proportoin' is not "
                              "one of proportion, mean"));
  EXPECT_THAT(text, HasSubstr("exp.yaml:7:19: error: analysis.alpha: 1.5 is not between 0 and 1, "
                              "ends left out (0.05 is the usual choice)"));
  EXPECT_THAT(text, HasSubstr("(did you mean frequentist_sequential?)"));
  EXPECT_THAT(text, HasSubstr("schedule.start_date: '2026-02-30' is not a date"));
  EXPECT_THAT(text, HasSubstr("schedule.max_runtime_days: 3 is less than min_runtime_days, 9"));
}

struct Wrong {
  std::string text;
  std::string complaint;
};

TEST(Parse, NumbersMakeSense) {
  const Wrong cases[] = {
      {"analysis: {alpha: 0}", "analysis.alpha: 0 is not between"},
      {"analysis: {alpha: .nan}", "analysis.alpha: expected a number, not '.nan'"},
      {"analysis: {alpha: nan}", "expected a number"},
      {"analysis: {alpha: .inf}", "expected a number"},
      {"analysis: {alpha: 1e999}", "expected a number"},
      {"analysis: {alpha: \"0.05\"}", "remove the quotes"},
      {"analysis: {power: 1}", "analysis.power: 1 is not between"},
      {"analysis: {mde_relative: 0}", "analysis.mde_relative: 0 is not above 0"},
      {"analysis: {mde_relative: -0.1}", "-0.1 is not above 0"},
      {"analysis: {mde_relative: 010}", "010 starts with 0, which YAML reads as octal"},
      {"analysis: {mde_relative: 0x10}", "expected a number"},
      {"analysis: {srm_alpha: 1}", "analysis.srm_alpha"},
      {"analysis: {alpha: [0.05]}", "expected a number, not a list"},
      {"analysis: {alpha: }", "analysis.alpha: has no value"},
      {"schedule: {min_runtime_days: -1}", "min_runtime_days: -1 is not between 0 and 3650"},
      {"schedule: {sample_size_per_variant: 1.5}", "1.5 is not a whole number"},
      {"schedule: {sample_size_per_variant: 0}", "0 is not between 1 and"},
      {"schedule: {sample_size_per_variant: 9, estimated_sample_size_per_group: 9}",
       "keep one of them"},
      {"schedule: {start_date: 20260301}", "is not a date or time"},
      {"schedule: {start_date: soon}", "is not a date or time"},
      {"reshuffle: yes", "expected true or false"},
  };
  for (const Wrong& wrong : cases) {
    EXPECT_THAT(complaints(plan_with(wrong.text)), HasSubstr(wrong.complaint)) << wrong.text;
  }
}

TEST(Parse, KeysThatWouldDoNothingAreErrors) {
  const Wrong cases[] = {
      {"analysis: {prior_sd_relative: 0.1}", "does nothing under method frequentist_sequential"},
      {"analysis: {ship_probability: 0.9, method: fixed_horizon}", "does nothing under method"},
      {"analysis: {variance_reduction: cuped}", "cuped needs a covariate"},
      {"analysis: {variance_reduction: none, cuped_covariate: c}", "does nothing under"},
      {"covariates: {c: {event: e, lookback: 7d}}\nanalysis: {cuped_covariate: d}",
       "'d' is not in covariates"},
      {"covariates: {c: {event: e, lookback: 7d}}", "warning: covariates.c: is not used"},
      {"covariates: {c: {event: e}}\nanalysis: {cuped_covariate: c}", "key 'lookback' is missing"},
      {"covariates: {c: {event: e, lookback: 0d}}", "the window is empty"},
      {"covariates: {c: {numerator: {event: e}, lookback: 7d}}", "key 'denominator' is missing"},
      {"covariates: {c: {event: e, numerator: {event: e}, denominator: {event: f}, lookback: 7d}}",
       "belongs into a part of the ratio"},
      {"covariates: {c: {numerator: {event: e, aggregate: mean, field: x}, denominator: {event: "
       "f}, "
       "lookback: 7d}}",
       "both parts of a past ratio must add up"},
      {"analysis: {method: fixed_horizon}", "a fixed horizon needs its sample size"},
      {"segments: [country, country]", "segment 'country' appears twice"},
      {"segments: []", "is an empty list"},
  };
  for (const Wrong& wrong : cases) {
    EXPECT_THAT(complaints(plan_with(wrong.text)), HasSubstr(wrong.complaint)) << wrong.text;
  }
}

TEST(Parse, TheWholeFileHasTheRightShape) {
  EXPECT_THAT(complaints("[1, 2]"), HasSubstr("expected a map with keys such as id"));
  EXPECT_THAT(complaints("just text"), HasSubstr("expected a map"));
  EXPECT_THAT(complaints("id: x\n"), HasSubstr("key 'metrics' is missing"));
  EXPECT_THAT(complaints("id: x\n"), HasSubstr("has no variants"));
  EXPECT_THAT(complaints("name: x\n"), HasSubstr("key 'id' is missing"));
  EXPECT_THAT(complaints("experiment:\n"), HasSubstr("experiment: has no value"));
  EXPECT_THAT(complaints("experiment: {id: x}\nmetric: {}\n"),
              HasSubstr("unknown key 'metric' (did you mean metrics?)"));
  EXPECT_THAT(complaints(plan_with("name: ''")), HasSubstr("name: is empty text"));
  EXPECT_THAT(complaints(plan_with("name: " + std::string(1025, 'a'))),
              HasSubstr("is 1025 bytes long; at most 1024"));
  EXPECT_THAT(complaints("id: -x\n"), HasSubstr("'-x' is not a usable id"));
  EXPECT_THAT(complaints("id: " + std::string(129, 'a')), HasSubstr("is not a usable id"));
}

TEST(Parse, BothFormsOfTheFileMeanTheSame) {
  const std::string bare = plan_with("");
  std::string wrapped = "experiment:\n";
  for (std::size_t begin = 0; begin < bare.size();) {
    const std::size_t end = bare.find('\n', begin) + 1;
    wrapped += "  " + bare.substr(begin, end - begin);
    begin = end;
  }
  EXPECT_EQ(must_parse(bare), must_parse(wrapped));
  const std::string json =
      R"({"id": "x", "allocation": {"control": 1, "treatment": 1},
          "metrics": {"primary": [{"name": "m", "type": "proportion", "event": "e"}]}})";
  EXPECT_EQ(must_parse(bare), must_parse(json));
}

TEST(Parse, ACatalogueDefinesMetricsByName) {
  const std::string plan =
      "  id: x\n  allocation: {a: 1, b: 1}\n  metrics: {primary: [{name: paid}]}\n";
  const std::string wrapped =
      "experiment:\n" + plan + "metrics: {paid: {type: mean, event: payment, field: amount}}\n";
  const Experiment inside = must_parse(wrapped);
  ASSERT_TRUE(inside.metrics[0].definition);
  EXPECT_EQ(inside.metrics[0].definition->numerator.field, "amount");

  const auto shared =
      parse_catalogue("metrics: {paid: {type: mean, event: payment, field: amount}}", "m.yaml");
  ASSERT_TRUE(shared);
  const auto outside = parse("experiment:\n" + plan, {.catalogue = *shared});
  ASSERT_TRUE(outside);
  EXPECT_EQ(outside->experiment, inside);
  EXPECT_EQ(outside->warnings.size(), 0U);

  EXPECT_THAT(complaints("experiment:\n  id: x\n  allocation: {a: 1, b: 1}\n"
                         "  metrics: {primary: [{name: paid, type: proportion}]}\n"
                         "metrics: {paid: {type: mean, event: payment}}\n"),
              HasSubstr("paid is a mean in the catalogue"));
  const auto wrong = parse_catalogue("metrics: {m: {event: e}}\n", "m.yaml");
  ASSERT_FALSE(wrong);
  EXPECT_THAT(to_text(wrong.error()), HasSubstr("m.yaml:1:14: error: metrics.m: key 'type'"));
  EXPECT_FALSE(parse_catalogue("metric: {}", "m.yaml"));
}

TEST(Parse, ACatalogueDefinesCovariatesByName) {
  const auto event = [](const std::string& own, const std::string& beside) -> std::string {
    const auto shared = parse_catalogue(
        "metrics: {m: {type: proportion, event: e}}\n"
        "covariates: {past: {event: file, lookback: 7d}}\n",
        "m.yaml");
    EXPECT_TRUE(shared) << to_text(shared.error());
    const auto parsed = parse(
        "experiment:\n  id: x\n  allocation: {a: 1, b: 1}\n"
        "  metrics: {primary: [{name: m}]}\n  analysis: {cuped_covariate: past}\n" +
            own + beside,
        {.file = "exp.yaml", .catalogue = *shared});
    if (!parsed) return to_text(parsed.error());
    const auto& covariate = parsed->experiment.analysis.covariate;
    return (covariate ? covariate->numerator.event : "") + to_text(parsed->warnings);
  };
  const std::string own = "  covariates: {past: {event: own, lookback: 7d}}\n";
  const std::string beside = "covariates: {past: {event: beside, lookback: 7d}}\n";
  EXPECT_EQ(event("", ""), "file");
  EXPECT_EQ(event("", beside), "beside");
  EXPECT_EQ(event(own, beside), "own");
  EXPECT_THAT(event("  covariates: {other: {event: own, lookback: 7d}}\n", ""),
              StartsWith("fileexp.yaml:6:23: warning: experiment.covariates.other: is not used"));
  EXPECT_THAT(event("", "covariates: {past: {event: e}}\n"),
              HasSubstr("key 'lookback' is missing"));
  EXPECT_THAT(to_text(parse_catalogue("covariates: {c: {event: e, lookback: 7d}}", "m").error()),
              HasSubstr("key 'metrics' is missing"));
}

TEST(Parse, WhatTheTextMayNotHoldHidesNothingElse) {
  const std::string twice = complaints(
      "id: x\nallocation: {a: 1, b: 1}\nmetrics:\n  primary: [{name: m, type: mean, event: e}]\n"
      "  primary: [{name: n}]\nanalysis: {alhpa: 0.05}\n");
  EXPECT_THAT(twice, StartsWith("exp.yaml:5:3: error: metrics: key 'primary' appears twice"));
  EXPECT_THAT(twice, HasSubstr("exp.yaml:6:12: error: analysis.alhpa: unknown key 'alhpa'"));
  EXPECT_EQ(std::ranges::count(twice, '\n'), 2) << twice;

  // What only follows from an alias or a merge key is not told again.
  const std::string others =
      complaints(plan_with("name: &n one\nhypothesis: *n\ntargeting:\n  <<: {a: 1}\n"
                           "analysis: {alpha: 2}"));
  EXPECT_THAT(others, HasSubstr("exp.yaml:5:13: error: hypothesis: aliases"));
  EXPECT_THAT(others, HasSubstr("exp.yaml:7:3: error: targeting: merge keys"));
  EXPECT_THAT(others, HasSubstr("exp.yaml:8:19: error: analysis.alpha: 2 is not between"));
  EXPECT_EQ(std::ranges::count(others, '\n'), 3) << others;

  const auto catalogue = parse_catalogue("metrics: {m: {event: e, event: f}}", "m.yaml");
  ASSERT_FALSE(catalogue);
  EXPECT_EQ(catalogue.error().size(), 2U) << to_text(catalogue.error());
}

TEST(Parse, BayesianPlansCarryTheirPrior) {
  const Experiment plan = must_parse(
      plan_with("analysis: {method: bayesian, prior_sd_relative: 0.1, ship_probability: 0.9}"));
  EXPECT_EQ(plan.analysis.method, Method::kBayesian);
  EXPECT_EQ(plan.analysis.prior_sd_relative, 0.1);
  EXPECT_EQ(plan.analysis.ship_probability, 0.9);
}

TEST(Parse, CupedTakesACovariateFromBeforeTheExposure) {
  const Experiment plan =
      must_parse(plan_with("covariates: {past: {event: add, aggregate: exists, lookback: 14d}}\n"
                           "analysis: {cuped_covariate: past}"));
  EXPECT_EQ(plan.analysis.variance_reduction, VarianceReduction::kCuped);
  ASSERT_TRUE(plan.analysis.covariate);
  EXPECT_EQ(plan.analysis.covariate->type, MetricType::kProportion);
  EXPECT_EQ(plan.analysis.covariate->window, (Window{-14 * kSecondsPerDay, 0}));
  const Experiment ratio =
      must_parse(plan_with("covariates: {past: {numerator: {event: click}, denominator: {event: "
                           "view}, lookback: 14d}}\nanalysis: {cuped_covariate: past}"));
  EXPECT_EQ(ratio.analysis.covariate->type, MetricType::kRatio);
  EXPECT_EQ(ratio.analysis.covariate->numerator.event, "click");
  EXPECT_EQ(ratio.analysis.covariate->denominator->event, "view");
  const auto again = from_canonical_json(canonical_json(ratio));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->analysis.covariate, ratio.analysis.covariate);
}

}  // namespace
}  // namespace assay::define
