#include "assay/assign/snapshot.h"

#include <algorithm>

#include "assay/base/check.h"
#include "assay/base/hash.h"

namespace assay::assign {

std::optional<Handle> Snapshot::find(std::string_view experiment) const {
  const std::uint32_t number = ids_.find(experiment);
  if (number == TextTable::kAbsent) return std::nullopt;
  return Handle{number};
}

std::string_view Snapshot::unit_kind(Handle experiment) const {
  return schema_.names.text(schema_.units[entries_[experiment.index].unit_kind]);
}
bool Snapshot::exposes_on_evaluation(Handle experiment) const {
  return (entries_[experiment.index].flags & kExposes) != 0;
}
bool Snapshot::has_targeting(Handle experiment) const {
  return entries_[experiment.index].program != Targeting::kAlways;
}
std::size_t Snapshot::variant_count(Handle experiment) const {
  return entries_[experiment.index].variant_count;
}
std::string_view Snapshot::variant_key(Handle experiment, std::size_t variant) const {
  return texts_.text(variants_[entries_[experiment.index].variants_begin + variant].key);
}
std::string_view Snapshot::payload_json(Handle experiment, std::size_t variant) const {
  return texts_.text(variants_[entries_[experiment.index].variants_begin + variant].payload);
}

std::int16_t Snapshot::find_override(const Entry& entry, const Unit& unit) const {
  const auto end = overrides_.begin() + entry.overrides_end;
  auto at = std::lower_bound(overrides_.begin() + entry.overrides_begin, end, unit.digest,
                             [](const OverrideEntry& o, std::uint64_t d) { return o.digest < d; });
  for (; at != end && at->digest == unit.digest; ++at) {
    if (texts_.text(at->unit) == unit.id) return at->variant;
  }
  return Assignment::kNone;
}

Reason Snapshot::slot_reason(const Entry& entry, std::uint64_t digest) const {
  const std::uint64_t bits = draw(digest, entry.layer_salt);
  for (std::uint32_t i = entry.ranges_begin; i < entry.ranges_end; ++i) {
    const Range& range = ranges_[i];
    if (bits - range.begin < range.used - range.begin) return Reason::kSplit;
    if (bits - range.begin < range.end - range.begin) return Reason::kTraffic;
  }
  return Reason::kExcluded;
}

// Branchless: counts the thresholds at or below the draw, for a branch on a random draw would be
// mispredicted half of the time.
std::int16_t Snapshot::split(const Entry& entry, const Unit& unit) const {
  const std::uint64_t bits = draw(unit.digest, entry.salt);
  const Variant* variant = &variants_[entry.variants_begin];
  int index = 0;
  for (int i = 0; i + 1 < entry.variant_count; ++i) index += bits >= variant[i].threshold ? 1 : 0;
  return static_cast<std::int16_t>(index);
}

// None: outside of the share of traffic that the other tool lets in.
std::int16_t Snapshot::split_like_peer(const Entry& entry, const Unit& unit) const {
  const std::string_view salt = texts_.text(entry.peer_salt);
  if (entry.scheme == define::HashScheme::kUnleash &&
      !is_in_unleash_rollout(salt, unit.id, entry.peer_traffic_ppm)) {
    return Assignment::kNone;
  }
  const std::uint64_t bucket = peer_bucket(entry.scheme, salt, unit.id);
  for (std::int16_t i = 0; i < entry.variant_count; ++i) {
    if (peer_ranges_[entry.peer_begin + static_cast<std::uint32_t>(i)].contains(bucket)) return i;
  }
  return Assignment::kNone;
}

template <typename MatchFunction>
inline Assignment Snapshot::decide(const Entry& entry, const Context& context,
                                   MatchFunction match) const {
  Assignment answer;
  answer.version = entry.version;
  answer.epoch = entry.epoch;
  const auto because = [&](Reason reason) {
    answer.reason = reason;
    return answer;
  };
  if ((entry.flags & kStopped) != 0) return because(Reason::kStopped);
  const Unit& unit = context.unit(entry.unit_kind);
  if (unit.id.empty()) return because(Reason::kNoUnit);
  if (entry.overrides_begin != entry.overrides_end) {
    answer.variant = find_override(entry, unit);
    answer.propensity = answer.assigned() ? 1.0 : 0.0;
    if (answer.assigned()) return because(Reason::kOverride);
  }
  if (entry.program != Targeting::kAlways) {
    const Match match_result = match(entry.program);
    if (!match_result.accepted) {
      answer.test = match_result.cause;
      answer.attribute = targeting_.attribute_of(match_result.comparison);
      return because(Reason::kTargeting);
    }
  }
  if ((entry.flags & kWholeLayer) == 0) {
    const Reason reason = slot_reason(entry, unit.digest);
    if (reason != Reason::kSplit) return because(reason);
  }
  if (entry.scheme == define::HashScheme::kAssay) {
    answer.variant = split(entry, unit);
  } else {
    answer.variant = split_like_peer(entry, unit);
    if (!answer.assigned()) return because(Reason::kTraffic);
  }
  answer.propensity =
      variants_[entry.variants_begin + static_cast<std::uint32_t>(answer.variant)].propensity;
  return because(Reason::kSplit);
}

Assignment Snapshot::evaluate(Handle experiment, const Context& context) const {
  return decide(entries_[experiment.index], context,
                [&](std::uint32_t program) { return targeting_.match(program, context); });
}

std::optional<Assignment> Snapshot::evaluate(std::string_view experiment,
                                             const Context& context) const {
  const auto handle = find(experiment);
  if (!handle) return std::nullopt;
  return evaluate(*handle, context);
}

void Snapshot::evaluate_all(Context& context, std::span<Assignment> out) const {
  ASSAY_CHECK(out.size() == size());
  const std::span<const Match> matches = targeting_.match_all(context);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = decide(entries_[i], context, [&](std::uint32_t program) { return matches[program]; });
  }
}

std::string Snapshot::explain(const Assignment& assignment) const {
  switch (assignment.reason) {
    case Reason::kStopped:
      return "the experiment does not run";
    case Reason::kNoUnit:
      return "the context has no id for this experiment's kind of unit";
    case Reason::kOverride:
      return "the plan names this unit's variant";
    case Reason::kHoldout:
      return "the unit is held out of all experiments of the layer";
    case Reason::kExcluded:
      return "the unit's slot of the layer belongs to no variant of this one";
    case Reason::kTraffic:
      return "eligible, but outside of the present share of traffic";
    case Reason::kSplit:
      return "chosen by hash";
    case Reason::kTargeting:
      break;
  }
  const std::string name(attribute_name(assignment.attribute));
  if (assignment.test == Outcome::kMissing) return name + " is missing";
  if (assignment.test == Outcome::kWrongType)
    return name + " is of another type than the condition's";
  return name + " does not meet the condition";
}

}  // namespace assay::assign
