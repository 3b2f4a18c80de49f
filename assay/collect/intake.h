// Intake: the body of a request becomes exposures or events; every line that cannot be used is
// named with its reason, and the rest is kept.
//
// Pure: `now` and the known experiments are passed in; call it from any thread. The shape of the
// body follows from the content type, or from the text itself: a JSON object, an array,
// {"exposures": […]} or {"events": […]}, or one JSON object per line (NDJSON). Besides assay's own
// fields it reads the shapes that teams already send: `track` calls of Segment ("Experiment
// Viewed"), PostHog and Mixpanel, CloudEvents 1.0 in every mode, and OpenTelemetry's
// feature_flag.evaluation. The fields are described in spec/formats/intake.md.
//
//   const ParsedEvents parsed = parse_events(body, "application/x-ndjson", now);
//   log.append({.events = parsed.events}, …);
//   for (const Rejected& line : parsed.rejected) …
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "assay/base/time.h"
#include "assay/collect/event.h"

namespace assay::collect {

enum class State { kDraft, kRunning, kStopped };

struct Epoch {
  std::int64_t number = 0;
  Timestamp started_at;
};

// What intake must know of an experiment to check and complete an exposure.
struct KnownExperiment {
  State state = State::kRunning;
  std::vector<std::string> variants = {};
  std::optional<Timestamp> stopped_at = {};  // Later exposures do not count.
  std::string unit_kind = "user";
  std::string fallback_unit = {};  // Kind that counts where the first is not named; or none.
  std::string version = {};        // Written into each exposure.
  std::vector<Epoch> epochs = {};  // By start; an exposure gets the one of its time …
  // … unless the epoch follows from the unit; asked when all but the epoch is known.
  std::function<std::optional<std::int64_t>(const Exposure&)> epoch_of = {};
  // By epoch: the share of each variant, in their order. Logged with each exposure.
  std::map<std::int64_t, std::vector<double>> propensities = {};
  std::set<std::string, std::less<>> overridden = {};  // Units whose exposures are left out later.
  bool expose_on_evaluation = false;                   // An evaluation counts as an exposure.
};

// Who knows the experiments; asked from any thread.
class Known {
 public:
  virtual ~Known() = default;
  virtual const KnownExperiment* known(std::string_view id) const = 0;  // May be null.
  virtual std::vector<std::string_view> known_ids() const = 0;  // To find what somebody meant.
};

struct Limits {
  std::size_t line_bytes = 64 << 10;
  std::size_t name_bytes = 256;  // Ids and names.
  std::size_t unit_kinds = 16;
  std::size_t properties_bytes = 16 << 10;
  std::size_t lines = 50'000;
  std::int64_t future_micros = 600 * kMicrosPerSecond;  // Clocks may be this far ahead.
};

// A line that was not taken: the line of NDJSON, or the index in the array plus one.
struct Rejected {
  std::int64_t line = 0;
  std::string id;  // As sent, where it could be read.
  std::string message;
  std::string hint;
};

struct ParsedExposures {
  std::vector<Exposure> exposures;
  std::vector<Rejected> rejected;
};

struct ParsedEvents {
  std::vector<Event> events;
  std::vector<Rejected> rejected;
};

ParsedExposures parse_exposures(std::string_view body, std::string_view content_type, Timestamp now,
                                const Known& known, const Limits& limits = {});

ParsedEvents parse_events(std::string_view body, std::string_view content_type, Timestamp now,
                          const Limits& limits = {});

// CloudEvents 1.0 in binary mode, as one in structured mode that the functions above read. The
// values of the ce-* headers as sent; empty where there is none.
struct CloudEventHeaders {
  std::string_view id;
  std::string_view source;
  std::string_view type;
  std::string_view time;
};
std::string cloud_event_json(const CloudEventHeaders& headers, std::string_view data);

}  // namespace assay::collect
