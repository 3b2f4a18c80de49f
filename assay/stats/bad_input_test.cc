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
  const std::string message = parsed["error"].value("message", "");
  const bool explained = answer.status != AnswerStatus::kBadRequest ||
                         parsed["error"].contains("problems") ||
                         message.starts_with("the request is not JSON: ");
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

json refused(const std::string& method, const std::string& request) {
  const Answer answer = calculate(method, request);
  EXPECT_EQ(answer.status, AnswerStatus::kBadRequest) << answer.json;
  return json::parse(answer.json)["error"];
}

const std::string kArms = R"("control": {"n": 30, "mean": 10, "std_dev": 2},
                             "treatment": {"n": 40, "mean": 11, "std_dev": 3})";

TEST(HostileInput, TheTextItself) {
  const auto message = [](const std::string& text) {
    return refused("welch_t", text)["message"].get<std::string>();
  };
  EXPECT_EQ(message("{" + kArms + R"(, "alpha": 0.05, "alpha": 0.5})"),
            "the field alpha is there twice");
  EXPECT_NE(message("{" + kArms + ",}").find("line 2, column"), std::string::npos);
  EXPECT_NE(message("{" + kArms + R"(, "alpha": 1e999})").find("1e999"), std::string::npos);
  EXPECT_NE(message(std::string("{}\0{}", 5)).find("zero byte"), std::string::npos);
  // So deep that reading or printing it level by level would overflow the stack.
  const std::string open(200'000, '[');
  const std::string close(200'000, ']');
  EXPECT_NE(message(R"({"alpha": )" + open + close + "}").find("32 levels"), std::string::npos);
  EXPECT_NE(message(open + close).find("32 levels"), std::string::npos);
}

TEST(HostileInput, WhatIsMissingIsSaidOnce) {
  const json error = refused("welch_t", R"({"control": {"n": 30, "mean": 10, "std_dev": 2}})");
  ASSERT_EQ(error["problems"].size(), 1U) << error;
  EXPECT_EQ(error["problems"][0]["field"], "treatment");
  EXPECT_EQ(refused("welch_t", "[]")["problems"].size(), 1U);
}

TEST(HostileInput, AMillionMistakesAreNotAMillionProblems) {
  std::string nulls = "null";
  std::string arms = "{}";
  for (int i = 0; i < 5000; ++i) nulls += ",null", arms += ",{}";
  EXPECT_EQ(refused("mann_whitney", R"({"treatment": [1], "control": [)" + nulls + "]}")["problems"]
                .size(),
            1U);
  EXPECT_LE(refused("beta_binomial_best", R"({"arms": [)" + arms + "]}")["problems"].size(), 100U);
}

TEST(HostileInput, EachMistakeNamesItsField) {
  struct Case {
    std::string method, request, field;
  };
  const std::string cell = R"("control": {"n": 30, "mean": 10, "std_dev": 2}, "treatment": )";
  const std::string sound = R"({"n": 50, "means": [0, 0], "covariance": [1, 0, 0, 1]})";
  for (const auto& [method, request, field] : {
           Case{"welch_t", "{" + cell + R"({"n": 9007199254740993, "mean": 1, "std_dev": 1}})",
                "treatment.n"},
           Case{"welch_t", "{" + cell + R"({"n": 9, "mean": 1, "std_dev": 1e200}})",
                "treatment.std_dev"},
           Case{"welch_t", "{" + cell + R"({"n": 9, "mean": 1, "std_dev": 1e-200}})",
                "treatment.std_dev"},
           Case{"poststratified", R"({"strata": [{)" + kArms + R"(}], "target_n": 100})",
                "target_n"},
           Case{"covariate_balance",
                R"({"treatment": )" + sound +
                    R"(, "control": {"n": 50, "means": [0, 0], "covariance": [1, 0.5, 0, 1]}})",
                "control.covariance"},
           Case{"covariate_balance",
                R"({"treatment": )" + sound +
                    R"(, "control": {"n": 50, "means": [0, 0], "covariance": [1, 5, 5, 1]}})",
                "control.covariance"},
           Case{"sample_size",
                R"({"metric": "ratio", "numerator_mean": 1, "denominator_mean": 1, "covariance": -9,
                    "numerator_variance": 1, "denominator_variance": 1, "mde_relative": 0.1})",
                "denominator_mean"},
       }) {
    const json error = refused(method, request);
    EXPECT_EQ(error["problems"][0]["field"], field) << error;
  }
}

TEST(HostileInput, ATinyAlphaSaysWhy) {
  for (const auto& [method, rest] : std::map<std::string, std::string>{
           {"tost", kArms + R"(, "margin_relative": 0.1)"},
           {"noninferiority", kArms + R"(, "margin_relative": 0.1, "burn_in": 2)"},
           {"proportion_sequence", R"("successes": 3, "n": 10)"}}) {
    const Answer answer = calculate(method, "{" + rest + R"(, "alpha": 1e-320})");
    EXPECT_EQ(answer.status, AnswerStatus::kUndefined) << answer.json;
    EXPECT_NE(answer.json.find("alpha must lie between"), std::string::npos) << answer.json;
  }
}

TEST(HostileInput, TreatmentsOfDunnettTakeTheFieldsOfTheControl) {
  const auto ask = [](const std::string& arm) {
    return calculate("dunnett",
                     R"({"control": {"n": 4, "successes": 1}, "treatments": [)" + arm + "]}")
        .json;
  };
  EXPECT_EQ(ask(R"({"values": [0, 1, 1, 0]})"), ask(R"({"n": 4, "successes": 2})"));
}

}  // namespace
}  // namespace assay::stats
