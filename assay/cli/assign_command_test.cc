#include "assay/cli/assign_command.h"

#include <sstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/base/hash.h"
#include "assay/cli/progress.h"
#include "assay/cli/testing.h"

namespace assay::cli {
namespace {

using nlohmann::json;

constexpr const char* kPlan = R"(
experiment:
  id: ranker_v2
  allocation: {control: 50, treatment: 50}
  targeting:
    all:
      - {attribute: country, in: [IN, US]}
      - {attribute: age, at_least: 18}
  overrides: {tester: treatment}
  metrics:
    primary: [{name: clicks, type: count}]
)";

class AssignCommand : public testing::Test {
 protected:
  AssignCommand() { write("exp.yaml", kPlan); }

  std::string write(const std::string& name, const std::string& text) {
    return files_.write(name, text);
  }
  Ran assign(const std::string& csv, std::vector<std::string> more = {}) {
    const std::string units = write("units.csv", csv);
    std::vector<std::string> arguments = {"assign", files_.file("exp.yaml"), "--units", units};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return assay(arguments);
  }
  static std::string variant(std::string_view unit) {
    return scale(draw(unit_digest(unit), salt_digest("ranker_v2")), 2) == 0 ? "control"
                                                                            : "treatment";
  }

  Files files_;
};

TEST_F(AssignCommand, WritesUnitVariantReason) {
  const Ran result = assign(
      "country,user,age\nIN,u1,20\nUK,u2,20\nIN,u3,17\nIN,u4,\n,tester,\nIN,,20\nUS,\"a,b\",18\n");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, "unit,variant,reason\nu1," + variant("u1") +
                            ",split\nu2,,targeting\nu3,,targeting\nu4,,targeting\n"
                            "tester,treatment,override\n,,no_unit\n\"a,b\"," +
                            variant("a,b") + ",split\n");
}

TEST_F(AssignCommand, FindsTheColumnOfIds) {
  EXPECT_NE(assign("country,unit,age\nIN,u1,20\n").out.find("u1," + variant("u1") + ",split"),
            std::string::npos);
  EXPECT_NE(assign("id,country,age\nu1,IN,20\n").out.find("u1," + variant("u1") + ",split"),
            std::string::npos);
}

TEST_F(AssignCommand, NamesTheKindOfUnitWhereThereAreTwo) {
  write("exp.yaml",
        "id: ranker_v2\nfallback_unit: device\nallocation: {control: 50, treatment: 50}\n"
        "metrics: {primary: [{name: clicks, type: count}]}\n");
  const Ran result = assign("user,device\nu1,d1\n,d1\n,\n");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, "unit,variant,reason,unit_kind\nu1," + variant("u1") + ",split,user\nd1," +
                            variant("d1") + ",split,device\n,,no_unit,user\n");
  const json rows = json::parse(assign("user,device\n,d1\n", {"--json"}).out);
  EXPECT_EQ(rows["assignments"][0]["unit_kind"], "device");
  EXPECT_EQ(rows["assignments"][0]["unit"], "d1");
}

TEST_F(AssignCommand, KeepsTheRememberedVariantOfAStickyPlan) {
  write("exp.yaml",
        "id: ranker_v2\nsticky: true\nallocation: {control: 50, treatment: 50}\n"
        "metrics: {primary: [{name: clicks, type: count}]}\n");
  const std::string other = variant("u1") == "control" ? "treatment" : "control";
  EXPECT_EQ(assign("user,remembered\nu1," + other + "\nu1,\n").out,
            "unit,variant,reason\nu1," + other + ",sticky\nu1," + variant("u1") + ",split\n");
  const Ran bad = assign("user,remembered\nu1,contrl\n");
  EXPECT_NE(bad.status, 0);
  EXPECT_NE(bad.err.find("'contrl', remembered, is not a variant"), std::string::npos) << bad.err;
}

