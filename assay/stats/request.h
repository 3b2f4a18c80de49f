// Request: the reader of a calculator's JSON. It collects every problem, and describes itself.
//
// A calculator reads its fields in one function. Run on a person's JSON, each wrong, missing or
// unknown field becomes a Problem; run by describe(), the same function yields the JSON Schema, so
// that the two cannot drift apart. After reading, a calculator returns at once if !usable().
//
//   const double alpha = request.number("alpha", {.fallback = 0.05, .above = 0, .below = 1});
//   if (!request.usable()) return {};
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "assay/base/problem.h"

namespace assay::stats {

// What a number may be. Without a fallback the field is required.
struct Range {
  std::optional<double> fallback;
  std::optional<double> above;     // Exclusive.
  std::optional<double> at_least;  // Inclusive.
  std::optional<double> below;     // Exclusive.
  std::optional<double> at_most;   // Inclusive.
  std::string_view about;          // For the schema: one phrase.
};

class Request {
 public:
  // Reads `value`, whose problems go to `problems`, the first hundred. Both outlive the request.
  Request(const nlohmann::json& value, std::string path, Problems& problems);
  // Writes `schema` instead.
  explicit Request(nlohmann::json& schema);

  double number(std::string_view name, const Range& range);
  std::optional<double> maybe_number(std::string_view name, const Range& range);
  // Integers up to 2^53, the largest that JSON carries exactly.
  std::int64_t count(std::string_view name, const Range& range);
  std::vector<double> numbers(std::string_view name, std::string_view about);
  // None where the field is absent.
  std::optional<std::vector<double>> maybe_numbers(std::string_view name, std::string_view about);
  // null stands for a missing number.
  std::vector<std::optional<double>> gappy_numbers(std::string_view name, std::string_view about);
  std::vector<std::int64_t> counts(std::string_view name, std::string_view about);
  std::string choice(std::string_view name, std::span<const std::string_view> words,
                     std::string_view fallback);
  Request object(std::string_view name, std::string_view about);
  std::vector<Request> objects(std::string_view name, std::string_view about);

  bool has(std::string_view name) const;
  bool describing() const { return schema_ != nullptr; }
  // Reading, not describing, and without a problem so far.
  bool usable() const;
  void wrong(std::string_view name, std::string message, std::string hint = {});
  // Every field that nothing asked for is a problem, with what was probably meant.
  void finish();

 private:
  const nlohmann::json* field(std::string_view name, bool required);
  std::string path_of(std::string_view name) const;
  nlohmann::json& property(std::string_view name, bool required, std::string_view about);
  void check_range(std::string_view name, double value, const Range& range);

  const nlohmann::json* value_ = nullptr;
  nlohmann::json* schema_ = nullptr;
  std::string path_;
  Problems* problems_ = nullptr;
  std::vector<std::string> asked_;
  bool absent_ = false;  // Not there, or no object: that is the problem, not its fields.
};

}  // namespace assay::stats
