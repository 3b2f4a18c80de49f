// Compiles plans into a Snapshot; the rules that one plan and a set of plans must keep.
#include <algorithm>
#include <map>
#include <string>
#include <unordered_set>

#include "assay/assign/snapshot.h"
#include "assay/assign/steps.h"
#include "assay/base/check.h"
#include "assay/base/hash.h"
#include "assay/define/layers.h"

namespace assay::assign {
namespace {

using define::Experiment;
using define::kLayerSlots;
using define::layer_of;
using define::SlotRange;
using define::slots_of;

void append(Problems& problems, const Problems& more) {
  problems.insert(problems.end(), more.begin(), more.end());
}

std::string field_of(const Experiment& plan, std::string_view field) {
  return plan.id + "." + std::string(field);
}

Problem problem(const Experiment& plan, std::string_view field, std::string message,
                std::string hint = {}) {
  return {.place = {},
          .field = field_of(plan, field),
          .message = std::move(message),
          .hint = std::move(hint)};
}

// flagd may hash an attribute alone.
std::string_view salt_of(const Experiment& plan) {
  const bool is_default =
      plan.assignment.salt.empty() && plan.assignment.hash != define::HashScheme::kFlagd;
  return is_default ? plan.id : plan.assignment.salt;
}

void check_variants(const Experiment& plan, Problems& problems) {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < plan.variants.size(); ++i) {
    total += plan.variants[i].weight;
    for (std::size_t j = 0; j < i; ++j) {
      if (plan.variants[i].key == plan.variants[j].key) {
        problems.push_back(problem(plan, "variants",
                                   "the variant \"" + plan.variants[i].key + "\" is there twice"));
      }
    }
  }
  constexpr std::size_t kMaxVariants = 1000;
  if (plan.variants.empty() || plan.variants.size() > kMaxVariants) {
    problems.push_back(problem(plan, "variants",
                               std::to_string(plan.variants.size()) + " variants, not 1 to 1000"));
  }
  if (total == 0 || total > kMaxTotalWeight) {
    problems.push_back(problem(plan, "variants",
                               "the weights add up to " + std::to_string(total) +
                                   ", not to something between 1 and 2147483647"));
  }
}

std::int16_t variant_index(const Experiment& plan, const std::string& key) {
  for (std::size_t i = 0; i < plan.variants.size(); ++i) {
    if (plan.variants[i].key == key) return static_cast<std::int16_t>(i);
  }
  return Assignment::kNone;
}

void check_control(const Experiment& plan, Problems& problems) {
  if (variant_index(plan, plan.control) != Assignment::kNone) return;
  problems.push_back(problem(plan, "control", "\"" + plan.control + "\" is not a variant"));
}

void check_slots(const Experiment& plan, std::uint32_t layer_slots, Problems& problems) {
  std::uint32_t last = 0;
  for (const SlotRange& range : slots_of(plan, layer_slots)) {
    if (range.begin >= range.end || range.end > layer_slots || range.begin < last) {
      problems.push_back(problem(
          plan, "slots",
          "[" + std::to_string(range.begin) + ", " + std::to_string(range.end) +
              ") is empty, out of order, or beyond " + std::to_string(layer_slots) + " slots"));
    }
    last = range.end;
  }
  if (plan.assignment.share_ppm && plan.assignment.slots.empty()) {
    problems.push_back(problem(plan, "layer.share", "no slots were found for it yet",
                               "they are found when it starts, or beside the files given --with"));
  }
  if (plan.assignment.traffic_ppm > kLayerSlots) {
    problems.push_back(problem(plan, "traffic", "is more than all of the experiment's slots"));
  }
}

std::optional<std::vector<BucketRange>> peer_split_of(const Experiment& plan) {
  std::vector<std::uint32_t> weights;
  for (const define::Variant& variant : plan.variants) weights.push_back(variant.weight);
  const auto control = static_cast<std::size_t>(variant_index(plan, plan.control));
  return peer_split(plan.assignment.hash, weights, control, plan.assignment.traffic_ppm);
}

void check_overrides(const Experiment& plan, Problems& problems) {
  for (const define::Override& entry : plan.assignment.overrides) {
    if (variant_index(plan, entry.variant) != Assignment::kNone) continue;
    problems.push_back(
        problem(plan, "overrides",
                "\"" + entry.variant + "\" for unit \"" + entry.unit_id + "\" is not a variant"));
  }
  for (const define::Forced& entry : plan.assignment.forced) {
    if (variant_index(plan, entry.variant) != Assignment::kNone) continue;
    problems.push_back(problem(plan, "forced", "\"" + entry.variant + "\" is not a variant"));
  }
}

// Two experiments of one layer must not own one slot.
void check_layers(std::span<const Running* const> experiments, std::uint32_t layer_slots,
                  Problems& problems) {
  std::vector<const Experiment*> plans;
  for (const Running* running : experiments) {
    if (!running->is_stopped) plans.push_back(&running->plan);
  }
  append(problems, define::layer_conflicts(plans, layer_slots));
}

// What of an experiment can trouble another one, or be asked for by it.
Running outline_of(const Running& running) {
  Running outline;
  outline.plan.id = running.plan.id;
  outline.plan.variants = running.plan.variants;
  outline.plan.assignment.layer = running.plan.assignment.layer;
  outline.plan.assignment.slots = running.plan.assignment.slots;
  outline.plan.assignment.prerequisites = running.plan.assignment.prerequisites;
  for (const define::Forced& one : running.plan.assignment.forced) {
    outline.plan.assignment.forced.push_back({one.variant, {}, one.prerequisites});
  }
  outline.is_stopped = running.is_stopped;
  return outline;
}

// All to itself: nothing to remember but what the snapshot knows.
bool is_plain(const define::Assignment& plan) {
  return plan.layer.empty() && plan.slots.empty() && all_prerequisites(plan).empty();
}

}  // namespace

