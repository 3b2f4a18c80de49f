// Every calculator against everything that a person or a program may send by mistake. The requests
// are made from a sound one of each method (tests/corpus/calculators) and from its schema: each
// field in turn is left out, or replaced by each of the values below. The answer is always finite
// JSON: a result, or an error with a code and a sentence.
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/stats/calculators.h"

namespace assay::stats {
namespace {

using nlohmann::json;
using Path = json::json_pointer;

// Stands for a token that the JSON library would not write.
constexpr const char* kRaw = "@raw@";

const std::vector<std::string> kValues = {"null",
                                          "true",
                                          "\"x\"",
                                          "[]",
                                          "{}",
                                          "-1",
                                          "0",
                                          "-0.0",
                                          "0.5",
                                          "1",
                                          "2",
                                          "1.5",
                                          "1e308",
                                          "-1e308",
                                          "1e-320",
                                          "9007199254740993",
                                          "1e19",
                                          "1e999",
                                          "NaN",
                                          "-5",
                                          "1e154",
                                          "1e-154",
                                          "[0]",
                                          "[1,1]",
                                          "[0,0,0]",
                                          "[null]",
                                          "[1e308,-1e308]",
                                          "[9007199254740992,9007199254740992]"};

// Sound requests by method.
const std::map<std::string, json>& examples() {
  static const auto all = [] {
    std::map<std::string, json> found;
    const std::filesystem::path folder = ASSAY_SOURCE_DIR "/tests/corpus/calculators";
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      std::ifstream file(entry.path());
      std::string method;
      std::getline(file, method);
      std::stringstream rest;
      rest << file.rdbuf();
      found[method] = json::parse(rest.str());
    }
    return found;
  }();
  return all;
}

// Every place of the request where a value stands, and every field of its objects that the schema
// names; only the first two items of a long array.
void places(const json& value, const json& schema, const Path& at, std::vector<Path>& out) {
  if (!at.empty()) out.push_back(at);
  if (value.is_object()) {
    for (const auto& [key, inner] : value.items()) {
      places(inner, schema.value(json::json_pointer("/properties/" + key), json()), at / key, out);
    }
    const json properties = schema.value("properties", json::object());
    for (const auto& [key, ignored] : properties.items()) {
      if (!value.contains(key)) out.push_back(at / key);
    }
  }
  if (!value.is_array()) return;
  for (std::size_t i = 0; i < std::min<std::size_t>(value.size(), 2); ++i) {
    places(value[i], schema.value("items", json()), at / i, out);
  }
}

std::string with_raw(const json& request, const std::string& token) {
  std::string text = request.dump();
  const std::string quoted = "\"" + std::string(kRaw) + "\"";
  const auto at = text.find(quoted);
  if (at != std::string::npos) text.replace(at, quoted.size(), token);
  return text;
}

Answer expect_sound(const std::string& method, const std::string& request) {
  const Answer answer = calculate(method, request);
  const json parsed = json::parse(answer.json, nullptr, false);
  const std::string shown = method + " " + request.substr(0, 400) + " -> " + answer.json;
  EXPECT_TRUE(parsed.is_object()) << shown;
  if (!parsed.is_object()) return answer;
  EXPECT_EQ(parsed.contains("error"), answer.status != AnswerStatus::kOk) << shown;
  if (answer.status == AnswerStatus::kOk) return answer;
  EXPECT_FALSE(parsed["error"].value("code", "").empty()) << shown;
  EXPECT_FALSE(parsed["error"].value("message", "").empty()) << shown;
  const bool explained = answer.status != AnswerStatus::kBadRequest ||
                         parsed["error"].contains("problems") ||
                         parsed["error"]["message"] == "the request is not JSON";
  EXPECT_TRUE(explained) << shown;
  return answer;
}

json schema_of(const std::string& method) { return json::parse(*method_schema(method)); }

// Dunnett's critical value takes hundreds of integrals: a sample of the values is enough of a wait.
bool skipped(const std::string& method, std::size_t turn) {
  return method == "dunnett" && turn % 7 != 0;
}

void for_each_place(const std::function<void(const std::string&, const json&, const Path&)>& use) {
  for (const auto& [method, example] : examples()) {
    std::vector<Path> found;
    places(example, schema_of(method), Path(), found);
    for (const Path& place : found) use(method, example, place);
  }
}

TEST(BadInput, EveryMethodHasASoundExample) {
  for (const Method& method : methods()) {
    const std::string name(method.name);
    ASSERT_TRUE(examples().contains(name))
        << "add tests/corpus/calculators/" << name << ": the name, then a sound request";
    const Answer answer = calculate(name, examples().at(name).dump());
    EXPECT_EQ(static_cast<int>(answer.status), static_cast<int>(AnswerStatus::kOk))
        << name << ": " << answer.json;
  }
  EXPECT_EQ(examples().size(), methods().size());
}

TEST(BadInput, EveryFieldOfEveryMethodWithEveryValue) {
  std::size_t asked = 0;
  std::map<AnswerStatus, std::size_t> seen;
  for_each_place([&](const std::string& method, const json& example, const Path& place) {
    for (const std::string& token : kValues) {
      if (skipped(method, asked++)) continue;
      json request = example;
      request[place] = kRaw;
      ++seen[expect_sound(method, with_raw(request, token)).status];
    }
  });
  std::printf("bad input: %zu requests; %zu answered, %zu refused, %zu undefined\n", asked,
              seen[AnswerStatus::kOk], seen[AnswerStatus::kBadRequest],
              seen[AnswerStatus::kUndefined]);
  EXPECT_GT(seen[AnswerStatus::kUndefined], 100u);
}

TEST(BadInput, EveryFieldOfEveryMethodLeftOut) {
  for_each_place([&](const std::string& method, const json& example, const Path& place) {
    if (!example.contains(place)) return;
    json request = example;
    json& parent = request[place.parent_pointer()];
    if (parent.is_object()) {
      parent.erase(place.back());
    } else {
      parent.erase(parent.begin());
    }
    expect_sound(method, request.dump());
  });
}

// Every number at once: no units, one unit, all equal, all zero, all huge, all tiny.
TEST(BadInput, AllNumbersOfARequestAtOnce) {
  const std::function<void(json&, const json&)> fill = [&](json& value, const json& with) {
    if (value.is_number()) value = with;
    if (!value.is_structured()) return;
    for (json& each : value) fill(each, with);
  };
  for (const auto& [method, example] : examples()) {
    for (const json& with : {json(0), json(1), json(-1), json(1e300), json(1e-300), json(0.5),
                             json(9007199254740992)}) {
      json request = example;
      fill(request, with);
      expect_sound(method, request.dump());
    }
  }
}

// Shares of error that are no shares, numbers that are none, counts that JSON cannot hold.
TEST(BadInput, WhatCanHaveNoAnswerGetsNone) {
  for_each_place([&](const std::string& method, const json& example, const Path& place) {
    const auto refused = [&](const std::string& token) {
      json request = example;
      request[place] = kRaw;
      const Answer answer = expect_sound(method, with_raw(request, token));
      EXPECT_NE(static_cast<int>(answer.status), static_cast<int>(AnswerStatus::kOk))
          << method << " " << place.to_string() << " = " << token;
    };
    for (const char* token : {"1e999", "NaN", "{}", "[{}]"}) refused(token);
    if (place.back() == "alpha") {
      for (const char* token : {"0", "1", "-0.1", "1.5", "null"}) refused(token);
    }
    if (place.back() == "n" || place.back() == "successes") {
      for (const char* token : {"9007199254740994", "-1", "0.5", "null"}) refused(token);
    }
  });
}

}  // namespace
}  // namespace assay::stats
