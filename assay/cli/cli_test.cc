#include "assay/cli/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/cli/testing.h"

namespace assay::cli {
namespace {

using testing::HasSubstr;

constexpr auto kPlan = R"(
id: checkout_v2
allocation: {control: 0.9, treatment: 0.1}
traffic: 0.25
targeting: {countries: [IN, US]}
metrics:
  primary: [{name: paid, type: proportion, event: payment}]
  guardrails: [{name: p99_latency_ms, threshold: 500, direction: must_not_increase}]
)";

TEST(Cli, VersionAndHelpAreFine) {
  EXPECT_THAT(assay({"--version"}).out, testing::StartsWith("assay 0."));
  EXPECT_EQ(assay({"--version"}).status, kOk);
  EXPECT_THAT(assay({"--help"}).out, HasSubstr("define"));
}

TEST(Cli, BadArgumentsAreBadInputAndSaySo) {
  EXPECT_EQ(assay({}).status, kBadInput);
  EXPECT_EQ(assay({"conquer"}).status, kBadInput);
  EXPECT_EQ(assay({"define"}).status, kBadInput);
  EXPECT_EQ(assay({"define", "--jason", "x.yaml"}).status, kBadInput);
  EXPECT_THAT(assay({"define", "--jason", "x.yaml"}).err, HasSubstr("--jason"));
}

// What no start and no `assay assign` would take is no plan that will run.
TEST(Cli, DefineRefusesWhatCannotBeAssigned) {
  const auto define = [](const std::string& more) {
    const std::string file =
        written("unassignable.yaml",
                "id: exp\nmetrics: {primary: [{name: m, type: count, event: c, "
                "direction: increase}]}\n" +
                    more);
    return assay({"define", file});
  };
  const std::string thirds = "allocation: {a: 1, b: 1, c: 1}\n";
  EXPECT_EQ(define(thirds + "layer: {name: l, share: 10%}\n").status, kOk);
  EXPECT_EQ(define("hash: statsig\nallocation: {a: 333, b: 333, c: 334}\n").status, kOk);
  for (const char* hash : {"unleash", "statsig", "optimizely", "eppo", "launchdarkly"}) {
    const Ran refused = define(thirds + "hash: " + hash + "\n");
    EXPECT_EQ(refused.status, kBadInput) << hash;
    EXPECT_EQ(refused.out, "");
    EXPECT_THAT(refused.err, HasSubstr("unassignable.yaml"));
    EXPECT_THAT(refused.err, HasSubstr("the weights are no whole shares of 1000")) << hash;
  }
  std::string deep = "{attribute: a, exists: true}";
  for (int i = 0; i < 40; ++i) deep = "{not: " + deep + "}";
  EXPECT_THAT(define(thirds + "targeting: " + deep + "\n").err, HasSubstr("exp.targeting"));
  EXPECT_THAT(define(thirds + "salt: layer:exp\n").err, HasSubstr("the layer's slots too"));
}

TEST(Cli, ImportRefusesWhatCannotBeAssigned) {
  const std::string file = written("salt.json", R"({"features": {
      "f": {"defaultValue": 0, "rules": [{"variations": [0, 1], "seed": "layer:f"}]}}})");
  for (const std::vector<std::string>& more : {std::vector<std::string>{}, {"--only", "f"}}) {
    std::vector<std::string> arguments = {"define", "--import", "growthbook", file};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Ran refused = assay(arguments);
    EXPECT_EQ(refused.status, kBadInput);
    EXPECT_EQ(refused.out, "");
    EXPECT_THAT(refused.err,
                HasSubstr("salt.json:2: error: features.f: cannot be assigned: f.salt: "
                          "is the salt of the layer's slots too"));
  }
}