class Compiler {
 public:
  explicit Compiler(std::uint32_t layer_slots) : layer_slots_(layer_slots) {}

  // Not kept, so that it may be gone or another one afterwards.
  void take(const Running& running) {
    const std::size_t before = problems_.size();
    if (snapshot_->ids_.find(running.plan.id) != TextTable::kAbsent) {
      problems_.push_back(problem(running.plan, "id", "this experiment is there twice"));
      return;
    }
    snapshot_->ids_.intern(running.plan.id);
    append(problems_, check_plan(running.plan));
    append(problems_, special_problems(running));
    if (problems_.size() == before) add(running);
  }

  // `related`: at least the experiments that share a layer, that have prerequisites, or that those
  // name. They are looked at once more, for what they do to each other.
  Checked<std::shared_ptr<const Snapshot>> finish(std::span<const Running* const> related) {
    check_layers(related, layer_slots_, problems_);
    append(problems_, prerequisite_problems(related));
    if (!problems_.empty()) return unexpected(std::move(problems_));
    find_prerequisites(related);
    find_who_needs_memory();
    snapshot_->targeting_.seal();
    return std::shared_ptr<const Snapshot>(std::move(snapshot_));
  }

  const Problems& problems() const { return problems_; }
  // Of one that is_plain, taken before; nothing if it was not.
  std::optional<Running> plain_outline(const std::string& id) const {
    const auto handle = snapshot_->find(id);
    if (!handle) return std::nullopt;
    Running outline;
    outline.plan.id = id;
    outline.is_stopped = (snapshot_->entries_[handle->index].flags & Snapshot::kStopped) != 0;
    for (std::size_t i = 0; i < snapshot_->variant_count(*handle); ++i) {
      outline.plan.variants.push_back({.key = std::string(snapshot_->variant_key(*handle, i))});
    }
    return outline;
  }

