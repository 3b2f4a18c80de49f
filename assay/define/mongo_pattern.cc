#include "assay/define/mongo_pattern.h"

#include <algorithm>
#include <cctype>
#include <map>

#include <fmt/format.h>

#include "assay/define/import_rules.h"

namespace assay::define {
namespace {

constexpr std::size_t kMaxTexts = kMaxItems;  // As in a file.
constexpr std::size_t kMaxCombined = 64;      // Of those, made of parts: [ab][cd].
constexpr std::size_t kMaxSpellings = 256;
constexpr int kMaxNesting = 8;
constexpr std::string_view kVeryEnd = "(?![\\s\\S])";

using Texts = std::vector<std::string>;

// Each of `texts` followed by each of `more`; false where that is too many, or too long.
bool append(Texts& texts, const Texts& more, std::size_t max) {
  const auto longest = [](const Texts& all) {
    return std::ranges::max_element(all, {}, &std::string::size)->size();
  };
  if (texts.size() * more.size() > max) return false;
  if (longest(texts) + longest(more) > kMaxTextBytes) return false;
  if (more.size() == 1) {
    for (std::string& text : texts) text += more.front();
    return true;
  }
  Texts longer;
  for (const std::string& text : texts) {
    for (const std::string& end : more) longer.push_back(text + end);
  }
  texts = std::move(longer);
  return true;
}

// Characters, escaped ones, classes of them, groups of alternatives, and `?` after each.
class Reader {
 public:
  explicit Reader(std::string_view regex) : rest_(regex) {}

  // Up to the end, a '|' or a ')'.
  std::optional<Texts> sequence() {
    Texts texts = {""};
    while (!rest_.empty() && rest_.front() != '|' && rest_.front() != ')') {
      auto atom = one();
      if (!atom) return std::nullopt;
      if (take("?")) atom->emplace_back();
      const bool combines = texts.size() > 1 && atom->size() > 1;
      if (!append(texts, *atom, combines ? kMaxCombined : kMaxTexts)) return std::nullopt;
    }
    return texts;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  std::optional<Texts> one() {
    if (take("(")) return group();
    if (take("[")) return character_class();
    const bool is_escaped = take("\\");
    if (rest_.empty()) return std::nullopt;
    const auto byte = static_cast<unsigned char>(rest_.front());
    // A letter after a backslash is a class; "?" would stand after a part of a character.
    const bool is_plain = is_escaped ? byte < 0x80 && std::isalnum(byte) == 0
                                     : std::string_view("^$.|?*+()[]{}").find(rest_.front()) ==
                                           std::string_view::npos;
    const std::size_t size = length(byte);
    if (!is_plain || size > rest_.size()) return std::nullopt;
    Texts texts = {std::string(rest_.substr(0, size))};
    rest_.remove_prefix(size);
    // Four bytes are two characters of JavaScript, of which "?" leaves out the second.
    if (size == 4 && rest_.starts_with('?')) return std::nullopt;
    return texts;
  }

  // [abc-f.]: each of these characters.
  std::optional<Texts> character_class() {
    Texts all;
    while (!take("]")) {
      const auto from = class_character();
      if (!from || (all.empty() && *from == '^')) return std::nullopt;
      const bool is_range = rest_.size() > 1 && rest_[0] == '-' && rest_[1] != ']';
      if (is_range) rest_.remove_prefix(1);
      const auto to = is_range ? class_character() : from;
      if (!to || *to < *from) return std::nullopt;
      for (unsigned char c = *from; c <= *to; ++c) all.emplace_back(1, static_cast<char>(c));
      if (all.size() > kMaxCombined) return std::nullopt;
    }
    if (all.empty()) return std::nullopt;
    return all;
  }

  // One byte of ASCII.
  std::optional<unsigned char> class_character() {
    const bool is_escaped = take("\\");
    if (rest_.empty()) return std::nullopt;
    const auto byte = static_cast<unsigned char>(rest_.front());
    if (byte >= 0x80 || (is_escaped && std::isalnum(byte) != 0)) return std::nullopt;
    rest_.remove_prefix(1);
    return byte;
  }

  // Bytes of a UTF-8 character.
  static std::size_t length(unsigned char first) {
    return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  }

  std::optional<Texts> group() {
    if (++nesting_ > kMaxNesting || (rest_.starts_with("?") && !take("?:"))) return std::nullopt;
    Texts all;
    do {
      const auto branch = sequence();
      if (!branch || all.size() + branch->size() > kMaxTexts) return std::nullopt;
      all.insert(all.end(), branch->begin(), branch->end());
    } while (take("|"));
    if (!take(")")) return std::nullopt;
    --nesting_;
    return all;
  }

  std::string_view rest_;
  int nesting_ = 0;
};

// What stands between '|' outside of groups and escapes; no more than can be read.
std::vector<std::string_view> branches_of(std::string_view regex) {
  std::vector<std::string_view> branches;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < regex.size() && branches.size() <= kMaxTexts; ++i) {
    if (regex[i] == '\\') {
      ++i;
    } else if (regex[i] == '[') {
      while (i < regex.size() && regex[i] != ']') i += regex[i] == '\\' ? 2 : 1;
    } else if (regex[i] == '|' && depth == 0) {
      branches.push_back(regex.substr(begin, i - begin));
      begin = i + 1;
    } else {
      depth += (regex[i] == '(') - (regex[i] == ')');
    }
  }
  branches.push_back(regex.substr(begin));
  return branches;
}

bool ends_unescaped(std::string_view regex, std::string_view end) {
  if (!regex.ends_with(end)) return false;
  regex.remove_suffix(end.size());
  std::size_t backslashes = 0;
  while (regex.ends_with('\\')) {
    regex.remove_suffix(1);
    ++backslashes;
  }
  return backslashes % 2 == 0;
}

struct Branch {
  Op op = Op::kContains;
  Texts texts;
};

std::optional<Branch> read_branch(std::string_view regex) {
  const bool from_start = regex.starts_with('^');
  if (from_start) regex.remove_prefix(1);
  const std::string_view end = ends_unescaped(regex, kVeryEnd) ? kVeryEnd : "$";
  const bool to_end = ends_unescaped(regex, end);
  if (to_end) regex.remove_suffix(end.size());
  // Anything before or after, where nothing says where the text begins or ends.
  if (!from_start && regex.starts_with(".*")) regex.remove_prefix(2);
  if (!to_end && ends_unescaped(regex, ".*")) regex.remove_suffix(2);
  Reader reader(regex);
  auto texts = reader.sequence();
  if (!texts || !reader.at_end()) return std::nullopt;
  const Op op = from_start ? (to_end ? Op::kIn : Op::kPrefix)
                : to_end   ? Op::kSuffix
                           : Op::kContains;
  return Branch{op, std::move(*texts)};
}

bool matches(Op op, const std::vector<Scalar>& texts, std::string_view subject) {
  return std::ranges::any_of(texts, [&](const Scalar& one) {
    const auto& text = std::get<std::string>(one);
    if (op == Op::kPrefix) return subject.starts_with(text);
    if (op == Op::kSuffix) return subject.ends_with(text);
    return op == Op::kIn ? subject == text : subject.find(text) != std::string_view::npos;
  });
}

// JavaScript matches `value + ""`: "null" where there is none, "true", "7".
void add_other_types(const std::string& attribute, Op op, const std::vector<Scalar>& texts,
                     std::vector<Condition>& ways) {
  std::vector<Scalar> values;
  if (matches(op, texts, "true")) values.emplace_back(true);
  if (matches(op, texts, "false")) values.emplace_back(false);
  for (const Scalar& one : texts) {
    const auto& text = std::get<std::string>(one);
    const auto number = op == Op::kIn ? parse_number(text) : std::nullopt;
    if (number && number_text(*number) == text) values.emplace_back(*number);
  }
  for (Scalar& value : values) ways.push_back(compare(Op::kEqual, attribute, {std::move(value)}));
  if (matches(op, texts, "null")) ways.push_back(exists(attribute, false));
}

}  // namespace

std::optional<std::vector<std::string>> spellings(std::string_view text, SpellingOptions options) {
  Texts all = {""};
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) return std::nullopt;
    Texts ends = {std::string(1, c)};
    if (std::isalpha(byte) != 0)
      ends = {std::string(1, static_cast<char>(std::tolower(byte))),
              std::string(1, static_cast<char>(std::toupper(byte)))};
    if (options.has_kelvin && std::tolower(byte) == 'k') ends.emplace_back("\u212a");
    if (!append(all, ends, options.max)) return std::nullopt;
  }
  return all;
}

