// Comparisons within strata, across pairs of experiments, before the experiment and over days: for
// each the world in which its null is true, and one in which it is not.
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "assay/sim/claims.h"
#include "assay/sim/studies.h"
#include "assay/stats/covariate_balance.h"
#include "assay/stats/effect_trend.h"
#include "assay/stats/interaction.h"
#include "assay/stats/poststratification.h"
#include "assay/stats/stratified_tables.h"

namespace assay::sim {
namespace {

constexpr double kAlpha = 0.05;

Claim p_claim(double p_value) { return {.rejects = p_value < kAlpha, .p_value = p_value}; }

// Five countries whose levels lie 2 apart, of 20 to 60 % of the first's size.
struct Countries {
  std::vector<stats::Stratum> strata = std::vector<stats::Stratum>(5);
  double effect = 0;
};

Study country_study(int units, double effect) {
  const auto simulate = [=](const Random& base, const Show<Countries>& show) {
    Random random = base;
    Countries data{.effect = effect};
    for (int unit = 0; unit < units; ++unit) {
      const double u = random.uniform();
      const auto country = static_cast<std::size_t>(5 * u * u);  // The first is the largest.
      const bool treated = random.chance(0.5);
      const std::array row{2.0 * static_cast<double>(country) + (treated ? effect : 0) +
                           random.normal()};
      (treated ? data.strata[country].treatment : data.strata[country].control).add(row);
    }
    show(data);
  };
  const auto within = [](const Countries& data) -> Claim {
    const auto answer = stats::poststratified(data.strata);
    return answer ? claim_of(stats::fixed(answer->contrast), data.effect, kAlpha) : Claim{};
  };
  const auto pooled = [](const Countries& data) -> Claim {
    stats::Stratum all;
    for (const stats::Stratum& each : data.strata) {
      all.control.merge(each.control);
      all.treatment.merge(each.treatment);
    }
    const auto contrast = stats::mean_contrast(all.control, all.treatment);
    return contrast ? claim_of(stats::fixed(*contrast), data.effect, kAlpha) : Claim{};
  };
  return make_study<Countries>(
      {.id = fmt::format("strata.countries.n{}{}", units, effect > 0 ? ".effect" : ""),
       .world = fmt::format("5 countries of different level, {} units{}", units,
                            effect > 0 ? fmt::format(", effect {:g}", effect) : ""),
       .effect = effect > 0,
       .runs = 5000,
       .units = units},
      simulate,
      {{{.name = "poststratification",
         .promise = units >= 500 ? Promise::kExactly : Promise::kNone},
        within},
       {{.name = "welch_t"}, pooled}});
}

// Shares over a ramp: 5 to 50 % treated while the level rises from 10 to 20 %.
Study ramp_of_shares() {
  using Days = std::vector<stats::StratumTable>;
  const auto simulate = [](const Random& base, const Show<Days>& show) {
    Random random = base;
    Days days;
    for (const double treated : {0.05, 0.2, 0.5}) {
      stats::StratumTable day;
      const double level = 0.1 + 0.2 * treated;
      for (int unit = 0; unit < 1000; ++unit) {
        stats::Proportion& share = random.chance(treated) ? day.treatment : day.control;
        ++share.n;
        share.successes += random.chance(level);
      }
      days.push_back(day);
    }
    show(days);
  };
  const auto stratified = [](const Days& days) -> Claim {
    const auto answer = stats::cochran_mantel_haenszel(days);
    if (!answer) return {};
    return {.rejects = answer->p_value < kAlpha, .misses = !answer->interval.contains(1)};
  };
  const auto same_everywhere = [](const Days& days) -> Claim {
    const auto answer = stats::cochran_mantel_haenszel(days);
    if (!answer) return {};
    return {.rejects = answer->breslow_day_p < kAlpha};
  };
  const auto pooled = [](const Days& days) -> Claim {
    stats::StratumTable all;
    for (const auto& day : days) {
      all.control.n += day.control.n, all.control.successes += day.control.successes;
      all.treatment.n += day.treatment.n, all.treatment.successes += day.treatment.successes;
    }
    const auto answer = stats::two_proportions(all.control, all.treatment);
    return {.rejects = *answer->p_value < kAlpha};
  };
  return make_study<Days>({.id = "strata.ramp_of_shares",
                           .world = "5, 20, then 50 % treated while shares rise, 3000 units",
                           .runs = 5000,
                           .units = 3000},
                          simulate,
                          {{{.name = "cochran_mantel_haenszel"}, stratified},
                           {{.name = "breslow_day"}, same_everywhere},
                           {{.name = "pooled z", .promise = Promise::kNone}, pooled}});
}

// Two experiments on the same units, each with an effect, and `extra` for those in both.
Study pair_study(double extra) {
  struct Pair {
    stats::Cells2x2<stats::Summary> means;
    stats::Cells2x2<stats::Proportion> shares;
  };
  const auto simulate = [extra](const Random& base, const Show<Pair>& show) {
    Random random = base;
    Pair pair;
    for (int unit = 0; unit < 2000; ++unit) {
      const bool first = random.chance(0.5), second = random.chance(0.3);
      auto& means = pair.means;
      stats::Summary& cell =
          first ? (second ? means.both : means.first) : (second ? means.second : means.neither);
      const double effect = 0.2 * first + 0.3 * second + (first && second ? extra : 0);
      cell.add(std::array{effect + random.exponential(1)});
      auto& shares = pair.shares;
      stats::Proportion& share =
          first ? (second ? shares.both : shares.first) : (second ? shares.second : shares.neither);
      ++share.n;
      share.successes += random.chance(1 / (1 + std::exp(1 - effect)));
    }
    show(pair);
  };
  const auto means_claim = [extra](const Pair& pair) -> Claim {
    const auto answer = stats::interaction(pair.means);
    if (!answer) return {};
    return claim_of(stats::Stat<stats::Estimate>(answer->difference), extra, kAlpha);
  };
  const auto logit_claim = [](const Pair& pair) -> Claim {
    const auto answer = stats::logit_interaction(pair.shares);
    return answer ? p_claim(answer->p_value) : Claim{};
  };
  const auto independence_claim = [](const Pair& pair) -> Claim {
    const auto answer = stats::interaction(pair.means);
    if (!answer) return {};
    return {.misses = answer->independence_p < kAlpha};
  };
  return make_study<Pair>(
      {.id = extra > 0 ? "strata.two_experiments.effect" : "strata.two_experiments",
       .world = extra > 0 ? fmt::format("two experiments, {:g} more for units in both", extra)
                          : "two experiments whose effects add up, 2000 units",
       .effect = extra > 0,
       .runs = 5000,
       .units = 2000},
      simulate,
      {{{.name = "interaction of means"}, means_claim},
       {{.name = "interaction on the logit scale"}, logit_claim},
       {{.name = "independence of assignment"}, independence_claim}});
}

Study balance_study() {
  Population people = population_with_covariates({.correlation = 0.7, .covariates = 3});
  return make_study<TwoSample>({.id = "strata.balance",
                                .world = "three pre-period covariates, 200 units",
                                .runs = 5000,
                                .units = 200},
                               filling_of({.people = std::move(people), .units = 200}),
                               {{{.name = "covariate_balance"}, [](const TwoSample& data) -> Claim {
                                   const auto answer =
                                       stats::covariate_balance(data.control(), data.treatment());
                                   return answer ? p_claim(answer->p_value) : Claim{};
                                 }}});
}

// 28 daily effects with known errors; with novelty the effect fades by 0.02 a day.
Study trend_study(double fading) {
  using Days = std::vector<stats::DayEffect>;
  const auto simulate = [fading](const Random& base, const Show<Days>& show) {
    Random random = base;
    Days days;
    for (int day = 0; day < 28; ++day) {
      const double error = 0.1 + 0.1 * random.uniform();
      days.push_back({.day = static_cast<double>(day),
                      .effect = 1 - fading * day + error * random.normal(),
                      .std_error = error});
    }
    show(days);
  };
  return make_study<Days>(
      {.id = fading > 0 ? "strata.novelty.effect" : "strata.novelty",
       .world = fading > 0 ? fmt::format("28 daily effects, fading by {:g} a day", fading)
                           : "28 daily effects that do not change",
       .effect = fading > 0,
       .runs = 10'000,
       .units = 28},
      simulate,
      {{{.name = "effect_trend, slope"},
        [fading](const Days& days) -> Claim {
          const auto answer = stats::effect_trend(days);
          if (!answer) return {};
          return claim_of(stats::Stat<stats::Estimate>(answer->slope), -fading, kAlpha);
        }},
       {{.name = "effect_trend, last week minus first"}, [fading](const Days& days) -> Claim {
          const auto answer = stats::effect_trend(days);
          if (!answer || !answer->last_minus_first_week || fading > 0) return {};
          return claim_of(stats::Stat<stats::Estimate>(*answer->last_minus_first_week), 0, kAlpha);
        }}});
}

}  // namespace

std::vector<Study> strata_studies() {
  std::vector<Study> made;
  made.push_back(country_study(100, 0));
  made.push_back(country_study(1000, 0));
  made.push_back(country_study(1000, 0.2));
  made.push_back(ramp_of_shares());
  made.push_back(pair_study(0));
  made.push_back(pair_study(0.3));
  made.push_back(balance_study());
  made.push_back(trend_study(0));
  made.push_back(trend_study(0.02));
  return made;
}

}  // namespace assay::sim
