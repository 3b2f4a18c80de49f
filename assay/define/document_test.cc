#include "assay/define/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/define/parse.h"

namespace assay::define {
namespace {

using testing::HasSubstr;

std::string complaint(std::string_view text) {
  const auto read = read_document(text, "x.yaml");
  return to_text(read ? read->problems : read.error());
}

TEST(Document, KeepsTextPlacesAndOrder) {
  const auto read = read_document("b: 010\na:\n  - 'x'\n  - {c: null}\n", "x.yaml");
  ASSERT_TRUE(read);
  EXPECT_EQ(to_text(read->problems), "");
  const Node* root = &read->root;
  EXPECT_EQ(root->keys[0].text, "b");
  EXPECT_EQ(root->find("b")->text, "010");
  EXPECT_FALSE(root->find("b")->quoted);
  const Node& list = *root->find("a");
  EXPECT_EQ(list.kind, Node::Kind::kList);
  EXPECT_TRUE(list.items[0].quoted);
  EXPECT_EQ(list.items[0].line, 3);
  EXPECT_EQ(list.items[0].column, 5);
  EXPECT_EQ(list.items[1].find("c")->kind, Node::Kind::kNull);
  EXPECT_EQ(root->find("nothing"), nullptr);
}

TEST(Document, RefusesWhatAPlanMustNotDependOn) {
  EXPECT_THAT(complaint("a: 1\nb: {c: 1, c: 2}\n"),
              HasSubstr("x.yaml:2:11: error: b: key 'c' appears twice (first on line 2"));
  EXPECT_THAT(complaint("a: &x {b: 1}\nc: *x\n"), HasSubstr("x.yaml:2:4: error: c: aliases"));
  EXPECT_THAT(complaint("a:\n  <<: {b: 1}\n"), HasSubstr("x.yaml:2:3: error: a: merge keys"));
  EXPECT_THAT(complaint("a: !!str 5\n"), HasSubstr("tag"));
  EXPECT_THAT(complaint("a: 1\n---\nb: 2\n"), HasSubstr("more than one YAML document"));
  EXPECT_THAT(complaint("? [a, b]\n: 1\n"), HasSubstr("a key must be a word"));
  EXPECT_THAT(complaint("a: \"b\\_c\"\n"), HasSubstr("x.yaml:1:4: error: a: the escapes"));
  EXPECT_THAT(complaint("\"b\\Nc\": 1\n"), HasSubstr("the escapes"));
  EXPECT_THAT(complaint(""), HasSubstr("empty"));
  EXPECT_THAT(complaint("# nothing\n"), HasSubstr("empty"));
}

TEST(Document, ReportsSeveralOfTheseAtOnce) {
  const auto read = read_document("a: 1\na: 2\nb: *c\n<<: {}\n", "x.yaml");
  ASSERT_FALSE(read);
  // An alias to nothing ends the reading, after what came before it.
  EXPECT_GE(read.error().size(), 2U);
}

TEST(Document, LeavesOutWhatItRefusesAndReadsOn) {
  const auto read = read_document(
      "a: &x 1\na: {b: 1, b: 2}\n<<: {c: 1}\n[k]: 1\nd: [*x, 2]\na: 3\ne: {<<: *x, f: 4}\n---\nz: "
      "1\n",
      "x.yaml");
  ASSERT_TRUE(read) << to_text(read.error());
  EXPECT_EQ(read->problems.size(), 9U) << to_text(read->problems);
  const Node& root = read->root;
  ASSERT_EQ(root.keys.size(), 3U);
  ASSERT_EQ(root.items.size(), 3U);
  EXPECT_EQ(root.find("a")->text, "1");
  ASSERT_EQ(root.find("d")->items.size(), 2U);
  EXPECT_EQ(root.find("d")->items[0].kind, Node::Kind::kNull);
  ASSERT_EQ(root.find("e")->keys.size(), 1U);
  EXPECT_EQ(root.find("e")->find("f")->text, "4");
}

TEST(Document, MalformedTextNamesItsPlace) {
  EXPECT_THAT(complaint("a: [1, 2\nb: 3\n"), HasSubstr("not valid YAML"));
  EXPECT_THAT(complaint("a: b: c\n"), HasSubstr("x.yaml:1:5: error: not valid YAML"));
  EXPECT_THAT(complaint("a: {b: 1\n"), HasSubstr("not valid YAML"));
  EXPECT_THAT(complaint("{\"a\": 1 \"b\": 2}"), HasSubstr("not valid JSON"));
  EXPECT_THAT(complaint("{\"a\": [1, 2"), HasSubstr("check commas, quotes and brackets"));
  EXPECT_THAT(complaint("a: \xff\xfe\n"), HasSubstr("not UTF-8"));
  EXPECT_THAT(complaint(std::string_view("a: \0b\n", 7)), HasSubstr("not UTF-8"));
}

TEST(Document, HostileSizesEndEarly) {
  EXPECT_THAT(complaint(std::string(kMaxFileBytes + 1, ' ')), HasSubstr("larger than"));
  EXPECT_THAT(complaint(std::string(5000, '[')), HasSubstr("nested deeper"));
  EXPECT_THAT(complaint(std::string(5000, '{')), HasSubstr("nested deeper"));
  std::string wide = "[";
  for (std::size_t i = 0; i <= DocumentLimits{}.nodes; ++i) wide += "1,";
  EXPECT_THAT(complaint(wide + "1]"), HasSubstr("more than 100000 values"));
  std::string laughs = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 30; ++i) {
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" +
              std::to_string(i - 1) + ", *a" + std::to_string(i - 1) + "]\n";
  }
  EXPECT_THAT(complaint(laughs), HasSubstr("aliases"));
  std::string twice;
  for (int i = 0; i < 1000; ++i) twice += "a: 1\n";
  EXPECT_EQ(read_document(twice, "x").error().size(), 100U);
}

TEST(Document, JsonIsReadAsJson) {
  const auto root = read_document(
      "{\n\t\"a\": \"\\u00e9 \\ud83d\\ude00 \\/ \\\\ud83d\\ude00\",\n\t\"b\": [1, true, null]\n}",
      "x.json");
  // Two backslashes are one backslash; the half of a pair that follows is not text.
  EXPECT_FALSE(root);
  const auto fine = read_document("{\"a\": \"\\u00e9 \\ud83d\\ude00 \\/ \\\\ud83d\"}", "x.json");
  ASSERT_TRUE(fine) << to_text(fine.error());
  EXPECT_EQ(fine->root.find("a")->text, "é 😀 / \\ud83d");
}

TEST(Document, JsonMayBeIndentedWithTabs) {
  const auto read = read_document("{\n\t\"a\": [\n\t\t1,\n\t\t2\n\t]\n}\n", "x.json");
  ASSERT_TRUE(read) << to_text(read.error());
  EXPECT_EQ(read->root.find("a")->items.size(), 2U);
}

}  // namespace
}  // namespace assay::define
