// Event and Exposure: what the world tells us. Both carry an id chosen by the sender; the same id
// counts once, however often it is sent.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "assay/base/time.h"

namespace assay::collect {

// An outcome: something a unit did or something that happened to it.
struct Event {
  std::string id;
  Timestamp time;
  std::string name;
  std::vector<std::pair<std::string, std::string>>
      units;  // Kind to id: {"user", "u1"}, {"session", "s9"}.
  std::optional<double> value;
  std::string properties_json;  // A JSON object as text; "{}" when there are none.
};

// A unit met its variant.
struct Exposure {
  std::string id;
  Timestamp time;
  std::string experiment;
  std::string variant;
  std::string unit_kind = "user";
  std::string unit_id;
  std::string version;  // Fingerprint prefix or number of the experiment version that assigned; may
                        // be empty.
  std::int64_t epoch = 0;            // Allocation epoch.
  bool is_override = false;          // Left out of the analysis.
  std::optional<double> propensity;  // Probability of this variant when it was drawn.
  std::string properties_json;       // Attributes for segments; "{}" when there are none.
};

}  // namespace assay::collect
