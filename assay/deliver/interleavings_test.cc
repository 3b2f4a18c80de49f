#include "assay/deliver/interleavings.h"

#include <fstream>
#include <map>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/deliver/request.h"

namespace assay::deliver {
namespace {

using nlohmann::json;

TEST(Interleavings, AnswerLikeTheConformanceCases) {
  std::ifstream file(ASSAY_SOURCE_DIR "/spec/conformance/interleaving.json");
  const json cases = json::parse(file)["cases"];
  for (const json& c : cases) {
    const json request = {{"request", c["request"]},
                          {"salt", c["salt"]},
                          {"scheme", c["scheme"]},
                          {"length", c["length"]},
                          {"rankings", {{"control", c["control"]}, {"treatment", c["treatment"]}}}};
    const auto list = interleave_json(request.dump());
    ASSERT_TRUE(list) << to_text(list.error());
    const json expected = {
        {"request", c["request"]}, {"scheme", c["scheme"]}, {"items", c["items"]}};
    EXPECT_EQ(json::parse(to_json(*list)), expected);
  }
  EXPECT_GT(cases.size(), 150U);
}

TEST(Interleavings, SchemeAndLengthMayBeAbsent) {
  const auto list = interleave_json(
      R"({"request":"q","salt":"s","unit":"u",
          "rankings":{"control":["a"],"treatment":["b","c"]}})");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->unit, "u");
  EXPECT_EQ(list->items.size(), 3U);
  EXPECT_EQ(list->items[2].team, assign::Team::kNobody);
  const auto null = interleave_json(
      R"({"request":"q","salt":"s","scheme":null,"length":null,"unit":null,
          "rankings":{"control":["a"],"treatment":["b","c"]}})");
  ASSERT_TRUE(null) << "as good as absent";
  EXPECT_EQ(to_json(*null), to_json(*list));
}

std::string problems_of(const std::string& body) {
  const auto list = interleave_json(body);
  EXPECT_FALSE(list) << body.substr(0, 200);
  return list ? "" : to_text(list.error());
}

TEST(Interleavings, EveryProblemAtOnce) {
  const std::string all = problems_of(
      R"({"request":7,"scheme":"teamdraft","length":-1,"lenght":3,
          "rankings":{"control":["a",1,"a"],"treatment":"b"}})");
  for (const char* part :
       {"request: is not a text", "salt: is missing", "neither team_draft nor balanced",
        "length: must be 1 or more", "lenght: is not known (did you mean length?)",
        "rankings.control[1]: is not a text", "\"a\" is there before",
        "rankings.treatment: is not a list"}) {
    EXPECT_NE(all.find(part), std::string::npos) << part << "\n" << all;
  }
  EXPECT_NE(problems_of("{}").find("rankings.control: is missing"), std::string::npos);
  for (const char* body : {"", "[]", "{", "7"}) {
    EXPECT_NE(problems_of(body).find("not a JSON object"), std::string::npos) << body;
  }
}

TEST(Interleavings, SaysWhereTheBytesAreNoTextAndWhichRankingIsTooMany) {
  const std::string head = R"({"request":"é)";
  EXPECT_EQ(problems_of(head + "\xff\"}"), "error: invalid UTF-8 at byte " +
                                               std::to_string(head.size() + 1) +
                                               " (JSON is text in UTF-8)\n");
  EXPECT_NE(problems_of("\xc3").find("at byte 1 "), std::string::npos);
  EXPECT_NE(problems_of("{} \xed\xa0\x80").find("at byte 4 "), std::string::npos);
  const std::string third = problems_of(
      R"({"request":"r","salt":"s","rankings":{"control":["a"],"treatment":["b"],"third":["c"]}})");
  EXPECT_EQ(third,
            "error: rankings.third: is one ranking too many (interleaving compares control with "
            "treatment)\n");
}

TEST(Interleavings, SaysWhatCannotBeReadOfOneMeaning) {
  const auto twice = interleave_json(R"({"request":"q","rankings":{"control":[],"control":[]}})");
  ASSERT_FALSE(twice);
  EXPECT_EQ(to_text(twice.error()), "error: rankings.control: is there twice (give it once)\n");
  const auto large = interleave_json(R"({"request":"q","length":1e400})");
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error()[0].field, "length");
}

TEST(Interleavings, HostileBodiesAreRefused) {
  EXPECT_FALSE(problems_of(std::string(kMaxBodyBytes + 1, ' ')).empty());
  std::string deep = R"({"request":)";
  for (int i = 0; i < 1'000'000; ++i) deep += '[';
  EXPECT_FALSE(problems_of(deep).empty());
  std::string items = R"({"request":"q","salt":"s","rankings":{"treatment":[],"control":[)";
  items += std::string(500'000, '[') + std::string(500'000, ']') + "]}}";
  EXPECT_FALSE(problems_of(items).empty());
  json many = json::array();
  for (std::size_t i = 0; i <= kMaxRankedItems; ++i) many.push_back(std::to_string(i));
  const json body = {
      {"request", "q"}, {"salt", "s"}, {"rankings", {{"control", many}, {"treatment", many}}}};
  EXPECT_NE(problems_of(body.dump()).find("at most 10000"), std::string::npos);
  many.erase(0);
  json good = body;
  good["rankings"] = {{"control", many}, {"treatment", many}};
  EXPECT_EQ(interleave_json(good.dump())->items.size(), kMaxRankedItems);
  std::string large = good.dump();
  large.resize(kMaxBodyBytes, ' ');
  EXPECT_TRUE(interleave_json(large));
  EXPECT_NE(problems_of(large + " ").find("larger than 4 MiB"), std::string::npos);
}

TEST(Interleavings, AFieldHasOneProblem) {
  const auto list = interleave_json(
      R"({"request":7,"salt":8,"length":"x","rankings":{"control":["a"],"treatment":["b"]}})");
  ASSERT_FALSE(list);
  EXPECT_EQ(list.error().size(), 3U) << to_text(list.error());
}

TEST(Interleavings, ALengthBelowOneIsAWholeNumberAllTheSame) {
  for (const auto& [length, message] :
       std::map<std::string, std::string>{{"-1", "must be 1 or more"},
                                          {"0", "must be 1 or more"},
                                          {"1.5", "is not a whole number"}}) {
    const auto list = interleave_json(R"({"request":"q","salt":"s","length":)" + length +
                                      R"(,"rankings":{"control":["a"],"treatment":["b"]}})");
    ASSERT_FALSE(list);
    EXPECT_EQ(list.error().front().message, message) << length;
  }
}

}  // namespace
}  // namespace assay::deliver
