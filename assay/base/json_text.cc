// One pass over the text that looks at nothing but quotes, brackets, commas, numbers and words: a
// parser has seen the rest. What cannot be JSON at all may end the pass without a fault.
#include "assay/base/json_text.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

#include "assay/base/ascii.h"
#include "assay/base/text.h"

namespace assay {
namespace {

constexpr std::string_view kNumber = "0123456789+-.eE";

// Of a text that begins before `at`: where its closing quote is, or the end.
std::size_t end_of_text(std::string_view json, std::size_t at) {
  while (at < json.size() && json[at] != '"') at += json[at] == '\\' ? 2 : 1;
  return std::min(at, json.size());
}

std::string_view number_at(std::string_view json, std::size_t at) {
  const std::size_t end = std::min(json.find_first_not_of(kNumber, at), json.size());
  return json.substr(at, end - at);
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string_view word_at(std::string_view json, std::size_t at) {
  std::size_t end = at;
  while (end < json.size() && is_letter(json[end])) ++end;
  return json.substr(at, end - at);
}

bool is_beyond_64_bits(std::string_view number) {
  constexpr std::size_t kAnyFit = 18;  // Digits, whatever they are.
  if (number.size() <= kAnyFit || number.find_first_of(".eE") != number.npos) return false;
  const char* end = number.data() + number.size();
  std::int64_t whole = 0;
  std::uint64_t positive = 0;
  const auto error = number[0] == '-' ? std::from_chars(number.data(), end, whole).ec
                                      : std::from_chars(number.data(), end, positive).ec;
  return error == std::errc::result_out_of_range;
}

void append_utf8(std::uint32_t c, std::string& out) {
  const auto rest = [&](int shift) { out += static_cast<char>(0x80 | ((c >> shift) & 0x3f)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | (c >> 6));
    rest(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | (c >> 12));
    rest(6);
    rest(0);
  } else {
    out += static_cast<char>(0xf0 | (c >> 18));
    rest(12);
    rest(6);
    rest(0);
  }
}

// The four digits behind \u; 0 where they are none.
std::uint32_t code_unit(std::string_view digits) {
  std::uint32_t value = 0;
  std::from_chars(digits.data(), digits.data() + std::min<std::size_t>(digits.size(), 4), value,
                  16);
  return value;
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    if (c != 'u') {
      constexpr std::string_view kLetters = "bfnrt", kMeant = "\b\f\n\r\t";
      const std::size_t letter = kLetters.find(c);
      out += letter == kLetters.npos ? c : kMeant[letter];
      continue;
    }
    std::uint32_t unit = code_unit(text.substr(i + 1));
    i += 4;
    const std::string_view next = text.substr(std::min(i + 1, text.size()));
    const std::uint32_t low = next.starts_with("\\u") ? code_unit(next.substr(2)) : 0;
    if (unit >= 0xd800 && unit < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
      unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
      i += 6;
    }
    const bool is_character = unit < 0xd800 || (unit > 0xdfff && unit < 0x110000);
    append_utf8(is_character ? unit : 0xfffd, out);
  }
  return out;
}

class Pass {
 public:
  explicit Pass(std::string_view json) : json_(json) {}

  std::optional<Problem> run() {
    open_.reserve(8);
    names_.reserve(16);
    for (std::size_t at = 0; at < json_.size() && !fault_;) {
      const char c = json_[at];
      if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        ++at;
        continue;
      }
      const bool is_behind_comma = std::exchange(is_behind_comma_, c == ',');
      if (c == '"') {
        const std::size_t end = end_of_text(json_, at + 1);
        if (expects_name_) add_name(json_.substr(at + 1, end - at - 1));
        at = end + 1;
      } else if (c == '-' || is_digit(c)) {
        const std::string_view number = number_at(json_, at);
        check_number(number);
        at += number.size();
      } else if (is_letter(c)) {
        const std::string_view word = word_at(json_, at);
        check_word(word);
        at += word.size();
      } else {
        if (is_behind_comma && (c == '}' || c == ']')) refuse_comma();
        if (!take(c)) break;
        ++at;
      }
    }
    return std::move(fault_);
  }

 private:
  struct Open {
    bool is_object;
    std::size_t begin;      // Of an object's names in names_.
    std::size_t index = 0;  // Of a list's element.
  };

