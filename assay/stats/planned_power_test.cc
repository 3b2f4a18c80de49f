// Planned power, measured: experiments with the planned units and the planned effect are simulated
// unit by unit and analyzed by the product's own methods; the share that finds the effect must lie
// within four Monte-Carlo standard errors of the plan.
#include <array>
#include <cmath>

#include <gtest/gtest.h>

#include "assay/base/random.h"
#include "assay/stats/stats.h"

namespace assay::stats {
namespace {

void expect_power(int found, int runs, double planned, const char* what) {
  const double rate = static_cast<double>(found) / runs;
  const double error = std::sqrt(planned * (1 - planned) / runs);
  std::printf("power %-44s planned %.4f, measured %.4f +- %.4f\n", what, planned, rate, error);
  EXPECT_NEAR(rate, planned, 4 * error) << what;
}

Random random_of(int seed, int run) {
  return Random(static_cast<std::uint64_t>(seed)).split(static_cast<std::uint64_t>(run));
}

Summary successes(Random& random, std::int64_t n, double rate) {
  std::int64_t hits = 0;
  for (std::int64_t i = 0; i < n; ++i) hits += random.chance(rate);
  return *Summary::of_proportion(hits, n);
}

Summary normals(Random& random, std::int64_t n, double mean, double sd) {
  Summary summary;
  for (std::int64_t i = 0; i < n; ++i) summary.add(std::array{mean + sd * random.normal()});
  return summary;
}

bool finds(const Stat<Inference>& answer) {
  return answer && answer->difference.interval.low.value_or(-1) > 0;
}

TEST(PlannedPower, OfProportionsWithAnUnevenSplit) {
  constexpr int kRuns = 2000;
  const auto plan = size_proportion(
      0.2,
      {.effect = {.relative = 0.5}, .weights = {2, 1}, .variance = ProportionVariance::kPooled});
  ASSERT_TRUE(plan);
  int found = 0;
  for (int run = 0; run < kRuns; ++run) {
    Random random = random_of(201, run);
    const auto rate = [&](std::int64_t n, double p) {
      return std::llround(successes(random, n, p).mean(0) * static_cast<double>(n));
    };
    const std::int64_t control = rate(plan->n_control, 0.2);
    const std::int64_t treatment = rate(plan->n_treatment, 0.3);
    const auto test = two_proportions({.successes = control, .n = plan->n_control},
                                      {.successes = treatment, .n = plan->n_treatment});
    found += test && test->value > 0 && *test->p_value <= 0.05;
  }
  expect_power(found, kRuns, plan->power, "proportions, pooled z, 2 to 1");
}

TEST(PlannedPower, OfSmallMeansByTheNoncentralT) {
  constexpr int kRuns = 4000;
  const auto plan = size_mean({.mean = 5, .sd = 2}, {.effect = {.absolute = 3}});
  ASSERT_TRUE(plan);
  ASSERT_LE(plan->n_per_variant, 10);
  const auto exact = size_mean({.mean = 5, .sd = 2},
                               {.effect = {.absolute = 3}, .n_per_variant = plan->n_per_variant});
  int found = 0;
  for (int run = 0; run < kRuns; ++run) {
    Random random = random_of(202, run);
    const Summary control = normals(random, plan->n_per_variant, 5, 2);
    found += finds(fixed(*mean_contrast(control, normals(random, plan->n_per_variant, 8, 2))));
  }
  expect_power(found, kRuns, exact->power, "means, Welch's t, 9 units each");
}

// Clicks per view: both depend on the user.
Summary ratio_arm(Random& random, std::int64_t n, double lift) {
  Summary summary({.denominator = true});
  for (std::int64_t i = 0; i < n; ++i) {
    const double views = 1 + static_cast<double>(random.poisson(2 + 4 * random.uniform()));
    summary.add(std::array{(0.3 + lift) * views + random.normal(), views});
  }
  return summary;
}

TEST(PlannedPower, OfRatiosFromTheMomentsOfHistory) {
  constexpr int kRuns = 1500;
  Random past(7);
  const Summary history = ratio_arm(past, 50000, 0);
  const auto sd = ratio_unit_sd({.numerator_mean = history.mean(0),
                                 .denominator_mean = history.mean(1),
                                 .numerator_variance = *history.variance(0),
                                 .denominator_variance = *history.variance(1),
                                 .covariance = *history.covariance(0, 1)});
  const auto plan = size_mean({.mean = 0.3, .sd = *sd, .treatment_sd = {}, .estimator = "ratios"},
                              {.effect = {.absolute = 0.04}, .test = MeanTest::kNormal});
  ASSERT_TRUE(plan);
  int found = 0;
  for (int run = 0; run < kRuns; ++run) {
    Random random = random_of(203, run);
    const Summary control = ratio_arm(random, plan->n_per_variant, 0);
    found += finds(fixed(*ratio_contrast(control, ratio_arm(random, plan->n_per_variant, 0.04))));
  }
  expect_power(found, kRuns, plan->power, "ratios, delta method");
}

TEST(PlannedPower, OfFewClustersByTheirT) {
  constexpr int kRuns = 3000;
  const double icc = 0.1;
  SizingOptions options{.effect = {.absolute = 0.5},
                        .clusters = ClusterDesign{.size = 20, .icc = icc}};
  options.n_per_variant = size_mean({.mean = 0, .sd = 1}, options)->n_per_variant;
  const auto plan = size_mean({.mean = 0, .sd = 1}, options);
  ASSERT_TRUE(plan);
  int found = 0;
  for (int run = 0; run < kRuns; ++run) {
    Random random = random_of(204, run);
    std::array<std::vector<Cluster>, 2> arms;
    for (std::size_t arm = 0; arm < 2; ++arm) {
      for (std::int64_t g = 0; g < *plan->clusters_per_variant; ++g) {
        const double shared = std::sqrt(icc) * random.normal() + 0.5 * static_cast<double>(arm);
        Cluster cluster{.rows = 20};
        for (int i = 0; i < 20; ++i) cluster.sum += shared + std::sqrt(1 - icc) * random.normal();
        arms[arm].push_back(cluster);
      }
    }
    found += finds(fixed(*cluster_contrast(arms[0], arms[1])));
  }
  expect_power(found, kRuns, plan->power, "clusters, CR2 and t");
}

TEST(PlannedPower, OfNonInferiorityWithARelativeMargin) {
  constexpr int kRuns = 3000;
  const auto plan = size_mean(
      {.mean = 10, .sd = 4},
      {.aim = Aim::kNonInferiority, .effect = {.relative = -0.1}, .true_difference = 0.2});
  ASSERT_TRUE(plan);
  int found = 0;
  for (int run = 0; run < kRuns; ++run) {
    Random random = random_of(205, run);
    const Summary control = normals(random, plan->n_per_variant, 10, 4);
    const Summary treatment = normals(random, plan->n_per_variant, 10.2, 4);
    const auto safety =
        not_lower(*mean_contrast(control, treatment), 0.1, {.alpha = 0.05, .fixed_look = true});
    found += safety && safety->status == SafetyStatus::kSafe;
  }
  expect_power(found, kRuns, plan->power, "non-inferiority, margin -10 %");
}

TEST(PlannedPower, OfEquivalence) {
  constexpr int kRuns = 3000;
  const auto plan = size_mean({.mean = 10, .sd = 4},
                              {.aim = Aim::kEquivalence, .effect = {.absolute = 1}, .power = 0.9});
  ASSERT_TRUE(plan);
  int found = 0;
  for (int run = 0; run < kRuns; ++run) {
    Random random = random_of(206, run);
    const Summary control = normals(random, plan->n_per_variant, 10, 4);
    const Summary treatment = normals(random, plan->n_per_variant, 10, 4);
    const auto same = equivalence(*mean_contrast(control, treatment), {.low = -1, .high = 1});
    found += same && same->equivalent;
  }
  expect_power(found, kRuns, plan->power, "equivalence, two one-sided tests");
}

// Looks at every `step` units per variant; true at the first finding.
template <typename Finds>
bool found_at_a_look(Random& random, std::int64_t n, int looks, double effect, const Finds& finds) {
  std::array<Summary, 2> arms;
  std::int64_t before = 0;
  for (int look = 1; look <= looks; ++look) {
    const std::int64_t until = n * look / looks;
    for (std::size_t arm = 0; arm < 2; ++arm) {
      arms[arm].merge(normals(random, until - before, effect * static_cast<double>(arm), 1));
    }
    before = until;
    if (finds(*mean_contrast(arms[0], arms[1]), look)) return true;
  }
  return false;
}

TEST(PlannedPower, OfPlannedLooks) {
  constexpr int kRuns = 1500;
  SizingOptions options{
      .effect = {.absolute = 0.2},
      .rule = {.rule = Rule::kGroupSequential, .looks = 4, .spending = Spending::kPocock}};
  const auto plan = size_mean({.mean = 0, .sd = 1}, options);
  const auto bounds = group_sequential(equal_looks(4), {.spending = Spending::kPocock});
  ASSERT_TRUE(plan && bounds);
  int found = 0;
  for (int run = 0; run < kRuns; ++run) {
    Random random = random_of(207, run);
    found += found_at_a_look(
        random, plan->n_per_variant, 4, 0.2, [&](const Contrast& contrast, int look) {
          const double z = contrast.difference() / std::sqrt(contrast.variance());
          return z > bounds->looks[static_cast<std::size_t>(look - 1)].z;
        });
  }
  expect_power(found, kRuns, plan->power, "planned looks, Pocock spending");
}

TEST(PlannedPower, OfAnAlwaysValidInterval) {
  constexpr int kRuns = 1200;
  const auto plan = size_mean(
      {.mean = 0, .sd = 1},
      {.effect = {.absolute = 0.15}, .rule = {.rule = Rule::kConfidenceSequence, .looks = 10}});
  ASSERT_TRUE(plan);
  int found = 0;
  for (int run = 0; run < kRuns; ++run) {
    Random random = random_of(208, run);
    const auto target = static_cast<double>(plan->n_total);
    found +=
        found_at_a_look(random, plan->n_per_variant, 10, 0.15, [&](const Contrast& contrast, int) {
          return finds(sequential(contrast, {.target_n = target}));
        });
  }
  expect_power(found, kRuns, plan->power, "confidence sequence, 10 looks");
}

}  // namespace
}  // namespace assay::stats
