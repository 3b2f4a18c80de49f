// Compiles plans into a Snapshot; the rules that one plan and a set of plans must keep.
#include <algorithm>
#include <map>
#include <string>

#include "assay/assign/snapshot.h"
#include "assay/base/check.h"
#include "assay/base/hash.h"

namespace assay::assign {
namespace {

using define::Experiment;
using define::kLayerSlots;
using define::SlotRange;

constexpr std::uint64_t kDraws = 1ULL << 32;

// The first draw whose scaled value is `share` or more: scale(bits, total) >= share exactly when
// bits >= first_draw(share, total).
std::uint64_t first_draw(std::uint64_t share, std::uint64_t total) {
  return (share * kDraws + total - 1) / total;
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

std::string_view layer_of(const Experiment& plan) {
  return plan.assignment.layer.empty() ? plan.id : plan.assignment.layer;
}
std::string_view salt_of(const Experiment& plan) {
  return plan.assignment.salt.empty() ? plan.id : plan.assignment.salt;
}

// No slots in the plan means the whole layer.
std::vector<SlotRange> slots_of(const Experiment& plan, std::uint32_t layer_slots) {
  if (plan.assignment.slots.empty()) return {{.begin = 0, .end = layer_slots}};
  return plan.assignment.slots;
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
  if (plan.assignment.traffic_ppm > kLayerSlots) {
    problems.push_back(problem(plan, "traffic", "is more than all of the experiment's slots"));
  }
}

std::int16_t variant_index(const Experiment& plan, const std::string& key) {
  for (std::size_t i = 0; i < plan.variants.size(); ++i) {
    if (plan.variants[i].key == key) return static_cast<std::int16_t>(i);
  }
  return Assignment::kNone;
}

std::optional<std::vector<BucketRange>> peer_split_of(const Experiment& plan) {
  std::vector<std::uint32_t> weights;
  for (const define::Variant& variant : plan.variants) weights.push_back(variant.weight);
  const std::int16_t control = variant_index(plan, plan.control);
  return peer_split(plan.assignment.hash, weights,
                    static_cast<std::size_t>(std::max<std::int16_t>(control, 0)),
                    plan.assignment.traffic_ppm);
}

void check_overrides(const Experiment& plan, Problems& problems) {
  for (const define::Override& entry : plan.assignment.overrides) {
    if (variant_index(plan, entry.variant) != Assignment::kNone) continue;
    problems.push_back(
        problem(plan, "overrides",
                "\"" + entry.variant + "\" for unit \"" + entry.unit_id + "\" is not a variant"));
  }
}

// Two experiments of one layer must not own one slot.
void check_layers(std::span<const Running> experiments, std::uint32_t layer_slots,
                  Problems& problems) {
  struct Owner {
    SlotRange range;
    const Experiment* plan;
  };
  std::map<std::string_view, std::vector<Owner>> layers;
  for (const Running& running : experiments) {
    if (running.is_stopped) continue;
    for (const SlotRange& range : slots_of(running.plan, layer_slots)) {
      layers[layer_of(running.plan)].push_back({range, &running.plan});
    }
  }
  for (auto& layer : layers) {
    std::vector<Owner>& owners = layer.second;
    std::sort(owners.begin(), owners.end(),
              [](const Owner& a, const Owner& b) { return a.range.begin < b.range.begin; });
    for (std::size_t i = 1; i < owners.size(); ++i) {
      const Owner& before = owners[i - 1];
      const Owner& here = owners[i];
      if (before.plan == here.plan || here.range.begin >= before.range.end) continue;
      problems.push_back(problem(*here.plan, "slots",
                                 "slots from " + std::to_string(here.range.begin) + " to " +
                                     std::to_string(std::min(here.range.end, before.range.end)) +
                                     " of layer \"" + std::string(layer.first) + "\" belong to " +
                                     before.plan->id + " already",
                                 "give it other slots, or another layer"));
    }
  }
}

void check_ids(std::span<const Running> experiments, Problems& problems) {
  TextTable seen;
  for (const Running& running : experiments) {
    if (seen.find(running.plan.id) != TextTable::kAbsent) {
      problems.push_back(problem(running.plan, "id", "this experiment is there twice"));
    }
    seen.intern(running.plan.id);
  }
}

}  // namespace

class Compiler {
 public:
  explicit Compiler(std::uint32_t layer_slots) : layer_slots_(layer_slots) {}

  Checked<std::shared_ptr<const Snapshot>> run(std::span<const Running> experiments) {
    check_ids(experiments, problems_);
    check_layers(experiments, layer_slots_, problems_);
    for (const Running& running : experiments) {
      const Problems found = check_plan(running.plan);
      problems_.insert(problems_.end(), found.begin(), found.end());
    }
    if (!problems_.empty()) return unexpected(std::move(problems_));
    for (const Running& running : experiments) add(running);
    // Kinds of unit beyond the limit, and conditions, show only now.
    if (!problems_.empty()) return unexpected(std::move(problems_));
    snapshot_->targeting_.seal();
    return std::shared_ptr<const Snapshot>(std::move(snapshot_));
  }

  Problems check_plan(const Experiment& plan) const {
    Problems problems;
    if (plan.id.empty()) problems.push_back(problem(plan, "id", "is missing"));
    check_variants(plan, problems);
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
    snapshot_->ids_.intern(plan.id);
    const std::int16_t control = variant_index(plan, plan.control);
    snapshot_->controls_.push_back(static_cast<std::uint16_t>(std::max<std::int16_t>(control, 0)));
    snapshot_->entries_.push_back(entry);
  }

  bool add_unit_kind(const Experiment& plan, Snapshot::Entry& entry) {
    Schema& schema = snapshot_->schema_;
    const std::uint32_t known = schema.names.find(plan.assignment.unit);
    const bool is_new =
        known == TextTable::kAbsent || schema.attributes[known].unit_kind == Schema::kNoUnit;
    if (is_new && schema.units.size() == Schema::kMaxUnitKinds) {
      problems_.push_back(problem(plan, "unit",
                                  "more than " + std::to_string(Schema::kMaxUnitKinds) +
                                      " kinds of unit in one set of experiments"));
      return false;
    }
    entry.unit_kind = schema.unit_kind(plan.assignment.unit);
    return true;
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
  std::shared_ptr<Snapshot> snapshot_ = std::make_shared<Snapshot>();
};

Checked<std::shared_ptr<const Snapshot>> compile(std::span<const Running> experiments,
                                                 const CompileOptions& options) {
  return Compiler(options.layer_slots).run(experiments);
}

Problems unsupported(const Experiment& plan) {
  Compiler compiler(kLayerSlots);
  compiler.check_conditions(plan);
  Problems problems = compiler.take_problems();
  const Problems rules = compiler.check_plan(plan);
  problems.insert(problems.end(), rules.begin(), rules.end());
  return problems;
}

std::string layer_salt_text(std::string_view layer) { return "layer:" + std::string(layer); }

}  // namespace assay::assign
