// The one JSON form of an Experiment (keys sorted, defaults filled in, numbers shortest): what is
// stored, sent and fingerprinted. Its format is documented in spec/formats/experiment.md.
#pragma once

#include <string>

#include "assay/base/expected.h"
#include "assay/define/experiment.h"

namespace assay::define {

std::string canonical_json(const Experiment& experiment);
// Reads what canonical_json wrote; kCorrupt otherwise.
Result<Experiment> from_canonical_json(std::string_view json);
// SHA-256 of the canonical JSON, 64 hex digits.
std::string fingerprint(const Experiment& experiment);

}  // namespace assay::define
