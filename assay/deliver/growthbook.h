// The payload of GrowthBook's SDKs: features with an experiment rule each, so that an SDK that
// knows nothing of assay gives every unit the variant that assay would give it. Pure.
//
//   const GrowthbookPayload payload = growthbook_payload(running);
//   payload.features_json;  // {"ranker":{"defaultValue":"control","rules":[…]}}
//
// An experiment's id is its feature; the value is the variant's payload, or its key. A unit outside
// of the experiment gets control's value, as over OFREP. The unit of kind "user" is GrowthBook's
// attribute "id", every other kind the attribute of its name. Overrides are forced values before
// the experiment, so that no SDK tracks them.
//
// What an SDK could not answer alike is left out, with the reason:
//   - a split by another hash than GrowthBook's (`hash: growthbook_v2` or growthbook_v1),
//   - a plan that owns only a part of its layer, for assay draws slots by its own hash,
//   - holdouts and prerequisites,
//   - overrides of another unit than "user", for which the targeting key may stand in,
//   - overrides and forced variants whose payload is null (no `force` for the SDK for Python),
//   - version ranges in conditions ("1.4" is 1.4.0 for assay and less for GrowthBook).
// One difference stays: GrowthBook reads "device.os" only as a way into objects, never as a name.
#pragma once

#include <map>
#include <span>
#include <string>

#include "assay/assign/assign.h"

namespace assay::deliver {

struct GrowthbookPayload {
  std::string features_json;                    // An object: feature to definition.
  std::map<std::string, std::string> left_out;  // Experiment to reason.
};

GrowthbookPayload growthbook_payload(std::span<const assign::Running> experiments);

// Why GrowthBook's SDKs cannot be told of this plan; empty when they can.
std::string why_not_growthbook(const define::Experiment& plan);

}  // namespace assay::deliver
