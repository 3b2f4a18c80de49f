// Reads a snapshot's JSON: see snapshot_json.h.
#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <simdjson.h>

#include "assay/assign/snapshot_json.h"
#include "assay/assign/snapshot_members.h"
#include "assay/base/json_text.h"
#include "assay/base/text.h"
#include "assay/define/words.h"

namespace assay::assign {
namespace {

namespace dom = simdjson::dom;
using define::Condition;
using define::Scalar;

// Conditions at their deepest, within an experiment within the list.
constexpr std::size_t kMaxDepth = 2 * Targeting::kMaxDepth + 16;

constexpr std::string_view kMayBeNewer = "it may come from a newer assay";

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
      append_json_text(pair.key, out);
      out += ':';
      append_json(pair.value, out);
    }
    out += '}';
  } else if (element.is_string()) {
    append_json_text(std::string_view(element), out);
  } else if (element.is_double()) {
    out += number_text(double(element));
  } else {
    out += simdjson::to_string(element);  // A whole number, true, false or null.
  }
}

// One object's members lie together on a stack that all objects share: walked once, found by name
// from behind the last one found, for they mostly come in the order in which they are asked for.
struct Member {
  std::string_view name;
  dom::element value;
  bool is_known = false;
};
using Members = std::vector<Member>;

class Reader {
 public:
  Reader(const dom::element& element, Members& stack) : stack_(stack), begin_(stack.size()) {
    dom::object object;
    if (element.get(object) != simdjson::SUCCESS)
      throw Mismatch{"there is something else where an object should be"};
    for (const dom::key_value_pair pair : object) stack_.push_back({pair.key, pair.value});
    end_ = stack_.size();
    next_ = begin_;
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
  // Everything that is there must have been asked for, once.
  void end() {
    for (std::size_t i = begin_; i < end_; ++i) {
      if (stack_[i].is_known) continue;
      const auto is_same = [&](const Member& other) { return other.name == stack_[i].name; };
      const auto others = std::span(stack_).subspan(begin_, end_ - begin_);
      mismatch(stack_[i].name, std::ranges::count_if(others, is_same) > 1 ? "there once" : "known");
    }
    stack_.resize(begin_);
  }

 private:
  std::optional<dom::element> find(std::string_view name) {
    for (std::size_t tried = begin_; tried < end_; ++tried) {
      Member& member = stack_[next_];
      next_ = next_ + 1 < end_ ? next_ + 1 : begin_;
      if (member.name != name) continue;
      member.is_known = true;
      return member.value;
    }
    return std::nullopt;
  }
  template <typename T>
  void read(std::string_view name, const dom::element& in, T& value) {
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
      Reader inner(in, stack_);
      fields(inner, value);
      inner.end();
    }
  }
  void read(std::string_view name, const dom::element& in, double& value) {
    if (in.get(value) != simdjson::SUCCESS) mismatch(name, "a number");
  }
  void read(std::string_view name, const dom::element& in, std::string& value) {
    std::string_view text;
    if (in.get(text) != simdjson::SUCCESS) mismatch(name, "a text");
    value = text;
  }
  void read(std::string_view name, const dom::element& in, Timestamp& value) {
    std::string text;
    read(name, in, text);
    const auto time = parse_time(text);
    if (!time) mismatch(name, "a time");
    value = *time;
  }
  void read(std::string_view name, const dom::element& in, Scalar& value) {
    if (in.is_bool()) {
      value = bool(in);
    } else if (in.is_number()) {
      read(name, in, value.emplace<double>());
    } else {
      read(name, in, value.emplace<std::string>());
    }
  }
  template <typename T>
  void read(std::string_view name, const dom::element& in, std::vector<T>& values) {
    dom::array array;
    if (in.get(array) != simdjson::SUCCESS) mismatch(name, "a list");
    values.reserve(array.size());
    for (const dom::element item : array) read(name, item, values.emplace_back());
  }

  Members& stack_;
  std::size_t begin_, end_ = 0, next_ = 0;  // Of this object's in the stack.
};

// Thrown where the layout is not the usual one; caught in this file.
struct Unusual {};

// Reads what nearly every snapshot is: a text as snapshot_json lays it out, but for spaces between
// its tokens. Forward only, so that no tree is built: a member comes next, or it is not there at
// all. Takes a quarter of the time, and accepts nothing that parse_snapshot reads otherwise.
class UsualReader {
 public:
  explicit UsualReader(std::string_view json) : at_(json.data()), end_(at_ + json.size()) {
    if (parser_.allocate(0, kMaxDepth - kDepthOfPayloads) != simdjson::SUCCESS) throw Unusual{};
  }

  // The next experiment, in the same place each time; nothing behind the last, where the document
  // has ended as well.
  const Running* next() {
    const bool has_more = has_begun_ ? accept(',') : begin_document();
    has_begun_ = true;
    if (!has_more) {
      end_document();
      return nullptr;
    }
    running_ = Running{};
    begin_object();
    members(*this, running_);
    end_object();
    return &running_;
  }

