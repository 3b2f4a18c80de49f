#include "assay/stats/request.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assay/base/text.h"

namespace assay::stats {
namespace {

using nlohmann::json;

constexpr double kLargestExact = 9007199254740992.0;  // 2^53.
constexpr auto kLargestCount = static_cast<std::uint64_t>(kLargestExact);
constexpr std::size_t kMostItems = 1'000'000;
constexpr std::size_t kMostProblems = 100;  // More help nobody.

const json kNothing = json::object();

void describe_range(json& property, const Range& range) {
  if (range.fallback) property["default"] = *range.fallback;
  if (range.above) property["exclusiveMinimum"] = *range.above;
  if (range.at_least) property["minimum"] = *range.at_least;
  if (range.below) property["exclusiveMaximum"] = *range.below;
  if (range.at_most) property["maximum"] = *range.at_most;
}

std::string range_text(const Range& range) {
  std::string text;
  const auto add = [&](const char* words, const std::optional<double>& end) {
    if (!end) return;
    text += fmt::format("{}{} {}", text.empty() ? "" : " and ", words, *end);
  };
  add("above", range.above);
  add("at least", range.at_least);
  add("below", range.below);
  add("at most", range.at_most);
  return text;
}

bool inside(double value, const Range& range) {
  return std::isfinite(value) && (!range.above || value > *range.above) &&
         (!range.at_least || value >= *range.at_least) && (!range.below || value < *range.below) &&
         (!range.at_most || value <= *range.at_most);
}

// What was given, in a few words: an array may be long, and deep.
std::string shown(const json& value) {
  if (value.is_array()) return "an array";
  if (value.is_object()) return "an object";
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  return text.size() > 40 ? text.substr(0, 37) + "..." : text;
}

bool is_count(const json& value) {
  if (!value.is_number()) return false;
  // 2^53 + 1 would round to 2^53.
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > kLargestCount) return false;
  const double number = value.get<double>();
  return number >= 0 && number <= kLargestExact && number == std::floor(number);
}

}  // namespace

Request::Request(const json& value, std::string path, Problems& problems)
    : value_(&value), path_(std::move(path)), problems_(&problems) {
  if (value.is_object()) return;
  if (problems.size() < kMostProblems) {
    problems.push_back(
        {.field = path_, .message = fmt::format("must be a JSON object, and is {}", shown(value))});
  }
  value_ = &kNothing;
  absent_ = true;
}

Request::Request(json& schema) : schema_(&schema) {
  schema["type"] = "object";
  schema["additionalProperties"] = false;
  schema["properties"] = json::object();
}