// Several experiments at once, in bulk and one by one, over more units than one block.
TEST_F(AssignCommand, AnswersForManyExperimentsAsForEach) {
  const std::string metrics = "metrics: {primary: [{name: clicks, type: count}]}\n";
  const std::vector<std::string> plans = {
      "id: plain\nallocation: {control: 1, treatment: 2}\n",
      "id: thin\ntraffic: 0.3\nallocation: {control: 50, treatment: 50}\noverrides: {u7: "
      "control}\n",
      "id: by_session\nunit: session\nallocation: {control: 50, treatment: 50}\n",
      "id: targeted\nallocation: {control: 50, treatment: 50}\n"
      "targeting: {all: [{attribute: country, equals: IN}]}\n",
      "id: after\nallocation: {control: 50, treatment: 50}\nprerequisites: [{experiment: plain, "
      "variants: [treatment]}]\n"};
  std::vector<std::string> files;
  for (std::size_t i = 0; i < plans.size(); ++i) {
    files.push_back(write("plan" + std::to_string(i) + ".yaml", plans[i] + metrics));
  }
  std::string csv = "session,user,country\n";
  for (int i = 0; i < 9000; ++i) {
    csv += (i % 7 == 3 ? "" : "s" + std::to_string(i / 2)) + ",u" + std::to_string(i) +
           (i % 3 == 0 ? ",IN\n" : ",US\n");
  }
  csv += ",,IN\n";
  const std::string units = write("units.csv", csv);
  std::vector<std::string> arguments = {"assign", "--units", units};
  arguments.insert(arguments.end(), files.begin(), files.end());
  const Ran many = assay(arguments, "");
  ASSERT_EQ(many.status, 0) << many.err;
  EXPECT_EQ(many.err,
            units + ": warning: user: 1 of 9001 rows name nobody, and nobody is assigned\n")
      << "and no progress where nobody looks";
  std::istringstream rows(many.out);
  std::string row;
  std::getline(rows, row);
  EXPECT_EQ(row, "user,plain,thin,by_session,targeted,after");
  std::vector<std::istringstream> singles;
  for (const std::string& file : files) {
    std::vector<std::string> one = {"assign", file, "--units", units, "--with", files[0]};
    if (file == files[0]) one.resize(4);
    singles.emplace_back(assay(one, "").out);
    std::getline(singles.back(), row);
  }
  int count = 0;
  for (; std::getline(rows, row); ++count) {
    std::string expected;
    for (auto& single : singles) {
      std::string line;
      ASSERT_TRUE(std::getline(single, line));
      const auto first = line.find(',');
      if (expected.empty()) expected = line.substr(0, first);
      expected += ',' + line.substr(first + 1, line.rfind(',') - first - 1);
    }
    EXPECT_EQ(row, expected) << count;
  }
  EXPECT_EQ(count, 9001);
}

// The same units as CSV, Parquet and NDJSON, over more than a block and a chunk of DuckDB.
TEST_F(AssignCommand, ReadsParquetAsItReadsCsv) {
  const std::string other =
      write("other.yaml",
            "id: other\nallocation: {control: 1, treatment: 2}\nmetrics: {primary: [{name: clicks, "
            "type: count}]}\n");
  std::string csv = "age,user,country\n";
  std::string lines;
  for (int i = 0; i < 9000; ++i) {
    const std::string country = i % 3 == 0 ? "IN" : i % 3 == 1 ? "US" : "";
    csv += std::to_string(i % 90) + "," + std::to_string(i) + "," + country + "\n";
    lines += "{\"user\":" + std::to_string(i) + ",\"age\":" + std::to_string(i % 90) +
             (country.empty() ? "}\n" : ",\"country\":\"" + country + "\"}\n");
  }
  const std::string list = write("units.csv", csv);
  const std::string parquet = files_.parquet(
      "units.parquet",
      "SELECT (i % 90)::DOUBLE AS age, i::BIGINT AS user, CASE i % 3 WHEN 0 THEN 'IN' WHEN 1 THEN "
      "'US' END AS country, [i] AS unused FROM range(9000) t(i)");
  const std::string exp = files_.file("exp.yaml");
  for (const auto& plans : {std::vector<std::string>{exp}, {exp, other}}) {
    for (const bool as_json : {false, true}) {
      const auto with = [&](const std::string& units) {
        std::vector<std::string> arguments = {"assign", "--units", units};
        arguments.insert(arguments.end(), plans.begin(), plans.end());
        if (as_json) arguments.emplace_back("--json");
        const Ran ran = assay(arguments);
        EXPECT_EQ(ran.status, 0) << ran.err;
        return ran.out;
      };
      const std::string expected = with(list);
      EXPECT_NE(expected.find("control"), std::string::npos);
      EXPECT_EQ(with(parquet), expected);
      EXPECT_EQ(with(write("units.ndjson", lines)), expected);
    }
  }
  const Ran balance = assay({"assign", exp, "--units", parquet, "--balance", "country", "--json"});
  ASSERT_EQ(balance.status, 0) << balance.err;
  EXPECT_EQ(balance.out,
            assay({"assign", exp, "--units", list, "--balance", "country", "--json"}).out);
}

