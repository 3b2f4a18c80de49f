#include "assay/stats/summary.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "assay/base/random.h"

namespace assay::stats {
namespace {

Summary of(const std::vector<double>& values) {
  Summary summary;
  for (const double value : values) summary.add(std::array{value});
  return summary;
}

TEST(Summary, ExampleOfTheHeader) {
  Summary control({.covariates = 1});
  control.add(std::array{3.0, 2.0});
  Summary other_shard({.covariates = 1});
  other_shard.add(std::array{5.0, 6.0});
  control.merge(other_shard);
  EXPECT_EQ(control.n(), 2);
  EXPECT_EQ(control.mean(0), 4);
  EXPECT_EQ(control.mean(control.covariate_column(0)), 4);
  EXPECT_EQ(control.comoment(0, 1), 4);
}

TEST(Summary, AnOffsetOfABillionCostsNoDigits) {
  // NIST StRD NumAcc4 in spirit: 1e9 + {0.2, 0.1, 0.3, 0.1, 0.3, …}; exact sd is 0.1.
  Summary offset;
  offset.add(std::array{1e9 + 0.2});
  for (int i = 0; i < 500; ++i) {
    offset.add(std::array{1e9 + 0.125});
    offset.add(std::array{1e9 + 0.375});
  }
  Summary plain;
  plain.add(std::array{(1e9 + 0.2) - 1e9});
  for (int i = 0; i < 500; ++i) {
    plain.add(std::array{0.125});
    plain.add(std::array{0.375});
  }
  EXPECT_NEAR(*offset.variance() / *plain.variance(), 1, 1e-13);
  EXPECT_NEAR(offset.m4() / plain.m4(), 1, 1e-11);
}

TEST(Summary, AnyOrderOfMergingAgrees) {
  Random random(7);
  std::vector<Summary> shards;
  Summary one({.denominator = true, .covariates = 1});
  for (int shard = 0; shard < 64; ++shard) {
    Summary part(one.columns());
    for (int i = 0; i < 500; ++i) {
      const double x = 1e6 + random.normal();
      const std::array row{x + random.exponential(3), 1 + random.uniform(), x};
      part.add(row);
      one.add(row);
    }
    shards.push_back(part);
  }
  for (int order = 0; order < 20; ++order) {
    std::vector<Summary> left = shards;
    while (left.size() > 1) {
      const auto a = random.below(left.size());
      std::swap(left[a], left.back());
      Summary last = left.back();
      left.pop_back();
      left[random.below(left.size())].merge(last);
    }
    for (int i = 0; i < 3; ++i) {
      EXPECT_NEAR(left[0].mean(i) / one.mean(i), 1, 1e-15);
      for (int j = 0; j <= i; ++j) {
        const double scale = std::sqrt(one.comoment(i, i) * one.comoment(j, j));
        EXPECT_NEAR(left[0].comoment(i, j) / scale, one.comoment(i, j) / scale, 1e-13);
      }
    }
    EXPECT_NEAR(left[0].m3() / one.m3(), 1, 1e-11);
    EXPECT_NEAR(left[0].m4() / one.m4(), 1, 1e-12);
  }
}

TEST(Summary, ConstantsAddedLeaveTheMomentsAlone) {
  const Summary plain = of({1, 4, 9, 16});
  const Summary moved = of({101, 104, 109, 116});
  EXPECT_DOUBLE_EQ(plain.comoment(0, 0), moved.comoment(0, 0));
  EXPECT_DOUBLE_EQ(plain.m3(), moved.m3());
  EXPECT_DOUBLE_EQ(plain.m4(), moved.m4());
}

TEST(Summary, HigherMomentsByDefinition) {
  const std::vector<double> values = {0, 0, 1, 5, 20};
  const Summary summary = of(values);
  double m3 = 0;
  double m4 = 0;
  for (const double x : values) m3 += std::pow(x - 5.2, 3), m4 += std::pow(x - 5.2, 4);
  EXPECT_NEAR(summary.m3(), m3, 1e-9);
  EXPECT_NEAR(summary.m4(), m4, 1e-9);
  EXPECT_NEAR(*summary.skewness(), 1.301553281827325, 1e-14);  // scipy.stats.skew
}

TEST(Summary, RejectedRowsAreCountedNotAdded) {
  Summary summary({.covariates = 1});
  summary.add(std::array<double, 2>{1.0, NAN});
  summary.add(std::array<double, 2>{INFINITY, 1.0});
  summary.add(std::array{1.0, 1.0});
  EXPECT_EQ(summary.n(), 1);
  EXPECT_EQ(summary.rejected(), 2);
  Summary other({.covariates = 1});
  other.add(std::array<double, 2>{NAN, 0.0});
  other.merge(summary);
  EXPECT_EQ(other.n(), 1);
  EXPECT_EQ(other.rejected(), 3);
}

TEST(Summary, EmptyIsNeutral) {
  Summary summary = of({1, 2, 4});
  const std::string before = summary.to_json();
  summary.merge(Summary());
  EXPECT_EQ(summary.to_json(), before);
  Summary empty;
  empty.merge(summary);
  EXPECT_EQ(empty.to_json(), before);
}

TEST(Summary, TooFewUnitsSayWhy) {
  EXPECT_EQ(Summary().variance().error().code, Undefined::kNoData);
  EXPECT_EQ(of({3}).variance().error().code, Undefined::kTooFewUnits);
  EXPECT_EQ(of({3, 3}).skewness().error().code, Undefined::kNoVariance);
}

TEST(Summary, OfPublishedNumbers) {
  const auto mean = Summary::of_mean(10, 3, 2);
  EXPECT_DOUBLE_EQ(*mean->variance(), 2);
  EXPECT_EQ(Summary::of_mean(10, NAN, 1).error().code, Undefined::kNotFinite);
  EXPECT_EQ(Summary::of_mean(10, 0, -1).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(Summary::of_mean(-1, 0, 1).error().code, Undefined::kOutOfRange);
  const Summary rows = of({1, 0, 0, 1, 1, 0, 0, 0});
  const auto counted = Summary::of_proportion(3, 8);
  EXPECT_DOUBLE_EQ(counted->comoment(0, 0), rows.comoment(0, 0));
  EXPECT_NEAR(counted->m3(), rows.m3(), 1e-15);
  EXPECT_NEAR(counted->m4(), rows.m4(), 1e-15);
  EXPECT_EQ(Summary::of_proportion(9, 8).error().code, Undefined::kOutOfRange);
  EXPECT_EQ(Summary::of_proportion(0, 0)->n(), 0);
}

TEST(Summary, JsonKeepsEveryBit) {
  Random random(3);
  Summary summary({.denominator = true, .covariates = 2});
  for (int i = 0; i < 100; ++i) {
    summary.add(std::array{1e9 + random.normal(), random.uniform(), 1.0, random.exponential(1)});
  }
  const auto back = Summary::from_json(summary.to_json());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->to_json(), summary.to_json());
  Summary once = summary;
  once.merge(summary);
  Summary twice = *back;
  twice.merge(*back);
  EXPECT_EQ(once.to_json(), twice.to_json());
}

TEST(Summary, BadJsonIsAnError) {
  const std::string good = of({1, 2}).to_json();
  const auto broken = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("{"),
        broken("\"version\":1", "\"version\":2"), broken("\"n\":2", "\"n\":-2"),
        broken("\"n\":2", "\"n\":2.5"), broken("\"means\":[1.5]", "\"means\":[1.5,2]"),
        broken("\"means\":[1.5]", "\"means\":[null]"),
        broken("\"comoments\":[0.5]", "\"comoments\":[-0.5]"),
        broken("\"covariates\":0", "\"covariates\":99999999"),
        broken("\"denominator\":false", "\"denominator\":0"),
        broken("\"m3\":0.0", "\"m3\":\"x\"")}) {
    EXPECT_FALSE(Summary::from_json(text)) << text;
  }
}

TEST(Summary, DifferentColumnsDoNotMerge) {
  Summary one;
  EXPECT_DEATH(one.merge(Summary({.covariates = 1})), "columns");
}

}  // namespace
}  // namespace assay::stats
