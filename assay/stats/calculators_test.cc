#include "assay/stats/calculators.h"

#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace assay::stats {
namespace {

using nlohmann::json;

json answer(std::string_view method, const std::string& request,
            AnswerStatus status = AnswerStatus::kOk) {
  const Answer answer = calculate(method, request);
  EXPECT_EQ(static_cast<int>(answer.status), static_cast<int>(status)) << answer.json;
  return json::parse(answer.json);
}

constexpr const char* kTextbook = R"({"control": {"n": 30, "mean": 10, "std_dev": 2},
                                      "treatment": {"n": 40, "mean": 11, "std_dev": 3}})";

TEST(Calculators, ExampleOfTheHeader) {
  const json out = answer("welch_t", kTextbook);
  EXPECT_NEAR(out["p_value"].get<double>(), 0.09946541117633102, 1e-12);
  EXPECT_EQ(out["estimate"], 1.0);
  EXPECT_EQ(out["method"], "welch_t");
  EXPECT_TRUE(out["relative"].contains("low"));
}

TEST(Calculators, ArmsComeInThreeForms) {
  const json counts = answer("welch_t", R"({"control": {"n": 4, "successes": 1},
                                            "treatment": {"n": 4, "successes": 2}})");
  const json values = answer("welch_t", R"({"control": {"values": [0, 0, 1, 0]},
                                            "treatment": {"values": [1, 0, 1, 0]}})");
  EXPECT_NEAR(counts["p_value"].get<double>(), values["p_value"].get<double>(), 1e-14);
  const json both = answer("welch_t",
                           R"({"control": {"n": 4, "mean": 1, "std_dev": 1, "variance": 1},
                               "treatment": {"n": 4, "successes": 2}})",
                           AnswerStatus::kBadRequest);
  EXPECT_EQ(both["error"]["problems"][0]["field"], "control.std_dev");
}

TEST(Calculators, EveryProblemAtOnceWithItsField) {
  const json out = answer("welch_t",
                          R"({"control": {"n": -3, "mean": "x", "std_dev": 2}, "alpah": 0.1,
                              "alpha": 1.5})",
                          AnswerStatus::kBadRequest);
  std::vector<std::string> fields;
  for (const json& each : out["error"]["problems"]) fields.push_back(each["field"]);
  const std::vector<std::string> wanted = {"control.n", "control.mean", "treatment", "alpha",
                                           "alpah"};
  for (const auto& field : wanted) {
    EXPECT_NE(std::find(fields.begin(), fields.end(), field), fields.end()) << field;
  }
  EXPECT_NE(out.dump().find("did you mean alpha?"), std::string::npos);
}

TEST(Calculators, WhatDoesNotExistSaysWhy) {
  const auto code = [](const std::string& control) {
    const json out =
        answer("welch_t",
               R"({"control": )" + control + R"(, "treatment": {"n": 9, "mean": 2, "std_dev": 0}})",
               AnswerStatus::kUndefined);
    return out["error"]["code"].get<std::string>();
  };
  EXPECT_EQ(code(R"({"n": 0, "mean": 0, "std_dev": 0})"), "no_data");
  EXPECT_EQ(code(R"({"n": 1, "mean": 0, "std_dev": 0})"), "too_few_units");
  EXPECT_EQ(code(R"({"n": 9, "mean": 1, "std_dev": 0})"), "no_variance");
}

TEST(Calculators, NoAnswerToNonsense) {
  EXPECT_NE(calculate("welch_t", R"({"control": {"n": 9, "mean": 1e308, "std_dev": 1e154},
                                     "treatment": {"n": 9, "mean": -1e308, "std_dev": 1e154}})")
                .status,
            AnswerStatus::kOk);
  answer("welch_t", "{", AnswerStatus::kBadRequest);
  answer("welch_t", "[]", AnswerStatus::kBadRequest);
  answer("welch_t", "", AnswerStatus::kBadRequest);
  answer("welch_t", R"({"control": {"n": 1e300, "mean": 1, "std_dev": 1},
                        "treatment": {"n": 9007199254740994, "mean": 1, "std_dev": 1}})",
         AnswerStatus::kBadRequest);
  const json out = answer("welch_q", "{}", AnswerStatus::kUnknownMethod);
  EXPECT_NE(out.dump().find("did you mean welch_t?"), std::string::npos);
}

TEST(Calculators, EveryMethodHasASchemaAndSurvivesAnEmptyRequest) {
  for (const Method& method : methods()) {
    const auto schema = method_schema(method.name);
    ASSERT_TRUE(schema) << method.name;
    const json parsed = json::parse(*schema);
    EXPECT_TRUE(parsed["properties"].is_object()) << method.name;
    EXPECT_FALSE(parsed["properties"].empty()) << method.name;
    EXPECT_FALSE(parsed["required"].empty()) << method.name;
    EXPECT_EQ(calculate(method.name, "{}").status, AnswerStatus::kBadRequest) << method.name;
  }
  EXPECT_FALSE(method_schema("nothing"));
}

