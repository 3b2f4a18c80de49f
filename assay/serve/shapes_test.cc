#include "assay/serve/shapes.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace assay::serve {
namespace {

using nlohmann::json;

const char* const kCard = R"({"experiment":"a","units":[{"variant":"control","n":3},
  {"variant":"treatment","n":4}],"trusted":false,"withheld":true,
  "comparisons":[{"metric":"m","role":"secondary"},{"metric":"p","role":"primary"}]})";

Registered registered() {
  Registered one;
  one.record.id = "a";
  one.record.name = "Name";
  one.record.version = {.number = 2, .fingerprint = "f", .plan_json = R"({"id":"a"})"};
  one.record.started_at = Timestamp{0};
  one.warnings = {"careful"};
  return one;
}

TEST(Shapes, AnOutcomeKnowsWhatTheListShows) {
  const auto outcome = read_outcome(kCard, R"({"decision":"continue"})");
  ASSERT_TRUE(outcome) << to_text(outcome.error());
  EXPECT_EQ(outcome->units, 7);
  EXPECT_FALSE(outcome->trusted);
  EXPECT_EQ(json::parse(outcome->units_json), json({{"control", 3}, {"treatment", 4}}));
  EXPECT_EQ(json::parse(outcome->primary_json)["metric"], "p");
  EXPECT_EQ(read_outcome("{}", "").error().code, Code::kCorrupt);
  EXPECT_EQ(read_outcome("not json", "").error().code, Code::kCorrupt);
}

TEST(Shapes, Experiment) {
  const json shown = json::parse(experiment_json(registered()));
  EXPECT_EQ(shown["plan"], json::parse(R"({"id":"a"})"));
  EXPECT_EQ(shown["version"], 2);
  EXPECT_EQ(shown["started_at"], "1970-01-01T00:00:00Z");
  EXPECT_FALSE(shown.contains("stopped_at"));
  EXPECT_EQ(shown["warnings"][0], "careful");
}

TEST(Shapes, HistoryAndReceipt) {
  const json history = json::parse(history_json(
      "a", {{Timestamp{0}, R"({"control":1})", ""}, {Timestamp{1}, "{}", R"({"metric":"p"})"}}));
  ASSERT_EQ(history["points"].size(), 2u);
  EXPECT_EQ(history["points"][0]["as_of"], "1970-01-01T00:00:00Z");
  EXPECT_EQ(history["points"][0]["units"]["control"], 1);
  EXPECT_FALSE(history["points"][0].contains("primary"));
  EXPECT_EQ(history["points"][1]["primary"]["metric"], "p");
  const json receipt =
      json::parse(receipt_json({.stored = 1, .duplicates = 2},
                               {{.line = 3, .id = "", .message = "bad \xff", .hint = "mend it"}}));
  EXPECT_EQ(receipt["stored"], 1);
  EXPECT_EQ(receipt["duplicates"], 2);
  EXPECT_EQ(receipt["rejected"][0]["line"], 3);
  EXPECT_FALSE(receipt["rejected"][0].contains("id"));
  EXPECT_FALSE(receipt.contains("differing"));
  EXPECT_EQ(json::parse(receipt_json({.stored = 9}, {}, 2))["differing"], 2);
}

TEST(Shapes, Methods) {
  const json shown = json::parse(methods_json({{"welch_t", "Do two means differ?"}}));
  EXPECT_EQ(shown["methods"][0], json({{"name", "welch_t"}, {"question", "Do two means differ?"}}));
  EXPECT_EQ(json::parse(methods_json({}))["methods"], json::array());
}

}  // namespace
}  // namespace assay::serve