TEST(Cli, DefineTakesOverAnotherToolsFlags) {
  const std::string file = written("flags.json", R"({"flags": {
    "ranker": {"state": "ENABLED", "defaultVariant": "a", "variants": {"a": 1, "b": 2},
               "targeting": {"fractional": [["a", 1], ["b", 3]]}},
    "plain": {"state": "ENABLED", "defaultVariant": "a", "variants": {"a": 1}}}})");
  const Ran all = assay({"define", "--import", "flagd", file});
  EXPECT_EQ(all.status, kBadInput);
  EXPECT_THAT(all.out, HasSubstr("id: \"ranker\""));
  EXPECT_THAT(all.err, HasSubstr("flags.json:4:"));
  EXPECT_THAT(all.err, HasSubstr("nothing to assign"));
  const Ran one = assay({"define", "--import", "flagd", file, "--only", "ranker"});
  EXPECT_EQ(one.status, kOk);
  const std::string plan = written("ranker.yaml", one.out + R"(  metrics:
    primary: [{name: paid, type: proportion, event: payment, direction: increase}]
)");
  EXPECT_EQ(assay({"define", plan}).status, kOk) << assay({"define", plan}).err;
  const Ran parsed = assay({"define", "--import", "flagd", file, "--json"});
  EXPECT_EQ(nlohmann::json::parse(parsed.out)["experiments"][0]["line"], 2);
  EXPECT_EQ(nlohmann::json::parse(parsed.out)["refused"].size(), 1U);
  const Ran none = assay({"define", "--import", "flagd", file, "--only", "none"});
  EXPECT_EQ(none.status, kBadInput);
  EXPECT_THAT(none.err, HasSubstr("there is no flag 'none' (there are ranker)"));
  EXPECT_THAT(assay({"define", "--import", "flagd", file, "--only", "rankr"}).err,
              HasSubstr("there is no flag 'rankr' (did you mean ranker?)"));
  const Ran plain = assay({"define", "--import", "flagd", file, "--only", "plain"});
  EXPECT_EQ(plain.status, kBadInput);
  EXPECT_THAT(plain.err, HasSubstr("nothing to assign"));
  const std::string refused = written("refused.json", R"({"flags": {"plain": {}}})");
  EXPECT_THAT(assay({"define", "--import", "flagd", refused, "--only", "other"}).err,
              HasSubstr("no flag 'other' (none can be taken over; without --only each says why)"));
  EXPECT_EQ(assay({"define", "--import", "growthbook", file}).status, kBadInput);
  EXPECT_EQ(assay({"define", "--import", "other", file}).status, kBadInput);
  EXPECT_EQ(assay({"define", "--only", "x", file}).status, kBadInput);
}

TEST(Cli, DefineTakesOverFilesOfUpTo16MiB) {
  std::string text = R"({"flags": {"ranker": {"state": "ENABLED", "defaultVariant": "a",
    "variants": {"a": 1, "b": 2}, "targeting": {"fractional": [["a", 1], ["b", 3]]}}}, "pad": ")";
  const std::string good = written("large.json", text + std::string(3 << 20, 'x') + "\"}");
  EXPECT_EQ(assay({"define", "--import", "flagd", good}).status, kOk);
  const std::string bad = written("larger.json", text + std::string(16 << 20, 'x') + "\"}");
  const Ran outcome = assay({"define", "--import", "flagd", bad});
  EXPECT_EQ(outcome.status, kBadInput);
  EXPECT_THAT(outcome.err, HasSubstr("longer than 16777216 bytes"));
  EXPECT_THAT(outcome.err, HasSubstr("one project or environment at a time"));
}

TEST(Cli, SimulateAssignmentReportsEveryCheck) {
  const Ran table = assay({"simulate", "assignment", "--units", "10000", "--salts", "5"});
  EXPECT_EQ(table.status, kOk) << table.out;
  EXPECT_THAT(table.out, HasSubstr("pairs_5_percent"));
  EXPECT_THAT(table.out, testing::Not(HasSubstr("NOT FAIR")));
  const Ran json = assay({"simulate", "assignment", "--units", "10000", "--salts", "5", "--json"});
  EXPECT_EQ(nlohmann::json::parse(json.out)["checks"].size(), 24U);
  const Ran few = assay({"simulate", "assignment", "--units", "99"});
  EXPECT_EQ(few.status, kBadInput);
  EXPECT_THAT(few.err, HasSubstr("units must be between"));
  EXPECT_THAT(assay({"simulate", "asignment"}).err, HasSubstr("or assignment"));
}

