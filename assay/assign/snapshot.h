// Snapshot: a set of experiments, compiled into flat arrays that answer "which variant, and why?"
//
//   Running running{.plan = parsed->experiment, .version = 1, .epoch = 0};
//   const auto snapshot = compile(std::span(&running, 1)).value();
//   Context context(*snapshot);
//   context.set_targeting_key("user_42");
//   const Assignment a = snapshot->evaluate("ranker_v2", context);
//   if (a.assigned()) call(snapshot->variant_key(*snapshot->find("ranker_v2"), a.variant));
//
// Immutable: share it between threads as shared_ptr<const Snapshot> and swap the pointer when plans
// change. Evaluating allocates nothing and takes no lock.
//
// Order of evaluation: stopped, no unit, override, forced, holdout, prerequisite, targeting, layer
// slot, namespace, memory, traffic, split. An override comes before everything that could keep the
// unit out, for that is what it is for. What an experiment has beyond targeting, slots and weights
// is in special.h. Targeting comes before traffic although a slot is cheaper to test: the answer is
// the same, but so `traffic` means "eligible, waiting for more traffic", and the counts of reasons
// say how many units a ramp will reach.
//
// Frozen scheme (design.md, spec/conformance): digest = XXH3_64(id); slot = draw(digest, "layer:" +
// layer) scaled to 1,000,000; variant = draw(digest, salt) against cumulative weights. The prefix
// keeps the layer's draw independent of the variant's where both are named like the experiment. A
// plan with another tool's `hash` takes the variant from schemes.h instead, and with GrowthBook's
// and Unleash's also the share of traffic.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "assay/assign/assignment.h"
#include "assay/assign/context.h"
#include "assay/assign/schemes.h"
#include "assay/assign/special.h"
#include "assay/assign/targeting.h"
#include "assay/assign/text_table.h"
#include "assay/base/expected.h"
#include "assay/define/experiment.h"

namespace assay::assign {

// What an earlier epoch allocated, where the weights were others: see special.h.
struct Cohort {
  std::int64_t epoch = 0;
  std::uint32_t traffic_ppm = 0;  // Of the owned slots; never falls from epoch to epoch.
  std::vector<std::uint32_t> weights;
  bool operator==(const Cohort&) const = default;
};

// One version of an experiment that is to be answered for.
struct Running {
  define::Experiment plan;
  std::uint32_t version = 1;
  std::int64_t epoch = 0;            // The allocation epoch; see allocation.h.
  bool is_stopped = false;           // Known, but answers Reason::kStopped.
  std::vector<Cohort> earlier = {};  // Oldest first; empty while the weights are the first ones.
};

// For functions that leave plans where they are: good as long as these.
std::vector<const Running*> pointers_to(std::span<const Running> experiments);

Cohort cohort_of(const define::Experiment& plan, std::int64_t epoch);
// Of the epochs since the start, the present one of `plan` last: those whose split still holds for
// somebody, without the present one.
std::vector<Cohort> lasting(const define::Experiment& plan, std::vector<Cohort> epochs);

inline constexpr std::uint64_t kMaxTotalWeight = 0x7fffffff;

class Snapshot {
 public:
  std::optional<Handle> find(std::string_view experiment) const {
    const std::uint32_t number = ids_.find(experiment);
    if (number == TextTable::kAbsent) return std::nullopt;
    return Handle{number};
  }
  Assignment evaluate(Handle experiment, const Context& context) const;
  // Nothing if there is no such experiment.
  std::optional<Assignment> evaluate(std::string_view experiment, const Context& context) const;
  // Every experiment in the order of `compile`; out.size() == size(). Conditions that experiments
  // share are tested once. The context allocates when it is used so for the first time.
  void evaluate_all(Context& context, std::span<Assignment> out) const;

  std::size_t size() const { return entries_.size(); }
  std::string_view id(Handle experiment) const { return ids_.text(experiment.index); }
  std::uint32_t version(Handle experiment) const { return entries_[experiment.index].version; }
  std::int64_t epoch(Handle experiment) const { return entries_[experiment.index].epoch; }
  std::string_view unit_kind(Handle experiment) const;
  std::string_view kind_name(std::uint8_t kind) const {
    return schema_.names.text(schema_.units[kind]);
  }
  bool has_fallback(Handle experiment) const;
  // Who was assigned, and of which kind; the id is empty when there is nobody.
  const Unit& unit(Handle experiment, const Assignment& assignment, const Context& context) const;
  std::string_view unit_kind(Handle experiment, const Assignment& assignment) const;
  // The number of the switchback's period in which a context asks; nothing for other experiments,
  // without a time, and before the first period.
  std::optional<std::int64_t> period(Handle experiment, const Context& context) const;
  // The epoch whose split holds for this unit: that of its slot, where earlier epochs had others.
  std::int64_t epoch_of(Handle experiment, std::string_view unit_id) const;
  bool exposes_on_evaluation(Handle experiment) const;

