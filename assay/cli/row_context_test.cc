// Whose ids a row of a list has: the same experiment answers the same units over HTTP.
#include "assay/cli/row_context.h"

#include <map>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/cli/testing.h"

namespace assay::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kMetrics =
    "  metrics: {primary: [{name: paid, type: proportion, event: payment}]}\n";

class RowIds : public testing::Test {
 protected:
  std::string plan(const std::string& id, const std::string& lines,
                   const std::string& holdouts = "") {
    return files_.write(id + ".yaml", "experiment:\n  id: " + id +
                                          "\n  allocation: {control: 1, treatment: 1}\n" + lines +
                                          kMetrics + holdouts);
  }
  std::string session_plan(const std::string& lines = "") {
    return plan("held", "  unit: session\n  holdouts: [slow]\n" + lines,
                "holdouts: {slow: {share: 100%, unit: user}}\n");
  }
  Ran assign(std::vector<std::string> plans, const std::string& name, const std::string& rows) {
    plans.insert(plans.begin(), "assign");
    plans.insert(plans.end(), {"--units", files_.write(name, rows)});
    return assay(plans);
  }

  Files files_;
};

// Everybody known is held out, so that an id that stands in shows.
TEST_F(RowIds, AnEmptyIdOfAHoldoutsKindIsNobody) {
  const std::string file = session_plan();
  for (const auto& [name, rows] : std::map<std::string, std::string>{
           {"list.csv", "session,user\ns1,\ns2,u2\n"},
           {"list.ndjson",
            "{\"session\":\"s1\",\"user\":null}\n{\"session\":\"s2\",\"user\":"
            "\"u2\"}\n"},
           {"empty.ndjson",
            "{\"session\":\"s1\",\"user\":\"\"}\n{\"session\":\"s2\",\"user\":"
            "\"u2\"}\n"}}) {
    const Ran ran = assign({file}, name, rows);
    EXPECT_THAT(ran.out, HasSubstr("s1,")) << ran.err;
    EXPECT_THAT(ran.out, Not(HasSubstr("s1,,holdout"))) << name;
    EXPECT_THAT(ran.out, HasSubstr("s2,,holdout")) << name;
    EXPECT_EQ(ran.err, "") << name;
  }
}

TEST_F(RowIds, WithoutAColumnTheKeyStandsInAndAWarningSaysSo) {
  const Ran ran = assign({session_plan()}, "list.csv", "session\ns1\n");
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.out, HasSubstr("s1,,holdout"));
  EXPECT_THAT(ran.err, HasSubstr("list.csv: warning: user: there is no such column: where it is "
                                 "asked for, the id in 'session' stands in"));
  EXPECT_THAT(ran.err, HasSubstr("add the column user, empty where nobody is known"));
}

// Devices are no users, although the first column has the ids where none is named for them.
TEST_F(RowIds, TheIdsOfAnotherKindAreNotTakenForThePlans) {
  const std::string two = plan("two", "  fallback_unit: device\n");
  const std::string schools = plan("schools", "  unit: school\n");
  const Ran devices = assign({two}, "devices.csv", "device,age\nd1,20\n");
  EXPECT_EQ(devices.status, kBadInput);
  EXPECT_EQ(devices.out, "");
  EXPECT_THAT(devices.err, HasSubstr("devices.csv:1:1: error: user: there is no such column; "
                                     "'device' has the ids of device (add the column user, empty "
                                     "where nobody is known)"));
  EXPECT_THAT(assign({plan("users", ""), schools}, "schools.csv", "school_id\ns1\n").err,
              HasSubstr("user: there is no such column; 'school_id' has the ids of school"));
  EXPECT_THAT(assign({two}, "named.csv", "user,device\n,d1\n").out, testing::EndsWith(",device\n"));
  EXPECT_THAT(assign({two}, "any.csv", "visitor\nd1\n").out, testing::EndsWith(",user\n"));
}

// An empty cell has no value of an attribute, an empty text of NDJSON has one.
TEST_F(RowIds, NobodyIsNoValueOfAnAttribute) {
  const std::string file = session_plan("  targeting: {attribute: user, exists: true}\n");
  EXPECT_THAT(assign({file}, "list.csv", "session,user\ns1,\n").out, HasSubstr("s1,,targeting"));
  EXPECT_THAT(assign({file}, "list.ndjson", "{\"session\":\"s1\",\"user\":null}\n").out,
              HasSubstr("s1,,targeting"));
  const Ran text = assign({file}, "list.ndjson", "{\"session\":\"s1\",\"user\":\"\"}\n");
  EXPECT_THAT(text.out, testing::EndsWith("t,split\n")) << text.err;
  const std::string digits = session_plan("  targeting: {attribute: user, at_least: 1}\n");
  EXPECT_THAT(assign({digits}, "list.ndjson", "{\"session\":\"s1\",\"user\":\"7\"}\n").out,
              Not(HasSubstr("split")));
}

