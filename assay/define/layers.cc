#include "assay/define/layers.h"

#include <algorithm>

#include <fmt/format.h>

namespace assay::define {
namespace {

using Members = std::vector<const Experiment*>;

std::vector<SlotRange> overlap(const std::vector<SlotRange>& a, const std::vector<SlotRange>& b) {
  std::vector<SlotRange> common;
  for (const SlotRange& x : a) {
    for (const SlotRange& y : b) {
      const SlotRange both{std::max(x.begin, y.begin), std::min(x.end, y.end)};
      if (both.begin < both.end) common.push_back(both);
    }
  }
  std::ranges::sort(common, {}, &SlotRange::begin);
  return common;
}

std::vector<SlotRange> free_slots(const Members& layer, std::uint32_t layer_slots) {
  std::vector<SlotRange> taken;
  for (const Experiment* experiment : layer) {
    const auto slots = slots_of(*experiment, layer_slots);
    taken.insert(taken.end(), slots.begin(), slots.end());
  }
  std::ranges::sort(taken, {}, &SlotRange::begin);
  std::vector<SlotRange> free;
  std::uint32_t next = 0;
  for (const SlotRange& range : taken) {
    if (range.begin > next) free.push_back({next, range.begin});
    next = std::max(next, range.end);
  }
  if (next < layer_slots) free.push_back({next, layer_slots});
  return free;
}

std::uint32_t size_of(const SlotRange& range) { return range.end - range.begin; }

std::uint32_t size_of(const std::vector<SlotRange>& ranges) {
  std::uint32_t sum = 0;
  for (const SlotRange& range : ranges) sum += size_of(range);
  return sum;
}

// Whether any slot of the layer has two owners, in the time of one sort.
bool has_conflict(const Members& layer, std::uint32_t layer_slots) {
  if (layer.size() < 2) return false;
  struct Owner {
    SlotRange range;
    const Experiment* experiment;
  };
  std::vector<Owner> owners;
  for (const Experiment* one : layer) {
    for (const SlotRange& range : slots_of(*one, layer_slots)) owners.push_back({range, one});
  }
  std::ranges::sort(owners, {}, [](const Owner& owner) { return owner.range.begin; });
  for (std::size_t i = 1; i < owners.size(); ++i) {
    const bool overlaps = owners[i].range.begin < owners[i - 1].range.end;
    if (overlaps && owners[i].experiment != owners[i - 1].experiment) return true;
  }
  return false;
}

std::string free_beside(const Members& layer, std::size_t asking, std::uint32_t layer_slots) {
  Members others = layer;
  others.erase(others.begin() + static_cast<std::ptrdiff_t>(asking));
  const std::string free = slots_text(free_slots(others, layer_slots));
  if (free.empty()) return "no slot is free: use another layer, or end an experiment";
  return fmt::format("free for {}: {}", layer[asking]->id, free);
}

void name_conflicts(const Members& layer, std::uint32_t layer_slots, Problems& problems) {
  for (std::size_t i = 0; i < layer.size(); ++i) {
    const auto own = slots_of(*layer[i], layer_slots);
    for (std::size_t k = 0; k < i; ++k) {
      const auto common = overlap(slots_of(*layer[k], layer_slots), own);
      if (common.empty()) continue;
      problems.push_back(
          {.place = {},
           .field = "layer",
           .message = fmt::format("{} and {} both own slots {} of layer {}", layer[k]->id,
                                  layer[i]->id, slots_text(common), layer_of(*layer[i])),
           .hint = free_beside(layer, k, layer_slots)});
    }
  }
}

Problem no_room(const Experiment& wanted, std::uint32_t size, const Members& layer,
                const std::vector<SlotRange>& free) {
  std::string owners;
  for (const Experiment* one : layer) {
    owners += fmt::format("{}{} owns {}", owners.empty() ? "" : ", ", one->id,
                          slots_text(slots_of(*one)));
  }
  return {.place = {},
          .field = "layer",
          .message = fmt::format("{} asks for {} slots of layer {}, of which {} are free{}",
                                 wanted.id, size, layer_of(wanted), size_of(free),
                                 free.empty() ? "" : fmt::format(" ({})", slots_text(free))),
          .hint = owners + ": ask for a smaller share, use another layer, or end an experiment"};
}

}  // namespace

const std::string& layer_of(const Experiment& experiment) {
  return experiment.assignment.layer.empty() ? experiment.id : experiment.assignment.layer;
}

std::vector<SlotRange> slots_of(const Experiment& experiment, std::uint32_t layer_slots) {
  const Assignment& assignment = experiment.assignment;
  if (assignment.slots.empty() && !assignment.share_ppm) return {{0, layer_slots}};
  return assignment.slots;
}

Problems layer_conflicts(std::span<const Experiment* const> experiments,
                         std::uint32_t layer_slots) {
  std::vector<const Experiment*> sorted(experiments.begin(), experiments.end());
  std::ranges::stable_sort(sorted, {}, [](const Experiment* e) { return layer_of(*e); });
  Problems problems;
  for (std::size_t begin = 0; begin < sorted.size();) {
    std::size_t end = begin + 1;
    while (end < sorted.size() && layer_of(*sorted[end]) == layer_of(*sorted[begin])) ++end;
    const Members layer(sorted.begin() + static_cast<std::ptrdiff_t>(begin),
                        sorted.begin() + static_cast<std::ptrdiff_t>(end));
    if (has_conflict(layer, layer_slots)) name_conflicts(layer, layer_slots, problems);
    begin = end;
  }
  return problems;
}

Checked<std::vector<SlotRange>> find_slots(const Experiment& wanted,
                                           std::span<const Experiment* const> others) {
  Members layer;
  for (const Experiment* other : others) {
    if (layer_of(*other) == layer_of(wanted) && other->id != wanted.id) layer.push_back(other);
  }
  std::ranges::sort(layer, {}, [](const Experiment* one) {
    const auto slots = slots_of(*one);
    return slots.empty() ? kLayerSlots : slots.front().begin;
  });
  const std::vector<SlotRange> free = free_slots(layer, kLayerSlots);
  std::uint32_t missing = wanted.assignment.share_ppm.value_or(kLayerSlots);
  if (size_of(free) < missing) return unexpected(Problems{no_room(wanted, missing, layer, free)});
  const SlotRange* best = nullptr;
  for (const SlotRange& range : free) {
    const bool fits = size_of(range) >= missing;
    if (fits && (best == nullptr || size_of(range) < size_of(*best))) best = &range;
  }
  if (best != nullptr) return std::vector<SlotRange>{{best->begin, best->begin + missing}};
  std::vector<SlotRange> slots;
  for (const SlotRange& range : free) {
    const std::uint32_t taken = std::min(missing, size_of(range));
    if (taken > 0) slots.push_back({range.begin, range.begin + taken});
    missing -= taken;
  }
  return slots;
}

std::string slots_text(const std::vector<SlotRange>& slots) {
  std::string text;
  for (const SlotRange& range : slots) {
    text += fmt::format("{}{}-{}", text.empty() ? "" : ", ", range.begin, range.end - 1);
  }
  return text;
}

}  // namespace assay::define
