// From an effect to a decision: its course over time, its worth, its weight, and how often a rule
// errs.
#include <array>
#include <vector>

#include <nlohmann/json.hpp>

#include "assay/stats/calculator.h"
#include "assay/stats/contrast.h"
#include "assay/stats/cost_benefit.h"
#include "assay/stats/effect_trend.h"
#include "assay/stats/oec.h"
#include "assay/stats/peeking.h"

namespace assay::stats {

using nlohmann::json;

namespace {

json nothing() { return json::object(); }

Stat<Inference> paired_change(const std::vector<double>& control,
                              const std::vector<double>& treatment, double alpha) {
  std::array<Summary, 2> arms;
  for (const double each : control) arms[0].add(std::array{each});
  for (const double each : treatment) arms[1].add(std::array{each});
  ASSAY_TRY(const Contrast contrast, mean_contrast(arms[0], arms[1]));
  return fixed(contrast, {.alpha = alpha});
}

Stat<json> trend(Request& request) {
  std::vector<DayEffect> days;
  for (Request& each : request.objects("days", "effect by day since first exposure")) {
    const double day = each.number("day", kNonNegative);
    const double effect = each.number("effect", kAnyNumber);
    const double error = each.number("std_error", {.above = 0});
    each.finish();
    days.push_back({day, effect, error});
  }
  const auto control = request.maybe_numbers(
      "control_changes", "per unit: its last week's mean minus its first week's");
  const auto treatment = request.maybe_numbers("treatment_changes", "the same for the treatment");
  const double alpha = request.number("alpha", kAlpha);
  if (!request.describing() && control.has_value() != treatment.has_value()) {
    request.wrong("control_changes", "give the changes of both variants, or of none");
  }
  if (!request.usable()) return nothing();
  ASSAY_TRY(const EffectTrend found, effect_trend(days, alpha));
  json out = to_json(found.slope);
  out["intercept"] = to_json(found.intercept);
  if (found.last_minus_first_week) {
    out["last_minus_first_week"] = to_json(*found.last_minus_first_week);
  }
  if (control && treatment) {
    ASSAY_TRY(const Inference paired, paired_change(*control, *treatment, alpha));
    out["paired_change"] = to_json(paired.difference);
  }
  return out;
}

Stat<json> worth(Request& request) {
  const double effect = request.number("effect", {.about = "difference per unit of the metric"});
  const double error = request.number("std_error", {.above = 0});
  CostBenefitOptions options;
  options.units = request.number("units", {.above = 0, .about = "exposed per year"});
  options.unit_value =
      request.number("unit_value", {.about = "money per one more of the metric, for one unit"});
  options.cost = request.number("cost", {.fallback = 0, .about = "of running it, per year"});
  options.prior_mean = request.number("prior_mean", {.fallback = 0});
  options.prior_sd =
      request.maybe_number("prior_sd", {.fallback = 0, .above = 0, .about = "absent: flat"});
  options.alpha = request.number("alpha", kAlpha);
  if (!request.usable()) return nothing();
  ASSAY_TRY(const CostBenefit found, cost_benefit(effect, error, options));
  json out = to_json(found.interval);
  out["method"] = "cost_benefit";
  out["estimate"] = found.net_value;
  out["std_error"] = found.net_value_sd;
  out["probability_positive"] = found.probability_positive;
  out["loss_of_shipping"] = found.loss_of_shipping;
  out["loss_of_waiting"] = found.loss_of_waiting;
  out["value_of_more_data"] = found.value_of_more_data;
  out["break_even_effect"] = found.break_even_effect;
  out["ship"] = found.ship;
  return out;
}

Stat<json> overall(Request& request) {
  const auto effects = request.numbers("effects", "of each metric, standardized");
  const auto weights = request.numbers("weights", "fixed before the experiment");
  const auto covariance = request.numbers("covariance", "of the effects, row by row");
  const double alpha = request.number("alpha", kAlpha);
  if (!request.usable()) return nothing();
  if (effects.size() > 1000) request.wrong("effects", "at most 1000 metrics");
  if (!request.usable()) return nothing();
  ASSAY_TRY(const Estimate found, weighted_sum(effects, weights, covariance, alpha));
  return to_json(found);
}

Stat<json> peek(Request& request) {
  const auto looks =
      request.count("looks", {.at_least = 1, .at_most = kMostPeeks, .about = "equally spaced"});
  const double alpha = request.number("alpha", kAlpha);
  if (!request.usable()) return nothing();
  ASSAY_TRY(const double error, peeking_error(static_cast<int>(looks), alpha));
  return json{{"method", "peeking"}, {"false_rejection_rate", error}};
}

constexpr std::array kCalculators = {
    Calculator{"effect_trend", "Does the effect fade or grow with days of use? (novelty, primacy)",
               trend},
    Calculator{"cost_benefit", "Is the treatment worth what it costs to run?", worth},
    Calculator{"weighted_sum", "What is the effect on a weighted sum of metrics? (OEC)", overall},
    Calculator{"peeking", "How often does a fixed test, looked at K times, reject a true null?",
               peek},
};

}  // namespace

std::span<const Calculator> decision_calculators() { return kCalculators; }

}  // namespace assay::stats
