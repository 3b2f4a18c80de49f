#include "assay/cli/cli.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace assay::cli {
namespace {

using testing::HasSubstr;

struct Outcome {
  int status;
  std::string out;
  std::string err;
};

Outcome assay(const std::vector<std::string>& arguments) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  const int status = run(arguments, {in, out, err});
  return {status, out.str(), err.str()};
}

std::string write(const std::string& name, const std::string& text) {
  const auto path = std::filesystem::path(testing::TempDir()) / ("assay_cli_" + name);
  std::ofstream(path) << text;
  return path.string();
}

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

TEST(Cli, DefineShowsThePlan) {
  const Outcome shown = assay({"define", write("plan.yaml", kPlan)});
  EXPECT_EQ(shown.status, kOk) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("control    90 %, control"));
  EXPECT_THAT(shown.out, HasSubstr("treatment  10 %"));
  EXPECT_THAT(shown.out, HasSubstr("25 % of these in use"));
  EXPECT_THAT(shown.out, HasSubstr("country in [IN, US]"));
  EXPECT_THAT(shown.out, HasSubstr("p99_latency_ms, at most 500, must not increase, not defined"));
  EXPECT_THAT(shown.err, HasSubstr("warning: metrics.guardrails[0].name: p99_latency_ms"));
}

TEST(Cli, DefineJsonIsThePlanWithItsFingerprint) {
  const Outcome shown = assay({"define", "--json", write("plan.yaml", kPlan)});
  ASSERT_EQ(shown.status, kOk) << shown.err;
  EXPECT_EQ(shown.err, "");
  const auto json = nlohmann::json::parse(shown.out);
  EXPECT_EQ(json["experiment"]["id"], "checkout_v2");
  EXPECT_EQ(json["fingerprint"].get<std::string>().size(), 64U);
  EXPECT_EQ(json["warnings"].size(), 1U);
  EXPECT_EQ(json["warnings"][0]["line"], 8);
}

TEST(Cli, DefineReportsEveryProblem) {
  const std::string file = write("bad.yaml", "id: x y\ntrafic: 1\nmetrics: {}\n");
  const Outcome shown = assay({"define", file});
  EXPECT_EQ(shown.status, kBadInput);
  EXPECT_EQ(shown.out, "");
  EXPECT_THAT(shown.err, HasSubstr("bad.yaml:1:5: error: id: 'x y' is not a usable id"));
  EXPECT_THAT(shown.err, HasSubstr("did you mean traffic?"));
  const Outcome as_json = assay({"define", "--json", file});
  EXPECT_EQ(as_json.status, kBadInput);
  EXPECT_GE(nlohmann::json::parse(as_json.err)["problems"].size(), 3U);
}

TEST(Cli, DefineNeedsAFileThatExists) {
  const Outcome shown = assay({"define", "no_such_file.yaml"});
  EXPECT_EQ(shown.status, kBadInput);
  EXPECT_THAT(shown.err, HasSubstr("no_such_file.yaml"));
  EXPECT_EQ(
      nlohmann::json::parse(assay({"define", "--json", "no_such_file.yaml"}).err)["error"]["code"],
      "not_found");
}

TEST(Cli, DefineFindsMetricsInACatalogue) {
  const std::string catalogue = write(
      "catalogue.yaml",
      "metrics: {p99_latency_ms: {type: quantile, quantile: 0.99, event: request, field: ms}}\n");
  const Outcome shown = assay({"define", write("plan.yaml", kPlan), "--catalogue", catalogue});
  EXPECT_EQ(shown.status, kOk);
  EXPECT_EQ(shown.err, "");
}

TEST(Cli, SchemaIsJson) {
  const Outcome shown = assay({"define", "--schema"});
  EXPECT_EQ(shown.status, kOk);
  EXPECT_TRUE(nlohmann::json::parse(shown.out).contains("$defs"));
}

}  // namespace
}  // namespace assay::cli
