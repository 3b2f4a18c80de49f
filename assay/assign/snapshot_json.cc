#include "assay/assign/snapshot_json.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <simdjson.h>

#include "assay/base/text.h"
#include "assay/define/members.h"
#include "assay/define/words.h"

namespace assay::assign {
namespace {

namespace dom = simdjson::dom;
using define::Condition;
using define::Op;
using define::Scalar;

// Conditions at their deepest, within an experiment within the list.
constexpr std::size_t kMaxDepth = 2 * Targeting::kMaxDepth + 16;

// What assignment needs of a plan.
void rules(auto& io, auto& plan) {
  io("id", plan.id);
  io("control", plan.control);
  io("variants", plan.variants);
  io("assignment", plan.assignment);
}

void members(auto& io, auto& running) {
  rules(io, running.plan);
  io("version", running.version);
  io("epoch", running.epoch);
  io("stopped", running.is_stopped);
  io.unless_empty("earlier", running.earlier);
}

void fields(auto& io, define::Is<Cohort> auto& x) {
  io("epoch", x.epoch);
  io("traffic_ppm", x.traffic_ppm);
  io("weights", x.weights);
}

// Escapes as nlohmann's, which writes the plans.
void append_text(std::string_view text, std::string& out) {
  constexpr std::string_view kShort = "\"\\\b\f\n\r\t";
  constexpr std::string_view kLetters = "\"\\bfnrt";
  out += '"';
  for (const char c : text) {
    if (const auto at = kShort.find(c); at != std::string_view::npos) {
      out += '\\';
      out += kLetters[at];
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) { out_ += '{'; }

  template <typename T>
  void operator()(std::string_view name, const T& value) {
    key(name);
    write(value);
  }
  template <typename T>
  void operator()(std::string_view name, const std::optional<T>& value) {
    if (value) (*this)(name, *value);
  }
  void operator()(std::string_view name, const Condition& condition) {
    if (condition.op == Op::kAlways) return;
    key(name);
    write(condition);
  }
  template <typename T>
  void unless_empty(std::string_view name, const T& value) {
    if (value != T{}) (*this)(name, value);
  }
  void embedded(std::string_view name, const std::string& json) {
    if (json.empty()) return;
    key(name);
    out_ += json;
  }
  void end() { out_ += '}'; }

 private:
  void key(std::string_view name) {
    if (out_.back() != '{') out_ += ',';
    out_ += '"';
    out_ += name;
    out_ += "\":";
  }
  template <typename T>
  void write(const T& value) {
    if constexpr (std::is_enum_v<T>) {
      write(define::to_word(value));
    } else if constexpr (std::same_as<T, bool>) {
      out_ += value ? "true" : "false";
    } else if constexpr (std::integral<T>) {
      out_ += std::to_string(value);
    } else {
      Writer inner(out_);
      fields(inner, value);
      inner.end();
    }
  }
  void write(double value) { out_ += number_text(value); }
  void write(Timestamp value) { write(to_text(value)); }
  void write(const Scalar& scalar) {
    std::visit([this](const auto& value) { write(value); }, scalar);
  }
  void write(std::string_view text) { append_text(text, out_); }
  void write(const std::string& text) { append_text(text, out_); }
  template <typename T>
  void write(const std::vector<T>& values) {
    out_ += '[';
    for (const T& value : values) {
      if (&value != values.data()) out_ += ',';
      write(value);
    }
    out_ += ']';
  }

  std::string& out_;
};

// Throws Mismatch where the JSON is not what Writer would have written; caught in this file.
struct Mismatch {
  std::string message;
};
[[noreturn]] void mismatch(std::string_view name, std::string_view expected) {
  throw Mismatch{fmt::format("{} is not {}", name, expected)};
}

// As compact and with the same digits as the plan's own: simdjson's are not always the shortest.
void append_json(const dom::element& element, std::string& out) {
  if (element.is_array()) {
    out += '[';
    for (const dom::element item : dom::array(element)) {
      if (out.back() != '[') out += ',';
      append_json(item, out);
    }
    out += ']';
  } else if (element.is_object()) {
    out += '{';
    for (const dom::key_value_pair pair : dom::object(element)) {
      if (out.back() != '{') out += ',';
      append_text(pair.key, out);
      out += ':';
      append_json(pair.value, out);
    }
    out += '}';
  } else if (element.is_string()) {
    append_text(std::string_view(element), out);
  } else if (element.is_double()) {
    out += number_text(double(element));
  } else {
    out += simdjson::to_string(element);  // A whole number, true, false or null.
  }
}

class Reader {
 public:
  explicit Reader(const dom::element& element) {
    if (element.get(object_) != simdjson::SUCCESS)
      throw Mismatch{"there is something else where an object should be"};
  }

  template <typename T>
  void operator()(std::string_view name, T& value) {
    const auto found = find(name);
    if (!found) mismatch(name, "there");
    read(name, *found, value);
  }
  template <typename T>
  void operator()(std::string_view name, std::optional<T>& value) {
    if (const auto found = find(name)) read(name, *found, value.emplace());
  }
  void operator()(std::string_view name, Condition& condition) { unless_empty(name, condition); }
  template <typename T>
  void unless_empty(std::string_view name, T& value) {
    if (const auto found = find(name)) read(name, *found, value);
  }
  void embedded(std::string_view name, std::string& json) {
    if (const auto found = find(name)) append_json(*found, json);
  }
  // Everything that is there must have been asked for.
  void end() const {
    if (found_ == object_.size()) return;
    for (const dom::key_value_pair pair : object_) {
      if (std::find(known_.begin(), known_.begin() + found_, pair.key) == known_.begin() + found_) {
        mismatch(pair.key, "known");
      }
    }
    throw Mismatch{"a member is there twice"};
  }

 private:
  // Members mostly come in the order in which they are asked for.
  std::optional<dom::element> find(std::string_view name) {
    for (const dom::key_value_pair pair : object_) {
      if (pair.key != name) continue;
      known_[found_++] = name;
      return pair.value;
    }
    return std::nullopt;
  }
  template <typename T>
  static void read(std::string_view name, const dom::element& in, T& value) {
    if constexpr (std::is_enum_v<T>) {
      std::string_view text;
      const bool is_text = in.get(text) == simdjson::SUCCESS;
      const auto word = is_text ? define::from_word<T>(text) : std::nullopt;
      if (!word) mismatch(name, "a word this version knows");
      value = *word;
    } else if constexpr (std::same_as<T, bool>) {
      if (in.get(value) != simdjson::SUCCESS) mismatch(name, "true or false");
    } else if constexpr (std::integral<T>) {
      std::int64_t number = 0;
      const bool is_number = in.get(number) == simdjson::SUCCESS;
      if (!is_number || !std::in_range<T>(number)) mismatch(name, "a whole number in its range");
      value = static_cast<T>(number);
    } else {
      Reader inner(in);
      fields(inner, value);
      inner.end();
    }
  }
  static void read(std::string_view name, const dom::element& in, double& value) {
    if (in.get(value) != simdjson::SUCCESS) mismatch(name, "a number");
  }
  static void read(std::string_view name, const dom::element& in, std::string& value) {
    std::string_view text;
    if (in.get(text) != simdjson::SUCCESS) mismatch(name, "a text");
    value = text;
  }
  static void read(std::string_view name, const dom::element& in, Timestamp& value) {
    std::string text;
    read(name, in, text);
    const auto time = parse_time(text);
    if (!time) mismatch(name, "a time");
    value = *time;
  }
  static void read(std::string_view name, const dom::element& in, Scalar& value) {
    if (in.is_bool()) {
      value = bool(in);
    } else if (in.is_number()) {
      read(name, in, value.emplace<double>());
    } else {
      read(name, in, value.emplace<std::string>());
    }
  }
  template <typename T>
  static void read(std::string_view name, const dom::element& in, std::vector<T>& values) {
    dom::array array;
    if (in.get(array) != simdjson::SUCCESS) mismatch(name, "a list");
    values.reserve(array.size());
    for (const dom::element item : array) read(name, item, values.emplace_back());
  }

  static constexpr std::size_t kMaxMembers = 32;
  dom::object object_;
  std::array<std::string_view, kMaxMembers> known_{};
  std::size_t found_ = 0;
};

Result<dom::element> parse_document(dom::parser& parser, std::string_view json) {
  if (json.size() > kMaxSnapshotBytes)
    return fail(Code::kInvalid, "the snapshot is larger than 1 GiB");
  if (parser.allocate(json.size(), kMaxDepth) != simdjson::SUCCESS) {
    return fail(Code::kUnavailable, "there is not enough memory for the snapshot");
  }
  dom::element document;
  const simdjson::error_code error =
      parser.parse(json.empty() ? "" : json.data(), json.size(), true).get(document);
  if (error == simdjson::DEPTH_ERROR) {
    return fail(Code::kInvalid, "the snapshot is nested deeper than any condition may be");
  }
  if (error != simdjson::SUCCESS) {
    return fail(Code::kInvalid,
                fmt::format("the snapshot is not JSON: {}", simdjson::error_message(error)));
  }
  return document;
}

// Where the document says so first of all, for a newer one may look different in every other way.
Result<dom::array> experiments_of(const dom::element& document) {
  std::int64_t format = 0;
  if (document["format"].get(format) != simdjson::SUCCESS) {
    return fail(Code::kInvalid, "the snapshot does not say its format",
                "GET /v1/snapshot makes one that does");
  }
  if (format != kSnapshotFormat) {
    return fail(Code::kInvalid,
                fmt::format("the snapshot is of format {}, this version reads format {}", format,
                            kSnapshotFormat),
                "use the same or a newer version of assay to read it");
  }
  dom::array experiments;
  if (document["experiments"].get(experiments) != simdjson::SUCCESS) {
    return fail(Code::kInvalid, "the snapshot has no list of experiments");
  }
  return experiments;
}

}  // namespace

std::string snapshot_json(std::span<const Running> experiments) {
  std::string out = fmt::format(R"({{"format":{},"experiments":[)", kSnapshotFormat);
  for (const Running& running : experiments) {
    if (&running != experiments.data()) out += ',';
    Writer writer(out);
    members(writer, running);
    writer.end();
  }
  return out + "]}";
}

Result<std::vector<Running>> parse_snapshot(std::string_view json) {
  dom::parser parser;
  ASSAY_TRY(const dom::element document, parse_document(parser, json));
  ASSAY_TRY(const dom::array experiments, experiments_of(document));
  std::vector<Running> running;
  running.reserve(experiments.size());
  try {
    for (const dom::element element : experiments) {
      Running& one = running.emplace_back();
      Reader reader(element);
      members(reader, one);
      reader.end();
    }
  } catch (const Mismatch& mismatch) {
    return fail(Code::kInvalid,
                fmt::format("experiment {} ({}) of the snapshot: {}", running.size(),
                            running.back().plan.id, mismatch.message),
                "it may come from a newer assay");
  }
  return running;
}

}  // namespace assay::assign
