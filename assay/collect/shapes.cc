#include "assay/collect/shapes.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <simdjson.h>

#include "assay/base/json_text.h"
#include "assay/collect/intake.h"

namespace assay::collect {
namespace {

using Object = simdjson::dom::object;
using Element = simdjson::dom::element;

std::optional<Element> find(const Object& object, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    Element element;
    if (object.at_key(key).get(element) == simdjson::SUCCESS && !element.is_null()) return element;
  }
  return std::nullopt;
}

std::optional<Object> find_object(const Object& object,
                                  std::initializer_list<std::string_view> keys) {
  const auto element = find(object, keys);
  if (!element || !element->is_object()) return std::nullopt;
  return element->get_object().value_unsafe();
}

Scalar scalar(const std::optional<Element>& element) {
  if (!element) return {};
  Scalar result{.kind = Scalar::Kind::kOther};
  if (element->get(result.text) == simdjson::SUCCESS) {
    result.kind = Scalar::Kind::kText;
  } else if (element->get(result.integer) == simdjson::SUCCESS) {
    result.kind = Scalar::Kind::kInteger;
    result.number = static_cast<double>(result.integer);
  } else if (element->get(result.above) == simdjson::SUCCESS) {
    result.kind = Scalar::Kind::kInteger;
    result.number = static_cast<double>(result.above);
  } else if (element->get(result.number) == simdjson::SUCCESS) {
    result.kind = Scalar::Kind::kNumber;
  }
  return result;
}

Scalar scalar(const Object& object, std::initializer_list<std::string_view> keys) {
  return scalar(find(object, keys));
}

bool is_text(const Scalar& value, std::string_view text) {
  return value.kind == Scalar::Kind::kText && value.text == text;
}

void read_properties(const std::optional<Element>& element, RawRecord& record) {
  if (!element) return;
  record.properties_are_object = element->is_object();
  if (record.properties_are_object) record.properties_json = simdjson::minify(*element);
}

RawRecord read_native(const Object& object) {
  RawRecord record{.id = scalar(object, {"id"}),
                   .time = scalar(object, {"time", "timestamp"}),
                   .experiment = scalar(object, {"experiment"}),
                   .variant = scalar(object, {"variant"}),
                   .unit = scalar(object, {"unit"}),
                   .name = scalar(object, {"name"}),
                   .value = scalar(object, {"value"}),
                   .epoch = scalar(object, {"epoch"})};
  if (const auto units = find(object, {"units"})) {
    Object map;
    record.units_are_object = units->get(map) == simdjson::SUCCESS;
    if (record.units_are_object) {
      for (const auto field : map) record.units.emplace_back(field.key, scalar(field.value));
    }
  }
  read_properties(find(object, {"properties", "attributes"}), record);
  if (const auto given = find(object, {"override"})) {
    record.override_is_bool = given->get(record.is_override) == simdjson::SUCCESS;
  }
  return record;
}

void add_unit(RawRecord& record, std::string_view kind, const Scalar& id) {
  if (!id.missing()) record.units.emplace_back(kind, id);
}

// The tracking call of Segment (RudderStack and others send the same), of PostHog
// ("$feature_flag_called") and of Mixpanel ("$experiment_started"), which has id, time and unit
// among its properties.
RawRecord read_track(const Object& object) {
  RawRecord record{.id = scalar(object, {"messageId", "uuid"}),
                   .time = scalar(object, {"timestamp", "originalTimestamp"}),
                   .name = scalar(object, {"event"})};
  Scalar user = scalar(object, {"userId", "distinct_id"});
  if (const auto properties = find_object(object, {"properties"})) {
    record.experiment =
        scalar(*properties, {"experiment_id", "experimentId", "$feature_flag", "Experiment name"});
    record.variant = scalar(
        *properties, {"variation_id", "variationId", "$feature_flag_response", "Variant name"});
    record.value = scalar(*properties, {"value", "revenue"});
    if (record.id.missing()) record.id = scalar(*properties, {"$insert_id"});
    if (record.time.missing()) record.time = scalar(*properties, {"time"});
    if (user.missing()) user = scalar(*properties, {"distinct_id"});
  }
  add_unit(record, "user", user);
  add_unit(record, "anonymous", scalar(object, {"anonymousId"}));
  read_properties(find(object, {"properties"}), record);
  return record;
}

// One evaluation as a flat log record. It has no id of its own: the same unit with the same answer
// is the same exposure, so that is its identity.
RawRecord read_evaluation(const Object& object) {
  const Object attributes = find_object(object, {"attributes"}).value_or(object);
  RawRecord record{
      .id = scalar(object, {"id"}),
      .time = scalar(object, {"time", "timestamp"}),
      .experiment = scalar(attributes, {"feature_flag.key"}),
      .variant = scalar(attributes, {"feature_flag.result.variant", "feature_flag.variant"}),
      .unit = scalar(attributes, {"feature_flag.context.id"}),
      .is_evaluation = true};
  record.made_id = fmt::format("evaluation:{}:{}:{}", record.experiment.text, record.unit.text,
                               record.variant.text);
  return record;
}

RawRecord read_plain(const Object& object) {
  const Scalar name = scalar(object, {"event_name", "eventName", "name"});
  if (is_text(name, "feature_flag.evaluation")) return read_evaluation(object);
  const bool native = find(object, {"name", "experiment", "units"}).has_value();
  const bool track = find(object, {"event"}).has_value() || find(object, {"messageId"});
  return track && !native ? read_track(object) : read_native(object);
}

// Header values are percent-encoded where they are not plain ASCII.
std::string decoded(std::string_view text) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool encoded =
        text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0;
    plain += encoded ? static_cast<char>(16 * digit(text[i + 1]) + digit(text[i + 2])) : text[i];
    if (encoded) i += 2;
  }
  return plain;
}