// Values keep the types that the server would see in the same JSON.
TEST_F(AssignCommand, AnswersForTypedFilesAsTheServerDoes) {
  int tables = 0;
  const auto parquet = [&](const std::string& values) {
    return files_.parquet("t" + std::to_string(++tables) + ".parquet",
                          "SELECT 'u' AS \"user\", " + values);
  };
  const auto ndjson = [&](const std::string& values) {
    return write("one.ndjson", "{\"user\":\"u\"," + values + "}\n");
  };
  const auto reason = [&](const std::string& condition, const std::string& units) {
    const std::string plan =
        write("typed.yaml",
              "id: typed\nallocation: {a: 1, b: 1}\ntargeting: {attribute: " + condition +
                  "}\nmetrics: {primary: [{name: paid, type: proportion, event: payment}]}\n");
    const Ran ran = assay({"assign", plan, "--units", units});
    EXPECT_EQ(ran.status, 0) << ran.err;
    return ran.out.substr(ran.out.rfind(',') + 1);
  };
  struct Case {
    const char* condition;
    const char* json;
    const char* sql;
    const char* reason;
  };
  for (const Case& one : std::initializer_list<Case>{
           {"x, in: [beta]", R"("x":["beta","y"])", "['beta', 'y'] AS x", "split\n"},
           {"x, contains: [bet]", R"("x":["beta"])", "['beta'] AS x", "targeting\n"},
           {"x, at_least: 18", R"("x":20)", "20 AS x", "split\n"},
           {"x, at_least: 18", R"("x":20.5)", "20.5::DECIMAL(5, 2) AS x", "split\n"},
           {"x, at_least: 18", R"("x":"20")", "'20' AS x", "targeting\n"},
           {"x, equals: \"7\"", R"("x":7)", "7 AS x", "targeting\n"},
           {"x, equals: \"7\"", R"("x":"7")", "'7' AS x", "split\n"},
           {"x, equals: true", R"("x":true)", "true AS x", "split\n"},
           {"x, equals: true", R"("x":"true")", "'true' AS x", "targeting\n"},
           {"x.os, equals: ios", R"("x":{"os":"ios"})", "{'os': 'ios'} AS x", "split\n"},
           {"x.os, equals: ios", R"("x.os":"ios")", "'ios' AS \"x.os\"", "split\n"},
           {"x, exists: true", R"("x":null)", "NULL::VARCHAR AS x", "targeting\n"},
           {"x, equals: \"2026-01-02\"", R"("x":"2026-01-02")", "DATE '2026-01-02' AS x",
            "split\n"}}) {
    EXPECT_EQ(reason(one.condition, ndjson(one.json)), one.reason) << one.json;
    EXPECT_EQ(reason(one.condition, parquet(one.sql)), one.reason) << one.sql;
  }
  EXPECT_EQ(reason("x, at_least: 18", parquet("'NaN'::DOUBLE AS x")), "targeting\n");
  EXPECT_EQ(reason("x, starts_with: \"2026-01-02T\"", parquet("TIMESTAMP '2026-01-02' AS x")),
            "split\n");
}