// A column `targetingKey` is that of a request; without one the id of the row is it.
TEST_F(RowIds, TheTargetingKeyIsAnAttribute) {
  const std::string file =
      plan("shop", "  targeting: {attribute: targetingKey, starts_with: vip}\n");
  EXPECT_THAT(assign({file}, "list.csv", "user\nvip1\nu1\n").out,
              testing::ContainsRegex("vip1,[a-z]+,split\nu1,,targeting\n"));
  EXPECT_THAT(assign({file}, "list.ndjson", "{\"user\":\"u1\",\"targetingKey\":\"vip1\"}\n").out,
              testing::ContainsRegex("u1,[a-z]+,split\n"));
  EXPECT_THAT(assign({file}, "list.csv", "country,targetingKey\nIN,vip1\n").out,
              testing::ContainsRegex("vip1,[a-z]+,split\n"));
}

TEST_F(RowIds, NobodyIsNoTargetingKey) {
  const std::string file = plan(
      "shop", "  fallback_unit: device\n  targeting: {attribute: targetingKey, exists: false}\n");
  for (const char* user : {"\"\"", "null"}) {
    const std::string row = std::string("{\"user\":") + user + ",\"device\":\"d1\"}\n";
    EXPECT_THAT(assign({file}, "list.ndjson", row).out, HasSubstr(",split,device"));
  }
}

TEST_F(RowIds, AColumnTargetingKeyStandsIn) {
  const Ran ran = assign({session_plan()}, "list.csv", "session,targetingKey\ns1,\ns2,u2\n");
  EXPECT_THAT(ran.out, testing::ContainsRegex("s1,[a-z]+,split\ns2,,holdout\n"));
  EXPECT_EQ(ran.err, "");
}

TEST_F(RowIds, AnEmptyFallbackIsNobodyBesideOtherExperimentsToo) {
  const std::string by_user = plan("first", "");
  const std::string by_device = plan("second", "  unit: device\n  fallback_unit: city\n");
  const std::string rows = "user,device,city\nu1,,\nu2,,pune\n";
  EXPECT_THAT(assign({by_device}, "list.csv", rows).out, HasSubstr(",,no_unit,device\n"));
  const Ran both = assign({by_user, by_device}, "list.csv", rows);
  EXPECT_THAT(both.out, testing::ContainsRegex("u1,[a-z]+,\n")) << both.err;
  EXPECT_THAT(both.out, testing::ContainsRegex("u2,[a-z]+,[a-z]+\n")) << both.err;
}

TEST_F(RowIds, ATableIsComparedByTheSameIds) {
  const std::string file = session_plan();
  std::string rows;
  for (int i = 0; i < 40; ++i) rows += "s" + std::to_string(i) + ",\n";
  std::istringstream answers(assign({file}, "list.csv", "session,user\n" + rows).out);
  std::string table = "session,user,variant,paid\n";
  std::string row;
  std::getline(answers, row);
  for (int i = 0; i < 40 && std::getline(answers, row); ++i) {
    const auto comma = row.find(',');
    const std::string variant = row.substr(comma + 1, row.rfind(',') - comma - 1);
    table += row.substr(0, comma) + ",," + variant + "," + std::to_string(i % 2) + "\n";
  }
  const std::string path = files_.write("table.csv", table);
  const Ran recorded = assay({"analyze", file, "--table", path, "--variant", "variant"});
  EXPECT_THAT(recorded.out, HasSubstr("the assigned one in 40 rows.")) << recorded.err;
  const Ran assigned = assay({"analyze", file, "--table", path});
  EXPECT_THAT(assigned.out, HasSubstr("40 rows")) << assigned.err;
  EXPECT_THAT(assigned.out, Not(HasSubstr("no row is in held"))) << assigned.err;
}

