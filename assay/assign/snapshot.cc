#include "assay/assign/snapshot.h"

#include <algorithm>

#include "assay/base/check.h"
#include "assay/base/hash.h"

namespace assay::assign {

std::string_view Snapshot::unit_kind(Handle experiment) const {
  return kind_name(entries_[experiment.index].unit_kind);
}
std::string_view Snapshot::unit_kind(Handle experiment, const Assignment& assignment) const {
  return kind_name(unit_kind_of(experiment, assignment));
}
bool Snapshot::has_fallback(Handle experiment) const {
  const Entry& entry = entries_[experiment.index];
  return (entry.flags & kSpecial) != 0 && specials_[entry.special].fallback_kind.has_value();
}
bool Snapshot::is_sticky(Handle experiment) const {
  const Entry& entry = entries_[experiment.index];
  return (entry.flags & kSpecial) != 0 && specials_[entry.special].is_sticky;
}
bool Snapshot::needs_memory(Handle experiment) const {
  return (entries_[experiment.index].flags & kNeedsMemory) != 0;
}
bool Snapshot::exposes_on_evaluation(Handle experiment) const {
  return (entries_[experiment.index].flags & kExposes) != 0;
}
bool Snapshot::is_stopped(Handle experiment) const {
  return (entries_[experiment.index].flags & kStopped) != 0;
}
bool Snapshot::has_targeting(Handle experiment) const {
  return entries_[experiment.index].program != Targeting::kAlways;
}
std::size_t Snapshot::variant_count(Handle experiment) const {
  return entries_[experiment.index].variant_count;
}
std::size_t Snapshot::control(Handle experiment) const { return controls_[experiment.index]; }
std::optional<std::int16_t> Snapshot::find_variant(Handle experiment, std::string_view key) const {
  for (std::size_t v = 0; v < variant_count(experiment); ++v) {
    if (variant_key(experiment, v) == key) return static_cast<std::int16_t>(v);
  }
  return std::nullopt;
}
std::string_view Snapshot::payload_json(Handle experiment, std::size_t variant) const {
  return texts_.text(label(experiment, variant).payload);
}

double Snapshot::propensity(Handle experiment, std::size_t variant) const {
  return variants_[entries_[experiment.index].variants_begin + variant].propensity;
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

// kSplit: the slot is in use.
inline Reason Snapshot::slot_reason(const Entry& entry, std::uint64_t digest) const {
  if ((entry.flags & kWholeLayer) != 0) return Reason::kSplit;
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
inline std::int16_t Snapshot::split(const Entry& entry, const Unit& unit) const {
  const std::uint64_t bits = draw(unit.digest, entry.salt);
  const Variant* variant = &variants_[entry.variants_begin];
  int index = bits >= variant[0].threshold ? 1 : 0;
  for (int i = 1; i + 1 < entry.variant_count; ++i) index += bits >= variant[i].threshold ? 1 : 0;
  return static_cast<std::int16_t>(index);
}

// None: outside of the share of traffic that the other tool lets in.
std::int16_t Snapshot::split_like_peer(const Entry& entry, const Unit& unit) const {
  const Peer& peer = peers_[entry.peer];
  const std::string_view salt = texts_.text(peer.salt);
  if (peer.scheme == define::HashScheme::kUnleash &&
      !is_in_unleash_rollout(salt, unit.id, peer.traffic_ppm)) {
    return Assignment::kNone;
  }
  const std::uint64_t bucket = peer_bucket(peer.scheme, salt, unit.id);
  for (std::int16_t i = 0; i < entry.variant_count; ++i) {
    if (peer_ranges_[peer.ranges_begin + static_cast<std::uint32_t>(i)].contains(bucket)) return i;
  }
  return Assignment::kNone;
}

// What comes before the conditions, where there is such a thing.
std::optional<Assignment> Snapshot::decide_early(const Entry& entry, const Context& context) const {
  const Unit& unit = context.unit(entry.unit_kind);
  if ((entry.flags & kStopped) != 0) return undecided(entry, Reason::kStopped);
  if (unit.id.empty()) return nobody(entry, context);
  const std::int16_t variant = find_override(entry, unit);
  if (variant == Assignment::kNone) return std::nullopt;
  Assignment answer = undecided(entry, Reason::kOverride);
  answer.variant = variant;
  answer.propensity = 1.0;
  return answer;
}

// An attribute of the kind's name that is no text is a mistake, and not as if there were none.
Assignment Snapshot::nobody(const Entry& entry, const Context& context) const {
  Assignment answer = undecided(entry, Reason::kNoUnit);
  answer.attribute = schema_.units[entry.unit_kind];
  const bool is_mistaken = (context.types(answer.attribute) & ~kText) != 0;
  answer.test = is_mistaken ? Outcome::kWrongType : Outcome::kMissing;
  return answer;
}

inline Assignment Snapshot::undecided(const Entry& entry, Reason reason) {
  return {.reason = reason, .version = entry.version, .epoch = entry.epoch};
}

inline Assignment Snapshot::rejected(const Entry& entry, const Match& match) const {
  Assignment answer = undecided(entry, Reason::kTargeting);
  answer.test = match.cause;
  answer.attribute = targeting_.attribute_of(match.comparison);
  return answer;
}

inline Assignment Snapshot::drawn(const Entry& entry, std::int16_t variant) const {
  return {.reason = Reason::kSplit,
          .variant = variant,
          .version = entry.version,
          .epoch = entry.epoch,
          .propensity =
              variants_[entry.variants_begin + static_cast<std::uint32_t>(variant)].propensity};
}

template <typename MatchFunction>
inline Assignment Snapshot::decide(const Entry& entry, const Context& context,
                                   MatchFunction match) const {
  const Unit& unit = context.unit(entry.unit_kind);
  if ((entry.flags & kMayDecideEarly) != 0 || unit.id.empty()) {
    if (const auto answer = decide_early(entry, context)) return *answer;
  }
  if ((entry.flags & kHeld) != 0) {
    Assignment held = undecided(entry, Reason::kHoldout);
    if (is_held_out(specials_[entry.special], context, held)) return held;
  }
  if (entry.program != Targeting::kAlways) {
    const Match& found = match(entry.program);
    if (!found.accepted) return rejected(entry, found);
  }
  const Reason reason = slot_reason(entry, unit.digest);
  if (reason != Reason::kSplit) return undecided(entry, reason);
  const std::int16_t variant =
      (entry.flags & kLikePeer) != 0 ? split_like_peer(entry, unit) : split(entry, unit);
  if (variant == Assignment::kNone) return undecided(entry, Reason::kTraffic);
  return drawn(entry, variant);
}

// For special.cc, too.
Match Snapshot::match_of(std::uint32_t program, const Context& context, Matches matches) const {
  return matches.empty() ? targeting_.match(program, context) : matches[program];
}

Assignment Snapshot::decide_plain(const Entry& entry, const Context& context,
                                  Matches matches) const {
  return decide(entry, context,
                [&](std::uint32_t program) { return match_of(program, context, matches); });
}

// Apart, so that `evaluate` calls nothing and has no registers to save in most cases.
[[gnu::noinline]] Assignment Snapshot::decide_whole(const Entry& entry,
                                                    const Context& context) const {
  if ((entry.flags & kSpecial) != 0) return decide_special(entry, context, {});
  return decide_plain(entry, context, {});
}

// What `decide` answers, in short where that does: nothing special, and conditions that texts'
// numbers decide.
Assignment Snapshot::evaluate(Handle experiment, const Context& context) const {
  const Entry& entry = entries_[experiment.index];
  const Unit& unit = context.unit(entry.unit_kind);
  if ((entry.flags & kNotShort) != 0 || unit.id.empty()) return decide_whole(entry, context);
  if (entry.program != Targeting::kAlways) {
    const Match found = targeting_.match_short(entry.program, context);
    if (!found.accepted) {
      if (found.cause == Outcome::kUnknown) return decide_whole(entry, context);
      return rejected(entry, found);
    }
  }
  const Reason reason = slot_reason(entry, unit.digest);
  return reason == Reason::kSplit ? drawn(entry, split(entry, unit)) : undecided(entry, reason);
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
  const auto match = [&](std::uint32_t program) -> const Match& { return matches[program]; };
  for (std::size_t i = 0; i < out.size(); ++i) {
    const bool is_special = (entries_[i].flags & kSpecial) != 0;
    out[i] = is_special ? decide_special(entries_[i], context, matches)
                        : decide(entries_[i], context, match);
  }
}

namespace {

std::string explain_nobody(Outcome test, std::string_view kind) {
  if (test == Outcome::kTrue) return "the context has no time, which a switchback asks for";
  if (test == Outcome::kMissing) return "the context has no id of the kind " + std::string(kind);
  return std::string(kind) + " is no text, but the id of a unit is one";
}

}  // namespace

std::string Snapshot::explain(const Assignment& assignment) const {
  switch (assignment.reason) {
    case Reason::kStopped:
      return "the experiment does not run";
    case Reason::kNoUnit:
      return explain_nobody(assignment.test, attribute_name(assignment.attribute));
    case Reason::kOverride:
      return "the plan names the variant, for this unit or for all who meet a condition";
    case Reason::kHoldout:
      return "the unit is held out by " + std::string(texts_.text(assignment.attribute));
    case Reason::kPrerequisite:
      return "the unit has no variant of " + std::string(texts_.text(assignment.attribute)) +
             " that this experiment needs";
    case Reason::kSticky:
      return "remembered from an earlier answer";
    case Reason::kBurnIn:
      return "chosen by hash, but the period has just begun";
    case Reason::kExcluded:
      return "the unit's slot of the layer, or of a namespace, belongs to no variant of this one";
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
