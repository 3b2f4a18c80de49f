// Posteriors of shares and rates. Beside each stands how often the rule that reads it errs when
// there is no effect.
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/stats/beta_binomial.h"
#include "assay/stats/calculator.h"
#include "assay/stats/gamma_poisson.h"

namespace assay::stats {

using nlohmann::json;

namespace {

constexpr Range kShape{.fallback = 1, .at_least = 0.1, .at_most = 1e9, .about = "prior shape"};

Proportion read_counts(Request& arm) {
  const Proportion out{.successes = arm.count("successes", {}), .n = arm.count("n", {})};
  if (out.successes > out.n) arm.wrong("successes", "must be at most n");
  arm.finish();
  return out;
}

Beta read_prior(Request& request) {
  const double a = request.number("prior_a", kShape);
  const double b = request.number("prior_b", kShape);
  return {a, b};
}

Stat<json> beta_binomial_pair(Request& request) {
  const Proportion c = read_proportion(request, "control");
  const Proportion t = read_proportion(request, "treatment");
  BetaBinomialOptions options;
  options.prior = read_prior(request);
  options.alpha = request.number("alpha", kAlpha);
  const PosteriorRule rule = read_posterior_rule(request);
  if (!request.usable()) return json::object();
  ASSAY_TRY(const BetaBinomial answer, beta_binomial(c, t, options));
  json out = to_json(answer.difference);
  out["relative"] = to_json(answer.relative);
  ASSAY_TRY(out["stopping_rule"], stopping_json(rule));
  return out;
}

Stat<json> best_of(Request& request) {
  std::vector<Proportion> counts;
  for (Request& arm : request.objects("arms", "n and successes of each")) {
    counts.push_back(read_counts(arm));
  }
  const Beta prior = read_prior(request);
  if (counts.size() < 2 || counts.size() > 100) request.wrong("arms", "must be 2 to 100 arms");
  if (!request.usable()) return json::object();
  std::vector<Beta> posteriors;
  for (const Proportion& each : counts) {
    ASSAY_TRY(const Beta beta, posterior(each, prior));
    posteriors.push_back(beta);
  }
  return json{{"method", "beta_binomial_best"}, {"probability_best", probability_best(posteriors)}};
}

EventRate read_rate(Request& request, std::string_view name) {
  Request arm = request.object(name, "");
  const double events = arm.number("events", {.at_least = 0, .at_most = 1e15});
  const double exposure = arm.number(
      "exposure", {.at_least = 0, .at_most = 1e100, .about = "units, hours: what the rate is per"});
  arm.finish();
  return {events, exposure};
}

Stat<json> gamma_poisson_pair(Request& request) {
  const EventRate control = read_rate(request, "control");
  const EventRate treatment = read_rate(request, "treatment");
  GammaPoissonOptions options;
  options.prior.shape = request.number(
      "prior_shape", {.fallback = 1, .at_least = 0.01, .at_most = 1e9, .about = "prior shape"});
  options.prior.rate =
      request.number("prior_rate", {.fallback = 0, .at_least = 0, .at_most = 1e100});
  options.alpha = request.number("alpha", kAlpha);
  const PosteriorRule rule = read_posterior_rule(request);
  if (!request.usable()) return json::object();
  ASSAY_TRY(const GammaPoisson answer, gamma_poisson(control, treatment, options));
  json out = to_json(answer.difference);
  out["relative"] = to_json(answer.relative);
  ASSAY_TRY(out["stopping_rule"], stopping_json(rule));
  return out;
}

constexpr std::array kCalculators = {
    Calculator{"beta_binomial", "How probable is it that the treatment's share is higher?",
               beta_binomial_pair},
    Calculator{"beta_binomial_best", "How probable is each of several shares the highest?",
               best_of},
    Calculator{"gamma_poisson", "How probable is it that the treatment's rate of events is higher?",
               gamma_poisson_pair},
};

}  // namespace

std::span<const Calculator> bayesian_calculators() { return kCalculators; }

}  // namespace assay::stats
