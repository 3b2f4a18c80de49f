// Posteriors when the truth is drawn from the prior: then P(better), intervals and expected losses
// are honest, also when one stops at the best moment. With another prior than nature's they are
// not. What the same rules do when nothing ever works is in the peeking studies.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "assay/sim/claims.h"
#include "assay/sim/studies.h"

namespace assay::sim {
namespace {

// A posterior, and what is true.
struct Belief {
  double better = 0.5;  // Its probability that the treatment is better.
  double loss = 0;      // What it expects to lose by shipping.
  stats::Interval interval;
  double truth = 0;  // Treatment minus control.
};

Belief belief_of(const stats::Estimate& difference, double truth) {
  return {*difference.probability_better, *difference.expected_loss, difference.interval, truth};
}

std::vector<Method<Belief>> calibration_methods() {
  std::vector<Method<Belief>> methods{
      {{.name = "credible interval"},
       [](const Belief& belief) -> Claim {
         return {.misses = !belief.interval.contains(belief.truth)};
       }},
      {{.name = "expected loss"}, [](const Belief& belief) -> Claim {
         return {.error = std::max(0.0, -belief.truth) - belief.loss};
       }}};
  for (int decile = 0; decile < 10; ++decile) {
    methods.push_back(
        {{.name = fmt::format("P(better) in {:.1f}–{:.1f}", 0.1 * decile, 0.1 * (decile + 1))},
         [decile](const Belief& belief) -> Claim {
           const int at = std::min(9, static_cast<int>(10 * belief.better));
           if (at != decile) return {};
           return {.error = (belief.truth > 0 ? 1.0 : 0.0) - belief.better};
         }});
  }
  return methods;
}

Study prior_study(std::string name, std::string world, int runs, Simulate<Belief> simulate) {
  return make_study<Belief>({.id = "posterior." + std::move(name),
                             .world = std::move(world),
                             .effect = true,
                             .runs = runs,
                             .units = 500},
                            std::move(simulate), calibration_methods());
}

Study beta_study() {
  return prior_study("beta_binomial", "shares from Beta(5, 45), 200 units a variant", 1000,
                     [](const Random& base, const Show<Belief>& show) {
                       Random random = base;
                       std::array<double, 2> shares{};
                       std::array<stats::Proportion, 2> counts;
                       for (std::size_t arm = 0; arm < 2; ++arm) {
                         const double a = random.gamma(5, 1);
                         shares[arm] = a / (a + random.gamma(45, 1));
                         counts[arm].n = 200;
                         for (int i = 0; i < 200; ++i)
                           counts[arm].successes += random.chance(shares[arm]);
                       }
                       const auto answer =
                           stats::beta_binomial(counts[0], counts[1], {.prior = {.a = 5, .b = 45}});
                       if (answer) show(belief_of(answer->difference, shares[1] - shares[0]));
                     });
}

Study gamma_study() {
  return prior_study("gamma_poisson", "rates from Gamma(4, 2), 10 hours a variant", 2500,
                     [](const Random& base, const Show<Belief>& show) {
                       Random random = base;
                       std::array<double, 2> rates{};
                       std::array<stats::EventRate, 2> counts;
                       for (std::size_t arm = 0; arm < 2; ++arm) {
                         rates[arm] = random.gamma(4, 0.5);
                         counts[arm] = {static_cast<double>(random.poisson(10 * rates[arm])), 10};
                       }
                       const auto answer = stats::gamma_poisson(counts[0], counts[1],
                                                                {.prior = {.shape = 4, .rate = 2}});
                       if (answer) show(belief_of(answer->difference, rates[1] - rates[0]));
                     });
}

// Effects of standard deviation `spread` (in standard errors of one look), 28 looks; shown is the
// posterior at the stop: the first look with P(better) above 0.95, or the last.
Study normal_study(std::string name, std::string world, double spread, double believed,
                   bool stopping) {
  const auto simulate = [=](const Random& base, const Show<Belief>& show) {
    Random random = base;
    const double truth = spread * random.normal();
    double sum = 0;
    for (int look = 1; look <= 28; ++look) {
      sum += truth + random.normal();
      // The control's value is 100 and known: the prior on the lift is one on the difference.
      const stats::Contrast contrast{
          .control = 100, .treatment = 100 + sum / look, .treatment_variance = 1.0 / look};
      stats::BayesianOptions options;
      if (believed > 0) options.prior_sd_relative = believed / 100;
      const auto answer = stats::bayesian(contrast, options);
      const bool stop = look == 28 || (stopping && *answer->difference.probability_better > 0.95);
      if (!stop) continue;
      show(belief_of(answer->difference, truth));
      return;
    }
  };
  Study study = prior_study(std::move(name), std::move(world), 20'000, simulate);
  if (spread != believed) {
    for (MethodHead& method : study.methods) method.promise = Promise::kNone;
  }
  return study;
}

}  // namespace

std::vector<Study> posterior_studies() {
  std::vector<Study> made;
  made.push_back(beta_study());
  made.push_back(gamma_study());
  made.push_back(normal_study("normal_normal", "effects from the prior", 0.3, 0.3, false));
  made.push_back(normal_study("stopping", "effects from the prior, stopped when P(better) > 0.95",
                              0.3, 0.3, true));
  made.push_back(normal_study("stopping.flat",
                              "effects of sd 0.1, a flat prior, stopped when P(better) > 0.95", 0.1,
                              0, true));
  return made;
}

}  // namespace assay::sim