std::string Request::path_of(std::string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

void Request::wrong(std::string_view name, std::string message, std::string hint) {
  if (describing() || absent_) return;
  asked_.emplace_back(name);
  if (problems_->size() >= kMostProblems) return;
  problems_->push_back(
      {.field = path_of(name), .message = std::move(message), .hint = std::move(hint)});
}

bool Request::usable() const { return !describing() && problems_->empty(); }

bool Request::has(std::string_view name) const {
  return !describing() && value_->contains(std::string(name));
}

const json* Request::field(std::string_view name, bool required) {
  asked_.emplace_back(name);
  const auto found = value_->find(std::string(name));
  if (found != value_->end()) return &*found;
  if (required) wrong(name, "is required");
  return nullptr;
}

json& Request::property(std::string_view name, bool required, std::string_view about) {
  if (required) (*schema_)["required"].push_back(std::string(name));
  json& property = (*schema_)["properties"][std::string(name)];
  if (!about.empty()) property["description"] = std::string(about);
  return property;
}

void Request::check_range(std::string_view name, double value, const Range& range) {
  if (inside(value, range)) return;
  wrong(name, fmt::format("must be {}, and is {}",
                          std::isfinite(value) ? range_text(range) : "finite", value));
}

double Request::number(std::string_view name, const Range& range) {
  return maybe_number(name, range).value_or(range.fallback.value_or(0));
}

std::optional<double> Request::maybe_number(std::string_view name, const Range& range) {
  const bool required = !range.fallback;
  if (describing()) {
    json& described = property(name, required, range.about);
    described["type"] = "number";
    describe_range(described, range);
    return std::nullopt;
  }
  const json* found = field(name, required);
  if (found == nullptr) return std::nullopt;
  if (!found->is_number()) {
    wrong(name, fmt::format("must be a number, and is {}", shown(*found)));
    return std::nullopt;
  }
  const double value = found->get<double>();
  check_range(name, value, range);
  return value;
}

std::int64_t Request::count(std::string_view name, const Range& range) {
  const auto fallback = static_cast<std::int64_t>(range.fallback.value_or(0));
  if (describing()) {
    json& described = property(name, !range.fallback, range.about);
    described["type"] = "integer";
    describe_range(described, range);
    described["maximum"] = range.at_most.value_or(kLargestExact);
    return fallback;
  }
  const json* found = field(name, !range.fallback);
  if (found == nullptr) return fallback;
  if (!is_count(*found)) {
    wrong(name, fmt::format("must be a whole number from 0 to 2^53, and is {}", shown(*found)));
    return fallback;
  }
  check_range(name, found->get<double>(), range);
  return static_cast<std::int64_t>(found->get<double>());
}

std::vector<std::optional<double>> Request::gappy_numbers(std::string_view name,
                                                          std::string_view about) {
  std::vector<std::optional<double>> numbers;
  if (describing()) {
    json& described = property(name, true, about);
    described["type"] = "array";
    described["items"]["type"] = {"number", "null"};
    return numbers;
  }
  const json* found = field(name, true);
  if (found == nullptr) return numbers;
  if (!found->is_array() || found->size() > kMostItems) {
    wrong(name, fmt::format("must be an array of at most {} numbers", kMostItems));
    return numbers;
  }
  for (const json& item : *found) {
    if (item.is_null()) {
      numbers.push_back(std::nullopt);
    } else if (item.is_number() && std::isfinite(item.get<double>())) {
      numbers.push_back(item.get<double>());
    } else {
      wrong(fmt::format("{}[{}]", name, numbers.size()),
            fmt::format("must be a finite number, and is {}", shown(item)));
      return numbers;
    }
  }
  return numbers;
}

std::vector<double> Request::numbers(std::string_view name, std::string_view about) {
  std::vector<double> numbers;
  for (const auto& each : gappy_numbers(name, about)) {
    if (!each) {
      wrong(fmt::format("{}[{}]", name, numbers.size()), "must be a number, and is null");
      break;
    }
    numbers.push_back(*each);
  }
  if (describing()) property(name, false, about)["items"]["type"] = "number";
  return numbers;
}

std::optional<std::vector<double>> Request::maybe_numbers(std::string_view name,
                                                          std::string_view about) {
  if (describing()) {
    json& described = property(name, false, about);
    described["type"] = "array";
    described["items"]["type"] = "number";
    return std::nullopt;
  }
  asked_.emplace_back(name);
  if (!has(name)) return std::nullopt;
  return numbers(name, about);
}

std::vector<std::int64_t> Request::counts(std::string_view name, std::string_view about) {
  std::vector<std::int64_t> counts;
  for (const double each : numbers(name, about)) {
    if (each >= 0 && each <= kLargestExact && each == std::floor(each)) {
      counts.push_back(static_cast<std::int64_t>(each));
      continue;
    }
    wrong(fmt::format("{}[{}]", name, counts.size()),
          fmt::format("must be a whole number from 0 to 2^53, and is {}", each));
    break;
  }
  if (describing()) property(name, false, about)["items"] = {{"type", "integer"}, {"minimum", 0}};
  return counts;
}

std::string Request::choice(std::string_view name, std::span<const std::string_view> words,
                            std::string_view fallback) {
  if (describing()) {
    json& described = property(name, fallback.empty(), {});
    for (const std::string_view word : words) described["enum"].push_back(std::string(word));
    if (!fallback.empty()) described["default"] = std::string(fallback);
    return std::string(fallback);
  }
  const json* found = field(name, fallback.empty());
  if (found == nullptr) return std::string(fallback);
  if (found->is_string()) {
    const auto word = found->get<std::string>();
    if (std::find(words.begin(), words.end(), word) != words.end()) return word;
  }
  std::string hint;
  for (const std::string_view word : words)
    hint += fmt::format("{}{}", hint.empty() ? "" : ", ", word);
  wrong(name, fmt::format("{} is not among the choices", shown(*found)), hint);
  return std::string(fallback);
}

Request Request::object(std::string_view name, std::string_view about) {
  if (describing()) return Request(property(name, true, about));
  const json* found = field(name, true);
  Request inner(found == nullptr ? kNothing : *found, path_of(name), *problems_);
  inner.absent_ = inner.absent_ || found == nullptr;  // Said once; its fields need not be missed.
  return inner;
}

std::vector<Request> Request::objects(std::string_view name, std::string_view about) {
  std::vector<Request> items;
  if (describing()) {
    json& described = property(name, true, about);
    described["type"] = "array";
    items.emplace_back(described["items"]);
    return items;
  }
  const json* found = field(name, true);
  if (found == nullptr) return items;
  if (!found->is_array() || found->size() > kMostItems) {
    wrong(name, fmt::format("must be an array of at most {} objects", kMostItems));
    return items;
  }
  for (std::size_t i = 0; i < found->size(); ++i) {
    items.emplace_back((*found)[i], fmt::format("{}[{}]", path_of(name), i), *problems_);
  }
  return items;
}

void Request::finish() {
  if (describing()) return;
  for (const auto& [key, ignored] : value_->items()) {
    if (std::find(asked_.begin(), asked_.end(), key) != asked_.end()) continue;
    const std::vector<std::string_view> known(asked_.begin(), asked_.end());
    const auto meant = did_you_mean(key, known);
    wrong(key, "is not a field of this method",
          meant ? fmt::format("did you mean {}?", *meant) : "");
  }
}

}  // namespace assay::stats
