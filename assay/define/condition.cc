#include "assay/define/condition.h"

#include <algorithm>

#include <fmt/format.h>

#include "assay/base/text.h"
#include "assay/define/words.h"

namespace assay::define {
namespace {

std::string to_text(const Scalar& scalar) {
  if (const auto* flag = std::get_if<bool>(&scalar)) return *flag ? "true" : "false";
  if (const auto* number = std::get_if<double>(&scalar)) return number_text(*number);
  return std::get<std::string>(scalar);
}

// The values of an operator that takes several are always shown as a list.
std::string values_text(const Condition& condition) {
  std::vector<std::string> texts;
  for (const Scalar& value : condition.values) texts.push_back(to_text(value));
  const bool list = condition.op == Op::kIn || condition.op == Op::kNotIn || texts.size() != 1;
  const std::string joined = fmt::format("{}", fmt::join(texts, ", "));
  return list ? "[" + joined + "]" : joined;
}

}  // namespace

std::string to_text(const Condition& condition) {
  if (condition.op == Op::kAlways) return "everyone";
  if (condition.op == Op::kNot) return "not (" + to_text(condition.children.front()) + ")";
  if (condition.op != Op::kAll && condition.op != Op::kAny) {
    return fmt::format("{} {} {}", condition.attribute, to_word(condition.op),
                       values_text(condition));
  }
  std::string text;
  for (const Condition& child : condition.children) {
    const bool nested = child.op == Op::kAll || child.op == Op::kAny;
    if (!text.empty()) text += condition.op == Op::kAll ? " and " : " or ";
    text += nested ? "(" + to_text(child) + ")" : to_text(child);
  }
  return text;
}

bool is_semver_range(std::string_view text) {
  for (const std::string_view op : {">=", "<=", ">", "<", "=", "^", "~"}) {
    if (!text.starts_with(op)) continue;
    text.remove_prefix(op.size());
    break;
  }
  while (text.starts_with(' ')) text.remove_prefix(1);
  const std::size_t tail = text.find_first_of("-+");
  const std::string_view numbers = text.substr(0, tail);
  int parts = 1;
  std::size_t digits = 0;
  for (const char c : numbers) {
    if (c == '.' && digits > 0) {
      ++parts;
      digits = 0;
    } else if (c >= '0' && c <= '9' && digits < 9) {
      ++digits;
    } else {
      return false;
    }
  }
  if (digits == 0 || parts > 3) return false;
  if (tail == std::string_view::npos) return true;
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == '+';
  };
  return tail + 1 < text.size() && std::ranges::all_of(text.substr(tail), allowed);
}

}  // namespace assay::define