TEST(Calculators, InferenceIsAChoiceOfEveryContrast) {
  const std::string arms =
      R"("control": {"n": 5000, "mean": 3, "variance": 2, "covariate_mean": 1,
                     "covariate_variance": 1, "covariance": 1},
         "treatment": {"n": 5000, "mean": 3.1, "variance": 2, "covariate_mean": 1,
                       "covariate_variance": 1, "covariance": 1})";
  EXPECT_NEAR(answer("cuped", "{" + arms + "}")["variance_reduction"].get<double>(), 0.5, 1e-12);
  EXPECT_EQ(answer("cuped", "{" + arms + R"(, "inference": "sequential"})")["method"],
            "confidence_sequence");
  EXPECT_EQ(answer("cuped", "{" + arms + R"(, "inference": "bayesian"})")["method"],
            "normal_normal");
  answer("cuped", "{" + arms + R"(, "inference": "guess"})", AnswerStatus::kBadRequest);
}

TEST(Calculators, EquivalenceTakesOneKindOfMargins) {
  const std::string arms = std::string(kTextbook).substr(1, std::string(kTextbook).size() - 2);
  EXPECT_TRUE(answer("tost", "{" + arms + R"(, "low": -3, "high": 3})")["equivalent"].get<bool>());
  EXPECT_FALSE(answer("tost", "{" + arms + R"(, "margin_relative": 0.01})")["equivalent"]);
  answer("tost", "{" + arms + "}", AnswerStatus::kBadRequest);
  answer("tost", "{" + arms + R"(, "low": -3})", AnswerStatus::kBadRequest);
  answer("tost", "{" + arms + R"(, "low": -3, "high": 3, "margin_relative": 0.1})",
         AnswerStatus::kBadRequest);
  answer("tost", "{" + arms + R"(, "low": 3, "high": -3})", AnswerStatus::kBadRequest);
}

TEST(Calculators, SeveralTreatmentsRatesAndCaps) {
  const json family = answer("dunnett", R"({"control": {"n": 20, "mean": 5, "std_dev": 1},
      "treatments": [{"n": 20, "mean": 6, "std_dev": 1}, {"n": 20, "mean": 5, "std_dev": 1}]})");
  EXPECT_LT(family["comparisons"][0]["p_value"], 0.01);
  EXPECT_GT(family["comparisons"][1]["p_value"], 0.9);
  answer("dunnett", R"({"control": {"n": 20, "mean": 5, "std_dev": 1}, "treatments": []})",
         AnswerStatus::kUndefined);
  const json rates = answer("gamma_poisson", R"({"control": {"events": 120, "exposure": 4000},
      "treatment": {"events": 151, "exposure": 4100}})");
  EXPECT_GT(rates["probability_better"], 0.9);
  EXPECT_TRUE(rates["relative"].contains("low"));
  const json capped = answer("winsorized_t", R"({"control": [1, 2, 3, 4, 900],
      "treatment": [2, 3, 4, 5, 6], "share": 0.9})");
  EXPECT_EQ(capped["cap"], 6);
  EXPECT_EQ(capped["control_capped_n"], 1);
  EXPECT_EQ(answer("e_bh", R"({"log_e_values": [5, null, 0]})")["rejected"],
            json::parse("[true, false, false]"));
  const json lift = answer("relative_lift", R"({"control": {"n": 50, "mean": 10, "std_dev": 2},
      "treatment": {"n": 50, "mean": 11, "std_dev": 2}, "interval": "log"})");
  EXPECT_EQ(lift["method"], "log");
}

TEST(Calculators, TheBootstrapOfAMeanAndOfARatio) {
  const json mean = answer("poisson_bootstrap", R"({"control": {"numerators": [1, 2, 3, 4, 5]},
      "treatment": {"numerators": [11, 12, 13, 14, 15]}, "seed": 3})");
  EXPECT_EQ(mean["estimate"], 10);
  EXPECT_GT(mean["low"], 5);
  EXPECT_LT(mean["p_value"], 0.05);
  const json ratio = answer("poisson_bootstrap", R"({"control": {"numerators": [1, 2, 3, 4],
      "denominators": [2, 2, 4, 4]}, "treatment": {"numerators": [1, 2, 3, 4]}})");
  EXPECT_NEAR(ratio["estimate"].get<double>(), 2.5 - 10.0 / 12, 1e-12);
  answer("poisson_bootstrap", R"({"control": {"numerators": [1, 2], "denominators": [2]},
      "treatment": {"numerators": [1, 2]}})",
         AnswerStatus::kBadRequest);
  answer("poisson_bootstrap", R"({"control": {"numerators": []},
      "treatment": {"numerators": [1, 2]}})",
         AnswerStatus::kUndefined);
}

TEST(Calculators, WhatMayBeLeftOutIsNotRequiredByTheSchema) {
  const json arm = json::parse(*method_schema("welch_t"))["properties"]["control"];
  EXPECT_EQ(arm.value("required", json::array()).dump().find("values"), std::string::npos);
}