  Problems check_plan(const Experiment& plan) const {
    Problems problems;
    if (plan.id.empty()) problems.push_back(problem(plan, "id", "is missing"));
    check_variants(plan, problems);
    check_control(plan, problems);
    check_slots(plan, layer_slots_, problems);
    check_overrides(plan, problems);
    if (salt_of(plan) == layer_salt_text(layer_of(plan))) {
      problems.push_back(problem(plan, "salt", "is the salt of the layer's slots too",
                                 "choose a salt that does not start with \"layer:\""));
    }
    if (plan.assignment.hash != define::HashScheme::kAssay && problems.empty() &&
        !peer_split_of(plan)) {
      const std::string shares = std::to_string(peer_shares(plan.assignment.hash));
      problems.push_back(problem(plan, "variants",
                                 "the weights are no whole shares of " + shares +
                                     ", in which the tool that `hash` names counts",
                                 "write the weights it has, such as 33.3%, 33.3% and 33.4%"));
    }
    return problems;
  }

  void check_conditions(const Experiment& plan) {
    snapshot_->targeting_.compile(plan.assignment.targeting, snapshot_->schema_,
                                  field_of(plan, "targeting"), problems_);
    for (const define::Forced& one : plan.assignment.forced) forced_program(plan, one);
  }
  Problems take_problems() { return std::move(problems_); }

 private:
  void add(const Running& running) {
    const Experiment& plan = running.plan;
    Snapshot::Entry entry;
    entry.salt = salt_digest(salt_of(plan));
    entry.layer_salt = salt_digest(layer_salt_text(layer_of(plan)));
    entry.version = running.version;
    entry.epoch = running.epoch;
    entry.flags =
        static_cast<std::uint8_t>((running.is_stopped ? Snapshot::kStopped : 0) |
                                  (plan.assignment.expose_on_evaluation ? Snapshot::kExposes : 0));
    if (!add_unit_kind(plan, entry)) return;
    entry.program = snapshot_->targeting_.compile(plan.assignment.targeting, snapshot_->schema_,
                                                  field_of(plan, "targeting"), problems_);
    add_ranges(plan, entry);
    add_variants(plan, entry);
    if (plan.assignment.hash != define::HashScheme::kAssay) add_peer_split(plan, entry);
    add_overrides(plan, entry);
    if (is_special(running)) {
      add_special(running, entry);
    } else if (!plan.assignment.holdouts.empty()) {
      add_held(plan, entry);
    }
    snapshot_->controls_.push_back(static_cast<std::uint16_t>(variant_index(plan, plan.control)));
    snapshot_->entries_.push_back(entry);
  }

  void add_special(const Running& running, Snapshot::Entry& entry) {
    const define::Assignment& plan = running.plan.assignment;
    Special special;
    if (!plan.fallback_unit.empty()) {
      special.fallback_kind = unit_kind(running.plan, plan.fallback_unit);
      if (!special.fallback_kind) return;
    }
    for (const define::Forced& one : plan.forced) {
      special.forced.push_back({.program = forced_program(running.plan, one),
                                .variant = variant_index(running.plan, one.variant)});
    }
    if (!add_holdouts(running.plan, special)) return;
    for (const define::Namespace& one : plan.namespaces) {
      const auto kind = unit_kind(running.plan, one.unit);
      if (!kind) return;
      add_namespace(one, *kind, special);
    }
    if (plan.switchback) {
      special.period_micros = plan.switchback->period_seconds * kMicrosPerSecond;
      special.burn_in_micros = plan.switchback->burn_in_seconds * kMicrosPerSecond;
      special.start_micros = plan.switchback->start.micros;
      special.salt_text = snapshot_->texts_.intern(salt_of(running.plan));
    }
    for (const Cohort& cohort : running.earlier) add_cohort(running.plan, cohort, special);
    special.is_sticky = plan.sticky;
    if (plan.sticky && !running.is_stopped) {
      snapshot_->sticky_.push_back({static_cast<std::uint32_t>(snapshot_->entries_.size())});
    }
    entry.special = static_cast<std::uint32_t>(snapshot_->specials_.size());
    entry.flags |= Snapshot::kSpecial;
    snapshot_->specials_.push_back(std::move(special));
  }

