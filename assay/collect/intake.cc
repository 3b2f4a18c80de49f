#include "assay/collect/intake.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "assay/base/expected.h"
#include "assay/base/text.h"
#include "assay/collect/shapes.h"

namespace assay::collect {
namespace {

template <typename T>
using Taken = Expected<T, Complaint>;

// Looking for near misses costs time; a batch that is all wrong needs only a few hints.
constexpr int kMaxSuggestions = 50;
constexpr Timestamp kEarliest{946'684'800 * kMicrosPerSecond};  // 2000-01-01

auto complain(std::string message, std::string hint) {
  return unexpected(Complaint{std::move(message), std::move(hint)});
}

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// A count since 1970 with a fraction, such as Python's time.time(): seconds to the microsecond, or
// one of the finer units, whose fraction says nothing more.
std::optional<Timestamp> parse_fraction(double count) {
  constexpr double kMilliseconds = 1e11, kEnd = 1e17;  // Seconds below, as in parse_time.
  if (!(count >= 0 && count < kEnd)) return std::nullopt;
  if (count >= kMilliseconds) return parse_time(std::to_string(std::llround(count)));
  return Timestamp{std::llround(count * static_cast<double>(kMicrosPerSecond))};
}

// Everything that every line of one batch is checked against.
class Checker {
 public:
  Checker(Timestamp now, const Limits& limits) : now_(now), limits_(limits) {}

  Taken<std::string> word(const Scalar& value, std::string_view field, std::string hint) const {
    if (value.kind == Scalar::Kind::kInteger) return value.digits();
    if (value.missing() || (value.kind == Scalar::Kind::kText && value.text.empty())) {
      return complain(fmt::format("{} is missing", field), std::move(hint));
    }
    if (value.kind == Scalar::Kind::kNumber) {
      return complain(fmt::format("{} is a number, but no whole one of 64 bits", field),
                      "send it as a text, in quotes");
    }
    if (value.kind != Scalar::Kind::kText) {
      return complain(fmt::format("{} is not a text", field), std::move(hint));
    }
    return bounded(value.text, field);
  }

  Taken<std::string> id(const RawRecord& record) const {
    if (record.id.missing() && !record.made_id.empty()) return bounded(record.made_id, "id");
    return word(record.id, "id",
                "give every line an id of your own choice, and the same one when you send it again:"
                " an id counts once");
  }

  Taken<Timestamp> time(const Scalar& value) const {
    if (value.missing()) return now_;
    std::optional<Timestamp> time;
    if (value.kind == Scalar::Kind::kText) time = parse_time(value.text);
    if (value.kind == Scalar::Kind::kInteger) time = parse_time(value.digits());
    if (value.kind == Scalar::Kind::kNumber) time = parse_fraction(value.number);
    if (!time || *time < kEarliest) {
      return complain("time is not a point in time since 2000",
                      "RFC 3339 such as 2026-03-01T10:00:00Z, or seconds, milliseconds or"
                      " microseconds since 1970");
    }
    if (time->micros > now_.micros + limits_.future_micros) {
      return complain(
          fmt::format("time {} is in the future: it is {} here", to_text(*time), to_text(now_)),
          "check the sender's clock and time zone, or leave time out");
    }
    return *time;
  }

  Taken<std::string> properties(const RawRecord& record) const {
    if (!record.properties_are_object) {
      return complain("properties is not an object", "such as {\"country\": \"IN\"}");
    }
    if (record.properties_json.size() > limits_.properties_bytes) {
      return complain(fmt::format("properties has {} bytes, at most {} are taken",
                                  record.properties_json.size(), limits_.properties_bytes),
                      "send only what metrics and segments need");
    }
    return record.properties_json;
  }

  Taken<std::vector<std::pair<std::string, std::string>>> units(const RawRecord& record) const {
    const std::string hint = "name what the event belongs to: \"units\": {\"user\": \"u1\"}";
    if (!record.units_are_object) return complain("units is not an object", hint);
    if (record.units.empty()) return complain("units is missing or empty", hint);
    if (record.units.size() > limits_.unit_kinds) {
      return complain(fmt::format("units has {} kinds, at most {} are taken", record.units.size(),
                                  limits_.unit_kinds),
                      hint);
    }
    std::vector<std::pair<std::string, std::string>> units;
    for (const auto& [kind, raw] : record.units) {
      ASSAY_TRY(std::string name, bounded(kind, "a kind in units"));
      ASSAY_TRY(std::string unit, word(raw, fmt::format("units.{}", kind), hint));
      units.emplace_back(std::move(name), std::move(unit));
    }
    return units;
  }