  // Experiments that run and remember. Under which units of a context they do, the deciding one
  // first: a targeting key that stands for the first kind of unit does not stand for the second as
  // well.
  std::span<const Handle> sticky() const { return sticky_; }
  bool is_sticky(Handle experiment) const;
  struct Rememberer {
    std::uint8_t kind = 0;
    std::string_view id;
  };
  std::vector<Rememberer> rememberers(Handle sticky, const Context& context) const;
  bool holds(const Context::Remembered& memory) const;  // Its variant and its epoch still count.
  std::int64_t first_epoch(Handle experiment) const;    // Memories of before do not count.
  // Whether this answer depends on what is remembered, here or for a prerequisite; not once it is
  // stopped.
  bool needs_memory(Handle experiment) const;
  // Those among its prerequisites, and theirs, that remember; each once. Who is stopped asks none.
  std::vector<Handle> sticky_prerequisites(Handle experiment) const;

  bool is_stopped(Handle experiment) const;
  bool has_targeting(Handle experiment) const;
  std::size_t variant_count(Handle experiment) const;
  std::size_t control(Handle experiment) const;  // Its index.
  std::string_view variant_key(Handle experiment, std::size_t variant) const {
    return texts_.text(label(experiment, variant).key);
  }
  std::optional<std::int16_t> find_variant(Handle experiment, std::string_view key) const;
  std::string_view payload_json(Handle experiment, std::size_t variant) const;  // May be empty.
  double propensity(Handle experiment, std::size_t variant) const;  // In the present epoch.

  // The number that Context::set_text and set_number take in place of a name.
  std::uint32_t attribute(std::string_view name) const { return schema_.names.find(name); }
  std::string_view attribute_name(std::uint32_t number) const { return schema_.names.text(number); }
  const Schema& schema() const { return schema_; }
  // One sentence for people: "country is missing".
  std::string explain(const Assignment& assignment) const;

 private:
  friend class Compiler;
  friend class ColumnAssigner;

  enum Flag : std::uint8_t {
    kStopped = 1,
    kHasOverrides = 2,
    kWholeLayer = 4,
    kLikePeer = 8,
    kExposes = 16,
    kSpecial = 32,
    kNeedsMemory = 64,
    kHeld = 128,  // Holdouts, and nothing else that is special.
    kMayDecideEarly = kStopped | kHasOverrides,
    kNotShort = kMayDecideEarly | kLikePeer | kSpecial | kHeld
  };
  // Everything about one experiment that most evaluations read, in one line of the cache; its
  // arrays are neighbours below.
  struct alignas(64) Entry {
    std::uint64_t salt = 0;
    std::uint64_t layer_salt = 0;
    std::uint32_t program = Targeting::kAlways;
    std::uint32_t variants_begin = 0;
    std::uint16_t variant_count = 0;
    std::uint8_t unit_kind = 0;
    std::uint8_t flags = 0;
    std::uint32_t version = 0;
    std::int64_t epoch = 0;
    std::uint32_t ranges_begin = 0;  // Owned ranges; each has its part in use beside it.
    std::uint32_t ranges_end = 0;
    std::uint32_t overrides_begin = 0;
    std::uint32_t overrides_end = 0;
    std::uint32_t peer = 0;     // In peers_.
    std::uint32_t special = 0;  // In specials_, with kSpecial or kHeld.
  };
  // Another tool's scheme.
  struct Peer {
    define::HashScheme scheme = define::HashScheme::kAssay;
    std::uint32_t ranges_begin = 0;  // In peer_ranges_: one per variant.
    std::uint32_t salt = 0;          // In texts_.
    std::uint32_t traffic_ppm = 0;   // Unleash's rollout.
  };
  // Bounds on the 32-bit draw, so that no evaluation multiplies: [begin, used) is in use, [used,
  // end) is owned and waits for traffic.
  struct Range {
    std::uint64_t begin = 0;
    std::uint64_t used = 0;
    std::uint64_t end = 0;
  };
  struct Variant {
    std::uint64_t threshold = 0;  // The first draw that belongs to a later variant.
    double propensity = 0.0;
  };
  struct Label {
    std::uint32_t key = 0;  // In texts_.
    std::uint32_t payload = 0;
  };
  struct OverrideEntry {
    std::uint64_t digest = 0;
    std::uint32_t unit = 0;  // In texts_.
    std::int16_t variant = 0;
  };