TEST(Cli, SimulateRefusesOptionsOfOtherSimulations) {
  const std::vector<std::string> cases[] = {{"assignment", "--alpha", "2", "aa"},
                                            {"assignment", "--runs", "-5", "aa or methods"},
                                            {"assignment", "--law", "nonsense", "aa"},
                                            {"methods", "--units", "9", "aa or assignment"},
                                            {"aa", "--salts", "7", "assignment"}};
  for (const auto& one : cases) {
    const Ran refused = assay({"simulate", one[0], one[1], one[2]});
    EXPECT_EQ(refused.status, kBadInput);
    EXPECT_THAT(refused.err, HasSubstr(one[1] + ": simulate " + one[0] +
                                       " does not read it; it is for " + one[3]));
  }
}

TEST(Cli, SimulateMethodsRunsTheStudiesThatAreNamed) {
  const Ran list = assay({"simulate", "methods", "--list"});
  EXPECT_THAT(list.out, HasSubstr("peeking.normal.looks100"));
  const Ran one = assay({"simulate", "methods", "--study", "clusters.g6", "--runs", "40"});
  EXPECT_EQ(one.status, kOk) << one.out;
  EXPECT_THAT(one.out, HasSubstr("not promised here"));
  const Ran json = assay(
      {"simulate", "methods", "--study", "clusters.g", "--runs", "10", "--seed", "3", "--json"});
  const auto studies = nlohmann::json::parse(json.out)["studies"];
  EXPECT_EQ(studies.size(), 5U);
  EXPECT_EQ(studies[0]["seed"], 3);
  EXPECT_EQ(studies[0]["rows"][0]["method"], "CR2, Satterthwaite");
  const Ran none = assay({"simulate", "methods", "--study", "clutsers"});
  EXPECT_EQ(none.status, kBadInput);
  EXPECT_THAT(none.err, HasSubstr("--study: there is no study \"clutsers\""));
  EXPECT_THAT(assay({"simulate", "methods", "--study", "clusters.g6", "--runs", "1"}).err,
              HasSubstr("--runs: runs must be between 2 and"));
}

TEST(Cli, DefineShowsThePlan) {
  const Ran shown = assay({"define", written("plan.yaml", kPlan)});
  EXPECT_EQ(shown.status, kOk) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("control    90 %, control"));
  EXPECT_THAT(shown.out, HasSubstr("treatment  10 %"));
  EXPECT_THAT(shown.out, HasSubstr("25 % of these in use"));
  EXPECT_THAT(shown.out, HasSubstr("country in [IN, US]"));
  EXPECT_THAT(shown.out, HasSubstr("p99_latency_ms, at most 500, must not increase, not defined"));
  EXPECT_THAT(shown.err, HasSubstr("warning: metrics.guardrails[0].name: p99_latency_ms"));
}

TEST(Cli, DefineJsonIsThePlanWithItsFingerprint) {
  const Ran shown = assay({"define", "--json", written("plan.yaml", kPlan)});
  ASSERT_EQ(shown.status, kOk) << shown.err;
  EXPECT_EQ(shown.err, "");
  const auto json = nlohmann::json::parse(shown.out);
  EXPECT_EQ(json["experiment"]["id"], "checkout_v2");
  EXPECT_EQ(json["fingerprint"].get<std::string>().size(), 64U);
  EXPECT_EQ(json["warnings"].size(), 1U);
  EXPECT_EQ(json["warnings"][0]["line"], 8);
}

TEST(Cli, DefineReportsEveryProblem) {
  const std::string file = written("bad.yaml", "id: x y\ntrafic: 1\nmetrics: {}\n");
  const Ran shown = assay({"define", file});
  EXPECT_EQ(shown.status, kBadInput);
  EXPECT_EQ(shown.out, "");
  EXPECT_THAT(shown.err, HasSubstr("bad.yaml:1:5: error: id: 'x y' is not a usable id"));
  EXPECT_THAT(shown.err, HasSubstr("did you mean traffic?"));
  const Ran as_json = assay({"define", "--json", file});
  EXPECT_EQ(as_json.status, kBadInput);
  EXPECT_GE(nlohmann::json::parse(as_json.err)["problems"].size(), 3U);
}

