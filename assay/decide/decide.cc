// The rules, in the order of what matters. The first rule that has something to say about a
// decision makes it; every rule that has something to say adds its reason.
//
//   1. A failed trust check: invalid. No number below it can be believed.
//   2. A failed guardrail: roll_back.
//   3. Fixed horizon before its sample size: continue.
//   4. The primary metric: worse → do_not_ship; better → ship, if no guardrail that demands proof
//   is still open and the minimum
//      runtime is over; shown to be smaller than the plan's MDE → do_not_ship.
//   5. Otherwise continue until the maximum runtime, then inconclusive.
#include "assay/decide/decide.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "assay/base/check.h"

namespace assay::decide {

using analyze::Comparison;
using analyze::GuardrailResult;
using analyze::GuardrailStatus;
using analyze::Scorecard;
using analyze::TrustStatus;
using define::Direction;
using define::Experiment;
using define::Role;

std::string_view decision_name(Decision decision) {
  switch (decision) {
    case Decision::kShip:
      return "ship";
    case Decision::kDoNotShip:
      return "do_not_ship";
    case Decision::kRollBack:
      return "roll_back";
    case Decision::kContinue:
      return "continue";
    case Decision::kInconclusive:
      return "inconclusive";
    case Decision::kInvalid:
      return "invalid";
  }
  ASSAY_CHECK(false);
}

namespace {

constexpr double kSecondsPerDayDouble = 86'400.0;

enum class Outcome { kBetter, kWorse, kTooSmall, kOpen };

std::string percent(double share) { return fmt::format("{:+.2f} %", 100 * share); }

// "+4.1 % [+1.2 %, +7.0 %]", or the absolute difference where there is no relative one.
std::string effect_text(const Comparison& comparison) {
  const bool relative = comparison.relative.has_value();
  if (!relative && !comparison.difference) return comparison.difference.error().text;
  const stats::Estimate& estimate = relative ? *comparison.relative : *comparison.difference;
  const auto number = [&](double x) { return relative ? percent(x) : fmt::format("{:+.6g}", x); };
  const auto end = [&](const std::optional<double>& x) { return x ? number(*x) : "unbounded"; };
  return fmt::format("{} [{}, {}]", number(estimate.value), end(estimate.interval.low),
                     end(estimate.interval.high));
}

std::optional<double> mde_of(const Experiment& experiment, const std::string& metric) {
  for (const define::PlannedMetric& planned : experiment.metrics) {
    if (planned.name == metric && planned.mde_relative) return planned.mde_relative;
  }
  return experiment.analysis.mde_relative;
}

// Both ends of the relative interval lie inside (-mde, mde).
bool below_mde(const Comparison& comparison, std::optional<double> mde) {
  if (!mde || !comparison.relative) return false;
  const stats::Interval& interval = comparison.relative->interval;
  return interval.low && interval.high && *interval.low > -*mde && *interval.high < *mde;
}

// The whole interval lies beyond the MDE on the good side.
bool beyond_mde(const Comparison& comparison, std::optional<double> mde) {
  if (!mde || !comparison.relative) return false;
  const stats::Interval& interval = comparison.relative->interval;
  return comparison.direction == Direction::kIncrease ? interval.low && *interval.low > *mde
                                                      : interval.high && *interval.high < -*mde;
}

Outcome outcome_of(const Comparison& comparison, std::optional<double> mde) {
  if (!comparison.difference) return Outcome::kOpen;
  const bool up = comparison.difference->value > 0;
  if (comparison.significant) {
    return up == (comparison.direction == Direction::kIncrease) ? Outcome::kBetter
                                                                : Outcome::kWorse;
  }
  return below_mde(comparison, mde) ? Outcome::kTooSmall : Outcome::kOpen;
}

// Everything the rules found about one treatment.
struct Finding {
  std::string variant;
  Outcome primary = Outcome::kOpen;
  double lift = 0;  // Of the first primary metric, in the good direction; ranks several winners.
  bool guardrail_failed = false;
  bool guardrail_open = false;
  std::vector<VerdictReason> reasons;
};

void judge_guardrails(const Scorecard& scorecard, Finding& finding) {
  for (const GuardrailResult& guardrail : scorecard.guardrails) {
    if (guardrail.variant != finding.variant) continue;
    const bool failed = guardrail.status == GuardrailStatus::kFailed;
    finding.guardrail_failed |= failed;
    finding.guardrail_open |= guardrail.blocks;
    const std::string_view code =
        failed                                         ? "guardrail_failed"
        : guardrail.status == GuardrailStatus::kPassed ? "guardrail_passed"
        : guardrail.status == GuardrailStatus::kNoData ? "guardrail_no_data"
                                                       : "guardrail_undecided";
    finding.reasons.push_back({std::string(code), guardrail.metric, guardrail.message});
  }
  std::ranges::stable_sort(finding.reasons, {}, [](const VerdictReason& reason) {
    return reason.code == "guardrail_failed" ? 0 : 1;
  });
}

VerdictReason primary_reason(const Comparison& comparison, Outcome outcome,
                             std::optional<double> mde) {
  const std::string effect = effect_text(comparison);
  switch (outcome) {
    case Outcome::kBetter: {
      std::string text = fmt::format("{} improved: {}.", comparison.metric, effect);
      if (beyond_mde(comparison, mde))
        text += fmt::format(" All of it is beyond the MDE of {}.", percent(*mde));
      else if (mde)
        text += fmt::format(" It is real, but may be smaller than the MDE of {}.", percent(*mde));
      return {"primary_improved", comparison.metric, text};
    }
    case Outcome::kWorse:
      return {"primary_worsened", comparison.metric,
              fmt::format("{} got worse: {}.", comparison.metric, effect)};
    case Outcome::kTooSmall:
      return {"below_mde", comparison.metric,
              fmt::format("{} moved by less than the MDE of {} either way: {}.", comparison.metric,
                          percent(*mde), effect)};
    case Outcome::kOpen:
      return {"primary_undecided", comparison.metric,
              fmt::format("{} is undecided: {}{}", comparison.metric, effect,
                          effect.ends_with('.') ? "" : ".")};
  }
  ASSAY_CHECK(false);
}

// Several primary metrics: one that got worse decides; else one that improved; too small only if
// all are.
Outcome combine(Outcome sofar, Outcome next) {
  if (sofar == Outcome::kWorse || next == Outcome::kWorse) return Outcome::kWorse;
  if (sofar == Outcome::kBetter || next == Outcome::kBetter) return Outcome::kBetter;
  return sofar == Outcome::kTooSmall && next == Outcome::kTooSmall ? Outcome::kTooSmall
                                                                   : Outcome::kOpen;
}

void judge_primaries(const Experiment& experiment, const Scorecard& scorecard, Finding& finding) {
  bool first = true;
  for (const Comparison& comparison : scorecard.comparisons) {
    if (comparison.variant != finding.variant || comparison.role != Role::kPrimary) continue;
    const std::optional<double> mde = mde_of(experiment, comparison.metric);
    const Outcome outcome = outcome_of(comparison, mde);
    finding.reasons.push_back(primary_reason(comparison, outcome, mde));
    finding.primary = first ? outcome : combine(finding.primary, outcome);
    if (first && comparison.relative) {
      const double sign = comparison.direction == Direction::kIncrease ? 1 : -1;
      finding.lift = sign * comparison.relative->value;
    }
    first = false;
  }
}

Finding judge(const Experiment& experiment, const Scorecard& scorecard,
              const std::string& variant) {
  Finding finding{.variant = variant};
  judge_guardrails(scorecard, finding);
  judge_primaries(experiment, scorecard, finding);
  return finding;
}

double runtime_days(const Scorecard& scorecard) {
  if (!scorecard.first_exposure) return 0;
  return static_cast<double>(scorecard.as_of.micros - scorecard.first_exposure->micros) /
         static_cast<double>(kMicrosPerSecond) / kSecondsPerDayDouble;
}

struct Runtime {
  bool before_min = false;
  bool after_max = false;
  VerdictReason reason;  // Empty code: nothing to say.
};

Runtime runtime_of(const Experiment& experiment, const Scorecard& scorecard) {
  const double days = runtime_days(scorecard);
  const define::Schedule& schedule = experiment.schedule;
  if (schedule.min_runtime_days && days < *schedule.min_runtime_days) {
    return {true,
            false,
            {"min_runtime", "",
             fmt::format("It has run {:.1f} of at least {:g} days.", days,
                         *schedule.min_runtime_days)}};
  }
  if (schedule.max_runtime_days && days >= *schedule.max_runtime_days) {
    return {false,
            true,
            {"max_runtime", "",
             fmt::format("It has run {:.1f} days, the plan's maximum is {:g}.", days,
                         *schedule.max_runtime_days)}};
  }
  return {};
}

void append(std::vector<VerdictReason>& to, const std::vector<VerdictReason>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

void settle(Verdict& verdict, Decision decision, std::string variant, std::string sentence) {
  verdict.decision = decision;
  verdict.variant = std::move(variant);
  verdict.sentence = std::move(sentence);
}

bool distrusted(const Scorecard& scorecard, Verdict& verdict) {
  for (const analyze::TrustCheck& check : scorecard.trust) {
    if (check.status != TrustStatus::kFailed) continue;
    const std::string code =
        check.name == "sample_ratio" ? "sample_ratio_mismatch" : check.name + "_failed";
    verdict.reasons.push_back({code, check.name, check.message});
  }
  if (verdict.reasons.empty()) return false;
  settle(verdict, Decision::kInvalid, "",
         fmt::format("Do not use these results: {}", verdict.reasons.front().message));
  return true;
}

// The best treatment that may ship, else nothing.
const Finding* winner(const std::vector<Finding>& findings) {
  const Finding* best = nullptr;
  for (const Finding& finding : findings) {
    if (finding.primary != Outcome::kBetter || finding.guardrail_open || finding.guardrail_failed)
      continue;
    if (best == nullptr || finding.lift > best->lift) best = &finding;
  }
  return best;
}

const Finding& most_telling(const std::vector<Finding>& findings) {
  return *std::ranges::max_element(findings, {}, &Finding::lift);
}

void settle_open(Verdict& verdict, const Runtime& runtime, const Finding& finding) {
  if (runtime.after_max) {
    settle(verdict, Decision::kInconclusive, finding.variant,
           "The planned time is over and the data do not decide: keep the control, or plan a "
           "larger experiment.");
  } else if (finding.primary == Outcome::kBetter && finding.guardrail_open) {
    settle(verdict, Decision::kContinue, finding.variant,
           fmt::format("Keep running: {} improves the primary metric, but a guardrail is not yet "
                       "shown to be safe.",
                       finding.variant));
  } else if (runtime.before_min && finding.primary != Outcome::kOpen) {
    settle(verdict, Decision::kContinue, finding.variant,
           "Keep running until the plan's minimum runtime: the result so far must hold over full "
           "weeks.");
  } else {
    settle(verdict, Decision::kContinue, finding.variant,
           "Keep running: the data do not decide yet.");
  }
}

// Rules 4 and 5, once trust, guardrails and the horizon have nothing to object.
void settle_primary(Verdict& verdict, const std::vector<Finding>& findings,
                    const Runtime& runtime) {
  const bool may_end = !runtime.before_min;
  if (const Finding* best = winner(findings); best != nullptr && may_end) {
    append(verdict.reasons, best->reasons);
    settle(verdict, Decision::kShip, best->variant,
           fmt::format("Ship {}: the primary metric improved and no guardrail failed.",
                       best->variant));
    return;
  }
  const bool all_end = std::ranges::all_of(findings, [](const Finding& finding) {
    return finding.primary == Outcome::kWorse || finding.primary == Outcome::kTooSmall;
  });
  const Finding& told = most_telling(findings);
  append(verdict.reasons, told.reasons);
  if (all_end && may_end) {
    settle(verdict, Decision::kDoNotShip, told.variant,
           told.primary == Outcome::kWorse
               ? fmt::format("Do not ship {}: the primary metric got worse.", told.variant)
               : fmt::format(
                     "Do not ship {}: any effect is smaller than what the plan calls worth it.",
                     told.variant));
    return;
  }
  settle_open(verdict, runtime, told);
}

}  // namespace

Verdict decide(const Experiment& experiment, const Scorecard& scorecard) {
  Verdict verdict{.experiment = scorecard.experiment,
                  .fingerprint = scorecard.fingerprint,
                  .as_of = scorecard.as_of};
  const bool invalid = distrusted(scorecard, verdict);
  std::vector<Finding> findings;
  for (const define::Variant& variant : experiment.variants) {
    if (variant.key != experiment.control)
      findings.push_back(judge(experiment, scorecard, variant.key));
  }
  const auto harmful = std::ranges::find_if(findings, &Finding::guardrail_failed);
  if (harmful != findings.end()) append(verdict.reasons, harmful->reasons);
  if (invalid) return verdict;
  if (harmful != findings.end()) {
    settle(verdict, Decision::kRollBack, harmful->variant,
           fmt::format("Roll {} back: {}", harmful->variant, verdict.reasons.front().message));
    return verdict;
  }
  const Runtime runtime = runtime_of(experiment, scorecard);
  if (scorecard.withheld) {
    verdict.reasons.push_back({"horizon_not_reached", "", scorecard.withheld_reason});
    settle_open(verdict, runtime, Finding{});
  } else if (!scorecard.first_exposure) {
    verdict.reasons.push_back({"no_exposures", "", "No unit has been exposed yet."});
    settle(verdict, Decision::kContinue, "", "Keep running: no unit has been exposed yet.");
  } else {
    settle_primary(verdict, findings, runtime);
  }
  if (!runtime.reason.code.empty()) verdict.reasons.push_back(runtime.reason);
  return verdict;
}

}  // namespace assay::decide