  template <typename T>
  void operator()(std::string_view name, T& value) {
    if (!is_next(name)) throw Unusual{};
    read(value);
  }
  template <typename T>
  void operator()(std::string_view name, std::optional<T>& value) {
    if (is_next(name)) read(value.emplace());
  }
  void operator()(std::string_view name, Condition& condition) { unless_empty(name, condition); }
  template <typename T>
  void unless_empty(std::string_view name, T& value) {
    if (is_next(name)) read(value);
  }
  void embedded(std::string_view name, std::string& json) {
    if (is_next(name)) append_json(parse(take_value()), json);
  }

 private:
  // The objects and lists of the document around a payload; and how deep objects may nest, each
  // with a list around it.
  static constexpr std::size_t kDepthOfPayloads = 5;
  static constexpr std::size_t kMaxObjects = kMaxDepth / 2;

  // --- Tokens ---

  char peek() const { return at_ < end_ ? *at_ : '\0'; }
  void skip_spaces() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }
  bool accept(char token) {
    skip_spaces();
    if (peek() != token) return false;
    ++at_;
    return true;
  }
  void expect(char token) {
    if (!accept(token)) throw Unusual{};
  }
  bool accept_word(std::string_view word) {
    if (static_cast<std::size_t>(end_ - at_) < word.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i) {  // Too short for a call.
      if (at_[i] != word[i]) return false;
    }
    at_ += word.size();
    return true;
  }
  // Between its quotes; an escape keeps its backslash.
  std::string_view take_raw_text(bool& has_escape) {
    expect('"');
    const char* begin = at_;
    while (at_ < end_ && *at_ != '"') {
      if (static_cast<unsigned char>(*at_) < 0x20) throw Unusual{};
      const bool escapes = *at_ == '\\' && at_ + 1 < end_;
      has_escape = has_escape || escapes;
      at_ += escapes ? 2 : 1;
    }
    if (at_ == end_) throw Unusual{};
    return {begin, at_++};
  }
  std::string_view take_plain_text() {
    bool has_escape = false;
    const std::string_view text = take_raw_text(has_escape);
    if (has_escape) throw Unusual{};
    return text;
  }
  std::int64_t take_integer() {
    constexpr std::ptrdiff_t kMaxDigits = 18;  // Any number of so many fits into 64 bits.
    const bool is_negative = accept_word("-");
    const char* begin = at_;
    std::int64_t number = 0;
    for (; peek() >= '0' && peek() <= '9' && at_ - begin < kMaxDigits; ++at_) {
      number = 10 * number + (*at_ - '0');
    }
    const std::ptrdiff_t digits = at_ - begin;
    const bool is_plain = digits == 1 || (digits > 1 && *begin != '0');
    const bool goes_on = std::string_view("0123456789.eE").find(peek()) != std::string_view::npos;
    if (!is_plain || goes_on) throw Unusual{};
    return is_negative ? -number : number;
  }
  // A whole value: up to the comma or the bracket behind it.
  std::string_view take_value() {
    const char* begin = at_;
    bool has_escape = false;
    for (int open = 0; at_ < end_;) {
      const char c = *at_;
      const bool closes = c == '}' || c == ']';
      if (open == 0 && (c == ',' || closes)) break;
      if (c == '"') {
        take_raw_text(has_escape);
        continue;
      }
      open += c == '{' || c == '[' ? 1 : closes ? -1 : 0;
      ++at_;
    }
    return {begin, at_};
  }
  dom::element parse(std::string_view json) {
    dom::element element;
    if (json.empty() ||
        parser_.parse(json.data(), json.size(), true).get(element) != simdjson::SUCCESS)
      throw Unusual{};
    return element;
  }

  // --- Values ---

  // Whether there is any experiment.
  bool begin_document() {
    int format = 0;
    begin_object();
    (*this)("format", format);
    if (format != kSnapshotFormat || !is_next("experiments")) throw Unusual{};
    expect('[');
    skip_spaces();
    return peek() != ']';
  }
  void end_document() {
    expect(']');
    end_object();
    skip_spaces();
    if (at_ != end_) throw Unusual{};
  }
  void begin_object() {
    expect('{');
    if (++depth_ > kMaxObjects) throw Unusual{};
    is_first_ = true;
  }
  void end_object() {
    expect('}');
    --depth_;
    is_first_ = false;
  }
  // Goes to the member's value if it comes next, else nowhere.
  bool is_next(std::string_view name) {
    const char* before = at_;
    if ((is_first_ || accept(',')) && accept('"') && accept_word(name) && accept_word("\"") &&
        accept(':')) {
      is_first_ = false;
      skip_spaces();
      return true;
    }
    at_ = before;
    return false;
  }
  template <typename T>
  void read(T& value) {
    if constexpr (std::is_enum_v<T>) {
      const auto word = define::from_word<T>(take_plain_text());
      if (!word) throw Unusual{};
      value = *word;
    } else if constexpr (std::integral<T>) {
      const std::int64_t number = take_integer();
      if (!std::in_range<T>(number)) throw Unusual{};
      value = static_cast<T>(number);
    } else {
      begin_object();
      fields(*this, value);
      end_object();
    }
  }
  void read(bool& value) {
    value = accept_word("true");
    if (!value && !accept_word("false")) throw Unusual{};
  }
  void read(std::string& value) {
    const char* begin = at_;
    bool has_escape = false;
    value = take_raw_text(has_escape);
    if (has_escape) value = std::string_view(parse({begin, at_}));
  }
  void read(Timestamp& value) {
    const auto time = parse_time(take_plain_text());
    if (!time) throw Unusual{};
    value = *time;
  }
  void read(Scalar& value) {
    const char c = peek();
    if (c == '"') return read(value.emplace<std::string>());
    if (c == 't' || c == 'f') return read(value.emplace<bool>());
    if (parse(take_value()).get(value.emplace<double>()) != simdjson::SUCCESS) throw Unusual{};
  }
  template <typename T>
  void read(std::vector<T>& values) {
    constexpr std::size_t kFew = 4;  // As nearly all lists are.
    expect('[');
    if (accept(']')) return;
    values.reserve(kFew);
    do {
      skip_spaces();
      read(values.emplace_back());
    } while (accept(','));
    expect(']');
  }

  const char* at_;
  const char* end_;
  std::size_t depth_ = 0;
  bool has_begun_ = false;
  bool is_first_ = true;  // No member of the innermost object has been read.
  Running running_;
  dom::parser parser_;  // For payloads, fractions and escapes.
};