TEST_F(AssignCommand, IdsOfNdjsonAreTextsOrWholeNumbers) {
  const std::string units = write("ids.ndjson",
                                  "{\"user\":\"u\"}\n{\"user\":7}\n{\"user\":{\"x\":1}}\n"
                                  "{\"user\":[\"l\"]}\n{\"user\":true}\n{\"user\":1.0}\n"
                                  "{\"user\":\"true\"}\n{\"user\":null}\n");
  write("exp.yaml",
        "id: ranker_v2\nallocation: {control: 1, treatment: 1}\nmetrics: {primary: [{name: clicks, "
        "type: count}]}\n");
  const Ran ran = assay({"assign", files_.file("exp.yaml"), "--units", units});
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.out, "unit,variant,reason\nu," + variant("u") + ",split\n7," + variant("7") +
                         ",split\ntrue," + variant("true") + ",split\n,,no_unit\n");
  const std::string path = files_.file("ids.ndjson");
  const std::string why = ", but ids are texts or whole numbers\n";
  EXPECT_EQ(ran.err.substr(0, ran.err.find(path + ": warning")),
            path + ":3: error: user is {\"x\":1}" + why + path + ":4: error: user is [\"l\"]" +
                why + path + ":5: error: user is true" + why + path + ":6: error: user is 1.0" +
                why);
}

TEST_F(AssignCommand, NamesTheLineThatIsNoJson) {
  const auto refused = [&](const std::string& lines) {
    const Ran ran =
        assay({"assign", files_.file("exp.yaml"), "--units", write("bad.ndjson", lines)});
    EXPECT_EQ(ran.status, 2);
    return ran.err;
  };
  const std::string good = "{\"user\":\"a\"}\n";
  const std::string torn = refused(good + "nope\n" + good);
  EXPECT_NE(torn.find("bad.ndjson:2: error: is no JSON: invalid literal"), torn.npos) << torn;
  const std::string blank = refused("\n" + good + "\n" + good + "{\"user\"}\n");
  EXPECT_NE(blank.find("bad.ndjson:5: error: is no JSON: "), blank.npos) << blank;
  const std::string list = refused(good + "\n[1]\n" + good);
  EXPECT_NE(list.find("bad.ndjson:3: error: is no object: [1]"), list.npos) << list;
}

TEST_F(AssignCommand, WarnsOfAPrerequisiteThatNoFileDescribes) {
  const auto plan = [&](const std::string& id, const std::string& more) {
    return write(id + ".yaml", "id: " + id + "\n" + more +
                                   "allocation: {control: 50, treatment: 50}\nmetrics: {primary: "
                                   "[{name: clicks, type: count}]}\n");
  };
  const std::string later =
      plan("later", "prerequisites: [{experiment: first, variants: [treatment]}]\n");
  const std::string first = plan("first", "");
  const std::string units = write("units.csv", "user\nu1\nu2\n");
  const Ran alone = assay({"assign", later, "--units", units});
  EXPECT_EQ(alone.status, 0);
  EXPECT_EQ(alone.out, "unit,variant,reason\nu1,,prerequisite\nu2,,prerequisite\n");
  EXPECT_EQ(alone.err,
            "warning: prerequisites: later needs first, which no file describes: nobody is in it "
            "here (--with FILE gives the experiment first)\n");
  EXPECT_EQ(assay({"assign", later, "--units", units, "--with", first}).err, "");
}

TEST_F(AssignCommand, RefusesAHeaderThatNamesAColumnTwice) {
  const Ran ran = assign("user,country,age,country\nu1,IN,20,UK\n");
  EXPECT_EQ(ran.status, 2);
  EXPECT_EQ(ran.out, "");
  EXPECT_NE(ran.err.find("error: country: names two columns of the header (give each column a name "
                         "of its own)"),
            std::string::npos)
      << ran.err;
}

