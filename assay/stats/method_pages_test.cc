// Every calculator has a page in docs/methods that shows it at work, and a row of the index that
// links there and names a golden table that exists.
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "assay/stats/calculators.h"

namespace assay::stats {
namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::map<std::string, std::string> pages() {
  std::map<std::string, std::string> found;
  for (const auto& entry : fs::directory_iterator(ASSAY_SOURCE_DIR "/docs/methods")) {
    found[entry.path().filename().string()] = text_of(entry.path());
  }
  return found;
}

// The index's row of a method: the line of its table that holds `name` in the first cell.
std::string row_of(const std::string& index, const std::string& name) {
  std::stringstream lines(index);
  for (std::string line; std::getline(lines, line);) {
    const std::string first = line.substr(0, line.find('|', 1));
    if (line.rfind("| ", 0) == 0 && first.find("`" + name + "`") != std::string::npos) return line;
  }
  return "";
}

TEST(MethodPages, EveryCalculatorHasAPageAndARow) {
  const auto all = pages();
  const std::string& index = all.at("README.md");
  for (const Method& method : methods()) {
    const std::string name(method.name);
    const std::string row = row_of(index, name);
    ASSERT_FALSE(row.empty()) << "docs/methods/README.md has no row of " << name;
    const auto begin = row.find("](") + 2;
    const std::string page = row.substr(begin, row.find(')', begin) - begin);
    ASSERT_TRUE(all.contains(page)) << name << " links to " << page;
    EXPECT_NE(all.at(page).find(name), std::string::npos) << page << " does not name " << name;
    EXPECT_NE(all.at(page).find("assay stats "), std::string::npos) << page << " shows no command";
    EXPECT_NE(all.at(page).find("tools/golden/"), std::string::npos)
        << page << " does not say how to make its numbers again";
  }
}

// What a page tells its reader to type is typed here.
TEST(MethodPages, EveryCommandShownAnswers) {
  int shown = 0;
  for (const auto& [page, text] : pages()) {
    const std::string start = "assay stats ";
    for (auto at = text.find("\n" + start); at != std::string::npos;
         at = text.find("\n" + start, at + 1)) {
      const std::string line = text.substr(at + 1, text.find('\n', at + 1) - at - 1);
      const auto quote = line.find(" <<< '");
      if (quote == std::string::npos) continue;
      const std::string name = line.substr(start.size(), quote - start.size());
      const std::string request = line.substr(quote + 6, line.rfind('\'') - quote - 6);
      const Answer answer = calculate(name, request);
      EXPECT_EQ(static_cast<int>(answer.status), static_cast<int>(AnswerStatus::kOk))
          << page << ": " << line << " -> " << answer.json;
      ++shown;
    }
  }
  EXPECT_GT(shown, 20);
}

TEST(MethodPages, EveryGoldenTableIsInTheIndexAndIsMadeByAScript) {
  const std::string index = text_of(ASSAY_SOURCE_DIR "/docs/methods/README.md");
  std::string scripts;
  for (const auto& entry : fs::directory_iterator(ASSAY_SOURCE_DIR "/tools/golden")) {
    scripts += text_of(entry.path());
  }
  for (const auto& entry : fs::directory_iterator(ASSAY_SOURCE_DIR "/spec/golden")) {
    const std::string name = entry.path().stem().string();
    EXPECT_NE(index.find("`" + name + "`"), std::string::npos) << name << " is not in the index";
    EXPECT_NE(scripts.find(name), std::string::npos) << name << " has no maker";
  }
}

}  // namespace
}  // namespace assay::stats
