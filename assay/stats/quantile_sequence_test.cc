#include "assay/stats/quantile_sequence.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/base/random.h"
#include "assay/stats/calculators.h"
#include "assay/stats/golden_test.h"

namespace assay::stats {
namespace {

TEST(QuantileSequence, AgreesWithMpmath) {
  testing::GoldenTable table("quantile_sequence");
  for (std::size_t row = 0; row < table.size(); ++row) {
    const std::int64_t n = table.integer(row, "n");
    const double p = table.number(row, "quantile");
    QuantileSequenceOptions options{.alpha = table.number(row, "alpha"),
                                    .target_n = table.number(row, "target_n")};
    const auto ranks = quantile_ranks(n, p, options);
    ASSERT_TRUE(ranks);
    EXPECT_EQ(ranks->low, table.integer(row, "low")) << row;
    EXPECT_EQ(ranks->high, table.integer(row, "high")) << row;
    table.compare(row, "log_e",
                  *over_limit_log_e(table.integer(row, "within"), n, p, options.target_n));
    options.bounds = QuantileBounds::kClosedForm;
    EXPECT_EQ(quantile_ranks(n, p, options)->low, table.integer(row, "closed_low")) << row;
    EXPECT_EQ(quantile_ranks(n, p, options)->high, table.integer(row, "closed_high")) << row;
  }
}

// 400 streams of 3,000 values, looked at 60 times: continuous, and three values only.
TEST(QuantileSequence, CoversAtAllLooksTogether) {
  Random random(20261122);
  constexpr int kStreams = 400;
  for (const bool discrete : {false, true}) {
    int missed = 0, alarms = 0;
    for (int stream = 0; stream < kStreams; ++stream) {
      std::vector<double> values;
      bool miss = false, alarm = false;
      std::int64_t within = 0;
      for (int i = 0; i < 3000; ++i) {
        const double u = random.uniform();
        // The 0.9-quantile is 0.9, or 1 among 0 (60 %), 1 (31 %) and 2.
        const double value = !discrete ? u : u < 0.6 ? 0 : u < 0.91 ? 1 : 2;
        const double truth = discrete ? 1 : 0.9;
        values.push_back(value);
        within += value <= truth;
        if (values.size() % 50 != 0) continue;
        const auto sequence = quantile_sequence(values, 0.9);
        miss = miss || !sequence->interval.contains(truth);
        alarm = alarm || *over_limit_log_e(within, i + 1, 0.9) >= std::log(1 / 0.05);
      }
      missed += miss;
      alarms += alarm;
    }
    EXPECT_LE(missed, 34);  // 99.9 % binomial quantile of 400 at 5 %.
    EXPECT_LE(alarms, 34);
  }
}

TEST(QuantileSequence, NarrowsAndFindsADifference) {
  Random random(7);
  std::vector<double> control, treatment;
  for (int i = 0; i < 20'000; ++i) {
    control.push_back(random.exponential(100));
    treatment.push_back(random.exponential(130));
  }
  const auto wide = quantile_sequence(std::span(control).first(500), 0.9);
  const auto narrow = quantile_sequence(control, 0.9);
  EXPECT_LT(*narrow->interval.high - *narrow->interval.low,
            *wide->interval.high - *wide->interval.low);
  const auto difference = quantile_sequence_difference(control, treatment, 0.9);
  const auto swapped = quantile_sequence_difference(treatment, control, 0.9);
  EXPECT_GT(*difference->interval.low, 0);
  EXPECT_EQ(difference->value, -swapped->value);
  EXPECT_EQ(*difference->interval.low, -*swapped->interval.high);
  // Shifted and scaled values: so are the ends.
  std::vector<double> moved;
  for (const double each : control) moved.push_back(2 * each + 5);
  EXPECT_DOUBLE_EQ(*quantile_sequence(moved, 0.9)->interval.low, 2 * *narrow->interval.low + 5);
  // The mixture is sharper than the closed form.
  const auto closed = quantile_sequence(control, 0.9, {.bounds = QuantileBounds::kClosedForm});
  EXPECT_LT(*closed->interval.low, *narrow->interval.low);
  EXPECT_GT(*closed->interval.high, *narrow->interval.high);
}

TEST(QuantileSequence, SaysWhyNot) {
  const std::vector<double> one = {3};
  EXPECT_EQ(quantile_sequence({}, 0.5).error().code, Undefined::kNoData);
  EXPECT_EQ(quantile_sequence(one, 1).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(quantile_sequence(one, 0.5, {.alpha = 0}).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(quantile_sequence(one, 0.5, {.target_n = 0}).error().code, Undefined::kOutOfRange);
  const std::vector<double> wrong = {1, NAN};
  EXPECT_EQ(quantile_sequence(wrong, 0.5).error().code, Undefined::kNotFinite);
  EXPECT_EQ(over_limit_log_e(3, 2, 0.5).error().code, Undefined::kOutOfRange);
  // One value says nothing of the ends, and that is an answer.
  EXPECT_FALSE(quantile_sequence(one, 0.99)->interval.low);
  EXPECT_FALSE(quantile_sequence(one, 0.99)->interval.high);
  EXPECT_LT(*over_limit_log_e(1'000'000, 1'000'000, 0.99), 0);
}

TEST(QuantileSequence, Calculator) {
  std::string values, higher;
  for (int i = 0; i < 300; ++i) {
    values += (i ? "," : "") + std::to_string(i);
    higher += (i ? "," : "") + std::to_string(i + 200);
  }
  const Answer answer =
      calculate("quantile_sequence", R"({"control": [)" + values + R"(], "treatment": [)" + higher +
                                         R"(], "quantile": 0.5, "target_n": 300, "limit": 250})");
  ASSERT_EQ(answer.status, AnswerStatus::kOk) << answer.json;
  const auto out = nlohmann::json::parse(answer.json);
  EXPECT_EQ(out["difference"]["estimate"], 200.0);
  EXPECT_GT(out["difference"]["low"].get<double>(), 0);
  EXPECT_TRUE(out["limit"]["exceeded"].get<bool>());
  EXPECT_EQ(out["limit"]["within"], 51);
}

// Each variant's bounds at half of alpha; the difference lies between their far ends.
TEST(QuantileSequence, ADifferenceSplitsAlpha) {
  Random random(3);
  std::vector<double> control, treatment;
  for (int i = 0; i < 3000; ++i) {
    control.push_back(random.normal());
    treatment.push_back(random.normal() + 1);
  }
  const auto both = quantile_sequence_difference(control, treatment, 0.5, {.alpha = 0.1});
  const auto c = quantile_sequence(control, 0.5, {.alpha = 0.05});
  const auto t = quantile_sequence(treatment, 0.5, {.alpha = 0.05});
  EXPECT_EQ(*both->interval.low, *t->interval.low - *c->interval.high);
  EXPECT_EQ(*both->interval.high, *t->interval.high - *c->interval.low);
}

}  // namespace
}  // namespace assay::stats