TEST_F(AssignCommand, NamesWhatIsWrongWithAParquetFile) {
  const auto assigned = [&](const std::string& units) {
    return assay({"assign", files_.file("exp.yaml"), "--units", units});
  };
  const auto refused = [&](const std::string& units) {
    const Ran ran = assigned(units);
    EXPECT_EQ(ran.status, 2) << ran.out;
    return ran.err;
  };
  EXPECT_EQ(refused(files_.parquet("numbers.parquet", "SELECT 1.5::DOUBLE AS user")),
            files_.file("numbers.parquet") +
                ": error: user: is of type DOUBLE, but ids are texts or whole numbers (write the "
                "column as the text that the application assigns by)\n");
  EXPECT_NE(refused(files_.parquet("lists.parquet", "SELECT [1] AS user")).find("INTEGER[]"),
            std::string::npos);
  const std::string broken = refused(write("broken.parquet", "PAR1 but no more"));
  EXPECT_NE(broken.find("broken.parquet"), std::string::npos) << broken;
  EXPECT_EQ(std::count(broken.begin(), broken.end(), '\n'), 1) << broken;
  EXPECT_NE(refused(files_.file("none.parquet")).find("there is no file"), std::string::npos);
  const std::string torn = write("torn.ndjson", "{\"user\":\"u1\"}\n{\"user\":");
  EXPECT_NE(refused(torn).find("torn.ndjson:2: error: is no JSON"), std::string::npos)
      << refused(torn);
  write("exp.yaml",
        "id: ranker_v2\nunit: page\nallocation: {control: 50, treatment: 50}\nmetrics: {primary: "
        "[{name: clicks, type: count}]}\n");
  const std::string paged =
      write("paged.yaml",
            "id: paged\nunit: user\nallocation: {control: 50, treatment: 50}\n"
            "metrics: {primary: [{name: clicks, type: count}]}\n");
  const std::string pages = files_.parquet("pages.parquet", "SELECT 'p' AS page");
  EXPECT_NE(assay({"assign", files_.file("exp.yaml"), paged, "--units", pages})
                .err.find("paged assigns by user, but there is no column of that name"),
            std::string::npos);
}

TEST_F(AssignCommand, ANullIdIsNobodyAndCounted) {
  const Ran ran = assay({"assign", files_.file("exp.yaml"), "--units",
                         files_.parquet("units.parquet",
                                        "SELECT * FROM (VALUES ('u1', 'IN', 20), (NULL, 'IN', 20)) "
                                        "t(\"user\", country, age)")});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.out, "unit,variant,reason\nu1," + variant("u1") + ",split\n,,no_unit\n");
  EXPECT_NE(ran.err.find("warning: user: 1 of 2 rows name nobody"), std::string::npos) << ran.err;
}

TEST_F(AssignCommand, RemembersForTheOneStickyExperimentOfSeveral) {
  const auto plan = [&](const std::string& id, const std::string& more) {
    return write(id + ".yaml", "id: " + id + "\n" + more +
                                   "allocation: {control: 50, treatment: 50}\nmetrics: {primary: "
                                   "[{name: clicks, type: count}]}\n");
  };
  const std::string plain = plan("plain", "");
  const std::string sticky = plan("sticky", "sticky: true\n");
  const std::string units = write("units.csv", "user,remembered\nu1,control\nu1,treatment\nu1,\n");
  const std::string alone = assay({"assign", sticky, "--units", units}).out;
  EXPECT_NE(alone.find("u1,control,sticky\nu1,treatment,sticky\n"), std::string::npos) << alone;
  const Ran both = assay({"assign", plain, sticky, "--units", units});
  ASSERT_EQ(both.status, 0) << both.err;
  EXPECT_NE(both.out.find(",control\nu1,"), std::string::npos);
  EXPECT_NE(both.out.find(",treatment\nu1,"), std::string::npos);
  const std::string bad = write("bad.csv", "user,remembered\nu1,contrl\n");
  EXPECT_NE(
      assay({"assign", plain, sticky, "--units", bad}).err.find("'contrl', remembered, is not"),
      std::string::npos);
  const Ran two = assay({"assign", sticky, plan("sticky2", "sticky: true\n"), "--units", units});
  EXPECT_EQ(two.status, 2);
  EXPECT_NE(two.err.find("is it what sticky or what sticky2 answered before? (assign sticky "
                         "experiments one at a time"),
            std::string::npos)
      << two.err;
}

