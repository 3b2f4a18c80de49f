// Every closed-form method from summaries that are at hand: each should take less than a
// microsecond, so that a scorecard of thousands of comparisons costs milliseconds. Group-sequential
// bounds for 100 looks, which are integrals, beside them.
#include <array>
#include <vector>

#include <benchmark/benchmark.h>

#include "assay/base/random.h"
#include "assay/stats/stats.h"

namespace assay::stats {
namespace {

std::array<Summary, 2> arms(Columns columns) {
  Random random(1);
  std::array made{Summary(columns), Summary(columns)};
  std::vector<double> row(static_cast<std::size_t>(columns.count()));
  for (int i = 0; i < 2000; ++i) {
    const double taste = random.normal();
    for (double& x : row) x = 5 + taste + random.normal();
    made[static_cast<std::size_t>(i % 2)].add(row);
  }
  return made;
}

template <class Method>
void measure(benchmark::State& state, Method method) {
  for (auto _ : state) benchmark::DoNotOptimize(method());
}

const std::array<Summary, 2> kMeans = arms({});
const std::array<Summary, 2> kRatios = arms({.denominator = true});
const std::array<Summary, 2> kOne = arms({.covariates = 1});
const std::array<Summary, 2> kThree = arms({.covariates = 3});
const std::array<Summary, 2> kBoth = arms({.denominator = true, .covariates = 2});
const Contrast kContrast = *mean_contrast(kMeans[0], kMeans[1]);
constexpr Proportion kControl{3200, 100'000};
constexpr Proportion kTreatment{3350, 100'000};
constexpr std::array<std::int64_t, 4> kTable{96'800, 3200, 96'650, 3350};
constexpr std::array<std::int64_t, 2> kCounts{50'210, 49'790};
constexpr std::array<double, 2> kShares{0.5, 0.5};

const auto kWelch = [] { return fixed(*mean_contrast(kMeans[0], kMeans[1])); };
const auto kRatio = [] { return fixed(*ratio_contrast(kRatios[0], kRatios[1])); };
const auto kCuped = [] { return fixed(*cuped_contrast(kOne[0], kOne[1])); };
const auto kCupedThree = [] { return fixed(*cuped_contrast(kThree[0], kThree[1])); };
const auto kCupedRatio = [] { return fixed(*cuped_contrast(kBoth[0], kBoth[1])); };
const auto kFieller = [] { return lift(kContrast, LiftMethod::kFieller); };
const auto kDelta = [] { return lift(kContrast, LiftMethod::kDelta); };
const auto kNewcombe = [] { return two_proportions(kControl, kTreatment); };
const auto kChiSquare = [] { return chi_square_test(kTable, 2); };
const auto kG = [] { return g_test(kTable, 2); };
const auto kSrm = [] { return srm_fixed(kCounts, kShares); };
const auto kSrmSequential = [] { return srm_sequential(kCounts, kShares); };
const auto kMsprt = [] { return mixture_sprt(0.4, 0.1, {.tau = 0.3}); };
const auto kSequence = [] { return sequential(kContrast); };
const auto kConversions = [] { return conversion_log_e(3200, 3350, 0.5); };
const auto kNormalNormal = [] { return bayesian(kContrast, {.prior_sd_relative = 0.1}); };
const auto kTost = [] { return equivalence(kContrast, {.low = -0.1, .high = 0.1}); };
const auto kNotLower = [] { return not_lower(kContrast, 0.02); };
const auto kSequentialized = [] { return sequentialized(kContrast, {.information = 0.5}); };

BENCHMARK_CAPTURE(measure, welch_t, kWelch);
BENCHMARK_CAPTURE(measure, ratio_delta, kRatio);
BENCHMARK_CAPTURE(measure, cuped_1_covariate, kCuped);
BENCHMARK_CAPTURE(measure, cuped_3_covariates, kCupedThree);
BENCHMARK_CAPTURE(measure, cuped_of_a_ratio, kCupedRatio);
BENCHMARK_CAPTURE(measure, lift_fieller, kFieller);
BENCHMARK_CAPTURE(measure, lift_delta, kDelta);
BENCHMARK_CAPTURE(measure, two_proportions_newcombe, kNewcombe);
BENCHMARK_CAPTURE(measure, chi_square, kChiSquare);
BENCHMARK_CAPTURE(measure, g_test, kG);
BENCHMARK_CAPTURE(measure, srm, kSrm);
BENCHMARK_CAPTURE(measure, srm_sequential, kSrmSequential);
BENCHMARK_CAPTURE(measure, msprt, kMsprt);
BENCHMARK_CAPTURE(measure, confidence_sequence, kSequence);
BENCHMARK_CAPTURE(measure, conversion_e_value, kConversions);
BENCHMARK_CAPTURE(measure, normal_normal, kNormalNormal);
BENCHMARK_CAPTURE(measure, tost, kTost);
BENCHMARK_CAPTURE(measure, noninferiority, kNotLower);
BENCHMARK_CAPTURE(measure, sequentialized, kSequentialized);

void group_sequential_100_looks(benchmark::State& state) {
  std::vector<double> looks;
  for (int k = 1; k <= 100; ++k) looks.push_back(k / 100.0);
  for (auto _ : state) benchmark::DoNotOptimize(group_sequential(looks));
}
BENCHMARK(group_sequential_100_looks)->Unit(benchmark::kMillisecond);

void summary_add(benchmark::State& state) {
  Random random(1);
  std::vector<double> values(1024);
  for (double& x : values) x = random.normal();
  Summary summary;
  for (auto _ : state) {
    for (const double& x : values) summary.add({&x, 1});
    benchmark::DoNotOptimize(summary);
  }
  state.SetItemsProcessed(state.iterations() * 1024);
}
BENCHMARK(summary_add);

}  // namespace
}  // namespace assay::stats
