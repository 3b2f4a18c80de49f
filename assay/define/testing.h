// Short ways to write experiment files and to look at what parse says, for the tests of define.
#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "assay/define/parse.h"

namespace assay::define {

// A small plan that is right, with more lines at its end.
inline std::string plan_with(std::string_view lines) {
  return "id: x\n"
         "allocation: {control: 1, treatment: 1}\n"
         "metrics: {primary: [{name: m, type: proportion, event: e}]}\n" +
         std::string(lines) + "\n";
}

// The same with one metric of one's own.
inline std::string plan_with_metric(std::string_view metric, std::string_view role = "primary") {
  std::string text =
      "id: x\n"
      "allocation: {control: 1, treatment: 1}\n"
      "metrics:\n";
  if (role != "primary") text += "  primary: [{name: first, type: proportion, event: e}]\n";
  return text + "  " + std::string(role) + ": [" + std::string(metric) + "]\n";
}

inline Experiment must_parse(std::string_view text) {
  auto parsed = parse(text, {.file = "exp.yaml"});
  EXPECT_TRUE(parsed) << text << "\n" << to_text(parsed.error());
  return parsed ? std::move(parsed->experiment) : Experiment{};
}

// All problems as text, one a line; empty where there is none.
inline std::string complaints(std::string_view text) {
  const auto parsed = parse(text, {.file = "exp.yaml"});
  return to_text(parsed ? parsed->warnings : parsed.error());
}

inline std::string read_text(const std::string& path) {
  std::ifstream in(path);
  EXPECT_TRUE(in) << path;
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace assay::define
