// What random definitions and contexts found where flagd's own evaluator (@openfeature/flagd-core
// 4.0.1) answered otherwise.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/define/import.h"

namespace assay::define {
namespace {

using testing::HasSubstr;

std::string condition_of(const std::string& condition) {
  const auto read = import_flagd_condition(condition, "c");
  return read ? to_text(*read) : to_text(read.error());
}

Checked<Imported> import_of(const std::string& targeting, const std::string& variants) {
  return import_flagd(R"({"flags": {"f": {"state": "ENABLED", "variants": )" + variants +
                          R"(, "targeting": )" + targeting + "}}}",
                      "f.json");
}

// "true where x equals 1; false where not (x equals 1)", whichever of them is the split; else why
// it is refused.
std::string outline_of(const std::string& targeting,
                       const std::string& variants = R"({"true": true, "false": false})") {
  const auto read = import_of(targeting, variants);
  if (!read || read->flags.empty()) return to_text(read ? read->refused : read.error());
  const Experiment& plan = read->flags[0].experiment;
  std::string text;
  for (const Forced& one : plan.assignment.forced) {
    text += one.variant + " where " + to_text(one.when) + "; ";
  }
  return text + plan.variants[0].key + " where " + to_text(plan.assignment.targeting);
}

TEST(ImportFlagdFaults, ANullConditionNamesNoVariant) {
  EXPECT_EQ(outline_of(R"({"starts_with": [{"var": "x"}, "a"]})"),
            "true where x starts_with a; "
            "false where x starts_with  and not (x starts_with a)");
  EXPECT_EQ(outline_of(R"({"==": [{"var": "x"}, "a"]})"), "true where x equals a");
}

TEST(ImportFlagdFaults, AnAttributeNamesTheVariant) {
  EXPECT_EQ(outline_of(R"({"var": "x"})", R"({"a": 1, "7": 2})"),
            "7 where x in [7, 7]; a where x in [a]");
}

TEST(ImportFlagdFaults, WithoutAnElseWhatIsMissingIsZeroBehindToo) {
  EXPECT_EQ(outline_of(R"({"if": [{"==": [0, {"var": "x"}]}, "true"]})"),
            "true where x exists false or x in [0, false, 0, ]");
  EXPECT_EQ(outline_of(R"({"if": [{"==": [0, {"var": "x"}]}, "true", null]})"),
            "true where x in [0, false, 0, ]");
  EXPECT_EQ(outline_of(R"({"if": [{"==": [null, {"var": "x"}]}, "true"]})"),
            "true where x exists false or x in [0, false]");
}

TEST(ImportFlagdFaults, ZeroAndFalseEqualNull) {
  EXPECT_EQ(condition_of(R"({"==": [{"var": "x"}, null]})"), "x exists false or x in [0, false]");
  EXPECT_EQ(condition_of(R"({"!=": [{"var": "x"}, null]})"),
            "not (x exists false or x in [0, false])");
  EXPECT_EQ(condition_of(R"({"==": [null, {"var": "x"}]})"), "x exists false");
  EXPECT_EQ(condition_of(R"({"===": [{"var": "x"}, null]})"), "x exists false");
}

TEST(ImportFlagdFaults, AnEmptyTextIsNotMissing) {
  EXPECT_EQ(condition_of(R"({"missing": "x"})"), "x exists false");
  EXPECT_THAT(outline_of(R"({"missing": "x"})"), HasSubstr("names no variant"));
}

TEST(ImportFlagdFaults, NothingIsFoundInAnEmptyText) {
  EXPECT_EQ(condition_of(R"({"in": ["", {"var": "x"}]})"), "x contains  and not (x equals )");
  EXPECT_EQ(condition_of(R"({"in": ["", ""]})"), condition_of("false"));
  EXPECT_EQ(condition_of(R"({"in": [{"var": "x"}, []]})"), condition_of("false"));
}

TEST(ImportFlagdFaults, ElementsAreComparedLoosely) {
  EXPECT_EQ(condition_of(R"({"some": [{"var": "x"}, {"==": [{"var": ""}, 7]}]})"),
            "x in [7, 7] and not (x equals 7) and not (x starts_with )");
  EXPECT_EQ(condition_of(R"({"some": [{"var": "x"}, {"===": [{"var": ""}, 7]}]})"),
            "x in [7] and not (x equals 7)");
}

TEST(ImportFlagdFaults, ATruthMayHaveADefault) {
  EXPECT_EQ(condition_of(R"({"!": {"var": ["x", true]}})"),
            "not (x exists false or (x exists true and not (x equals false) and not (x equals 0) "
            "and not (x equals )))");
  EXPECT_EQ(condition_of(R"({"!!": {"var": ["x", 0]}})"), condition_of(R"({"var": "x"})"));
}

TEST(ImportFlagdFaults, VersionsAreThoseThatFlagdReads) {
  EXPECT_EQ(condition_of(R"({"sem_ver": [{"var": "x"}, ">", "v2.1"]})"), "x semver >2.1");
  EXPECT_EQ(condition_of(R"({"sem_ver": [{"var": "x"}, "~", "V2.1.0-rc.1"]})"),
            "x semver >=2.1.0-0 and x semver <2.2.0-0");
  EXPECT_EQ(condition_of(R"({"sem_ver": [{"var": "x"}, "=", "1.2.3-a-01+007"]})"),
            "x semver =1.2.3-a-01+007");
  for (const char* version : {"01.2.3", "2.1-rc", "2.1+b", "1.2.3-01", "1.2.3 2.0.0", "v", "1."}) {
    const std::string text = R"({"sem_ver": [{"var": "x"}, "=", ")" + std::string(version) + "\"]}";
    EXPECT_THAT(condition_of(text), HasSubstr("is not a version")) << version;
  }
}

TEST(ImportFlagdFaults, OneVariantForAllIsNotHashed) {
  EXPECT_THAT(
      outline_of(R"({"if": [{"==": [{"var": "y"}, "a"]}, {"fractional": [{"var": "x"}, ["a"]]},
                                    "b"]})",
                 R"({"a": 1, "b": 2, "c": 3})"),
      HasSubstr("y equals a and x starts_with "));
}

TEST(ImportFlagdFaults, LongChoicesAreNotNested) {
  std::string list, nested, ends;
  for (int i = 0; i < 45; ++i) {
    const std::string one = R"({"===": [{"var": "x"}, )" + std::to_string(i) + R"(]}, "true", )";
    list += one;
    if (i < 25) nested += R"({"if": [)" + one;
    if (i < 25) ends += "]}";
  }
  EXPECT_THAT(outline_of(R"({"if": [)" + list + R"("false"]})"), HasSubstr("and x equals 44"));
  EXPECT_THAT(outline_of(nested + R"("false")" + ends), HasSubstr("and x equals 24"));
}

TEST(ImportFlagdFaults, TargetingIsAnObject) {
  EXPECT_THAT(outline_of("false"), HasSubstr("`targeting` is not an object"));
}

TEST(ImportFlagdFaults, WarnsOfASaltBeyondAscii) {
  const auto read = import_of(R"({"fractional": [{"cat": ["é", {"var": "targetingKey"}]},
                                                 ["a"], ["b"]]})",
                              R"({"a": 1, "b": 2})");
  ASSERT_TRUE(read);
  EXPECT_THAT(to_text(read->warnings), HasSubstr("beyond ASCII"));
}

}  // namespace
}  // namespace assay::define