  static Taken<std::optional<double>> value(const Scalar& value) {
    if (value.missing()) return std::optional<double>{};
    const bool number = value.kind == Scalar::Kind::kInteger || value.kind == Scalar::Kind::kNumber;
    if (!number || !std::isfinite(value.number)) {
      return complain("value is not a finite number", "leave it out when the event has none");
    }
    return std::optional<double>{value.number};
  }

  std::string suggestion(std::string_view word, std::vector<std::string_view> candidates,
                         std::string otherwise) {
    if (suggestions_ >= kMaxSuggestions) return otherwise;
    ++suggestions_;
    const auto near = did_you_mean(word, candidates);
    return near ? fmt::format("did you mean {}?", *near) : otherwise;
  }

 private:
  Taken<std::string> bounded(std::string_view text, std::string_view field) const {
    if (text.empty()) return complain(fmt::format("{} is empty", field), "give it a name");
    if (text.size() > limits_.name_bytes) {
      return complain(fmt::format("{} has {} bytes, at most {} are taken", field, text.size(),
                                  limits_.name_bytes),
                      "use a shorter one, or a hash of it");
    }
    if (has_control_characters(text)) {
      return complain(fmt::format("{} has control characters", field), "use printable text");
    }
    return std::string(text);
  }

  Timestamp now_;
  const Limits& limits_;
  int suggestions_ = 0;
};

Taken<const KnownExperiment*> find_experiment(const std::string& id, const RawRecord& record,
                                              const Known& known, Checker& check) {
  const KnownExperiment* found = known.known(id);
  if (found == nullptr) {
    return complain(fmt::format("there is no experiment {}", id),
                    check.suggestion(id, known.known_ids(), "GET /v1/experiments lists them"));
  }
  if (found->state == State::kDraft) {
    return complain(fmt::format("experiment {} has not started", id),
                    "start it first: only a running plan is counted");
  }
  if (record.is_evaluation && !found->expose_on_evaluation) {
    return complain(fmt::format("experiment {} does not count evaluations as exposures", id),
                    "send an exposure when the unit meets its variant, or set"
                    " expose_on_evaluation in the experiment's file");
  }
  return found;
}

Taken<std::string> variant_of(const RawRecord& record, const KnownExperiment& experiment,
                              Checker& check) {
  ASSAY_TRY(std::string variant,
            check.word(record.variant, "variant", "name the variant that the unit met"));
  const auto& known = experiment.variants;
  if (std::find(known.begin(), known.end(), variant) == known.end()) {
    return complain(fmt::format("the experiment has no variant {}", variant),
                    check.suggestion(variant, {known.begin(), known.end()},
                                     fmt::format("it has {}", fmt::join(known, ", "))));
  }
  return variant;
}

struct ExposedUnit {
  std::string kind;
  std::string id;
};

// `unit` alone is of the experiment's first kind.
Taken<ExposedUnit> exposed_unit(const RawRecord& record, const KnownExperiment& experiment,
                                const Checker& check) {
  Scalar unit = record.unit;
  Scalar fallback;
  for (const auto& [kind, id] : record.units) {
    if (unit.missing() && kind == experiment.unit_kind) unit = id;
    if (kind == experiment.fallback_unit) fallback = id;
  }
  const bool is_nobody = unit.missing() || (unit.kind == Scalar::Kind::kText && unit.text.empty());
  const bool falls_back = is_nobody && !fallback.missing();
  const std::string& kind = falls_back ? experiment.fallback_unit : experiment.unit_kind;
  ASSAY_TRY(std::string id, check.word(falls_back ? fallback : unit, "unit",
                                       fmt::format("give the id of the {}", kind)));
  return ExposedUnit{kind, std::move(id)};
}

std::int64_t epoch_at(const KnownExperiment& experiment, Timestamp time) {
  std::int64_t number = experiment.epochs.empty() ? 0 : experiment.epochs.front().number;
  for (const Epoch& epoch : experiment.epochs) {
    if (epoch.started_at <= time) number = epoch.number;
  }
  return number;
}

// The sender's word first, who knows the answer that the unit was shown; then what is known of the
// unit, or else of the time.
Taken<std::int64_t> epoch_of(const Scalar& sent, const KnownExperiment& experiment,
                             const Exposure& exposure) {
  if (!sent.missing()) {
    const bool is_one = sent.kind == Scalar::Kind::kInteger && sent.above == 0 &&
                        std::ranges::count(experiment.epochs, sent.integer, &Epoch::number) > 0;
    if (is_one) return sent.integer;
    std::vector<std::int64_t> known;
    for (const Epoch& one : experiment.epochs) known.push_back(one.number);
    return complain(fmt::format("epoch is none of the epochs of {}: {}", exposure.experiment,
                                fmt::join(known, ", ")),
                    "send that of the answer that was shown, a number, or leave it out");
  }
  if (experiment.epoch_of) {
    if (const auto known = experiment.epoch_of(exposure)) return *known;
  }
  return epoch_at(experiment, exposure.time);
}

std::optional<double> propensity_of(const KnownExperiment& experiment, const Exposure& exposure) {
  const auto of_epoch = experiment.propensities.find(exposure.epoch);
  const auto& keys = experiment.variants;
  const auto variant = static_cast<std::size_t>(
      std::find(keys.begin(), keys.end(), exposure.variant) - keys.begin());
  if (of_epoch == experiment.propensities.end() || variant >= of_epoch->second.size()) {
    return std::nullopt;
  }
  return exposure.is_override ? 1.0 : of_epoch->second[variant];
}

Taken<Exposure> take_exposure(const RawRecord& record, const Known& known, Checker& check) {
  Exposure exposure;
  ASSAY_TRY(exposure.id, check.id(record));
  ASSAY_TRY(exposure.experiment,
            check.word(record.experiment, "experiment", "name the experiment's id"));
  ASSAY_TRY(const auto* found, find_experiment(exposure.experiment, record, known, check));
  const KnownExperiment& experiment = *found;
  ASSAY_TRY(exposure.variant, variant_of(record, experiment, check));
  ASSAY_TRY(auto unit, exposed_unit(record, experiment, check));
  exposure.unit_kind = std::move(unit.kind);
  exposure.unit_id = std::move(unit.id);
  ASSAY_TRY(exposure.time, check.time(record.time));
  if (experiment.stopped_at && exposure.time > *experiment.stopped_at) {
    return complain(fmt::format("experiment {} stopped at {}, before this exposure",
                                exposure.experiment, to_text(*experiment.stopped_at)),
                    "only exposures from before the stop still count");
  }
  ASSAY_TRY(exposure.properties_json, check.properties(record));
  if (!record.override_is_bool) {
    return complain("override is neither true nor false",
                    "true where the answer's reason was override, else leave it out");
  }
  exposure.version = experiment.version;
  ASSAY_TRY(exposure.epoch, epoch_of(record.epoch, experiment, exposure));
  exposure.is_override = record.is_override || experiment.overridden.contains(exposure.unit_id);
  exposure.propensity = propensity_of(experiment, exposure);
  return exposure;
}

Taken<Event> take_event(const RawRecord& record, const Checker& check) {
  Event event;
  if (record.is_evaluation) {
    return complain("an evaluation is not an outcome", "send it to /v1/exposures");
  }
  ASSAY_TRY(event.id, check.id(record));
  ASSAY_TRY(event.name, check.word(record.name, "name", "name what happened: add_to_cart"));
  ASSAY_TRY(event.units, check.units(record));
  ASSAY_TRY(event.value, Checker::value(record.value));
  ASSAY_TRY(event.time, check.time(record.time));
  ASSAY_TRY(event.properties_json, check.properties(record));
  return event;
}

// The id as sent, if it is short enough to be worth repeating.
std::string echo_id(const RawRecord& record, const Limits& limits) {
  if (record.id.kind == Scalar::Kind::kInteger) return record.id.digits();
  const std::string_view id = record.id.missing() ? record.made_id : record.id.text;
  return id.size() <= limits.name_bytes ? std::string(id) : std::string();
}

Rejected reject(std::int64_t line, std::string id, Complaint why) {
  return {line, std::move(id), std::move(why.message), std::move(why.hint)};
}

}  // namespace

ParsedExposures parse_exposures(std::string_view body, std::string_view content_type, Timestamp now,
                                const Known& known, const Limits& limits) {
  ParsedExposures parsed;
  Checker check(now, limits);
  const auto take = [&](std::int64_t line, const RawRecord& record) {
    auto exposure = take_exposure(record, known, check);
    if (exposure) return parsed.exposures.push_back(std::move(*exposure));
    parsed.rejected.push_back(reject(line, echo_id(record, limits), std::move(exposure).error()));
  };
  const auto refuse = [&](std::int64_t line, Complaint why) {
    parsed.rejected.push_back(reject(line, {}, std::move(why)));
  };
  read_records(body, content_type, "exposures", limits, {take, refuse});
  return parsed;
}

ParsedEvents parse_events(std::string_view body, std::string_view content_type, Timestamp now,
                          const Limits& limits) {
  ParsedEvents parsed;
  const Checker check(now, limits);
  const auto take = [&](std::int64_t line, const RawRecord& record) {
    auto event = take_event(record, check);
    if (event) return parsed.events.push_back(std::move(*event));
    parsed.rejected.push_back(reject(line, echo_id(record, limits), std::move(event).error()));
  };
  const auto refuse = [&](std::int64_t line, Complaint why) {
    parsed.rejected.push_back(reject(line, {}, std::move(why)));
  };
  read_records(body, content_type, "events", limits, {take, refuse});
  return parsed;
}

}  // namespace assay::collect