TEST_F(AssignCommand, WritesManyAsJsonAndReadsTabs) {
  const std::string metrics = "metrics: {primary: [{name: clicks, type: count}]}\n";
  const std::string other =
      write("other.yaml", "id: other\nallocation: {control: 50, treatment: 50}\n" + metrics);
  const Ran result =
      assign("user\tcountry\tage\nu1\tUK\t20\n\"a\"\"b\"\tIN\t20\n", {other, "--json"});
  ASSERT_EQ(result.status, 0) << result.err;
  const json rows = json::parse(result.out)["assignments"];
  EXPECT_EQ(rows[0]["unit"], "u1");
  EXPECT_FALSE(rows[0]["variants"].contains("ranker_v2"));
  EXPECT_EQ(rows[0]["variants"].size(), 1U);
  EXPECT_EQ(rows[1]["unit"], "a\"b");
  EXPECT_EQ(rows[1]["variants"]["ranker_v2"], variant("a\"b"));
}

TEST_F(AssignCommand, NamesWhatIsWrongForMany) {
  const std::string metrics = "metrics: {primary: [{name: clicks, type: count}]}\n";
  const std::string plan = "allocation: {control: 50, treatment: 50}\n" + metrics;
  const std::string paged = write("paged.yaml", "id: paged\nunit: page\n" + plan);
  EXPECT_NE(assign("user\nu1\n", {paged}).err.find("paged assigns by page, but there is no column"),
            std::string::npos);
  const std::string other = write("other.yaml", "id: other\n" + plan);
  const Ran ragged = assign("user,age\nu1,2\nu2\nu3,4,5\n", {other});
  EXPECT_EQ(ragged.status, 2);
  EXPECT_NE(ragged.err.find("units.csv:3:1: error: 1 fields, but the header has 2"),
            std::string::npos)
      << ragged.err;
  EXPECT_NE(ragged.err.find(":4:1: error: 3 fields"), std::string::npos);
  EXPECT_NE(assign("", {other}).err.find("units.csv:1:1: error: there is no header"),
            std::string::npos);
  for (const std::string& path : {other + ".csv", other.substr(0, other.rfind('/'))}) {
    const Ran ran = assay({"assign", other, "--units", path});
    EXPECT_EQ(ran.status, 2);
    EXPECT_NE(ran.err.find("cannot read units from " + path), std::string::npos) << ran.err;
  }
  EXPECT_NE(assign("user,age\ru1,2\ru2,3\r", {other}).err.find("a carriage return alone"),
            std::string::npos);
  const std::string city = write(
      "city.yaml", "id: city\nswitchback: {period: 1h, start: 2026-01-01T00:00:00Z}\n" + plan);
  EXPECT_NE(assign("user,time\nu1,soon\n", {city}).err.find("'soon' is not a time"),
            std::string::npos);
}

TEST(ShowsProgress, OnlyWhereItIsAskedTo) {
  std::ostringstream seen;
  {
    Progress progress(seen, true);
    progress.add(1000);
    EXPECT_EQ(seen.str(), "");
    progress.add(1'000'000);
  }
  EXPECT_EQ(seen.str(), "\r1001 thousand units\r\033[K");
  std::ostringstream piped;
  Progress(piped).add(1'000'000);
  EXPECT_EQ(piped.str(), "");
}

TEST_F(AssignCommand, WritesJson) {
  const Ran result = assign("user,country,age\nu1,IN,20\nu2,UK,1\nu3,,20\n,IN,20\n", {"--json"});
  EXPECT_EQ(result.status, 0) << result.err;
  const json answer = json::parse(result.out);
  EXPECT_EQ(answer["experiment"], "ranker_v2");
  EXPECT_EQ(answer["fingerprint"].get<std::string>().size(), 64U);
  EXPECT_EQ(
      answer["assignments"][0],
      (json{{"unit", "u1"}, {"variant", variant("u1")}, {"propensity", 0.5}, {"reason", "split"}}));
  const auto why = [&](std::size_t row) { return answer["assignments"][row]["because"]; };
  EXPECT_EQ(answer["assignments"][1]["reason"], "targeting");
  EXPECT_EQ(why(1), "country does not meet the condition");
  EXPECT_EQ(why(2), "country is missing");
  EXPECT_EQ(why(3), "the context has no id of the kind user");
}

