#include "assay/assign/snapshot_json.h"

#include <fmt/format.h>

#include "assay/assign/snapshot_members.h"
#include "assay/base/text.h"
#include "assay/define/words.h"

namespace assay::assign {
namespace {

using define::Condition;
using define::Op;
using define::Scalar;

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
  void write(std::string_view text) { append_json_text(text, out_); }
  void write(const std::string& text) { append_json_text(text, out_); }
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

}  // namespace

void append_json_text(std::string_view text, std::string& out) {
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

std::string snapshot_json(std::span<const Running* const> experiments) {
  std::string out = fmt::format(R"({{"format":{},"experiments":[)", kSnapshotFormat);
  for (const Running* running : experiments) {
    if (out.back() != '[') out += ',';
    Writer writer(out);
    members(writer, *running);
    writer.end();
  }
  return out + "]}";
}

std::string snapshot_json(std::span<const Running> experiments) {
  return snapshot_json(pointers_to(experiments));
}

}  // namespace assay::assign
