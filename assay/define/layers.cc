#include "assay/define/layers.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace assay::define {
namespace {

std::string ranges_text(const std::vector<SlotRange>& ranges) {
  std::string text;
  for (const SlotRange& range : ranges) {
    text += fmt::format("{}{}-{}", text.empty() ? "" : ", ", range.begin, range.end - 1);
  }
  return text;
}

std::vector<SlotRange> overlap(const Experiment& a, const Experiment& b) {
  std::vector<SlotRange> common;
  for (const SlotRange& x : a.assignment.slots) {
    for (const SlotRange& y : b.assignment.slots) {
      const SlotRange both{std::max(x.begin, y.begin), std::min(x.end, y.end)};
      if (both.begin < both.end) common.push_back(both);
    }
  }
  std::ranges::sort(common, {}, &SlotRange::begin);
  return common;
}

std::vector<SlotRange> free_slots(const std::vector<const Experiment*>& layer) {
  std::vector<SlotRange> taken;
  for (const Experiment* experiment : layer) {
    taken.insert(taken.end(), experiment->assignment.slots.begin(),
                 experiment->assignment.slots.end());
  }
  std::ranges::sort(taken, {}, &SlotRange::begin);
  std::vector<SlotRange> free;
  std::uint32_t next = 0;
  for (const SlotRange& range : taken) {
    if (range.begin > next) free.push_back({next, range.begin});
    next = std::max(next, range.end);
  }
  if (next < kLayerSlots) free.push_back({next, kLayerSlots});
  return free;
}

}  // namespace

Problems layer_conflicts(std::span<const Experiment> experiments) {
  std::map<std::string, std::vector<const Experiment*>> layers;
  for (const Experiment& one : experiments) layers[one.assignment.layer].push_back(&one);
  Problems problems;
  for (const auto& [name, members] : layers) {
    for (std::size_t i = 0; i < members.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        const auto common = overlap(*members[k], *members[i]);
        if (common.empty()) continue;
        const std::string free = ranges_text(free_slots(members));
        problems.push_back(
            {.place = {},
             .field = "layer",
             .message = fmt::format("{} and {} both own slots {} of layer {}", members[k]->id,
                                    members[i]->id, ranges_text(common), name),
             .hint = free.empty() ? "no slot is free: use another layer, or end an experiment"
                                  : fmt::format("free slots: {}", free)});
      }
    }
  }
  return problems;
}

}  // namespace assay::define
