// The body of a request as raw records: one per object found, whatever its shape, nothing checked.
// Only shapes.cc knows the JSON library; intake.cc checks what it gets from here.
//
// Shapes: assay's own; `track` calls of Segment, PostHog and Mixpanel; CloudEvents 1.0 around any
// of the others; OpenTelemetry's feature_flag.evaluation. See spec/formats/intake.md for their
// fields.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::collect {

struct Limits;

// A JSON value that should be a text or a number. Views end with the callback that got them.
struct Scalar {
  enum class Kind { kMissing, kText, kInteger, kNumber, kOther };
  Kind kind = Kind::kMissing;  // null is kMissing; a whole number beyond 64 bits is kNumber.
  std::string_view text = {};
  std::int64_t integer = 0;
  std::uint64_t above = 0;  // An integer that is too large for the other.
  double number = 0;

  std::string digits() const {  // Of an integer.
    return above > 0 ? std::to_string(above) : std::to_string(integer);
  }

  bool missing() const { return kind == Kind::kMissing; }
};

struct RawRecord {
  Scalar id = {};
  std::string made_id =
      {};  // From a shape's own identity (CloudEvents, OpenTelemetry), when id misses.
  Scalar time = {};
  Scalar experiment = {};
  Scalar variant = {};
  Scalar unit = {};
  std::vector<std::pair<std::string_view, Scalar>> units = {};
  bool units_are_object = true;
  Scalar name = {};
  Scalar value = {};
  std::string properties_json = "{}";
  bool properties_are_object = true;
  Scalar epoch = {};
  bool is_evaluation = false;
  bool is_override = false;
  bool override_is_bool = true;
};

// Why a line is no record at all.
struct Complaint {
  std::string message;
  std::string hint;
};

struct RecordSink {
  std::function<void(std::int64_t line, const RawRecord&)> record;
  std::function<void(std::int64_t line, Complaint)> complaint;
};

// `list` is the key of a wrapped array: "exposures" or "events". A batch of more than limits.lines
// gives one complaint and no record.
void read_records(std::string_view body, std::string_view content_type, std::string_view list,
                  const Limits& limits, const RecordSink& sink);

}  // namespace assay::collect