TEST(Cli, DefineNeedsAFileThatExists) {
  const Ran shown = assay({"define", "no_such_file.yaml"});
  EXPECT_EQ(shown.status, kBadInput);
  EXPECT_THAT(shown.err, HasSubstr("no_such_file.yaml"));
  EXPECT_EQ(
      nlohmann::json::parse(assay({"define", "--json", "no_such_file.yaml"}).err)["error"]["code"],
      "not_found");
}

TEST(Cli, DefineFindsMetricsInACatalogue) {
  const std::string catalogue = written(
      "catalogue.yaml",
      "metrics: {p99_latency_ms: {type: quantile, quantile: 0.99, event: request, field: ms}}\n");
  const Ran shown = assay({"define", written("plan.yaml", kPlan), "--catalogue", catalogue});
  EXPECT_EQ(shown.status, kOk);
  EXPECT_EQ(shown.err, "");
}

TEST(Cli, DefineFindsACovariateInACatalogue) {
  const std::string metrics =
      "metrics: {p99_latency_ms: {type: quantile, quantile: 0.99, event: request, field: ms}}\n";
  const std::string past = "covariates: {past: {event: add, lookback: 14d}}\n";
  const std::string plan =
      written("plan.yaml",
              "id: x\nallocation: {control: 1, treatment: 1}\n"
              "metrics: {primary: [{name: p99_latency_ms}]}\nanalysis: {cuped_covariate: past}\n");
  const std::string without = written("metrics.yaml", metrics);
  EXPECT_THAT(assay({"define", plan, "--catalogue", without}).err,
              HasSubstr("past is defined nowhere"));
  // Of two catalogues each may hold a part.
  const Ran shown = assay({"define", plan, "--json", "--catalogue", without, "--catalogue",
                           written("past.yaml", metrics + past)});
  ASSERT_EQ(shown.status, kOk) << shown.err;
  const auto json = nlohmann::json::parse(shown.out);
  EXPECT_EQ(json["warnings"].size(), 0U);
  EXPECT_EQ(json["experiment"]["analysis"]["covariate"]["numerator"]["event"], "add");
}

TEST(Cli, SchemaIsJson) {
  const Ran shown = assay({"define", "--schema"});
  EXPECT_EQ(shown.status, kOk);
  EXPECT_TRUE(nlohmann::json::parse(shown.out).contains("$defs"));
}

TEST(Cli, PlanSizesFromNumbers) {
  const Ran sized = assay({"plan", "--type", "proportion", "--baseline", "0.032", "--mde-relative",
                           "0.10", "--daily-units", "5000", "--json"});
  ASSERT_EQ(sized.status, kOk) << sized.err;
  const auto json = nlohmann::json::parse(sized.out);
  EXPECT_EQ(json["n_per_variant"], 49777);
  EXPECT_EQ(json["n_total"], 99554);
  EXPECT_EQ(json["power"], 0.8);
  EXPECT_EQ(json["alpha"], 0.05);
  EXPECT_DOUBLE_EQ(json["mde_absolute"].get<double>(), 0.0032);
  EXPECT_DOUBLE_EQ(json["mde_relative"].get<double>(), 0.1);
  EXPECT_EQ(json["duration_days"], 21);
}

TEST(Cli, PlanSolvesForEffectAndPower) {
  const Ran effect = assay({"plan", "--type", "mean", "--baseline", "20", "--sd", "5",
                            "--n-per-variant", "64", "--json"});
  ASSERT_EQ(effect.status, kOk) << effect.err;
  EXPECT_NEAR(nlohmann::json::parse(effect.out)["mde_absolute"].get<double>(), 2.5, 0.01);
  const Ran power = assay({"plan", "--type", "mean", "--baseline", "20", "--sd", "5",
                           "--n-per-variant", "64", "--mde-absolute", "2.5", "--json"});
  ASSERT_EQ(power.status, kOk) << power.err;
  EXPECT_NEAR(nlohmann::json::parse(power.out)["power"].get<double>(), 0.8, 0.01);
}

}  // namespace
}  // namespace assay::cli