TEST_F(RowIds, AColumnNamedUserIdHasTheIdsOfUsers) {
  const std::string file = plan("shop", "");
  const std::string answer = assign({file}, "list.csv", "user\nu1\n").out;
  const Ran named = assign({file}, "list.csv", "date,user_id,country\n2026-01-01,u1,IN\n");
  EXPECT_EQ(named.out, answer);
  EXPECT_EQ(named.err, "");
  EXPECT_EQ(assign({file}, "list.csv", "date,unit_id\n2026-01-01,u1\n").out, answer);
  const Ran held = assign({session_plan()}, "list.csv", "session_id,user_id\ns1,u1\ns2,\n");
  EXPECT_THAT(held.out, testing::ContainsRegex("s1,,holdout\ns2,[a-z]+,split\n"));
  EXPECT_EQ(held.err, "");
  const Ran both = assign({file, plan("visits", "  unit: session\n")}, "list.csv",
                          "date,session_id,user_id\n2026-01-01,s1,u1\n");
  EXPECT_THAT(both.out, testing::ContainsRegex("user_id,shop,visits\nu1,[a-z]+,[a-z]+\n"));
  std::string table = "date,user_id,paid\n";
  for (int i = 0; i < 20; ++i) table += "2026-01-01,u" + std::to_string(i) + ",1\n";
  EXPECT_THAT(assay({"analyze", file, "--table", files_.write("table.csv", table)}).out,
              HasSubstr("The plan assigned 20 rows"));
}

TEST_F(RowIds, IdsOfAFirstColumnByAnyNameAreWarnedOf) {
  const std::string file = plan("shop", "");
  const Ran ran = assign({file}, "list.csv", "date,person\n2026-01-01,u1\n");
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.err, HasSubstr("list.csv: warning: date: the ids are read from this column, the "
                                 "first: none is named user (name the column of ids user, user_id, "
                                 "unit or unit_id)"));
  EXPECT_EQ(assign({file}, "list.csv", "visitor\nu1\n").err, "");
}

TEST_F(RowIds, AttributesWithoutAColumnAreWarnedOf) {
  const std::string file = plan("shop",
                                "  targeting: {any: [{attribute: country, equals: IN}, {attribute: "
                                "device.os, equals: ios}]}\n");
  const Ran ran = assign({file}, "list.csv", "user,Country,device.os\nu1,IN,ios\n");
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.err,
              testing::EndsWith("list.csv: warning: country: there is no such column, but a "
                                "condition asks for it: it is missing in every row (did you mean "
                                "Country?)\n"));
  const Ran neither = assign({file, plan("plain", "")}, "list.csv", "user\nu1\n");
  EXPECT_THAT(neither.err, HasSubstr("warning: country: there is no such column"));
  EXPECT_THAT(neither.err, HasSubstr("missing in every row (add the column device.os)"));
  EXPECT_EQ(assign({file}, "list.csv", "user,country,device.os\nu1,,\n").err, "");
  const std::string object = "{\"user\":\"u1\",\"country\":\"IN\",\"device\":{\"os\":\"ios\"}}\n";
  EXPECT_EQ(assign({file}, "list.ndjson", object).err, "");
}

TEST_F(RowIds, AnExperimentIsNamedOnce) {
  const std::string file = plan("shop", "");
  const Ran ran = assign({file, file}, "list.csv", "user\nu1\n");
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.err, file +
                         ": error: id: shop is there already (name each experiment once; "
                         "--earlier has its older versions)\n");
}

TEST_F(RowIds, ASwitchbackNeedsTheColumnOfTimes) {
  const std::string file =
      plan("prices", "  unit: city\n  switchback: {period: 1h, burn_in: 5m}\n");
  const Ran ran = assign({file}, "list.csv", "city\npune\n");
  EXPECT_EQ(ran.status, 2);
  EXPECT_THAT(ran.err, HasSubstr("time: there is no such column, but a switchback answers by the "
                                 "time (a column of times, such as 2026-06-01T00:10:00Z)"));
  EXPECT_EQ(assign({file}, "list.csv", "city,time\npune,2026-06-01T00:10:00Z\n").status, 0);
}

TEST_F(RowIds, JsonIsNotTakenForCsv) {
  const std::string file = plan("shop", "");
  for (const char* text : {"[{\"user\":\"u1\"}]\n", "{\"user\":\"u1\"}\n{\"user\":\"u2\"}\n"}) {
    const Ran ran = assign({file}, "list.json", text);
    EXPECT_EQ(ran.status, 2);
    EXPECT_EQ(ran.out, "");
    EXPECT_THAT(ran.err, HasSubstr("list.json:1: error: is JSON, not the header of a CSV file (one "
                                   "object a line, in a file whose name ends in .ndjson)"));
    EXPECT_THAT(assay({"assign", file, "--units", "-"}, text).err,
                HasSubstr("-:1: error: is JSON"));
  }
}

}  // namespace
}  // namespace assay::cli
