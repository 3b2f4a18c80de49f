#include "assay/analyze/analyze.h"

#include <algorithm>

#include <fmt/format.h>

#include "assay/analyze/internal.h"
#include "assay/define/canonical.h"

namespace assay::analyze {

using define::Experiment;
using define::Method;

namespace internal {

MetricQuery query_of(const Experiment& experiment, const define::PlannedMetric& planned) {
  const define::Analysis& analysis = experiment.analysis;
  MetricQuery query{.metric = *planned.definition};
  const bool cuped = analysis.variance_reduction == define::VarianceReduction::kCuped;
  if (cuped) query.covariate = analysis.covariate;
  return query;
}

Result<std::vector<Measured>> measure(Look& look) {
  std::vector<Measured> all;
  for (const define::PlannedMetric& planned : look.experiment.metrics) {
    Measured measured{.planned = &planned, .data = std::nullopt};
    if (planned.definition) {
      const MetricQuery query = query_of(look.experiment, planned);
      ASSAY_TRY(measured.data, look.source.metric(look.experiment, query, look.options.as_of));
    }
    all.push_back(std::move(measured));
  }
  return all;
}

}  // namespace internal

namespace {

using internal::Look;
using internal::Measured;

std::vector<UnitCount> unit_counts(const Look& look) {
  std::vector<UnitCount> counts;
  const std::vector<double> shares = internal::expected_shares(look);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    UnitCount count{.variant = look.experiment.variants[i].key, .expected_share = shares[i]};
    for (const auto& [cell, units] : look.exposed.units) {
      if (cell.variant == count.variant) count.n += units;
    }
    counts.push_back(std::move(count));
  }
  return counts;
}

// Units of a variant that count towards the horizon: those whose window has closed, for every
// primary metric.
std::int64_t complete_units(const std::vector<Measured>& measured, const UnitCount& exposed) {
  std::int64_t fewest = exposed.n;
  for (const Measured& one : measured) {
    const bool open_windows = one.data && !one.data->all_units.empty();
    if (one.planned->role != define::Role::kPrimary || !open_windows) continue;
    std::int64_t matured = 0;
    for (const auto& [cell, value] : one.data->cells) {
      if (cell.variant == exposed.variant) matured += value.matured;
    }
    fewest = std::min(fewest, matured);
  }
  return fewest;
}

// A fixed-horizon plan answers once, at its horizon; looking earlier would void its error rate.
std::string withheld_reason(const Experiment& experiment, const Scorecard& card,
                            const std::vector<Measured>& measured) {
  const auto& needed = experiment.schedule.sample_size_per_variant;
  if (experiment.analysis.method != Method::kFixedHorizon || !needed) return {};
  for (const UnitCount& exposed : card.units) {
    const std::int64_t complete = complete_units(measured, exposed);
    if (complete >= *needed) continue;
    return fmt::format(
        "Fixed-horizon plan: {} has {} of the {} units that the plan asks for in each variant"
        " (with a complete window).",
        exposed.variant, complete, *needed);
  }
  return {};
}

void withhold(Scorecard& card) {
  card.segments.clear();
  for (Comparison& comparison : card.comparisons) {
    comparison.difference = stats::undefined(stats::Undefined::kNotYet, card.withheld_reason);
    comparison.relative = stats::undefined(stats::Undefined::kNotYet, card.withheld_reason);
    comparison.all_units.reset();
    comparison.p_adjusted.reset();
    comparison.significant = false;
    comparison.warnings.clear();  // They speak of the numbers.
  }
  // Guardrails go on watching, and harm is shown; the numbers of the others say too much.
  for (GuardrailResult& guardrail : card.guardrails) {
    const bool open = guardrail.status == GuardrailStatus::kUndecided;
    if (!open && guardrail.status != GuardrailStatus::kPassed) continue;
    guardrail.message = fmt::format(
        "{} is watched at every look and {}; its numbers follow at the planned sample size.",
        guardrail.metric, open ? "undecided so far" : "shown to be safe so far");
  }
  for (MetricArms& metric : card.metrics) {
    for (ArmResult& arm : metric.arms) {
      arm.value.reset();
      arm.std_error.reset();
    }
  }
}

void add_metrics(const Look& look, const std::vector<Measured>& measured, Scorecard& card) {
  for (const Measured& one : measured) {
    MetricArms row{.metric = one.planned->name, .type = std::nullopt};
    if (one.planned->definition) row.type = one.planned->definition->type;
    row.arms = internal::arms(one, look.experiment);
    row.maturity = internal::maturity(one);
    card.metrics.push_back(std::move(row));
    for (const define::Variant& variant : look.experiment.variants) {
      if (variant.key == look.experiment.control) continue;
      card.comparisons.push_back(internal::compare(look, one, variant.key));
    }
  }
  internal::correct(look.experiment, card.comparisons);
}

}  // namespace

Result<Scorecard> analyze(const Experiment& experiment, SummarySource& source,
                          const AnalyzeOptions& options) {
  ASSAY_TRY(Exposed exposed, source.exposed(experiment, options.as_of));
  Look look{experiment, source, options, std::move(exposed)};
  ASSAY_TRY(const std::vector<Measured> measured, internal::measure(look));
  Scorecard card;
  card.experiment = experiment.id;
  card.fingerprint = define::fingerprint(experiment);
  card.as_of = options.as_of;
  card.alpha = experiment.analysis.alpha;
  card.first_exposure = look.exposed.first;
  card.last_exposure = look.exposed.last;
  card.units = unit_counts(look);
  card.withheld_reason = withheld_reason(experiment, card, measured);
  card.withheld = look.withheld = !card.withheld_reason.empty();
  ASSAY_TRY(card.trust, internal::check_trust(look, measured));
  add_metrics(look, measured, card);
  card.guardrails = internal::judge_guardrails(look, measured);
  ASSAY_TRY(card.segments, internal::break_down(look));
  if (card.withheld) withhold(card);
  return card;
}

RunningP running_p(const Scorecard& scorecard) {
  RunningP running;
  for (const Comparison& comparison : scorecard.comparisons) {
    if (comparison.difference && comparison.difference->p_value) {
      running[{comparison.metric, comparison.variant}] = *comparison.difference->p_value;
    }
  }
  return running;
}

bool Scorecard::trusted() const {
  return std::ranges::none_of(
      trust, [](const TrustCheck& check) { return check.status == TrustStatus::kFailed; });
}

}  // namespace assay::analyze