  // As all have where a catalogue holds some out: those with the same ones share them.
  void add_held(const Experiment& plan, Snapshot::Entry& entry) {
    Special special;
    if (!add_holdouts(plan, special)) return;
    const auto next = static_cast<std::uint32_t>(snapshot_->specials_.size());
    const auto [same, is_new] = held_.emplace(special.holdouts, next);
    entry.special = same->second;
    entry.flags |= Snapshot::kHeld;
    if (is_new) snapshot_->specials_.push_back(std::move(special));
  }

  bool add_holdouts(const Experiment& plan, Special& special) {
    for (const define::Holdout& one : plan.assignment.holdouts) {
      const auto kind = unit_kind(plan, one.unit);
      if (!kind) return false;
      special.holdouts.push_back({.salt = salt_digest(holdout_salt_text(one.name)),
                                  .threshold = first_draw(one.share_ppm, kLayerSlots),
                                  .name = snapshot_->texts_.intern(one.name),
                                  .unit_kind = *kind});
    }
    return true;
  }

  void find_who_needs_memory() {
    if (snapshot_->sticky_.empty()) return;
    for (const Handle one : snapshot_->sticky_) {
      snapshot_->entries_[one.index].flags |= Snapshot::kNeedsMemory;
    }
    for (std::uint32_t i = 0; i < snapshot_->entries_.size(); ++i) {
      if (snapshot_->sticky_prerequisites({i}).empty()) continue;
      snapshot_->entries_[i].flags |= Snapshot::kNeedsMemory;
    }
  }

  void add_namespace(const define::Namespace& one, std::uint8_t kind, Special& special) {
    Special::Namespace added{.scheme = one.hash,
                             .unit_kind = kind,
                             .salt = snapshot_->texts_.intern(one.salt),
                             .ranges = {}};
    for (const SlotRange& range : one.ranges) {
      added.ranges.push_back(peer_range(one.hash, range.begin, range.end));
    }
    special.namespaces.push_back(std::move(added));
  }

  std::uint32_t forced_program(const Experiment& plan, const define::Forced& one) {
    return snapshot_->targeting_.compile(one.when, snapshot_->schema_, field_of(plan, "forced"),
                                         problems_);
  }

  // Its own ranges and thresholds, as if it were the experiment.
  void add_cohort(Experiment plan, const Cohort& cohort, Special& special) {
    plan.assignment.traffic_ppm = cohort.traffic_ppm;
    for (std::size_t i = 0; i < cohort.weights.size(); ++i) {
      plan.variants[i].weight = cohort.weights[i];
    }
    Snapshot::Entry as_it_was;
    add_ranges(plan, as_it_was);
    add_variants(plan, as_it_was);
    special.cohorts.push_back({.epoch = cohort.epoch,
                               .variants_begin = as_it_was.variants_begin,
                               .ranges_begin = as_it_was.ranges_begin,
                               .ranges_end = as_it_was.ranges_end});
  }

  // Once all experiments have their numbers.
  void find_prerequisites(std::span<const Running* const> related) {
    for (const Running* running : related) {
      const define::Assignment& plan = running->plan.assignment;
      if (all_prerequisites(plan).empty()) continue;
      const Snapshot::Entry& entry = snapshot_->entries_[snapshot_->ids_.find(running->plan.id)];
      Special& special = snapshot_->specials_[entry.special];
      special.prerequisites = found_of(plan.prerequisites);
      for (std::size_t i = 0; i < plan.forced.size(); ++i) {
        special.forced[i].prerequisites = found_of(plan.forced[i].prerequisites);
      }
    }
  }

  std::vector<Special::Prerequisite> found_of(const std::vector<define::Prerequisite>& wanted) {
    std::vector<Special::Prerequisite> all;
    for (const define::Prerequisite& one : wanted) {
      Special::Prerequisite found{.experiment = snapshot_->ids_.find(one.experiment),
                                  .name = snapshot_->texts_.intern(one.experiment),
                                  .variants = {}};
      for (const std::string& key : one.variants) {
        if (found.experiment == TextTable::kAbsent) break;
        found.variants.push_back(variant_number({found.experiment}, key));
      }
      if (one.or_outside) found.variants.push_back(Assignment::kNone);
      all.push_back(std::move(found));
    }
    return all;
  }