TEST_F(AssignCommand, ReadsStandardInput) {
  const Ran result =
      assay({"assign", files_.file("exp.yaml"), "--units", "-"}, "user,country,age\nu1,IN,20\n");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_NE(result.out.find("u1,"), std::string::npos);
}

TEST_F(AssignCommand, NamesBadRowsAndKeepsTheRest) {
  const Ran result = assign("user,country,age\nu1,IN\nu2,IN,20\nu3,IN,20,4\n\"u4");
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.out.find("u2,"), std::string::npos);
  EXPECT_NE(result.err.find("units.csv:2:1: error: 2 fields, but the header has 3"),
            std::string::npos)
      << result.err;
  EXPECT_NE(result.err.find("units.csv:4:"), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("a quoted field has no end"), std::string::npos) << result.err;
}

// As analyze does: the same name in another encoding would be another unit.
TEST_F(AssignCommand, RefusesBytesThatAreNoUtf8) {
  const std::string list =
      write("latin1.csv", "user,country,age\nu1,IN,20\nJos\xe9,IN,20\nJos\xe8,IN,20\n");
  for (const char* form : {"", "--json", "--balance"}) {
    std::vector<std::string> arguments = {"assign", files_.file("exp.yaml"), "--units", list};
    if (form[0] != 0) arguments.emplace_back(form);
    if (form == std::string("--balance")) arguments.emplace_back("country");
    const Ran result = assay(arguments);
    EXPECT_EQ(result.status, kBadInput) << form;
    EXPECT_TRUE(result.has("is not UTF-8; save the file as UTF-8")) << form << result.err;
    EXPECT_TRUE(result.has(form == std::string("--json") ? "\"line\":3" : "latin1.csv:3:"))
        << form << result.err;
    EXPECT_FALSE(result.has("Jos")) << form << result.out;
  }
}

TEST_F(AssignCommand, RefusesWhatItCannotUse) {
  EXPECT_EQ(assign("").status, 2);
  const std::string units = write("units.csv", "user\nu\n");
  EXPECT_EQ(assay({"assign", files_.file("none.yaml"), "--units", units}, "").status, 2);
  EXPECT_EQ(
      assay({"assign", files_.file("exp.yaml"), "--units", files_.file("none.csv")}, "").status, 2);
  EXPECT_EQ(assay({"assign", files_.file("exp.yaml")}, "").status, 2);
  EXPECT_EQ(assay({"assign", files_.file("exp.yaml"), "--units", "-"}, "").status, 2);
}

std::string small_plan(const std::string& id, const std::string& more) {
  return "id: " + id + "\nallocation: {control: 1, treatment: 1}\n" + more +
         "metrics: {primary: [{name: clicks, type: count}]}\n";
}