TEST(Calculators, SmallSamplesAndStopsGetTheirExactAnswers) {
  EXPECT_NEAR(
      answer("mann_whitney", R"({"control": [1, 2, 3], "treatment": [4, 5, 6]})")["exact_p_value"]
          .get<double>(),
      0.1, 1e-12);
  const json stop =
      answer("group_sequential", R"({"information": [0.5, 1], "z": 2.3, "std_error": 0.1})");
  EXPECT_LT(stop["effect"]["estimate"], 0.23);
}

TEST(Calculators, PlanningSolvesForWhatIsLeftOut) {
  const std::string design = R"("metric": "proportion", "baseline": 0.032)";
  const json size = answer("sample_size", "{" + design + R"(, "mde_relative": 0.1})");
  EXPECT_EQ(size["n_per_variant"], 49777);
  EXPECT_EQ(size["n_total"], 99554);
  const json power =
      answer("power", "{" + design + R"(, "mde_relative": 0.1, "n_per_variant": 49777})");
  EXPECT_NEAR(power["power"].get<double>(), 0.8, 1e-5);
  const json effect =
      answer("minimum_detectable_effect", "{" + design + R"(, "n_per_variant": 49777})");
  EXPECT_NEAR(effect["mde_relative"].get<double>(), 0.1, 1e-5);
  answer("sample_size", "{" + design + "}", AnswerStatus::kBadRequest);
  answer("power", "{" + design + R"(, "mde_relative": 0.1})", AnswerStatus::kBadRequest);
  const json wrong = answer("sample_size", R"({"metric": "proportion", "baseline": 0.5,
                             "mde_relative": 3, "weights": [1, 1], "treatment_share": 0.5})",
                            AnswerStatus::kBadRequest);
  EXPECT_EQ(wrong["error"]["problems"][0]["field"], "weights");
}

TEST(Calculators, PlanningKnowsEveryMetricAndRule) {
  const auto n = [](const std::string& fields) {
    return answer("sample_size", "{" + fields + "}")["n_per_variant"].get<double>();
  };
  const std::string ratio =
      R"("metric": "ratio", "numerator_mean": 1, "denominator_mean": 4, "numerator_variance": 2,
         "denominator_variance": 8, "covariance": 3, "mde_relative": 0.1)";
  // (2 - 2·3/4 + 8/16) / 16 = 1/16: sd 0.25 against an effect of 0.025.
  EXPECT_NEAR(n(ratio), 2 * 7.84888 * 100, 1);
  EXPECT_EQ(n(ratio), n(R"("metric": "ratio", "baseline": 0.25, "std_dev": 0.25,
                          "mde_relative": 0.1)"));
  const std::string quantile = R"("metric": "quantile", "baseline": 300, "mde_absolute": 5)";
  EXPECT_EQ(n(quantile + R"(, "quantile": 0.99, "density": 0.0001)"),
            n(quantile + R"(, "std_error": 9.9498743710662, "n": 10000)"));
  answer("sample_size", "{" + quantile + R"(, "density": 1})", AnswerStatus::kBadRequest);
  const std::string mean =
      R"("metric": "mean", "baseline": 10, "std_dev": 4, "mde_relative": 0.05)";
  EXPECT_EQ(n(mean) - n(mean + R"(, "test": "z")"), 1);
  const json looks = answer("sample_size", "{" + mean + R"(, "rule": "group_sequential", "looks": 5,
                                           "spending": "pocock"})");
  EXPECT_NEAR(looks["inflation"].get<double>(), 1.21, 0.02);
  EXPECT_LT(looks["expected_n_effect"], looks["n_total"]);
  EXPECT_GT(n(mean + R"(, "cluster_size": 20, "icc": 0.1)"), 2.8 * n(mean));
  EXPECT_GT(n(mean + R"(, "weights": [1, 1, 1], "correction": "dunnett")"), n(mean));
  answer("sample_size", "{" + mean + R"(, "correction": "dunnett", "weights": [1, 1, 1],
                                       "rule": "posterior"})",
         AnswerStatus::kBadRequest);
}

TEST(Calculators, DurationTakesACurveOrADailyNumber) {
  EXPECT_EQ(answer("duration", R"({"n_total": 7000, "daily_units": 500})")["duration_days"], 14);
  EXPECT_EQ(
      answer(
          "duration",
          R"({"n_total": 2000, "days": [1, 7], "cumulative_units": [500, 2000]})")["duration_days"],
      7);
  answer("duration", R"({"n_total": 2000})", AnswerStatus::kBadRequest);
  answer("duration", R"({"n_total": 1, "days": [1], "cumulative_units": []})",
         AnswerStatus::kBadRequest);
  answer("duration", R"({"n_total": 2e9, "daily_units": 1})", AnswerStatus::kUndefined);
}

}  // namespace
}  // namespace assay::stats
