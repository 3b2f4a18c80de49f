// Weights that are set while the experiment runs, by a bandit or by hand: from the plan's
// `adaptive: {floor: 5%}`, and from the requests that set them. The floor keeps every propensity
// away from 0, so that an analysis that divides by it has a variance.
//
//   auto weights = parse_reweighing(R"({"allocation": {"control": 0.2, "b": 0.8}})", plan);
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "assay/base/problem.h"
#include "assay/define/experiment.h"
#include "assay/define/fields.h"

namespace assay::define {

// `adaptive` of an experiment whose variants and memory are known by now.
void parse_adaptive(const Fields& experiment, const std::vector<Variant>& variants,
                    Assignment& assignment);

// The weights in the order of the plan's variants. Problems: no `adaptive` in the plan, a variant
// missing or unknown, shares that do not add up, one below the floor.
Checked<std::vector<std::uint32_t>> parse_reweighing(std::string_view text, const Experiment& plan);

}  // namespace assay::define
