// Answer: what goes back over HTTP, how each experiment came out, and the exposures that the answer
// itself caused. Exposure is a
// plain value here: the composition root stamps it with the time and hands it to collect.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "assay/assign/assign.h"
#include "assay/base/expected.h"
#include "assay/deliver/sticky.h"

namespace assay::deliver {

// The longest unit id that an event may have (collect's Limits). A unit with a longer one could
// have no outcome, so its answers are no exposures.
inline constexpr std::size_t kMaxUnitIdBytes = 256;

struct Exposure {
  std::string
      id;  // From experiment, version, epoch, unit (and period): a repeat is the same exposure.
  std::string experiment;
  std::string variant;
  std::string unit_kind;
  std::string unit_id;
  std::uint32_t version = 0;
  std::int64_t epoch = 0;
  bool is_override = false;
  double propensity = 0.0;
};

// How one experiment was answered: what counters are kept of.
struct Evaluation {
  assign::Handle experiment;
  std::int16_t variant = assign::Assignment::kNone;
  assign::Reason reason = assign::Reason::kStopped;
};

struct Answer {
  int status = 200;
  std::string body;  // JSON, or empty with 304.
  std::string etag;  // Quoted, for the ETag header; empty: none.
  std::vector<Exposure> exposures;
  std::vector<Evaluation> evaluations = {};
  std::vector<NewMemory> memories = {};  // To be remembered before the answer leaves.
};

Exposure exposure_of(const assign::Snapshot& snapshot, assign::Handle experiment,
                     const assign::Assignment& assignment, const assign::Context& context);

// The text as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
std::string json_quoted(std::string_view text);

}  // namespace assay::deliver