  std::int16_t variant_number(Handle experiment, std::string_view key) const {
    for (std::size_t i = 0; i < snapshot_->variant_count(experiment); ++i) {
      if (snapshot_->variant_key(experiment, i) == key) return static_cast<std::int16_t>(i);
    }
    return Assignment::kNone;
  }

  bool add_unit_kind(const Experiment& plan, Snapshot::Entry& entry) {
    const auto kind = unit_kind(plan, plan.assignment.unit);
    if (kind) entry.unit_kind = *kind;
    return kind.has_value();
  }

  std::optional<std::uint8_t> unit_kind(const Experiment& plan, const std::string& name) {
    Schema& schema = snapshot_->schema_;
    const std::uint32_t known = schema.names.find(name);
    const bool is_new =
        known == TextTable::kAbsent || schema.attributes[known].unit_kind == Schema::kNoUnit;
    if (is_new && schema.units.size() == Schema::kMaxUnitKinds) {
      problems_.push_back(problem(plan, "unit",
                                  "the experiments, stopped ones too, name more than " +
                                      std::to_string(schema.units.size()) +
                                      " kinds of unit: " + kinds_so_far() + ", " + name,
                                  "use one of these names for the same kind of unit"));
      return std::nullopt;
    }
    return schema.unit_kind(name);
  }

  std::string kinds_so_far() const {
    std::string all;
    for (std::size_t i = 0; i < snapshot_->schema_.units.size(); ++i) {
      all += (i == 0 ? "" : ", ") + std::string(snapshot_->kind_name(static_cast<std::uint8_t>(i)));
    }
    return all;
  }

  void add_peer_split(const Experiment& plan, Snapshot::Entry& entry) {
    const std::vector<BucketRange> ranges = *peer_split_of(plan);
    auto& all = snapshot_->peer_ranges_;
    entry.flags |= Snapshot::kLikePeer;
    entry.peer = static_cast<std::uint32_t>(snapshot_->peers_.size());
    snapshot_->peers_.push_back({.scheme = plan.assignment.hash,
                                 .ranges_begin = static_cast<std::uint32_t>(all.size()),
                                 .salt = snapshot_->texts_.intern(salt_of(plan)),
                                 .traffic_ppm = plan.assignment.traffic_ppm});
    all.insert(all.end(), ranges.begin(), ranges.end());
  }

  // Traffic fills the owned ranges from the front, so that more of it only adds slots.
  void add_ranges(const Experiment& plan, Snapshot::Entry& entry) {
    const std::vector<SlotRange> slots = slots_of(plan, layer_slots_);
    std::uint64_t owned = 0;
    for (const SlotRange& range : slots) owned += range.end - range.begin;
    std::uint64_t budget = owned * plan.assignment.traffic_ppm / kLayerSlots;
    if (has_peer_traffic(plan.assignment.hash)) budget = owned;
    if (budget == layer_slots_) entry.flags |= Snapshot::kWholeLayer;
    entry.ranges_begin = static_cast<std::uint32_t>(snapshot_->ranges_.size());
    for (const SlotRange& range : slots) {
      const std::uint64_t taken = std::min<std::uint64_t>(budget, range.end - range.begin);
      budget -= taken;
      snapshot_->ranges_.push_back({.begin = first_draw(range.begin, layer_slots_),
                                    .used = first_draw(range.begin + taken, layer_slots_),
                                    .end = first_draw(range.end, layer_slots_)});
    }
    entry.ranges_end = static_cast<std::uint32_t>(snapshot_->ranges_.size());
  }