// CloudEvents in structured mode: the envelope gives what the data does not say itself.
std::optional<RawRecord> read_cloud_event(const Object& envelope) {
  const auto data = find_object(envelope, {"data"});
  if (!data) return std::nullopt;
  RawRecord record = read_plain(*data);
  const Scalar id = scalar(envelope, {"id"});
  const Scalar source = scalar(envelope, {"source"});
  if (!id.text.empty() && record.id.missing()) {
    record.made_id = fmt::format("{} {}", source.text, id.text);
  }
  if (record.time.missing()) record.time = scalar(envelope, {"time"});
  if (record.name.missing()) record.name = scalar(envelope, {"type"});
  return record;
}

void read_element(const Element& element, std::int64_t line, const RecordSink& sink) {
  Object object;
  if (element.get(object) != simdjson::SUCCESS) {
    return sink.complaint(line, {"is not a JSON object", "each line or element is one {…}"});
  }
  if (!find(object, {"specversion"})) return sink.record(line, read_plain(object));
  if (const auto record = read_cloud_event(object)) return sink.record(line, *record);
  sink.complaint(line, {"is a CloudEvent without a JSON object as `data`",
                        "send the exposure or event itself as `data`"});
}

Complaint too_many(std::size_t count, const Limits& limits) {
  return {fmt::format("{} lines in one batch, at most {} are taken", count, limits.lines),
          "send them in several batches"};
}

Complaint complaint_of(const Problem& fault) {
  return {fault.field + ' ' + fault.message, fault.hint};
}

Complaint malformed(simdjson::error_code error) {
  if (error == simdjson::UTF8_ERROR) return {"is not valid UTF-8", "send text as UTF-8"};
  if (error == simdjson::NUMBER_ERROR) {
    return {"holds a malformed number", "JSON has no NaN and no Infinity"};
  }
  return {"is not complete, valid JSON",
          "if the text was cut off, send it again: an id counts once"};
}

// `padded` has SIMDJSON_PADDING readable bytes behind it.
simdjson::error_code parse(simdjson::dom::parser& parser, std::string_view padded, Element& root) {
  const auto error = parser.parse(padded.data(), padded.size(), false).get(root);
  if (error != simdjson::NUMBER_ERROR) return error;
  return parser.parse(with_fractions(padded)).get(root);
}

