// Guardrails: tests of harm, one-sided and valid at every look, because they may stop an experiment
// at any moment. Two rules that are kept apart: an absolute threshold on the treatment's own value,
// and a margin against the control. Evidence of harm fails, evidence of its absence passes;
// everything else is undecided, which is never the same as safe.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "assay/analyze/internal.h"
#include "assay/stats/noninferiority.h"
#include "assay/stats/proportion_sequence.h"

namespace assay::analyze::internal {

using define::Direction;
using stats::Contrast;
using stats::Stat;

namespace {

GuardrailStatus status_of(stats::SafetyStatus status) {
  switch (status) {
    case stats::SafetyStatus::kSafe:
      return GuardrailStatus::kPassed;
    case stats::SafetyStatus::kHarmful:
      return GuardrailStatus::kFailed;
    case stats::SafetyStatus::kUndecided:
      break;
  }
  return GuardrailStatus::kUndecided;
}

std::string bounds_text(const stats::Safety& safety) {
  const auto end = [](const std::optional<double>& x) {
    return x ? fmt::format("{:.4g}", *x) : "unbounded";
  };
  return fmt::format("{:.4g} [{}, {}]", safety.value, end(safety.bounds.low),
                     end(safety.bounds.high));
}

std::string verb(GuardrailStatus status) {
  switch (status) {
    case GuardrailStatus::kPassed:
      return "is shown to be";
    case GuardrailStatus::kFailed:
      return "is shown not to be";
    default:
      return "is not yet shown to be";
  }
}

// One rule's answer; the guardrail's is the worse of its rules'.
struct Rule {
  GuardrailStatus status = GuardrailStatus::kNoData;
  std::string text;
};

Rule rule_of(const Stat<stats::Safety>& safety, const std::string& subject,
             const std::string& claim) {
  if (!safety)
    return {GuardrailStatus::kNoData, fmt::format("{}: {}", subject, safety.error().text)};
  const GuardrailStatus status = status_of(safety->status);
  return {status, fmt::format("{} {} {} {}.", subject, bounds_text(*safety), verb(status), claim)};
}

// A share against its cap, exactly: the events that a guardrail watches are rare, and none at all
// is the best case, not a missing one. Epochs add up, since the treatment's own value is compared
// with nothing.
Stat<stats::Safety> share_safety(const Look& look, const Measured& measured,
                                 const std::string& variant) {
  const define::PlannedMetric& planned = *measured.planned;
  double successes = 0;
  std::int64_t n = 0;
  for (const auto& [cell, value] : measured.data->cells) {
    if (cell.variant != variant) continue;
    n += value.summary.n();
    successes += value.summary.mean(0) * static_cast<double>(value.summary.n());
  }
  const auto interval =
      stats::proportion_sequence(std::llround(successes), n, look.experiment.analysis.alpha);
  if (!interval) return unexpected(interval.error());
  stats::Safety safety{.value = successes / static_cast<double>(n), .bounds = *interval};
  const bool above = *interval->low > *planned.threshold,
             below = *interval->high < *planned.threshold;
  const bool cap = planned.direction == Direction::kDecrease;
  if (above) safety.status = cap ? stats::SafetyStatus::kHarmful : stats::SafetyStatus::kSafe;
  if (below) safety.status = cap ? stats::SafetyStatus::kSafe : stats::SafetyStatus::kHarmful;
  return safety;
}

// Shares, and ratios whose numerator has never happened: at worst all of a unit's denominator would
// fail together, so that the units bound the ratio.
bool counts_exactly(const Measured& measured, const std::string& variant) {
  const define::MetricType type = measured.planned->definition->type;
  if (type == define::MetricType::kProportion || type == define::MetricType::kRetention)
    return true;
  return type == define::MetricType::kRatio &&
         std::ranges::all_of(measured.data->cells, [&](const auto& cell) {
           return cell.first.variant != variant || cell.second.summary.mean(0) == 0;
         });
}

Rule threshold_rule(const Look& look, const Measured& measured, const std::string& variant,
                    const Contrast& contrast) {
  const define::PlannedMetric& planned = *measured.planned;
  const bool cap = planned.direction == Direction::kDecrease;
  const stats::SafetyOptions options{.alpha = look.experiment.analysis.alpha,
                                     .target_n = target_units(look.experiment)};
  const auto safety = counts_exactly(measured, variant) ? share_safety(look, measured, variant)
                      : cap ? stats::at_most(contrast, *planned.threshold, options)
                            : stats::at_least(contrast, *planned.threshold, options);
  return rule_of(safety, planned.name,
                 fmt::format("{} {:g}", cap ? "at most" : "at least", *planned.threshold));
}

Rule margin_rule(const Look& look, const define::PlannedMetric& planned, const Contrast& contrast) {
  const bool cap = planned.direction == Direction::kDecrease;
  const stats::SafetyOptions options{.alpha = look.experiment.analysis.alpha,
                                     .target_n = target_units(look.experiment)};
  const auto safety = cap ? stats::not_higher(contrast, planned.margin_relative, options)
                          : stats::not_lower(contrast, planned.margin_relative, options);
  const std::string claim =
      planned.margin_relative > 0
          ? fmt::format("within {:g} % {} the control", 100 * planned.margin_relative,
                        cap ? "above" : "below")
          : fmt::format("no {} than the control", cap ? "higher" : "lower");
  return rule_of(safety, "The difference", claim);
}

// Failed beats no data beats undecided beats passed; a margin of zero can fail but is not asked to
// pass.
GuardrailStatus worse(GuardrailStatus a, GuardrailStatus b) {
  for (const auto status :
       {GuardrailStatus::kFailed, GuardrailStatus::kNoData, GuardrailStatus::kUndecided}) {
    if (a == status || b == status) return status;
  }
  return GuardrailStatus::kPassed;
}

GuardrailResult judge(const Look& look, const Measured& measured, const std::string& variant) {
  const define::PlannedMetric& planned = *measured.planned;
  GuardrailResult result{
      .metric = planned.name, .variant = variant, .threshold = planned.threshold};
  if (planned.must_not_worsen) result.margin_relative = planned.margin_relative;
  // A guardrail that nothing feeds guards nothing: it holds a ship back until it is wired, or gone.
  result.blocks = true;
  if (!fed(measured)) {
    result.message = fmt::format(
        "No event feeds {}, so it guards nothing: send its events, or take it out.", planned.name);
    return result;
  }
  const Stat<Contrast> effect =
      contrast(measured, measured.data->cells, look.experiment.control, variant);
  if (!effect) {
    result.message = effect.error().text;
    return result;
  }
  std::optional<Rule> absolute, relative;
  if (planned.threshold) absolute = threshold_rule(look, measured, variant, *effect);
  if (planned.must_not_worsen) relative = margin_rule(look, planned, *effect);
  // Where a threshold stands too, an exact "not higher at all" may fail the guardrail but need not
  // be proven.
  const bool strict = planned.margin_relative > 0 || !absolute;
  result.status = absolute ? absolute->status : GuardrailStatus::kPassed;
  if (relative && (strict || relative->status == GuardrailStatus::kFailed)) {
    result.status = worse(result.status, relative->status);
  }
  const bool proof_asked = absolute || planned.margin_relative > 0;
  result.blocks = result.status == GuardrailStatus::kNoData ||
                  (result.status == GuardrailStatus::kUndecided && proof_asked);
  result.message = (absolute ? absolute->text : "") + (absolute && relative ? " " : "") +
                   (relative ? relative->text : "");
  return result;
}

}  // namespace

std::vector<GuardrailResult> judge_guardrails(const Look& look,
                                              const std::vector<Measured>& measured) {
  std::vector<GuardrailResult> results;
  for (const Measured& one : measured) {
    if (one.planned->role != define::Role::kGuardrail) continue;
    for (const define::Variant& variant : look.experiment.variants) {
      if (variant.key != look.experiment.control) results.push_back(judge(look, one, variant.key));
    }
  }
  return results;
}

}  // namespace assay::analyze::internal
