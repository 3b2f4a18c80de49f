// The part of an experiment file that says who gets what: variants and their shares, layer,
// traffic, overrides. Shares are read as decimals and become integers exactly; no floating point is
// involved.
#pragma once

#include "assay/define/experiment.h"
#include "assay/define/fields.h"

namespace assay::define {

// `allocation` and `variants`, which may stand beside each other.
std::vector<Variant> parse_variants(const Fields& experiment);

// Everything else about assignment; `id` gives the defaults of layer and salt.
Assignment parse_assignment(const Fields& experiment, const std::string& id,
                            const std::vector<Variant>& variants);

}  // namespace assay::define