  void add_variants(const Experiment& plan, Snapshot::Entry& entry) {
    std::uint64_t total = 0;
    for (const define::Variant& variant : plan.variants) total += variant.weight;
    entry.variants_begin = static_cast<std::uint32_t>(snapshot_->variants_.size());
    entry.variant_count = static_cast<std::uint16_t>(plan.variants.size());
    std::uint64_t cumulative = 0;
    for (const define::Variant& variant : plan.variants) {
      cumulative += variant.weight;
      snapshot_->variants_.push_back(
          {.threshold = first_draw(cumulative, total),
           .propensity = static_cast<double>(variant.weight) / static_cast<double>(total)});
      snapshot_->labels_.push_back({.key = snapshot_->texts_.intern(variant.key),
                                    .payload = snapshot_->texts_.intern(variant.payload_json)});
    }
  }

  void add_overrides(const Experiment& plan, Snapshot::Entry& entry) {
    auto& overrides = snapshot_->overrides_;
    if (!plan.assignment.overrides.empty()) entry.flags |= Snapshot::kHasOverrides;
    entry.overrides_begin = static_cast<std::uint32_t>(overrides.size());
    for (const define::Override& given : plan.assignment.overrides) {
      overrides.push_back({.digest = unit_digest(given.unit_id),
                           .unit = snapshot_->texts_.intern(given.unit_id),
                           .variant = variant_index(plan, given.variant)});
    }
    entry.overrides_end = static_cast<std::uint32_t>(overrides.size());
    std::stable_sort(overrides.begin() + entry.overrides_begin, overrides.end(),
                     [](const auto& a, const auto& b) { return a.digest < b.digest; });
  }

  std::uint32_t layer_slots_;
  Problems problems_;
  std::map<std::vector<Special::Holdout>, std::uint32_t> held_;  // In specials_.
  std::shared_ptr<Snapshot> snapshot_ = std::make_shared<Snapshot>();
};

std::vector<const Running*> pointers_to(std::span<const Running> experiments) {
  std::vector<const Running*> pointers;
  for (const Running& one : experiments) pointers.push_back(&one);
  return pointers;
}

Checked<std::shared_ptr<const Snapshot>> compile(std::span<const Running* const> experiments,
                                                 const CompileOptions& options) {
  Compiler compiler(options.layer_slots);
  for (const Running* running : experiments) compiler.take(*running);
  return compiler.finish(experiments);
}

Checked<std::shared_ptr<const Snapshot>> compile(std::span<const Running> experiments,
                                                 const CompileOptions& options) {
  return compile(pointers_to(experiments), options);
}

Checked<std::shared_ptr<const Snapshot>> compile_each(const std::function<const Running*()>& next) {
  Compiler compiler(kLayerSlots);
  std::vector<Running> related;
  while (const Running* running = next()) {
    compiler.take(*running);
    if (!is_plain(running->plan.assignment)) related.push_back(outline_of(*running));
  }
  if (!compiler.problems().empty()) return unexpected(compiler.problems());
  std::unordered_set<std::string> known;  // Plain ones are added when others name them.
  for (const Running& one : related) known.insert(one.plan.id);
  const auto relate = [&](const std::string& id) {
    if (!known.insert(id).second) return;
    if (auto outline = compiler.plain_outline(id)) related.push_back(*std::move(outline));
  };
  for (std::size_t i = 0, count = related.size(); i < count; ++i) {
    const define::Assignment plan = related[i].plan.assignment;
    relate(plan.layer);
    for (const define::Prerequisite& one : all_prerequisites(plan)) relate(one.experiment);
  }
  return compiler.finish(pointers_to(related));
}

Problems unsupported(Experiment plan) {
  define::Assignment& assignment = plan.assignment;
  if (assignment.share_ppm && assignment.slots.empty()) {
    assignment.slots = {{0, *assignment.share_ppm}};
  }
  Compiler compiler(kLayerSlots);
  compiler.check_conditions(plan);
  Problems problems = compiler.take_problems();
  append(problems, compiler.check_plan(plan));
  append(problems, special_problems({.plan = plan}));
  return problems;
}

std::string layer_salt_text(std::string_view layer) { return "layer:" + std::string(layer); }

}  // namespace assay::assign