TEST_F(AssignCommand, ExperimentsBesideItMeetPrerequisitesAndTakeSlots) {
  const std::string other =
      write("other.yaml", small_plan("other", "layer: {name: page, slots: \"0-499999\"}\n"));
  const std::string mine =
      write("mine.yaml", small_plan("mine", "layer: {name: page, share: 50%}\n"));
  const std::string after =
      write("after.yaml",
            small_plan("after", "prerequisites: [{experiment: other, variants: [control]}]\n"));
  std::string csv = "unit\n";
  for (int i = 0; i < 200; ++i) csv += "u" + std::to_string(i) + "\n";
  const std::string units = write("units.csv", csv);
  const auto rows = [&](const std::string& file, const std::string& with) {
    return assay({"assign", file, "--units", units, "--with", with}, "");
  };
  const auto with_other = rows(mine, other);
  ASSERT_EQ(with_other.status, 0) << with_other.err;
  const std::string first = assay({"assign", other, "--units", units}, "").out;
  std::istringstream a(first);
  std::istringstream b(with_other.out);
  std::string x;
  std::string y;
  while (std::getline(a, x) && std::getline(b, y)) {
    if (x.rfind("unit,", 0) == 0) continue;
    ASSERT_NE(x.find("split") != x.npos, y.find("split") != y.npos) << x << " " << y;
  }
  const std::string dependent = rows(after, other).out;
  EXPECT_NE(dependent.find(",split\n"), dependent.npos);
  EXPECT_NE(dependent.find(",prerequisite\n"), dependent.npos);

  const std::string shown = assay({"define", mine, "--with", other}, "").out;
  EXPECT_NE(shown.find("50 % of its slots (500000-999999)"), shown.npos) << shown;
  const std::string greedy =
      write("greedy.yaml", small_plan("greedy", "layer: {name: page, share: 60%}\n"));
  const auto none = assay({"define", greedy, "--with", other}, "");
  EXPECT_EQ(none.status, 2);
  EXPECT_NE(none.err.find("other owns 0-499999"), none.err.npos) << none.err;
  const std::string whole = write("whole.yaml", small_plan("whole", "layer: page\n"));
  EXPECT_NE(rows(whole, other).err.find("whole and other both own"), std::string::npos);
  const auto alone = assay({"assign", mine, "--units", units}, "");
  EXPECT_EQ(alone.status, 0) << "alone there is room";
  // A server may have found others: the answers of the file are those of the slots that are named.
  for (const auto& [ran, slots] :
       {std::pair(alone, "[0, 500000]"), {with_other, "[500000, 1000000]"}}) {
    EXPECT_NE(ran.err.find("mine.yaml: warning: layer.share: slots " + std::string(slots) +
                           " are taken for it"),
              ran.err.npos)
        << ran.err;
    EXPECT_NE(ran.err.find("write layer: {name: page, slots: [begin, end]}"), ran.err.npos);
  }
  EXPECT_EQ(rows(after, other).err, "") << "what is written needs no warning";
}

TEST_F(AssignCommand, DefineNamesCirclesWithTheExperimentsBesideIt) {
  const auto needing = [&](const std::string& id, const std::string& other) {
    return write(id + ".yaml", small_plan(id, "prerequisites: [{experiment: " + other +
                                                  ", variants: [control]}]\n"));
  };
  const std::string a = needing("a", "b");
  const auto circle = assay({"define", a, "--with", needing("b", "a")}, "");
  EXPECT_EQ(circle.status, 2);
  EXPECT_NE(circle.err.find("form a cycle: a → b → a"), std::string::npos) << circle.err;
  EXPECT_EQ(assay({"define", a, "--with", needing("b", "c")}, "").status, 0);
}

TEST_F(AssignCommand, ASwitchbacksSchedule) {
  const std::string plan = write(
      "prices.yaml", small_plan("prices", "unit: city\nswitchback: {period: 1h, burn_in: 10m}\n"));
  const std::string units = write("times.csv",
                                  "city,time\n"
                                  "pune,2026-12-01T00:05:00Z\n"
                                  "pune,2026-12-01T00:30:00Z\n"
                                  "pune,2026-12-01T00:59:59Z\n");
  const auto result = assay({"assign", plan, "--units", units}, "");
  ASSERT_EQ(result.status, 0) << result.err;
  std::istringstream lines(result.out);
  std::vector<std::string> all;
  for (std::string line; std::getline(lines, line);) all.push_back(line);
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[2], all[3]) << "one variant for the whole period";
  EXPECT_EQ(all[1].substr(0, all[1].rfind(',')), all[2].substr(0, all[2].rfind(',')));
  EXPECT_NE(all[1].find(",burn_in"), std::string::npos);
  EXPECT_NE(all[2].find(",split"), std::string::npos);
  const std::string bad = write("bad.csv", "city,time\npune,soon\n");
  const auto refused = assay({"assign", plan, "--units", bad}, "");
  EXPECT_EQ(refused.status, 2);
  EXPECT_NE(refused.err.find("'soon' is not a time"), std::string::npos) << refused.err;
}

}  // namespace
}  // namespace assay::cli
