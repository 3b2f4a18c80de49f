// Who is in an experiment besides by attributes and slots, and for how long the answer holds:
// holdouts, prerequisites, namespaces, switchbacks.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "assay/define/fields.h"
#include "assay/define/parse.h"

namespace assay::define {

// `holdouts:` of a catalogue: name to share.
std::vector<HoldoutDefinition> parse_holdouts(const Value& value);

// `prerequisites` of an experiment of this id, or of a variant that it forces.
std::vector<Prerequisite> parse_prerequisites(const Value& value, const std::string& id);

// `holdouts`, `prerequisites`, `namespaces` and `switchback` of an experiment, the rest of whose
// assignment is known by now. Of `known` holdouts with one name the first counts.
void parse_gates(const Fields& experiment, const std::string& id,
                 std::span<const HoldoutDefinition> known, Assignment& assignment);

}  // namespace assay::define