  static_assert(sizeof(Entry) == 64);

  template <typename MatchFunction>
  Assignment decide(const Entry& entry, const Context& context, MatchFunction match) const;
  std::optional<Assignment> decide_early(const Entry& entry, const Context& context) const;
  Assignment nobody(const Entry& entry, const Context& context) const;
  static Assignment undecided(const Entry& entry, Reason reason);
  // `matches`: of all conditions, where they were asked before; empty: they are asked when needed.
  using Matches = std::span<const Match>;
  Match match_of(std::uint32_t program, const Context& context, Matches matches) const;
  Assignment decide_plain(const Entry& entry, const Context& context, Matches matches) const;
  Assignment rejected(const Entry& entry, const Match& match) const;
  Assignment drawn(const Entry& entry, std::int16_t variant) const;
  Assignment decide_whole(const Entry& entry, const Context& context) const;
  const Label& label(Handle experiment, std::size_t variant) const {
    return labels_[entries_[experiment.index].variants_begin + variant];
  }
  std::int16_t find_override(const Entry& entry, const Unit& unit) const;
  Reason slot_reason(const Entry& entry, std::uint64_t digest) const;
  std::int16_t split(const Entry& entry, const Unit& unit) const;
  std::int16_t split_like_peer(const Entry& entry, const Unit& unit) const;

  // special.cc
  std::uint8_t unit_kind_of(Handle experiment, const Assignment& assignment) const;
  std::optional<std::uint32_t> split_of(const Entry& entry, std::int64_t epoch) const;
  void stick(const Entry& entry, const Context& context, Assignment& answer) const;
  bool falls_back(const Entry& entry, const Context& context) const;
  Assignment decide_special(const Entry& entry, const Context& context, Matches matches) const;
  bool is_forced(const Special& special, const Context& context, Matches matches,
                 Assignment& answer) const;
  bool is_held_out(const Special& special, const Context& context, Assignment& answer) const;
  bool lacks_variant(const Special& special, const Context& context, Assignment& answer) const;
  const Special::Prerequisite* lacking(std::span<const Special::Prerequisite> all,
                                       const Context& context) const;
  bool is_in_namespaces(const Special& special, const Context& context) const;
  Entry special_entry(const Entry& entry, const Unit& unit,
                      const std::optional<Timestamp>& now) const;

  std::vector<Entry> entries_;
  std::vector<std::uint16_t> controls_;  // Index of control, by experiment: no evaluation reads it.
  std::vector<Range> ranges_;
  std::vector<Variant> variants_;
  std::vector<Label> labels_;  // Of variants_.
  std::vector<Peer> peers_;
  std::vector<BucketRange> peer_ranges_;
  std::vector<OverrideEntry> overrides_;
  std::vector<Special> specials_;
  std::vector<Handle> sticky_;
  Targeting targeting_;
  Schema schema_;
  TextTable ids_;    // Experiment ids; numbers are indices of entries_.
  TextTable texts_;  // Variant keys, payloads, ids of overrides.
};

struct CompileOptions {
  std::uint32_t layer_slots = define::kLayerSlots;  // 12 makes a world small enough to test whole.
};

// All problems at once: ids used twice, weights that do not add up, slots owned by two experiments
// of a layer, weights that another tool's hash cannot have, conditions that cannot be evaluated,
// prerequisites in a circle.
Checked<std::shared_ptr<const Snapshot>> compile(std::span<const Running* const> experiments,
                                                 const CompileOptions& options = {});
Checked<std::shared_ptr<const Snapshot>> compile(std::span<const Running> experiments,
                                                 const CompileOptions& options = {});

// The same for experiments that come one by one: each may be gone once the next is asked for.
// `next` gives nothing after the last.
Checked<std::shared_ptr<const Snapshot>> compile_each(const std::function<const Running*()>& next);

// What keeps this plan from being assigned, apart from other experiments; empty when nothing does.
// A share of a layer may still be without its slots, which are found when it starts.
Problems unsupported(define::Experiment plan);

// The text whose XXH3 is the salt of a layer's slots.
std::string layer_salt_text(std::string_view layer);
// The same for a holdout.
std::string holdout_salt_text(std::string_view name);

}  // namespace assay::assign
