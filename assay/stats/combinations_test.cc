// Error rates of every combination, by simulation: {mean, proportion, ratio, quantile} × {CUPED
// with a covariate that 30 % lack, or not} × {units, clusters} under {fixed, sequential, group
// sequential, sequentialized, Bayesian}, with five looks at a true null.
#include <array>
#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "assay/base/random.h"
#include "assay/stats/contrast.h"
#include "assay/stats/group_sequential.h"
#include "assay/stats/inference.h"
#include "assay/stats/quantile.h"
#include "assay/stats/sequentialized.h"

namespace assay::stats {
namespace {

constexpr int kLooks = 5;
constexpr int kUnitsPerLook = 80;  // Per variant.
constexpr int kWorlds = 300;

struct Kind {
  std::string metric;
  bool cuped = false;
  bool clustered = false;
};

// One variant, unit by unit.
class Variant {
 public:
  explicit Variant(const Kind& kind)
      : kind_(kind),
        summary_({.denominator = kind.clustered || kind.metric == "ratio",
                  .covariates = kind.cuped ? 2 : 0}) {}

  void add(std::uint64_t unit, Random& random) {
    const double taste = random.normal();
    const bool missing = random.chance(0.3);
    const bool many_rows = kind_.clustered || kind_.metric == "quantile";
    const int rows = many_rows ? 1 + static_cast<int>(random.below(3)) : 1;
    double top = 0, bottom = 0;
    for (int i = 0; i < rows; ++i) {
      const double value = taste + random.normal();
      const double size = 1 + static_cast<double>(random.below(5));
      sample_.add(unit, value);
      top += kind_.metric == "proportion" ? (value > 0.5 ? 1 : 0)
             : kind_.metric == "ratio"    ? size * (2 + value)
                                          : value;
      bottom += kind_.metric == "ratio" ? size : 1;
    }
    const double before = taste + 0.3 * random.normal();
    const std::array covariates{(missing ? 0 : before) * rows, ((missing ? 1 : 0) - 0.3) * rows};
    if (kind_.cuped) sample_.add_covariates(unit, covariates);
    std::vector<double> row = {top};
    if (summary_.columns().denominator) row.push_back(bottom);
    if (kind_.cuped) row.insert(row.end(), covariates.begin(), covariates.end());
    summary_.add(row);
  }

  const Summary& summary() const { return summary_; }
  const ClusteredSample& sample() const { return sample_; }

 private:
  Kind kind_;
  Summary summary_;
  ClusteredSample sample_;
};

Contrast contrast_of(const Kind& kind, const Variant& control, const Variant& treatment) {
  if (kind.metric == "quantile") {
    const auto c = quantile_summary(control.sample(), 0.75);
    const auto t = quantile_summary(treatment.sample(), 0.75);
    return *cuped_contrast(*c, *t);
  }
  if (kind.clustered) return *few_units_contrast(control.summary(), treatment.summary());
  return *cuped_contrast(control.summary(), treatment.summary());
}

struct Rates {
  int fixed = 0, sequential = 0, planned = 0, sequentialized = 0, bayesian = 0;
  double covered_variance = 0;  // Sum of z² at the last look.
};

void run_world(const Kind& kind, const GroupSequential& design, Random random, Rates& rates) {
  Variant control(kind), treatment(kind);
  bool sequence = false, planned = false, horizon = false;
  for (int look = 0; look < kLooks; ++look) {
    for (std::uint64_t i = 0; i < kUnitsPerLook; ++i) {
      const std::uint64_t unit = static_cast<std::uint64_t>(look) * kUnitsPerLook + i;
      control.add(unit, random);
      treatment.add(unit, random);
    }
    const Contrast contrast = contrast_of(kind, control, treatment);
    const auto at = static_cast<std::size_t>(look);
    const double z = contrast.difference() / std::sqrt(contrast.variance());
    planned = planned || std::abs(z) >= design.looks[at].z;
    const auto anytime = sequential(contrast, {.target_n = 800, .burn_in = 50});
    sequence = sequence || *anytime->difference.p_value <= 0.05;
    const auto curtailed =
        sequentialized(contrast, {.information = (look + 1.0) / kLooks, .early_share = 0.2});
    horizon = horizon || *curtailed->inference.difference.p_value <= 0.05;
    if (look + 1 < kLooks) continue;
    rates.covered_variance += z * z;
    rates.fixed += *fixed(contrast)->difference.p_value <= 0.05;
    const double better = *bayesian(contrast)->difference.probability_better;
    rates.bayesian += better >= 0.975 || better <= 0.025;
  }
  rates.sequential += sequence;
  rates.planned += planned;
  rates.sequentialized += horizon;
}

// Every cell within four standard errors of its promise, and all together far more tightly.
TEST(Combinations, ErrorRatesOfEveryCell) {
  const std::array information{0.2, 0.4, 0.6, 0.8, 1.0};
  const auto design = group_sequential(information, {.alpha = 0.05});
  ASSERT_TRUE(design);
  Rates all;
  int kinds = 0;
  const int most = 34;  // 15 expected of 300; 99.999 % binomial quantile.
  for (const char* metric : {"mean", "proportion", "ratio", "quantile"}) {
    for (const int cell : {0, 1, 2, 3}) {
      const Kind kind{metric, cell % 2 != 0, cell >= 2};
      Rates rates;
      const Random seed(20261122 + static_cast<std::uint64_t>(kinds++));
      for (int world = 0; world < kWorlds; ++world) {
        run_world(kind, *design, seed.split(static_cast<std::uint64_t>(world)), rates);
      }
      const std::string name =
          std::string(metric) + (kind.cuped ? " cuped" : "") + (kind.clustered ? " clustered" : "");
      std::printf(
          "%-28s fixed %4.1f %%  planned %4.1f %%  sequence %4.1f %%  sequentialized "
          "%4.1f %%  posterior %4.1f %%\n",
          name.c_str(), rates.fixed / 3.0, rates.planned / 3.0, rates.sequential / 3.0,
          rates.sequentialized / 3.0, rates.bayesian / 3.0);
      for (const int each :
           {rates.fixed, rates.planned, rates.bayesian, rates.sequential, rates.sequentialized}) {
        EXPECT_LE(each, most) << name;
      }
      EXPECT_GE(rates.fixed, 2) << name;
      EXPECT_NEAR(rates.covered_variance / kWorlds, 1, 0.33) << name;  // 4 × √(2/300).
      all.fixed += rates.fixed;
      all.planned += rates.planned;
      all.sequential += rates.sequential;
      all.sequentialized += rates.sequentialized;
    }
  }
  const double worlds = kinds * static_cast<double>(kWorlds);
  const double error = std::sqrt(0.05 * 0.95 / worlds);  // 0.31 %.
  EXPECT_NEAR(all.fixed / worlds, 0.05, 4 * error);
  EXPECT_NEAR(all.planned / worlds, 0.05, 4 * error);
  EXPECT_LE(all.sequentialized / worlds, 0.05 + 4 * error);
  EXPECT_LE(all.sequential / worlds, 0.05);
}

}  // namespace
}  // namespace assay::stats