  void refuse(std::string message, std::string hint) {
    Problem& fault = fault_.emplace();
    fault.field = place();
    fault.message = std::move(message);
    fault.hint = std::move(hint);
  }

  // DuckDB takes it, and NaN, too.
  void refuse_comma() {
    if (open_.empty() || fault_) return;
    if (!open_.back().is_object) --open_.back().index;
    refuse("is followed by a comma and nothing else", "remove the comma");
  }

  void check_word(std::string_view word) {
    if (word == "true" || word == "false" || word == "null") return;
    refuse("is " + std::string(word.substr(0, 20)) + ", which is not in JSON",
           "write null where there is no value");
  }

  // False where this is no JSON.
  bool take(char c) {
    if (c == '{' || c == '[') {
      open_.push_back({c == '{', names_.size()});
      expects_name_ = c == '{';
    } else if (c == '}' || c == ']') {
      if (open_.empty()) return false;
      check_names();
      names_.resize(open_.back().begin);
      open_.pop_back();
      expects_name_ = false;
    } else if (c == ',') {
      if (open_.empty()) return false;
      expects_name_ = open_.back().is_object;
      ++open_.back().index;
    }
    return true;
  }

  void add_name(std::string_view text) {
    expects_name_ = false;
    const bool is_plain = text.find('\\') == text.npos;
    names_.push_back(is_plain ? text : std::string_view(held_.emplace_back(unescaped(text))));
  }

  // Sorted by length first, which is quicker to compare.
  void check_names() {
    const auto begin = names_.begin() + static_cast<std::ptrdiff_t>(open_.back().begin);
    if (names_.end() - begin < 2) return;
    const auto less = [](std::string_view a, std::string_view b) {
      return a.size() != b.size() ? a.size() < b.size() : a < b;
    };
    std::sort(begin, names_.end(), less);
    const auto twice = std::adjacent_find(begin, names_.end());
    if (twice == names_.end()) return;
    names_.back() = *twice;
    refuse("is there twice", "give it once");
  }

  void check_number(std::string_view number) {
    constexpr std::size_t kAnyFit = 308;  // Digits without an exponent.
    if (number.size() <= kAnyFit && number.find_first_of("eE") == number.npos) return;
    double value = 0;
    const char* end = number.data() + number.size();
    const auto [stop, error] = std::from_chars(number.data(), end, value);
    if (error != std::errc::result_out_of_range || stop != end || parse_number(number)) return;
    refuse("is a number that is too large: " + std::string(number.substr(0, 20)),
           "the largest is about 1.8e308");
  }

  std::string place() const {
    constexpr std::size_t kMostBytes = 200;
    std::string text;
    for (std::size_t i = 0; i < open_.size() && text.size() < kMostBytes; ++i) {
      const Open& one = open_[i];
      const std::size_t end = i + 1 < open_.size() ? open_[i + 1].begin : names_.size();
      if (!one.is_object) {
        text += '[' + std::to_string(one.index) + ']';
      } else if (end > one.begin) {
        std::string_view name = names_[end - 1].substr(0, kMostBytes);
        while (!is_utf8(name)) name.remove_suffix(1);  // It was cut within a letter.
        text += (text.empty() ? "" : ".") + std::string(name.empty() ? "\"\"" : name);
      }
    }
    return text.empty() ? "the value" : text;
  }

  std::string_view json_;
  std::vector<Open> open_;
  std::vector<std::string_view> names_;  // Of all open objects, one behind the other.
  std::deque<std::string> held_;         // Names that had escapes.
  bool expects_name_ = false;
  bool is_behind_comma_ = false;
  std::optional<Problem> fault_;
};

}  // namespace

std::optional<Problem> json_fault(std::string_view json) { return Pass(json).run(); }

std::string with_fractions(std::string_view json) {
  std::string out;
  out.reserve(json.size() + 16);
  for (std::size_t i = 0, begin = 0; i < json.size(); begin = i) {
    if (json[i] == '"') {
      i = std::min(end_of_text(json, i + 1) + 1, json.size());
      out += json.substr(begin, i - begin);
    } else if (json[i] == '-' || is_digit(json[i])) {
      const std::string_view number = number_at(json, i);
      i += number.size();
      out += number;
      if (is_beyond_64_bits(number)) out += ".0";
    } else {
      out += json[i++];
    }
  }
  return out;
}

}  // namespace assay