// Why a text that was parsed so cannot be used.
std::optional<Complaint> complaint_about(simdjson::error_code error, std::string_view text) {
  if (error == simdjson::SUCCESS || error == simdjson::NUMBER_ERROR) {
    if (const auto fault = json_fault(text)) return complaint_of(*fault);
  }
  if (error == simdjson::SUCCESS) return std::nullopt;
  return malformed(error);
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// Calls `use(line_number, text)` for every line that is not blank.
template <typename Use>
void for_each_line(std::string_view body, Use use) {
  std::int64_t number = 0;
  for (std::size_t begin = 0; begin < body.size();) {
    const std::size_t end = std::min(body.find('\n', begin), body.size());
    const std::string_view text = body.substr(begin, end - begin);
    ++number;
    if (!is_blank(text)) use(number, text);
    begin = end + 1;
  }
}

// `padded` views a buffer with SIMDJSON_PADDING readable bytes behind it.
void read_lines(std::string_view padded, const Limits& limits, const RecordSink& sink) {
  std::size_t count = 0;
  for_each_line(padded, [&](std::int64_t, std::string_view) { ++count; });
  if (count > limits.lines) return sink.complaint(1, too_many(count, limits));
  simdjson::dom::parser parser;
  for_each_line(padded, [&](std::int64_t line, std::string_view text) {
    if (text.size() > limits.line_bytes) {
      return sink.complaint(
          line, {fmt::format("has {} bytes, at most {} are taken", text.size(), limits.line_bytes),
                 "shorten its properties"});
    }
    Element element;
    const auto error = parse(parser, text, element);
    if (auto why = complaint_about(error, text)) return sink.complaint(line, *std::move(why));
    read_element(element, line, sink);
  });
}

// A member of a batch itself, as which one would be lost without a word.
std::optional<std::string_view> name_twice(const Object& object) {
  std::vector<std::string_view> names;
  for (const auto field : object) names.push_back(field.key);
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  return twice == names.end() ? std::nullopt : std::optional(*twice);
}

// With a `fault`, whichever elements have it are refused; all of it where none has, or where the
// batch itself has one.
void read_document(const Element& root, std::string_view list, const Limits& limits,
                   const RecordSink& sink, std::optional<Complaint> fault) {
  Element holder = root;
  Object object;
  if (root.get(object) == simdjson::SUCCESS) {
    const auto wrapped = find(object, {list, "batch"});
    if (!wrapped && fault) return sink.complaint(1, *std::move(fault));
    if (!wrapped) return read_element(root, 1, sink);
    if (const auto twice = fault ? name_twice(object) : std::nullopt) {
      return sink.complaint(1, {fmt::format("{} is there twice", *twice), "give it once"});
    }
    holder = *wrapped;
  }
  simdjson::dom::array elements;
  if (holder.get(elements) != simdjson::SUCCESS) {
    return sink.complaint(1, {fmt::format("expected an object, an array, or {{\"{}\": […]}}", list),
                              "or one object per line as application/x-ndjson"});
  }
  const auto count = static_cast<std::size_t>(std::distance(elements.begin(), elements.end()));
  if (count > limits.lines) return sink.complaint(1, too_many(count, limits));
  std::vector<std::optional<Complaint>> faults(count);
  if (fault) {
    for (std::size_t i = 0; const Element element : elements) {
      faults[i++] = complaint_about(simdjson::SUCCESS, simdjson::minify(element));
    }
    const bool is_theirs = std::ranges::any_of(faults, [](const auto& one) { return !!one; });
    if (!is_theirs) return sink.complaint(1, *std::move(fault));
  }
  for (std::size_t i = 0; const Element element : elements) {
    auto& wrong = faults[i++];
    const auto line = static_cast<std::int64_t>(i);
    if (wrong) {
      sink.complaint(line, *std::move(wrong));
    } else {
      read_element(element, line, sink);
    }
  }
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

void read_records(std::string_view body, std::string_view content_type, std::string_view list,
                  const Limits& limits, const RecordSink& sink) {
  if (body.starts_with("\xef\xbb\xbf")) body.remove_prefix(3);  // A byte-order mark.
  if (is_blank(body)) return sink.complaint(1, {"the body is empty", "send JSON or NDJSON"});
  const simdjson::padded_string padded(body);
  const bool says_lines = contains(content_type, "ndjson") || contains(content_type, "jsonl");
  if (says_lines) return read_lines(padded, limits, sink);
  simdjson::dom::parser parser;
  Element root;
  const auto error = parse(parser, padded, root);
  auto fault = complaint_about(error, padded);
  if (error == simdjson::SUCCESS) return read_document(root, list, limits, sink, std::move(fault));
  const bool says_json = contains(content_type, "json");
  if (!says_json && contains(body, "\n")) return read_lines(padded, limits, sink);
  sink.complaint(1, *std::move(fault));
}

std::string cloud_event_json(const CloudEventHeaders& headers, std::string_view data) {
  std::string out = R"({"specversion":"1.0")";
  const auto add = [&](const char* name, std::string_view value) {
    if (value.empty()) return;
    const nlohmann::json text = decoded(value);
    out += fmt::format(R"(,"{}":{})", name,
                       text.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  };
  add("id", headers.id);
  add("source", headers.source);
  add("type", headers.type);
  add("time", headers.time);
  return out + R"(,"data":)" + std::string(is_blank(data) ? "null" : data) + "}";
}

}  // namespace assay::collect