std::optional<Condition> pattern_condition(const std::string& attribute, const Value& regex,
                                           bool ignores_case) {
  std::map<Op, std::vector<Scalar>> by_op;
  bool is_plain = regex.is_scalar();
  std::size_t count = 0;
  for (const std::string_view one : branches_of(regex.node().text)) {
    const auto branch = is_plain ? read_branch(one) : std::nullopt;
    is_plain = branch.has_value() && (count += branch->texts.size()) <= kMaxTexts;
    if (!is_plain) break;
    for (const std::string& text : branch->texts) {
      const auto spelled = ignores_case ? spellings(text, {.max = kMaxSpellings}) : Texts{text};
      is_plain = is_plain && spelled && (!text.empty() || branch->op == Op::kIn);
      auto& texts = by_op[branch->op];
      if (spelled) texts.insert(texts.end(), spelled->begin(), spelled->end());
      is_plain = is_plain && (!ignores_case || texts.size() <= kMaxSpellings);
    }
  }
  if (!is_plain) {
    regex.error("this regular expression has no equal",
                ignores_case
                    ? "short texts of the letters a to z have; give the context the attribute in "
                      "small letters, and compare that with $regex"
                    : fmt::format("plain texts have, with | between, ? behind, ^ before and $ "
                                  "after them; at most {}, of {} bytes",
                                  kMaxTexts, kMaxTextBytes));
    return std::nullopt;
  }
  std::vector<Condition> ways;
  for (auto& [op, texts] : by_op) {
    add_other_types(attribute, op, texts, ways);
    if (op != Op::kIn) {
      ways.push_back(compare(op, attribute, std::move(texts)));
    } else if (texts.size() == 1) {
      ways.push_back(compare(Op::kEqual, attribute, std::move(texts)));
    } else {  // Not where a list holds it.
      ways.push_back(all_of({is_text(attribute), compare(Op::kIn, attribute, std::move(texts))}));
    }
  }
  return any_of(std::move(ways));
}

}  // namespace assay::define
