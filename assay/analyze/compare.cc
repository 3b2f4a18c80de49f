// Comparisons: a metric's cells to contrasts, contrasts to estimates, estimates to families.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "assay/analyze/internal.h"
#include "assay/base/check.h"
#include "assay/stats/inference.h"
#include "assay/stats/multiplicity.h"

namespace assay::analyze::internal {

using define::Experiment;
using define::Method;
using define::MetricType;
using stats::Contrast;
using stats::Stat;
using stats::Undefined;

namespace {

constexpr double kDefaultTargetUnits = 5000;
constexpr std::int64_t kFewConversions = 10;
constexpr std::int64_t kFewClusters = 40;

const MetricCell* find(const Cells& cells, std::string_view variant, std::int64_t epoch) {
  const auto it = cells.find(Cell{std::string(variant), epoch});
  return it == cells.end() ? nullptr : &it->second;
}

std::set<std::int64_t> epochs_of(const Cells& cells) {
  std::set<std::int64_t> epochs;
  for (const auto& [cell, value] : cells) epochs.insert(cell.epoch);
  return epochs;
}

bool has_covariates(const MetricCell& cell) {
  return cell.summary.columns().covariates > 0 || cell.rows.covariates() > 0;
}

// Clusters and covariates need the pseudo-values of the quantile; plain rows its rank interval.
Stat<Contrast> quantile_in(const MetricCell& control, const MetricCell& treatment,
                           double quantile) {
  if (control.clustered || has_covariates(control)) {
    ASSAY_TRY(const stats::Summary c, stats::quantile_summary(control.rows, quantile));
    ASSAY_TRY(const stats::Summary t, stats::quantile_summary(treatment.rows, quantile));
    ASSAY_TRY(Contrast contrast, stats::cuped_contrast(c, t));
    if (!control.clustered) contrast.df = 0;
    return contrast;
  }
  ASSAY_TRY(const auto c, stats::estimate_quantile(control.rows, quantile));
  ASSAY_TRY(const auto t, stats::estimate_quantile(treatment.rows, quantile));
  return stats::quantile_contrast(c, t);
}

Stat<Contrast> unadjusted_in(const define::MetricDefinition& metric, const MetricCell& control,
                             const MetricCell& treatment) {
  if (metric.type == MetricType::kQuantile) {
    return quantile_in(control, treatment, metric.quantile);
  }
  if (control.summary.columns().denominator) {
    return stats::ratio_contrast(control.summary, treatment.summary);
  }
  return stats::mean_contrast(control.summary, treatment.summary);
}

Stat<Contrast> contrast_in(const define::MetricDefinition& metric, const MetricCell& control,
                           const MetricCell& treatment) {
  if (metric.type != MetricType::kQuantile && control.clustered) {
    return stats::few_units_contrast(control.summary, treatment.summary);
  }
  if (metric.type == MetricType::kQuantile || !has_covariates(control)) {
    return unadjusted_in(metric, control, treatment);
  }
  return stats::cuped_contrast(control.summary, treatment.summary);
}

// Value and standard error of one cell on its own, unadjusted.
ArmResult arm_in(const define::MetricDefinition& metric, const MetricCell& cell) {
  ArmResult arm;
  if (metric.type == MetricType::kQuantile) {
    const auto estimate = stats::estimate_quantile(cell.rows, metric.quantile);
    if (!estimate) return arm;
    return {.variant = {},
            .n = estimate->units,
            .value = estimate->value,
            .std_error = estimate->std_error};
  }
  arm.n = cell.summary.n();
  // A contrast of the cell with itself knows the value and the variance of a mean or a ratio.
  const Stat<Contrast> self = unadjusted_in(metric, cell, cell);
  if (self) {
    arm.value = self->control;
    arm.std_error = std::sqrt(self->control_variance);
  } else if (arm.n > 0 && !cell.summary.columns().denominator) {
    arm.value = cell.summary.mean(0);
  }
  return arm;
}

std::int64_t units_in(const define::MetricDefinition& metric, const MetricCell& cell) {
  if (metric.type != MetricType::kQuantile) return cell.summary.n();
  return arm_in(metric, cell).n;
}

using CellArms = std::map<Cell, ArmResult>;

// What an epoch weighs in every value and every effect: its units of this metric, over all
// variants. So all variants are compared over the same mix of epochs.
std::map<std::int64_t, double> units_by_epoch(const define::MetricDefinition& metric,
                                              const Cells& cells) {
  std::map<std::int64_t, double> units;
  for (const auto& [cell, value] : cells) {
    units[cell.epoch] += static_cast<double>(units_in(metric, value));
  }
  return units;
}

// Whether an effect stands on this cell: it and the control are known in its epoch; of the control,
// it and any other.
bool is_compared(const CellArms& arms, const Cell& cell, const std::string& control) {
  const auto is_known = [&](const auto& other) {
    return other.first.epoch == cell.epoch && other.second.std_error &&
           (other.first.variant == control) != (cell.variant == control);
  };
  return arms.at(cell).std_error && std::ranges::any_of(arms, is_known);
}

// Over the epochs in which the variant is compared, so that the values' difference is the effect;
// over all of its own where it is in none.
ArmResult combined_arm(const CellArms& arms, const std::map<std::int64_t, double>& units,
                       const std::string& variant, const std::string& control) {
  const bool is_in_any = std::ranges::any_of(arms, [&](const auto& one) {
    return one.first.variant == variant && is_compared(arms, one.first, control);
  });
  ArmResult all{.variant = variant};
  double value = 0, variance = 0, weight = 0;
  bool has_error = true;
  for (const auto& [cell, one] : arms) {
    if (cell.variant != variant) continue;
    all.n += one.n;
    if (!one.value || (is_in_any && !is_compared(arms, cell, control))) continue;
    const double mine = units.at(cell.epoch);
    const double error = mine * one.std_error.value_or(0);
    value += mine * *one.value;
    variance += error * error;
    weight += mine;
    has_error = has_error && one.std_error;
  }
  if (weight <= 0) return all;
  all.value = value / weight;
  if (has_error) all.std_error = std::sqrt(variance) / weight;
  return all;
}

}  // namespace

Stat<Contrast> contrast(const Measured& measured, const Cells& cells, std::string_view control,
                        std::string_view variant) {
  const define::MetricDefinition& metric = *measured.planned->definition;
  std::vector<Contrast> strata;
  std::vector<std::int64_t> epochs;
  stats::Reason why{Undefined::kNoData, fmt::format("No unit of {} or {} has a value of {}.",
                                                    control, variant, metric.name)};
  for (const std::int64_t epoch : epochs_of(cells)) {
    const MetricCell* c = find(cells, control, epoch);
    const MetricCell* t = find(cells, variant, epoch);
    if (c == nullptr || t == nullptr) continue;
    Stat<Contrast> one = contrast_in(metric, *c, *t);
    if (!one) {
      why = one.error();
      continue;
    }
    strata.push_back(*std::move(one));
    epochs.push_back(epoch);
  }
  if (strata.empty()) return unexpected(why);
  if (strata.size() == 1) return strata.front();
  const auto units = units_by_epoch(metric, cells);
  std::vector<double> weights;
  for (const std::int64_t epoch : epochs) weights.push_back(units.at(epoch));
  return stats::stratified_contrast(strata, weights);
}

bool adjusted(const Measured& measured) {
  return std::ranges::any_of(measured.data->cells,
                             [](const auto& cell) { return has_covariates(cell.second); });
}

bool fed(const Measured& measured) {
  if (!measured.data) return false;
  if (measured.data->events > 0) return true;
  return std::ranges::any_of(measured.data->cells, [](const auto& cell) {
    const stats::Summary& summary = cell.second.summary;
    return summary.columns().denominator && summary.mean(summary.denominator_column()) > 0;
  });
}

std::vector<ArmResult> arms(const Measured& measured, const Experiment& experiment) {
  CellArms cells;
  std::map<std::int64_t, double> units;
  if (measured.data) {
    const define::MetricDefinition& metric = *measured.planned->definition;
    for (const auto& [cell, value] : measured.data->cells) cells[cell] = arm_in(metric, value);
  }
  for (const auto& [cell, arm] : cells) units[cell.epoch] += static_cast<double>(arm.n);
  std::vector<ArmResult> all;
  for (const define::Variant& variant : experiment.variants) {
    all.push_back(combined_arm(cells, units, variant.key, experiment.control));
  }
  return all;
}

double maturity(const Measured& measured) {
  if (!measured.data || measured.data->all_units.empty()) return 1.0;
  double mature = 0, all = 0;
  for (const auto& [cell, value] : measured.data->cells)
    mature += static_cast<double>(value.summary.n());
  for (const auto& [cell, value] : measured.data->all_units)
    all += static_cast<double>(value.summary.n());
  return all > 0 ? mature / all : 1.0;
}

double target_units(const Experiment& experiment) {
  const auto& planned = experiment.schedule.sample_size_per_variant;
  return planned ? 2.0 * static_cast<double>(*planned) : kDefaultTargetUnits;
}

namespace {

Stat<stats::Inference> infer(const Look& look, const Comparison& comparison,
                             const Contrast& contrast) {
  const define::Analysis& analysis = look.experiment.analysis;
  switch (analysis.method) {
    case Method::kFixedHorizon:
      return stats::fixed(contrast, {.alpha = analysis.alpha});
    case Method::kBayesian:
      return stats::bayesian(
          contrast, {.alpha = analysis.alpha, .prior_sd_relative = analysis.prior_sd_relative});
    case Method::kSequential:
      break;
  }
  const auto seen = look.options.running_p.find({comparison.metric, comparison.variant});
  return stats::sequential(
      contrast, {.alpha = analysis.alpha,
                 .target_n = target_units(look.experiment),
                 .running_p = seen == look.options.running_p.end() ? 1.0 : seen->second});
}

void warn_of_few_conversions(const Measured& measured, const Comparison& comparison,
                             std::vector<std::string>& warnings) {
  const MetricType type = measured.planned->definition->type;
  if (type != MetricType::kProportion && type != MetricType::kRetention) return;
  std::int64_t fewest = kFewConversions;
  for (const auto& [cell, value] : measured.data->cells) {
    if (cell.variant != comparison.control && cell.variant != comparison.variant) continue;
    const stats::Summary& summary = value.summary;
    const double units = static_cast<double>(summary.n());
    const double n = summary.columns().denominator ? summary.mean(1) * units : units;
    const double hits = std::round(summary.mean(0) * units);
    fewest = std::min(fewest, static_cast<std::int64_t>(std::min(hits, n - hits)));
  }
  if (fewest < kFewConversions) {
    warnings.push_back(fmt::format(
        "Only {} conversions or non-conversions in a variant: the interval is approximate.",
        fewest));
  }
}

void warn_of_few_clusters(const Measured& measured, const Comparison& comparison,
                          std::vector<std::string>& warnings) {
  std::int64_t fewest = kFewClusters;
  for (const auto& [cell, value] : measured.data->cells) {
    const bool compared = cell.variant == comparison.control || cell.variant == comparison.variant;
    if (!compared || !value.clustered) continue;
    fewest = std::min(fewest, units_in(*measured.planned->definition, value));
  }
  if (fewest < kFewClusters) {
    warnings.push_back(fmt::format(
        "Only {} clusters in a variant: check with the permutation test of clusters.", fewest));
  }
}

void warn(const Look& look, const Measured& measured, Comparison& comparison) {
  const define::Analysis& analysis = look.experiment.analysis;
  warn_of_few_conversions(measured, comparison, comparison.warnings);
  warn_of_few_clusters(measured, comparison, comparison.warnings);
  if (analysis.variance_reduction == define::VarianceReduction::kCuped && !analysis.covariate) {
    comparison.warnings.push_back(
        fmt::format("Not adjusted: the covariate {} is defined nowhere.", analysis.covariate_name));
  }
  if (analysis.method == Method::kBayesian && !analysis.prior_sd_relative) {
    comparison.warnings.push_back(
        "Flat prior: the posterior is not safe to peek at; the long-run rate of wrong ships grows "
        "with every look.");
  }
  std::int64_t rejected = 0;
  for (const auto& [cell, value] : measured.data->cells)
    rejected += value.summary.rejected() + value.rows.rejected();
  if (rejected > 0)
    comparison.warnings.push_back(
        fmt::format("{} values that are no finite number were left out.", rejected));
}

bool clustered(const Measured& measured) {
  return std::ranges::any_of(measured.data->cells,
                             [](const auto& cell) { return cell.second.clustered; });
}

void fill(const Look& look, const Measured& measured, const Contrast& contrast,
          Comparison& comparison) {
  comparison.n_control = contrast.n_control;
  comparison.n_variant = contrast.n_treatment;
  comparison.variance_reduction = contrast.variance_reduction;
  Stat<stats::Inference> answer = infer(look, comparison, contrast);
  if (!answer) {
    comparison.difference = unexpected(answer.error());
    comparison.relative = unexpected(answer.error());
    return;
  }
  comparison.method = answer->difference.method + (adjusted(measured) ? "+cuped" : "") +
                      (clustered(measured) ? "+clustered" : "");
  comparison.difference = std::move(answer->difference);
  comparison.relative = std::move(answer->relative);
  if (measured.data->all_units.empty()) return;
  const auto all = internal::contrast(measured, measured.data->all_units, comparison.control,
                                      comparison.variant);
  if (!all) return;
  if (auto beside = infer(look, comparison, *all))
    comparison.all_units = std::move(beside->difference);
}

}  // namespace

Comparison compare(const Look& look, const Measured& measured, const std::string& variant) {
  const define::PlannedMetric& planned = *measured.planned;
  Comparison comparison{.metric = planned.name,
                        .role = planned.role,
                        .direction = planned.direction,
                        .control = look.experiment.control,
                        .variant = variant};
  if (!measured.data) {
    const std::string text = fmt::format(
        "{} is defined nowhere: say in `metrics` which events it is made of.", planned.name);
    comparison.difference = stats::undefined(Undefined::kNoData, text);
    comparison.relative = stats::undefined(Undefined::kNoData, text);
    return comparison;
  }
  warn(look, measured, comparison);
  const Stat<Contrast> effect =
      contrast(measured, measured.data->cells, comparison.control, variant);
  if (effect) {
    fill(look, measured, *effect, comparison);
  } else {
    comparison.difference = unexpected(effect.error());
    comparison.relative = unexpected(effect.error());
  }
  return comparison;
}

namespace {

stats::Correction correction_of(define::Correction correction) {
  switch (correction) {
    case define::Correction::kNone:
      return stats::Correction::kNone;
    case define::Correction::kBonferroni:
      return stats::Correction::kBonferroni;
    case define::Correction::kHolm:
      return stats::Correction::kHolm;
    case define::Correction::kHochberg:
      return stats::Correction::kHochberg;
    case define::Correction::kBenjaminiHochberg:
      return stats::Correction::kBenjaminiHochberg;
    case define::Correction::kBenjaminiYekutieli:
      return stats::Correction::kBenjaminiYekutieli;
  }
  ASSAY_CHECK(false);
}

// Primaries (over all treatments) are one family, secondaries another; guardrails are tests of harm
// and stay as they are.
void correct_family(const Experiment& experiment, define::Role role,
                    std::vector<Comparison>& comparisons) {
  std::vector<std::optional<double>> p;
  for (const Comparison& comparison : comparisons) {
    const bool member = comparison.role == role && comparison.difference;
    p.push_back(member ? comparison.difference->p_value : std::nullopt);
  }
  const bool guardrails = role == define::Role::kGuardrail;
  const auto corrected = stats::adjust(
      p, guardrails ? stats::Correction::kNone : correction_of(experiment.analysis.correction));
  for (std::size_t i = 0; i < comparisons.size(); ++i) {
    if (!corrected[i]) continue;
    comparisons[i].p_adjusted = corrected[i];
    comparisons[i].significant = *corrected[i] <= experiment.analysis.alpha;
  }
}

void warn_of_past_significance(Comparison& comparison) {
  if (comparison.significant && comparison.difference->interval.contains(0)) {
    comparison.warnings.push_back(
        "Significant at an earlier look or after the correction of several; the interval of this "
        "look alone includes 0.");
  }
}

}  // namespace

void correct(const Experiment& experiment, std::vector<Comparison>& comparisons) {
  for (const auto role :
       {define::Role::kPrimary, define::Role::kSecondary, define::Role::kGuardrail}) {
    correct_family(experiment, role, comparisons);
  }
  for (Comparison& comparison : comparisons) {
    if (!comparison.difference) continue;
    if (const auto& better = comparison.difference->probability_better) {
      const double ship = experiment.analysis.ship_probability;
      comparison.significant = *better >= ship || *better <= 1 - ship;
    }
    warn_of_past_significance(comparison);
  }
}

}  // namespace assay::analyze::internal
