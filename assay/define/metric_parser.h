// Metrics as a file writes them: definitions, planned metrics by role, covariates.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "assay/define/experiment.h"
#include "assay/define/fields.h"

namespace assay::define {

// A map from name to definition, as in a catalogue.
std::vector<MetricDefinition> parse_definitions(const Value& value);

// `metrics` with its roles. A metric that is defined neither in place nor in the catalogue is a
// warning.
std::vector<PlannedMetric> parse_metrics(const Value& value,
                                         std::span<const MetricDefinition> catalogue);

// `covariates`: values from before a unit's first exposure.
std::vector<MetricDefinition> parse_covariates(const Value& value);

}  // namespace assay::define
