// Trust checks: what must hold before any number below it may be believed.
#include <algorithm>
#include <cmath>
#include <span>

#include <fmt/format.h>

#include "assay/analyze/internal.h"
#include "assay/stats/inference.h"
#include "assay/stats/srm.h"

namespace assay::analyze::internal {

using define::Experiment;

namespace {

constexpr double kContaminationWarning = 0.001;  // Share of units seen in two variants.
constexpr double kContaminationFailure = 0.05;
constexpr double kMaturityWarning = 0.5;
constexpr std::int64_t kNoEpoch = -1;
constexpr std::int64_t kUnitsBeforeFeedMatters = 100;

// Units per variant, and the share each should have: the epochs' weights, weighted by the epochs'
// units.
struct Split {
  std::vector<std::int64_t> counts;
  std::vector<double> shares;
  std::int64_t total = 0;
};

std::vector<double> shares_in(const Look& look, std::int64_t epoch) {
  std::vector<double> shares;
  const auto given = look.options.epoch_weights.find(epoch);
  double total = 0;
  for (std::size_t i = 0; i < look.experiment.variants.size(); ++i) {
    const bool known = given != look.options.epoch_weights.end() && i < given->second.size();
    shares.push_back(known ? given->second[i] : look.experiment.variants[i].weight);
    total += shares.back();
  }
  for (double& share : shares) share /= total;
  return shares;
}

Split split_of(const Look& look) {
  const std::size_t k = look.experiment.variants.size();
  Split split{std::vector<std::int64_t>(k, 0), std::vector<double>(k, 0), 0};
  for (const auto& [cell, units] : look.exposed.units) {
    const auto variant =
        std::ranges::find(look.experiment.variants, cell.variant, &define::Variant::key);
    if (variant == look.experiment.variants.end()) continue;
    split.counts[static_cast<std::size_t>(variant - look.experiment.variants.begin())] += units;
    split.total += units;
    const std::vector<double> shares = shares_in(look, cell.epoch);
    for (std::size_t i = 0; i < k; ++i) split.shares[i] += shares[i] * static_cast<double>(units);
  }
  for (double& share : split.shares)
    share /= static_cast<double>(std::max<std::int64_t>(split.total, 1));
  return split;
}

}  // namespace

std::vector<double> expected_shares(const Look& look) {
  const Split split = split_of(look);
  return split.total > 0 ? split.shares : shares_in(look, kNoEpoch);
}

namespace {

std::string split_text(const Look& look, const Split& split) {
  std::string text;
  for (std::size_t i = 0; i < split.counts.size(); ++i) {
    const double seen = static_cast<double>(split.counts[i]) / static_cast<double>(split.total);
    text += fmt::format("{}{} {} ({:.2f} %, planned {:.2f} %)", i == 0 ? "" : ", ",
                        look.experiment.variants[i].key, split.counts[i], 100 * seen,
                        100 * split.shares[i]);
  }
  return text;
}

TrustCheck sample_ratio(const Look& look) {
  const Split split = split_of(look);
  TrustCheck check{.name = "sample_ratio"};
  if (split.total == 0) {
    check.message = "No unit has been exposed yet.";
    return check;
  }
  // A fixed-horizon plan is looked at many times before its horizon, and once at it.
  const bool once =
      look.experiment.analysis.method == define::Method::kFixedHorizon && !look.withheld;
  const auto test = once ? stats::srm_fixed(split.counts, split.shares)
                         : stats::srm_sequential(split.counts, split.shares);
  if (!test) {
    check.status = TrustStatus::kFailed;
    check.message = fmt::format("The split cannot be checked: {}", test.error().text);
    return check;
  }
  check.p_value = test->p_value;
  const bool failed = test->p_value < look.experiment.analysis.srm_alpha;
  check.status = failed ? TrustStatus::kFailed : TrustStatus::kOk;
  check.message = fmt::format(
      "{}: {}; p = {:.3g} ({} test).",
      failed ? "The variants' sizes do not fit the planned split" : "The split fits the plan",
      split_text(look, split), test->p_value, once ? "chi-square" : "sequential");
  return check;
}

std::string estimate_text(const stats::Estimate& estimate) {
  const auto end = [](const std::optional<double>& x) {
    return x ? fmt::format("{:.4g}", *x) : "unbounded";
  };
  return fmt::format("{:.4g} [{}, {}]", estimate.value, end(estimate.interval.low),
                     end(estimate.interval.high));
}

// The first primary metric again, without the units that were seen in two variants.
Result<std::string> without_contaminated(Look& look, const std::vector<Measured>& measured) {
  for (const Measured& one : measured) {
    if (!one.data || look.withheld) continue;
    MetricQuery query = query_of(look.experiment, *one.planned);
    query.exclude_contaminated = true;
    Measured clean{.planned = one.planned, .data = std::nullopt};
    ASSAY_TRY(clean.data, look.source.metric(look.experiment, query, look.options.as_of));
    for (const define::Variant& variant : look.experiment.variants) {
      if (variant.key == look.experiment.control) continue;
      const Comparison comparison = compare(look, clean, variant.key);
      if (!comparison.difference) return std::string{};
      return fmt::format(" Without them {} differs by {}.", one.planned->name,
                         estimate_text(*comparison.difference));
    }
  }
  return std::string{};
}

Result<TrustCheck> contamination(Look& look, const std::vector<Measured>& measured) {
  std::int64_t units = 0;
  for (const auto& [cell, count] : look.exposed.units) units += count;
  TrustCheck check{.name = "contamination"};
  const std::int64_t seen = look.exposed.contaminated;
  if (seen == 0) {
    check.message = "No unit was seen in more than one variant.";
    return check;
  }
  const double share =
      static_cast<double>(seen) / static_cast<double>(std::max<std::int64_t>(units, 1));
  if (share > kContaminationWarning) check.status = TrustStatus::kWarning;
  if (share > kContaminationFailure) check.status = TrustStatus::kFailed;
  ASSAY_TRY(const std::string sensitivity, without_contaminated(look, measured));
  check.message = fmt::format(
      "{} units ({:.3g} %) were seen in more than one variant; they count in their first.{}", seen,
      100 * share, sensitivity);
  return check;
}

TrustCheck known_variants(const Look& look) {
  TrustCheck check{.name = "known_variants",
                   .message = "Every exposure names a variant of the plan."};
  if (look.exposed.unknown_variant > 0) {
    check.status = TrustStatus::kFailed;
    check.message = fmt::format("{} units were exposed to a variant that is not in the plan.",
                                look.exposed.unknown_variant);
  }
  return check;
}

// A metric that no event feeds reads as zero everywhere, which is no finding.
TrustCheck metric_feed(const Look& look, const std::vector<Measured>& measured) {
  TrustCheck check{.name = "metric_feed", .message = "Every metric is fed by events."};
  std::int64_t units = 0;
  for (const auto& [cell, count] : look.exposed.units) units += count;
  std::string missing;
  for (const Measured& one : measured) {
    if (fed(one)) continue;
    const std::string why =
        one.data ? fmt::format("no event named {}", one.planned->definition->numerator.event)
                 : "no definition";
    missing += fmt::format("{}{} ({})", missing.empty() ? "" : ", ", one.planned->name, why);
    const bool grave =
        one.planned->role == define::Role::kPrimary && units >= kUnitsBeforeFeedMatters;
    check.status = std::max(check.status, grave ? TrustStatus::kFailed : TrustStatus::kWarning);
  }
  if (!missing.empty()) check.message = fmt::format("Nothing feeds {}.", missing);
  return check;
}

TrustCheck maturity_check(const std::vector<Measured>& measured) {
  TrustCheck check{.name = "maturity", .message = "Every unit's metric windows have closed."};
  const Measured* worst = nullptr;
  for (const Measured& one : measured) {
    if (worst == nullptr || maturity(one) < maturity(*worst)) worst = &one;
  }
  if (worst == nullptr || maturity(*worst) >= 1.0) return check;
  const double share = maturity(*worst);
  if (share < kMaturityWarning) check.status = TrustStatus::kWarning;
  check.message =
      fmt::format("{:.1f} % of the units have a complete window for {}; estimates use those units.",
                  100 * share, worst->planned->name);
  return check;
}

// A warning only: whoever assigned may have used another salt, and analyzed well.
TrustCheck assignment_check(const AssignmentCheck& found) {
  TrustCheck check{.name = "assignment"};
  if (!found.no_column.empty()) {
    check.status = TrustStatus::kWarning;
    check.message = fmt::format(
        "Not checked: without a column {} (or --unit COLUMN) nobody knows what the plan assigns, "
        "and each row counts as a unit of its own.",
        found.no_column);
    return check;
  }
  const std::int64_t held = found.rows - found.left_out;
  if (found.differing > 0) {
    check.status = TrustStatus::kWarning;
    check.message = fmt::format(
        "{} of {} {} have another variant than the plan assigns: the first, {}. They count as "
        "recorded.",
        found.differing, found.rows, found.noun, found.example);
  } else if (!found.recorded.empty()) {
    check.status = TrustStatus::kWarning;
    check.message = fmt::format(
        "The plan assigned {} {} anew, but the column {} holds nothing but its variants: if these "
        "were given, analyze them with --variant {}.",
        held, found.noun, found.recorded, found.recorded);
  } else {
    check.message = fmt::format(
        "{} {} {}",
        found.is_computed ? "The plan assigned" : "The recorded variant is the assigned one in",
        held, found.noun);
    check.message += found.left_out == 0 ? "."
                                         : fmt::format("; {} are not in the experiment, or forced.",
                                                       found.left_out);
  }
  return check;
}

}  // namespace

Result<std::vector<TrustCheck>> check_trust(Look& look, const std::vector<Measured>& measured) {
  ASSAY_TRY(TrustCheck contaminated, contamination(look, measured));
  std::vector<TrustCheck> checks{sample_ratio(look), std::move(contaminated), known_variants(look),
                                 metric_feed(look, measured), maturity_check(measured)};
  if (look.options.assignment) checks.push_back(assignment_check(*look.options.assignment));
  return checks;
}

}  // namespace assay::analyze::internal