auto refuse(std::string message, std::string hint = {}, std::string experiment = {}) {
  return unexpected(Problems{{.place = {},
                              .field = std::move(experiment),
                              .message = std::move(message),
                              .hint = std::move(hint)}});
}

Checked<dom::element> parse_document(dom::parser& parser, std::string_view json) {
  if (json.size() > kMaxSnapshotBytes) return refuse("the snapshot is larger than 1 GiB");
  if (parser.allocate(json.size(), kMaxDepth) != simdjson::SUCCESS) {
    return refuse("there is not enough memory for the snapshot");
  }
  dom::element document;
  simdjson::error_code error =
      parser.parse(json.empty() ? "" : json.data(), json.size(), true).get(document);
  if (error == simdjson::NUMBER_ERROR) error = parser.parse(with_fractions(json)).get(document);
  if (error == simdjson::DEPTH_ERROR) {
    return refuse("the snapshot is nested deeper than any condition may be");
  }
  if (error != simdjson::SUCCESS) {
    return refuse(fmt::format("the snapshot is not JSON: {}", simdjson::error_message(error)));
  }
  return document;
}

// Where the document says so first of all, for a newer one may look different in every other way.
Checked<dom::array> experiments_of(const dom::element& document) {
  std::int64_t format = 0;
  if (document["format"].get(format) != simdjson::SUCCESS) {
    return refuse("the snapshot does not say its format", "GET /v1/snapshot makes one that does");
  }
  if (format != kSnapshotFormat) {
    return refuse(fmt::format("the snapshot is of format {}, this version reads format {}", format,
                              kSnapshotFormat),
                  "use the same or a newer version of assay to read it");
  }
  dom::array experiments;
  if (document["experiments"].get(experiments) != simdjson::SUCCESS) {
    return refuse("the snapshot has no list of experiments");
  }
  for (int formats = 0, lists = 0; const dom::key_value_pair pair : dom::object(document)) {
    const int times = pair.key == "format" ? ++formats : pair.key == "experiments" ? ++lists : 0;
    if (times == 1) continue;
    return refuse(
        fmt::format("the snapshot: {} is not {}", pair.key, times == 0 ? "known" : "there once"),
        std::string(kMayBeNewer));
  }
  return experiments;
}

}  // namespace

Checked<std::vector<Running>> parse_snapshot(std::string_view json) {
  dom::parser parser;
  ASSAY_TRY(const dom::element document, parse_document(parser, json));
  ASSAY_TRY(const dom::array experiments, experiments_of(document));
  std::vector<Running> running;
  running.reserve(experiments.size());
  Members stack;
  try {
    for (const dom::element element : experiments) {
      Running& one = running.emplace_back();
      Reader reader(element, stack);
      members(reader, one);
      reader.end();
    }
  } catch (const Mismatch& mismatch) {
    std::string id = running.back().plan.id;
    if (id.empty()) id = fmt::format("experiments[{}]", running.size() - 1);
    return refuse(mismatch.message, std::string(kMayBeNewer), std::move(id));
  }
  return running;
}

Checked<std::shared_ptr<const Snapshot>> load_snapshot(std::string_view json) {
  if (json.size() <= kMaxSnapshotBytes && simdjson::validate_utf8(json)) {
    try {
      UsualReader reader(json);
      return compile_each([&] { return reader.next(); });
    } catch (const Unusual&) {  // Not a fault: the other reader takes it, or says what is wrong.
    }
  }
  ASSAY_TRY(const auto running, parse_snapshot(json));
  return compile(running);
}

}  // namespace assay::assign
