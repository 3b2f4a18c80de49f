// Effects against margins, as shares of the control, of several treatments, and of capped values.
#include <array>
#include <cmath>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/stats/augmentation.h"
#include "assay/stats/calculator.h"
#include "assay/stats/contrast.h"
#include "assay/stats/dunnett.h"
#include "assay/stats/equivalence.h"
#include "assay/stats/inference.h"
#include "assay/stats/lift.h"
#include "assay/stats/multiplicity.h"
#include "assay/stats/winsorize.h"

namespace assay::stats {

using nlohmann::json;

namespace {

json nothing() { return json::object(); }

constexpr Range kOptional{.fallback = 0};

Stat<json> tost(Request& request) {
  const auto control = read_arm(request, "control");
  const auto treatment = read_arm(request, "treatment");
  const auto low =
      request.maybe_number("low", {.fallback = 0, .about = "margin of the difference"});
  const auto high = request.maybe_number("high", kOptional);
  const auto relative = request.maybe_number(
      "margin_relative",
      {.fallback = 0, .above = 0, .below = 1, .about = "of |control|, instead of low and high"});
  const double alpha = request.number("alpha", {.fallback = 0.05, .above = 0, .below = 0.5});
  if (!request.describing() && (relative ? low || high : !(low && high))) {
    request.wrong("margin_relative", "give either margin_relative or both low and high");
  }
  if (low && high && !(*low < *high)) request.wrong("low", "must be below high");
  if (!request.usable() || !control || !treatment) return nothing();
  ASSAY_TRY(const Contrast contrast, mean_contrast(*control, *treatment));
  ASSAY_TRY(const Equivalence answer, relative ? equivalence_relative(contrast, *relative, alpha)
                                               : equivalence(contrast, {*low, *high}, alpha));
  json out = to_json(answer.interval);
  out["method"] = "tost";
  out["estimate"] = answer.value;
  out["p_low"] = answer.p_low;
  out["p_high"] = answer.p_high;
  out["p_value"] = answer.p_value;
  out["equivalent"] = answer.equivalent;
  return out;
}

Stat<json> relative(Request& request) {
  static constexpr std::array<std::string_view, 3> kWays = {"fieller", "delta", "log"};
  const auto control = read_arm(request, "control");
  const auto treatment = read_arm(request, "treatment");
  const auto way = request.choice("interval", kWays, "fieller");
  const double alpha = request.number("alpha", kAlpha);
  if (!request.usable() || !control || !treatment) return nothing();
  ASSAY_TRY(const Contrast contrast, mean_contrast(*control, *treatment));
  const auto method = way == "log"     ? LiftMethod::kLog
                      : way == "delta" ? LiftMethod::kDelta
                                       : LiftMethod::kFieller;
  ASSAY_TRY(const Estimate estimate, lift(contrast, method, alpha));
  return to_json(estimate);
}

Stat<json> against_one_control(Request& request) {
  const auto control = read_arm(request, "control");
  std::vector<Summary> treatments;
  for (Request& each : request.objects("treatments", "each with the fields of the control")) {
    if (const auto summary = read_summary(each)) treatments.push_back(*summary);
  }
  const double alpha = request.number("alpha", kAlpha);
  if (!request.usable() || !control) return nothing();
  ASSAY_TRY(const Dunnett answer, dunnett(*control, treatments, {.alpha = alpha}));
  json out = {{"method", "dunnett"},
              {"critical", answer.critical},
              {"pooled_variance", answer.pooled_variance}};
  for (const Estimate& each : answer.comparisons) out["comparisons"].push_back(to_json(each));
  return out;
}

Stat<json> e_values(Request& request) {
  const auto values = request.gappy_numbers("log_e_values", "ln E; null: does not count");
  const double alpha = request.number("alpha", kAlpha);
  if (!request.usable()) return nothing();
  json out = {{"method", "e_bh"}, {"rejected", json::array()}};
  for (const bool each : e_bh(values, alpha)) out["rejected"].push_back(each);
  return out;
}

Stat<json> winsorized_t(Request& request) {
  const auto control = request.numbers("control", "one value per unit");
  const auto treatment = request.numbers("treatment", "one value per unit");
  const double share = request.number(
      "share",
      {.fallback = 0.99, .above = 0, .below = 1, .about = "of values at or below the cap"});
  const double alpha = request.number("alpha", kAlpha);
  if (!request.usable()) return nothing();
  ASSAY_TRY(const double cap, pooled_cap(control, treatment, share));
  const Capped c = capped(control, cap);
  const Capped t = capped(treatment, cap);
  ASSAY_TRY(const Contrast contrast, mean_contrast(c.summary, t.summary));
  ASSAY_TRY(const Inference inference, fixed(contrast, {.alpha = alpha}));
  json out = to_json(inference);
  out["cap"] = cap;
  out["control_capped_n"] = c.capped_n;
  out["treatment_capped_n"] = t.capped_n;
  return out;
}

Stat<json> augmented(Request& request) {
  const double estimate = request.number("estimate", kAnyNumber);
  const double error = request.number("std_error", {.above = 0});
  Auxiliary auxiliary;
  auxiliary.differences = request.numbers(
      "differences", "treatment minus control of what the treatment cannot have moved");
  auxiliary.covariances = request.numbers("covariances", "of each difference with the estimate");
  auxiliary.variances = request.numbers("variances", "covariance matrix of the differences");
  AugmentationOptions options;
  options.alpha = request.number("alpha", kAlpha);
  options.balance_alpha = request.number(
      "balance_alpha",
      {.fallback = 0.001, .above = 0, .below = 1, .about = "refused below this p of balance"});
  const std::size_t size = auxiliary.differences.size();
  if (size > 1000) request.wrong("differences", "at most 1000");
  if (auxiliary.covariances.size() != size) {
    request.wrong("covariances", "must be as many as differences");
  }
  if (auxiliary.variances.size() != size * size) {
    request.wrong("variances", "must be a square matrix, row by row, of the differences");
  }
  if (!request.usable()) return nothing();
  ASSAY_TRY(const Augmentation answer, augment(estimate, error, auxiliary, options));
  json out = to_json(answer.estimate);
  out["weights"] = answer.weights;
  out["variance_reduction"] = answer.variance_reduction;
  out["balance_statistic"] = answer.balance_statistic;
  out["balance_p_value"] = answer.balance_p;
  return out;
}

constexpr std::array kCalculators = {
    Calculator{"tost", "Are two means the same within margins? (equivalence)", tost},
    Calculator{"relative_lift", "By what share does the treatment exceed the control?", relative},
    Calculator{"augmentation",
               "How large is an effect, sharpened by what the treatment cannot move?", augmented},
    Calculator{"dunnett", "Which of several treatments differ from one control?",
               against_one_control},
    Calculator{"e_bh", "Which of many e-values stand, at any look and dependence?", e_values},
    Calculator{"winsorized_t", "Do two means differ, with the largest values capped?",
               winsorized_t},
};

}  // namespace

std::span<const Calculator> effect_calculators() { return kCalculators; }

}  // namespace assay::stats
