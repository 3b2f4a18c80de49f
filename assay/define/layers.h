// Experiments in one layer exclude each other: no slot may belong to two of them. Here is who owns
// what, what is free, and where a new experiment finds room.
//
//   const Experiment* running[] = {&search, &ranking};
//   const auto slots = find_slots(wanted, running);     // layer: {name: home, share: 20%}
//   if (!slots) show(slots.error());                    // names the owners and the free slots
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "assay/base/expected.h"
#include "assay/base/problem.h"
#include "assay/define/experiment.h"

namespace assay::define {

// Without a layer of its name an experiment is alone in the layer of its id.
const std::string& layer_of(const Experiment& experiment);

// What an experiment owns of its layer. Neither slots nor a share means all of it; a share without
// slots owns nothing yet.
std::vector<SlotRange> slots_of(const Experiment& experiment,
                                std::uint32_t layer_slots = kLayerSlots);

// One problem per pair of experiments that own the same slots of a layer; names both, the slots,
// and what is free there for the first of the two, beside all others.
Problems layer_conflicts(std::span<const Experiment* const> experiments,
                         std::uint32_t layer_slots = kLayerSlots);

// Slots for an experiment that asks for a share, free beside `others` (of any layer; itself does
// not count). The smallest free range that is large enough, so that large ones stay whole; where
// none is, several from the front. A problem where too few are free.
Checked<std::vector<SlotRange>> find_slots(const Experiment& wanted,
                                           std::span<const Experiment* const> others);

// "0-99999, 500000-599999": both ends included, as in the file.
std::string slots_text(const std::vector<SlotRange>& slots);

}  // namespace assay::define
