#include "assay/assign/special.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "assay/assign/snapshot.h"
#include "assay/base/hash.h"

namespace assay::assign {
namespace {

constexpr std::size_t kMaxSaltBytes = 1024;
constexpr std::int64_t kMaxPeriodSeconds = 3650 * kSecondsPerDay;  // As of any duration in a plan.

// salt + "@" + number, hashed where it is put together.
std::uint64_t period_salt(std::string_view salt, std::int64_t number) {
  std::array<char, kMaxSaltBytes + 24> text;
  char* end = std::copy(salt.begin(), salt.end(), text.begin());
  *end++ = '@';
  end = std::to_chars(end, text.data() + text.size(), number).ptr;
  return salt_digest({text.data(), static_cast<std::size_t>(end - text.data())});
}

Problem problem(const define::Experiment& plan, std::string_view field, std::string message,
                std::string hint = {}) {
  return {.place = {},
          .field = plan.id + "." + std::string(field),
          .message = std::move(message),
          .hint = std::move(hint)};
}

void check_cohorts(const Running& running, Problems& problems) {
  std::uint32_t traffic = 0;
  for (const Cohort& cohort : running.earlier) {
    std::uint64_t total = 0;
    for (const std::uint32_t weight : cohort.weights) total += weight;
    const bool fits = cohort.weights.size() == running.plan.variants.size() && total > 0 &&
                      total <= kMaxTotalWeight;
    if (fits && cohort.traffic_ppm >= traffic &&
        cohort.traffic_ppm <= running.plan.assignment.traffic_ppm) {
      traffic = cohort.traffic_ppm;
      continue;
    }
    problems.push_back(problem(running.plan, "epochs",
                               "epoch " + std::to_string(cohort.epoch) +
                                   " does not fit: its traffic is out of order, or its weights"));
  }
}

// Not before `start`; the two may be as far apart as 64 bits allow.
std::uint64_t micros_since(std::int64_t start, Timestamp now) {
  return static_cast<std::uint64_t>(now.micros) - static_cast<std::uint64_t>(start);
}

std::int64_t periods_in(std::uint64_t micros, std::int64_t period_micros) {
  return static_cast<std::int64_t>(micros / static_cast<std::uint64_t>(period_micros));
}

bool has_sound_period(const define::Switchback& switchback) {
  return switchback.period_seconds <= kMaxPeriodSeconds && switchback.burn_in_seconds >= 0 &&
         switchback.burn_in_seconds < switchback.period_seconds;
}

bool is_no_range(const define::SlotRange& range) {
  return range.begin >= range.end || range.end > define::kLayerSlots;
}

}  // namespace

Cohort cohort_of(const define::Experiment& plan, std::int64_t epoch) {
  Cohort cohort{.epoch = epoch, .traffic_ppm = plan.assignment.traffic_ppm, .weights = {}};
  for (const define::Variant& variant : plan.variants) cohort.weights.push_back(variant.weight);
  return cohort;
}

// Memory needs all of them since the last reshuffle; slots need them only where the weights were
// others.
std::vector<Cohort> lasting(const define::Experiment& plan, std::vector<Cohort> epochs) {
  if (epochs.empty()) return {};
  const std::vector<std::uint32_t> weights = cohort_of(plan, 0).weights;
  const auto differs = [&](const Cohort& one) { return one.weights != weights; };
  epochs.pop_back();
  if (plan.assignment.reshuffle) {
    const auto last = std::find_if(epochs.rbegin(), epochs.rend(), differs);
    epochs.erase(epochs.begin(), last.base());
  }
  if (!plan.assignment.sticky && std::ranges::none_of(epochs, differs)) epochs.clear();
  return epochs;
}

bool is_special(const Running& running) {
  const define::Assignment& plan = running.plan.assignment;
  return !plan.forced.empty() || !plan.prerequisites.empty() || !plan.namespaces.empty() ||
         plan.switchback.has_value() || !plan.fallback_unit.empty() || plan.sticky ||
         !running.earlier.empty();
}

std::vector<define::Prerequisite> all_prerequisites(const define::Assignment& plan) {
  std::vector<define::Prerequisite> all = plan.prerequisites;
  for (const define::Forced& one : plan.forced) {
    all.insert(all.end(), one.prerequisites.begin(), one.prerequisites.end());
  }
  return all;
}

std::vector<std::uint32_t> Special::others() const {
  std::vector<std::uint32_t> all;
  const auto add = [&](const std::vector<Prerequisite>& some) {
    for (const Prerequisite& one : some) {
      if (one.experiment != TextTable::kAbsent) all.push_back(one.experiment);
    }
  };
  add(prerequisites);
  for (const Forced& one : forced) add(one.prerequisites);
  return all;
}

Problems special_problems(const Running& running) {
  Problems problems;
  const define::Assignment& plan = running.plan.assignment;
  check_cohorts(running, problems);
  const std::string& salt = plan.salt.empty() ? running.plan.id : plan.salt;
  for (const define::Holdout& one : plan.holdouts) {
    if (salt != holdout_salt_text(one.name)) continue;
    problems.push_back(problem(running.plan, "salt", "is the salt of the holdout " + one.name,
                               "an experiment that measures a holdout has holdouts: none"));
  }
  for (const define::Namespace& one : plan.namespaces) {
    if (!has_namespaces(one.hash)) {
      problems.push_back(problem(running.plan, "namespaces", "are GrowthBook's alone",
                                 "hash: growthbook_v2 or growthbook_v1"));
    }
    if (std::ranges::any_of(one.ranges, is_no_range)) {
      problems.push_back(
          problem(running.plan, "namespaces", "have a range that is empty, or beyond a million"));
    }
  }
  const bool moves_nobody = running.earlier.empty() || plan.sticky;
  if (plan.sticky && plan.switchback) {
    problems.push_back(problem(running.plan, "sticky",
                               "does not go together with a switchback, whose variants change"));
  }
  if (plan.hash != define::HashScheme::kAssay && (plan.switchback || !moves_nobody)) {
    problems.push_back(problem(running.plan, "hash",
                               "splits each unit once and for all, so that neither a switchback "
                               "nor new weights for new units can be had",
                               "use assay's own hash"));
  }
  if (plan.switchback && (!has_sound_period(*plan.switchback) || salt.size() > kMaxSaltBytes)) {
    problems.push_back(problem(running.plan, "switchback",
                               "needs a period of 1 second to 3650 days, a burn-in shorter than "
                               "that, and a salt of at most 1024 bytes"));
  }
  return problems;
}

std::string holdout_salt_text(std::string_view name) { return "holdout:" + std::string(name); }

const Unit& Snapshot::unit(Handle experiment, const Assignment& assignment,
                           const Context& context) const {
  return context.unit(unit_kind_of(experiment, assignment));
}

std::uint8_t Snapshot::unit_kind_of(Handle experiment, const Assignment& assignment) const {
  const Entry& entry = entries_[experiment.index];
  return assignment.by_fallback ? *specials_[entry.special].fallback_kind : entry.unit_kind;
}

bool Snapshot::falls_back(const Entry& entry, const Context& context) const {
  const auto& fallback = specials_[entry.special].fallback_kind;
  if (!fallback || !context.unit(entry.unit_kind).id.empty()) return false;
  const bool is_mistaken = nobody(entry, context).test == Outcome::kWrongType;
  return !is_mistaken && !context.unit(*fallback).id.empty();
}

bool Snapshot::is_forced(const Special& special, const Context& context, Matches matches,
                         Assignment& answer) const {
  for (const Special::Forced& one : special.forced) {
    if (one.program != Targeting::kAlways && !match_of(one.program, context, matches).accepted) {
      continue;
    }
    if (lacking(one.prerequisites, context) != nullptr) continue;
    answer.reason = Reason::kOverride;
    answer.variant = one.variant;
    answer.propensity = 1.0;
    return true;
  }
  return false;
}

bool Snapshot::is_held_out(const Special& special, const Context& context,
                           Assignment& answer) const {
  for (const Special::Holdout& one : special.holdouts) {
    const Unit& unit = context.unit(one.unit_kind);
    if (unit.id.empty() || draw(unit.digest, one.salt) >= one.threshold) continue;
    answer.reason = Reason::kHoldout;
    answer.attribute = one.name;
    return true;
  }
  return false;
}

// The first that is not met; null where all are.
const Special::Prerequisite* Snapshot::lacking(std::span<const Special::Prerequisite> all,
                                               const Context& context) const {
  for (const Special::Prerequisite& one : all) {
    std::int16_t has = Assignment::kNone;
    if (one.experiment != TextTable::kAbsent) {
      has = evaluate(Handle{one.experiment}, context).variant;
    }
    if (std::ranges::find(one.variants, has) == one.variants.end()) return &one;
  }
  return nullptr;
}

bool Snapshot::lacks_variant(const Special& special, const Context& context,
                             Assignment& answer) const {
  const Special::Prerequisite* one = lacking(special.prerequisites, context);
  if (one == nullptr) return false;
  answer.reason = Reason::kPrerequisite;
  answer.attribute = one->name;
  return true;
}

bool Snapshot::is_in_namespaces(const Special& special, const Context& context) const {
  return std::ranges::all_of(special.namespaces, [&](const Special::Namespace& one) {
    const Unit& unit = context.unit(one.unit_kind);
    if (unit.id.empty()) return false;
    const std::uint64_t bucket = peer_bucket(one.scheme, texts_.text(one.salt), unit.id);
    return std::ranges::any_of(one.ranges,
                               [&](const BucketRange& range) { return range.contains(bucket); });
  });
}

// The experiment as it is for this unit: with the split and the epoch of its slot, and the salt of
// the period.
Snapshot::Entry Snapshot::special_entry(const Entry& entry, const Unit& unit,
                                        const std::optional<Timestamp>& now) const {
  const Special& special = specials_[entry.special];
  Entry mine = entry;
  const std::uint64_t bits = draw(unit.digest, entry.layer_salt);
  for (const Special::Cohort& cohort : special.cohorts) {
    if (special.is_sticky) break;
    const auto first = ranges_.begin() + cohort.ranges_begin;
    const auto last = ranges_.begin() + cohort.ranges_end;
    const auto holds = [&](const Range& r) { return bits - r.begin < r.used - r.begin; };
    if (std::none_of(first, last, holds)) continue;
    mine.variants_begin = cohort.variants_begin;
    mine.epoch = cohort.epoch;
    break;
  }
  if (special.period_micros > 0 && now) {
    const std::uint64_t since = micros_since(special.start_micros, *now);
    mine.salt =
        period_salt(texts_.text(special.salt_text), periods_in(since, special.period_micros));
  }
  return mine;
}

// Where the split of an epoch begins in variants_; nothing when it does not hold any more.
std::optional<std::uint32_t> Snapshot::split_of(const Entry& entry, std::int64_t epoch) const {
  if (epoch == entry.epoch) return entry.variants_begin;
  for (const Special::Cohort& cohort : specials_[entry.special].cohorts) {
    if (cohort.epoch == epoch) return cohort.variants_begin;
  }
  return std::nullopt;
}

bool Snapshot::holds(const Context::Remembered& memory) const {
  const Entry& entry = entries_[memory.experiment.index];
  return memory.variant >= 0 && memory.variant < entry.variant_count &&
         split_of(entry, memory.epoch).has_value();
}

// Everything that keeps a unit out was asked before; only traffic and the split give way.
void Snapshot::stick(const Entry& entry, const Context& context, Assignment& answer) const {
  if (answer.reason != Reason::kSplit && answer.reason != Reason::kTraffic) return;
  const auto index = static_cast<std::uint32_t>(&entry - entries_.data());
  for (const Context::Remembered& one : context.remembered()) {
    if (one.experiment.index != index || !holds(one)) continue;
    answer.reason = Reason::kSticky;
    answer.variant = one.variant;
    answer.epoch = one.epoch;
    answer.propensity =
        variants_[*split_of(entry, one.epoch) + static_cast<std::uint32_t>(one.variant)].propensity;
    return;
  }
}

std::int64_t Snapshot::first_epoch(Handle experiment) const {
  const Entry& entry = entries_[experiment.index];
  if ((entry.flags & kSpecial) == 0) return entry.epoch;
  const auto& cohorts = specials_[entry.special].cohorts;
  return cohorts.empty() ? entry.epoch : cohorts.front().epoch;
}

std::vector<Snapshot::Rememberer> Snapshot::rememberers(Handle experiment,
                                                        const Context& context) const {
  std::vector<Rememberer> all;
  const Entry& entry = entries_[experiment.index];
  const auto add = [&](std::uint8_t kind) {
    const std::string_view id = context.unit(kind).id;
    if (!id.empty()) all.push_back({kind, id});
  };
  const bool by_fallback = falls_back(entry, context);
  const auto& fallback = specials_[entry.special].fallback_kind;
  add(entry.unit_kind);
  if (fallback && (by_fallback || context.names_unit(*fallback))) add(*fallback);
  return all;
}

std::vector<Handle> Snapshot::sticky_prerequisites(Handle experiment) const {
  std::vector<Handle> sticky;
  std::vector<std::uint32_t> asked = {experiment.index};
  for (std::size_t i = 0; i < asked.size(); ++i) {  // Grows while it is read.
    const Entry& entry = entries_[asked[i]];
    if ((entry.flags & kSpecial) == 0 || (entry.flags & kStopped) != 0) continue;
    if (i > 0 && specials_[entry.special].is_sticky) sticky.push_back({asked[i]});
    for (const std::uint32_t one : specials_[entry.special].others()) {
      if (std::ranges::find(asked, one) == asked.end()) asked.push_back(one);
    }
  }
  return sticky;
}

Assignment Snapshot::decide_special(const Entry& plain, const Context& context,
                                    Matches matches) const {
  const Special& special = specials_[plain.special];
  Assignment answer{.version = plain.version, .epoch = plain.epoch};
  answer.by_fallback = falls_back(plain, context);
  const auto because = [&](Reason reason) {
    answer.reason = reason;
    return answer;
  };
  const std::optional<Timestamp>& now = context.time();
  const bool switches = special.period_micros > 0;
  if ((plain.flags & kStopped) != 0) return answer;
  if (switches && now && now->micros < special.start_micros) return answer;
  const Unit& unit = context.unit(answer.by_fallback ? *special.fallback_kind : plain.unit_kind);
  if (unit.id.empty()) return nobody(plain, context);
  if (switches && !now) return because(Reason::kNoUnit);
  const bool is_overridden = find_override(plain, unit) != Assignment::kNone;
  if (!is_overridden && is_forced(special, context, matches, answer)) return answer;
  if (!is_overridden && is_held_out(special, context, answer)) return answer;
  if (!is_overridden && lacks_variant(special, context, answer)) return answer;
  const bool by_fallback = answer.by_fallback;
  if (by_fallback || switches || !special.cohorts.empty()) {
    Entry mine = special_entry(plain, unit, now);
    if (by_fallback) mine.unit_kind = *special.fallback_kind;
    answer = decide_plain(mine, context, matches);
  } else {
    answer = decide_plain(plain, context, matches);
  }
  answer.by_fallback = by_fallback;
  const bool had_slot = answer.reason == Reason::kSplit || answer.reason == Reason::kTraffic;
  if (had_slot && !is_in_namespaces(special, context)) {
    answer.variant = Assignment::kNone;
    answer.propensity = 0.0;
    return because(Reason::kExcluded);
  }
  if (special.is_sticky) stick(plain, context, answer);
  const bool burns_in = switches && micros_since(special.start_micros, *now) %
                                            static_cast<std::uint64_t>(special.period_micros) <
                                        static_cast<std::uint64_t>(special.burn_in_micros);
  if (burns_in && answer.reason == Reason::kSplit) answer.reason = Reason::kBurnIn;
  return answer;
}

std::optional<std::int64_t> Snapshot::period(Handle experiment, const Context& context) const {
  const Entry& entry = entries_[experiment.index];
  if ((entry.flags & kSpecial) == 0 || !context.time()) return std::nullopt;
  const Special& special = specials_[entry.special];
  const Timestamp now = *context.time();
  if (special.period_micros == 0 || now.micros < special.start_micros) return std::nullopt;
  return periods_in(micros_since(special.start_micros, now), special.period_micros);
}

std::int64_t Snapshot::epoch_of(Handle experiment, std::string_view unit_id) const {
  const Entry& entry = entries_[experiment.index];
  if ((entry.flags & kSpecial) == 0) return entry.epoch;
  return special_entry(entry, {.id = unit_id, .digest = unit_digest(unit_id)}, {}).epoch;
}

}  // namespace assay::assign
