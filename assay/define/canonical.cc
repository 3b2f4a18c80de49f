#include "assay/define/canonical.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/base/hash.h"
#include "assay/base/text.h"
#include "assay/define/members.h"
#include "assay/define/words.h"

namespace assay::define {
namespace {

using nlohmann::json;

constexpr int kFormat = 1;

class Writer {
 public:
  json object = json::object();

  template <typename T>
  void operator()(const char* name, const T& value) {
    object[name] = encode(value);
  }
  template <typename T>
  void operator()(const char* name, const std::optional<T>& value) {
    if (value) object[name] = encode(*value);
  }
  void operator()(const char* name, const Condition& condition) {
    if (condition.op != Op::kAlways) object[name] = encode(condition);
  }
  // For what came after the first plans were stored: their bytes stay as they were.
  template <typename T>
  void unless_empty(const char* name, const T& value) {
    if (value != T{}) object[name] = encode(value);
  }
  void embedded(const char* name, const std::string& text) {
    if (!text.empty()) object[name] = json::parse(text);
  }

 private:
  template <typename T>
  static json encode(const T& value) {
    if constexpr (std::is_enum_v<T>) {
      return to_word(value);
    } else if constexpr (std::is_arithmetic_v<T> || std::same_as<T, std::string>) {
      return value;
    } else {
      Writer inner;
      fields(inner, value);
      return std::move(inner.object);
    }
  }
  static json encode(const Scalar& scalar) {
    return std::visit([](const auto& value) { return json(value); }, scalar);
  }
  static json encode(Timestamp time) { return to_text(time); }
  template <typename T>
  static json encode(const std::vector<T>& values) {
    json list = json::array();
    for (const T& value : values) list.push_back(encode(value));
    return list;
  }
};

// Throws Mismatch where the JSON is not what Writer would have written.
struct Mismatch {
  std::string where;
};

class Reader {
 public:
  explicit Reader(const json& object) : object_(object) {
    if (!object.is_object()) throw Mismatch{"an object"};
  }

  template <typename T>
  void operator()(const char* name, T& value) {
    const auto found = object_.find(name);
    if (found == object_.end()) throw Mismatch{name};
    decode(name, *found, value);
  }
  template <typename T>
  void operator()(const char* name, std::optional<T>& value) {
    const auto found = object_.find(name);
    if (found != object_.end()) decode(name, *found, value.emplace());
  }
  void operator()(const char* name, Condition& condition) {
    const auto found = object_.find(name);
    if (found != object_.end()) decode(name, *found, condition);
  }
  template <typename T>
  void unless_empty(const char* name, T& value) {
    const auto found = object_.find(name);
    if (found != object_.end()) decode(name, *found, value);
  }
  void embedded(const char* name, std::string& text) {
    const auto found = object_.find(name);
    if (found != object_.end()) text = found->dump();
  }

 private:
  template <typename T>
  static void decode(const char* name, const json& in, T& value) {
    if constexpr (std::is_enum_v<T>) {
      const auto word =
          in.is_string() ? from_word<T>(in.get_ref<const std::string&>()) : std::nullopt;
      if (!word) throw Mismatch{name};
      value = *word;
    } else if constexpr (std::same_as<T, bool>) {
      if (!in.is_boolean()) throw Mismatch{name};
      value = in.get<bool>();
    } else if constexpr (std::is_integral_v<T>) {
      const bool fits = in.is_number_integer() && std::in_range<T>(in.get<std::int64_t>());
      if (!fits) throw Mismatch{name};
      value = in.get<T>();
    } else if constexpr (std::same_as<T, double>) {
      if (!in.is_number() || !std::isfinite(in.get<double>())) throw Mismatch{name};
      value = in.get<double>();
    } else {
      Reader inner(in);
      fields(inner, value);
    }
  }
  static void decode(const char* name, const json& in, std::string& value) {
    if (!in.is_string()) throw Mismatch{name};
    value = in.get<std::string>();
  }
  static void decode(const char* name, const json& in, Scalar& value) {
    if (in.is_boolean()) {
      value = in.get<bool>();
    } else if (in.is_number()) {
      value = in.get<double>();
    } else {
      decode(name, in, value.emplace<std::string>());
    }
  }
  static void decode(const char* name, const json& in, Timestamp& value) {
    const auto time = in.is_string() ? parse_time(in.get_ref<const std::string&>()) : std::nullopt;
    if (!time) throw Mismatch{name};
    value = *time;
  }
  template <typename T>
  static void decode(const char* name, const json& in, std::vector<T>& values) {
    if (!in.is_array()) throw Mismatch{name};
    for (const json& item : in) decode(name, item, values.emplace_back());
  }

  const json& object_;
};

// Compact JSON, numbers by number_text: nlohmann's own digits are not always the shortest.
void append(std::string& out, const json& value) {
  if (value.is_number_float()) {
    out += number_text(value.get<double>());
    return;
  }
  if (!value.is_structured()) {
    out += value.dump();
    return;
  }
  out += value.is_array() ? '[' : '{';
  bool first = true;
  for (const auto& item : value.items()) {
    if (!first) out += ',';
    first = false;
    if (value.is_object()) out += json(item.key()).dump() + ":";
    append(out, item.value());
  }
  out += value.is_array() ? ']' : '}';
}

bool holds_together(const Experiment& experiment) {
  const std::uint64_t total = experiment.total_weight();
  return experiment.variants.size() >= 2 && total > 0 && total <= 0x7fffffff &&
         std::ranges::find(experiment.variants, experiment.control, &Variant::key) !=
             experiment.variants.end();
}

}  // namespace

std::string canonical_json(const Experiment& experiment) {
  Writer writer;
  fields(writer, experiment);
  writer.object["format"] = kFormat;
  std::string text;
  append(text, writer.object);
  return text;
}

Result<Experiment> from_canonical_json(std::string_view text) {
  const json object = json::parse(text, nullptr, false);
  if (object.is_discarded()) return fail(Code::kCorrupt, "the experiment is not JSON");
  try {
    if (!object.is_object() || object.value("format", json()) != kFormat) {
      return fail(Code::kCorrupt, "the experiment is not in format 1",
                  "it may come from a newer assay");
    }
    Experiment experiment;
    Reader reader(object);
    fields(reader, experiment);
    if (holds_together(experiment)) return experiment;
    return fail(Code::kCorrupt, "the experiment's variants do not hold together");
  } catch (const Mismatch& mismatch) {
    return fail(Code::kCorrupt, fmt::format("the experiment has no valid {}", mismatch.where));
  } catch (const json::exception& e) {
    return fail(Code::kCorrupt, fmt::format("the experiment cannot be read: {}", e.what()));
  }
}

std::string fingerprint(const Experiment& experiment) {
  return sha256_hex(canonical_json(experiment));
}

}  // namespace assay::define
