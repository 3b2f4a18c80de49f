#include "assay/io/duckdb/file_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/io/duckdb/connection.h"
#include "assay/io/duckdb/test_folder.h"

namespace assay::io::duckdb {
namespace {

using analyze::Cell;
using testing::AllOf;
using testing::HasSubstr;

constexpr Timestamp kLater{4'000'000'000'000'000};

class FileSource : public testing::Test {
 protected:
  FileSource() {
    experiment_.id = "e";
    experiment_.variants = {{.key = "a", .weight = 1}, {.key = "b", .weight = 1}};
  }
  io::duckdb::FileSource open(const std::string& exposures, const std::string& events) {
    auto opened = open_files(experiment_, {exposures}, {events});
    EXPECT_TRUE(opened) << to_text(opened.error());
    return opened ? std::move(*opened) : io::duckdb::FileSource{};
  }
  std::string problems(const std::string& exposures, const std::string& events) {
    const auto opened = open_files(experiment_, {exposures}, {events});
    EXPECT_FALSE(opened);
    return opened ? "" : to_text(opened.error());
  }
  // Mean of the event "buy" in variant a, by aggregation.
  double mean(io::duckdb::FileSource& files, define::Aggregation aggregation,
              define::Condition where = {}) {
    const define::MetricDefinition metric{
        .name = "m", .numerator = {.event = "buy", .aggregation = aggregation, .where = where}};
    const auto data = files.source->metric(experiment_, {.metric = metric}, kLater);
    EXPECT_TRUE(data) << to_text(data.error());
    return data->cells.at(Cell{"a", 0}).summary.mean(0);
  }
  // A Parquet file with the rows of a query.
  std::string parquet(const std::string& name, const std::string& query) {
    const auto connection = make_writer();
    const auto done = connection->run("COPY (" + query + ") TO " +
                                      quote_literal(folder_.file(name)) + " (FORMAT parquet)");
    EXPECT_TRUE(done) << to_text(done.error());
    return folder_.file(name);
  }
  std::unique_ptr<Connection> make_writer() {
    DatabaseOptions options;
    for (const char* name : {"e.parquet", "v.parquet"}) {
      options.readable_files.push_back(folder_.file(name));
    }
    return Database::open("", options).value()->connect().value();
  }

  TestFolder folder_;
  define::Experiment experiment_;
  const std::string exposures_ = folder_.write("ok_e.csv",
                                               "user_id,variant,timestamp,country\n"
                                               "007,a,2026-03-01T10:00:00Z,IN\n"
                                               "7,a,2026-03-01 10:00:00,US\n"
                                               "8,b,1772359200,US\n");
  const std::string events_ = folder_.write("ok_v.csv",
                                            "user_id,event,time,value,dwell\n"
                                            "007,buy,2026-03-01T11:00:00Z,2.5,31\n"
                                            "007,buy,2026-03-01T11:00:01Z,,29\n"
                                            "7,buy,2026-03-01T09:00:00Z,100,40\n");
};

TEST_F(FileSource, CsvKeepsUnitsAsTheyAreWritten) {
  auto files = open(exposures_, events_);
  EXPECT_EQ(files.exposures.rows, 3);
  EXPECT_EQ(files.events.rows, 3);
  const auto exposed = files.source->exposed(experiment_, kLater).value();
  EXPECT_EQ(exposed.units.at({"a", 0}), 2);
  EXPECT_EQ(exposed.units.at({"b", 0}), 1);
  EXPECT_EQ(mean(files, define::Aggregation::kCount), 1.0);
  EXPECT_EQ(mean(files, define::Aggregation::kSum), 1.25);
  const define::Condition read{
      .op = define::Op::kGreaterEqual, .attribute = "dwell", .values = {30.0}};
  EXPECT_EQ(mean(files, define::Aggregation::kCount, read), 0.5);
  EXPECT_EQ(files.last, parse_time("2026-03-01T11:00:01Z"));
}

// As assay assign reads the same field, but for codes such as 007.
TEST_F(FileSource, CsvFieldsAreNumbersAndBooleansWhereTheyReadAsThem) {
  using define::Scalar;
  const auto is = [&](const std::string& field, const Scalar& value) {
    auto files =
        open(exposures_,
             folder_.write("v.csv", "user_id,event,time,x\n007,buy,2026-03-02," + field + "\n"));
    return mean(files, define::Aggregation::kCount,
                {.op = define::Op::kEqual, .attribute = "x", .values = {value}}) > 0;
  };
  const std::pair<const char*, Scalar> cases[] = {
      {"+5", 5.0},
      {"5.", 5.0},
      {".5", 0.5},
      {"-1E1", -10.0},
      {"True", true},
      {"FALSE", false},
      {"007", std::string("007")},
      {"+-5", std::string("+-5")},
      {"1e400", std::string("1e400")},
      {"12345678901234567890123", 12345678901234567890123.0}};
  for (const auto& [field, value] : cases) EXPECT_TRUE(is(field, value)) << field;
  EXPECT_FALSE(is("+5", std::string("5")));
}

TEST_F(FileSource, NdjsonKeepsNestedProperties) {
  const std::string exposures =
      folder_.write("e.ndjson", R"({"unit":"u1","variant":"a","time":"2026-03-01"})"
                                "\n"
                                R"({"unit":"u2","variant":"a","time":1772323200,"country":"IN"})"
                                "\n");
  const std::string events = folder_.write(
      "v.jsonl", R"({"id":"1","unit":"u1","name":"buy","time":"2026-03-02",)"
                 R"("value":3,"properties":{"os":{"v":"2.1"}}})"
                 "\n"
                 R"({"id":"1","unit":"u1","name":"buy","time":"2026-03-02","value":3})"
                 "\n"
                 R"({"unit":"u2","name":"buy","time":"2026-03-02","new":true})"
                 "\n");
  auto files = open(exposures, events);
  EXPECT_EQ(files.events.duplicates, 1);
  EXPECT_EQ(mean(files, define::Aggregation::kSum), 1.5);
  EXPECT_EQ(mean(files, define::Aggregation::kCount,
                 {.op = define::Op::kPrefix, .attribute = "os.v", .values = {std::string("2")}}),
            0.5);
  EXPECT_EQ(mean(files, define::Aggregation::kCount,
                 {.op = define::Op::kEqual, .attribute = "new", .values = {true}}),
            0.5);
}

// What is sent to the server can be analyzed as a file, too.
TEST_F(FileSource, UnitsMayBeNamedAsTheServerTakesThem) {
  const std::string exposures = folder_.write(
      "e.ndjson", R"({"id":"x1","units":{"user":"u1"},"variant":"a","time":"2026-03-01"})"
                  "\n");
  const std::string events = folder_.write(
      "v.ndjson",
      R"({"id":"1","units":{"user":"u1","session":"s"},"name":"buy","time":"2026-03-02","value":3})"
      "\n"
      R"({"id":"2","units":{"session":"u1"},"name":"buy","time":"2026-03-02","value":50})"
      "\n");
  auto files = open(exposures, events);
  EXPECT_EQ(files.events.other, 1);
  EXPECT_EQ(mean(files, define::Aggregation::kSum), 3.0);
}

// User 5 and device 5 are two units, each with the events that name it.
TEST_F(FileSource, WhereTheFirstKindIsNotNamedTheFallbackUnitCounts) {
  experiment_.assignment.fallback_unit = "device";
  const auto counted = [&](const std::string& exposures, const std::string& events) {
    auto files = open(folder_.write("e.csv", exposures), folder_.write("v.csv", events));
    EXPECT_EQ(files.source->exposed(experiment_, kLater)->units.at({"a", 0}), 2);
    return mean(files, define::Aggregation::kSum);
  };
  EXPECT_EQ(counted("user,device,variant,time\n5,,a,2026-03-01\n,5,a,2026-03-01\n",
                    "user,device,name,time,value\n5,7,buy,2026-03-02,1\n,5,buy,2026-03-02,2\n"
                    "6,5,buy,2026-03-02,4\n"),
            3.5);
  EXPECT_EQ(counted("device,variant,time\nd1,a,2026-03-01\nd2,a,2026-03-01\n",
                    "device_id,name,time,value\nd1,buy,2026-03-02,1\n"),
            0.5);
  const std::string nobody = folder_.write("n.csv", "user,device,variant,time\n,,a,2026-03-01\n");
  EXPECT_THAT(problems(nobody, events_), HasSubstr("n.csv:2: error: user: the unit is missing"));
}

TEST_F(FileSource, WhoHasAVariantByHandIsLeftOut) {
  experiment_.assignment.overrides = {{"tester", "a"}};
  const auto files = open(folder_.write("e.csv",
                                        "unit,variant,time,override\n"
                                        "u1,a,2026-03-01,\ntester,a,2026-03-01,\n"
                                        "u2,a,2026-03-01,True\nu3,a,2026-03-01,false\n"),
                          events_);
  EXPECT_EQ(files.source->exposed(experiment_, kLater)->units.at({"a", 0}), 2);
}

TEST_F(FileSource, TheThreeFormatsSayTheSame) {
  const std::string exposures =
      parquet("e.parquet",
              "SELECT '007' AS user_id, 'a' AS variant, TIMESTAMP '2026-03-01 10:00:00' AS time "
              "UNION ALL SELECT '7', 'a', TIMESTAMP '2026-03-01 10:00:00'");
  const std::string events =
      parquet("v.parquet",
              "SELECT '007' AS unit, 'buy' AS name, TIMESTAMPTZ '2026-03-01 16:30:00+05:30' "
              "AS time, 2.5::FLOAT AS value, {'os': 'x'} AS properties, 31 AS dwell");
  auto files = open(exposures, events);
  EXPECT_EQ(mean(files, define::Aggregation::kSum), 1.25);
  EXPECT_EQ(mean(files, define::Aggregation::kExists,
                 {.op = define::Op::kEqual, .attribute = "os", .values = {std::string("x")}}),
            0.5);
  EXPECT_EQ(files.last, parse_time("2026-03-01T11:00:00Z"));
}

TEST_F(FileSource, SameRowsCountOnceAndOtherExperimentsNotAtAll) {
  const std::string twice = folder_.write("twice.csv",
                                          "unit,variant,time,experiment\n"
                                          "u1,a,2026-03-01,e\n"
                                          "u1,a,2026-03-01,e\n"
                                          "u2,a,2026-03-01,other\n");
  const auto files = open(twice, events_);
  EXPECT_EQ(files.exposures.duplicates, 1);
  EXPECT_EQ(files.exposures.other, 1);
  EXPECT_EQ(files.source->exposed(experiment_, kLater)->units.at({"a", 0}), 1);
}

TEST_F(FileSource, UnitsOfTwoMeaningsAreNamedAndNotDropped) {
  const std::string two =
      folder_.write("two.csv",
                    "units,variant,time\n"
                    "\"{\"\"user\"\":\"\"u1\"\",\"\"user\"\":\"\"u2\"\"}\",a,2026-03-01\n"
                    "\"{\"\"device\"\":\"\"d1\"\"}\",a,2026-03-01\n");
  const auto files = open_files(experiment_, {two}, {events_}, {});
  ASSERT_FALSE(files);
  ASSERT_EQ(files.error().size(), 1U) << "the second row is another kind's";
  EXPECT_NE(to_text(files.error()).find("two.csv:2: error: units: not a JSON object that names"),
            std::string::npos)
      << to_text(files.error());
}

TEST_F(FileSource, EveryProblemIsNamedWithFileAndLine) {
  const std::string bad = folder_.write("bad.csv",
                                        "user_id,event,time,value\n"
                                        "u1,buy,yesterday,1\n"
                                        "u1,buy,2026-03-01,nan\n"
                                        ",buy,2026-03-01,1\n"
                                        "u1,,2026-03-01,inf\n");
  const std::string all = problems(exposures_, bad);
  EXPECT_THAT(all, HasSubstr("bad.csv:2: error: time: \"yesterday\" is not a time"));
  EXPECT_THAT(all, HasSubstr("bad.csv:3: error: value: \"nan\" is not a finite number"));
  EXPECT_THAT(all, HasSubstr("bad.csv:4: error: user_id: the unit is missing"));
  EXPECT_THAT(all, HasSubstr("bad.csv:5: error: event: the name is missing"));
}

TEST_F(FileSource, EpochsAreNumberedFromZero) {
  for (const char* wrong : {"-1", "1.5", "first", "1e300"}) {
    const std::string bad = folder_.write(
        "bad.csv",
        std::string("unit,variant,time,epoch\nu1,a,2026-03-01,0\nu2,a,2026-03-01,") + wrong + "\n");
    EXPECT_THAT(problems(bad, events_),
                HasSubstr(std::string("bad.csv:3: error: epoch: \"") + wrong +
                          "\" is not an epoch (epochs are numbered 0, 1, 2 …"));
  }
  const std::string good =
      folder_.write("good.csv", "unit,variant,time,epoch\nu1,a,2026-03-01,2.0\nu2,a,2026-03-01,\n");
  const auto exposed = open(good, events_).source->exposed(experiment_, kLater).value();
  EXPECT_EQ(exposed.units.at({"a", 2}), 1);
  EXPECT_EQ(exposed.units.at({"a", 0}), 1);
}

TEST_F(FileSource, MissingColumnsOfBothFilesAreNamedAtOnce) {
  const std::string e = folder_.write("e.csv", "who,variant,time\nu1,a,2026-03-01\n");
  const std::string v = folder_.write("v.csv", "user,when\nu1,2026-03-01\n");
  EXPECT_THAT(problems(e, v),
              AllOf(HasSubstr("no column for it: expected one of user, user_id, unit_id, unit"),
                    HasSubstr("the file has who, variant, time"),
                    HasSubstr("expected one of name, event, event_name"),
                    HasSubstr("expected one of time, timestamp")));
}

TEST_F(FileSource, BrokenFilesAreRefused) {
  const auto refused = [&](const std::string& name, const std::string& text) {
    return problems(exposures_, folder_.write(name, text));
  };
  EXPECT_THAT(refused("cut.ndjson", "{\"unit\":\"u1\",\"name\":\"buy\",\"time\":1}\n{\"unit\":"),
              HasSubstr("cut.ndjson:2: error: is no JSON: unexpected end of data"));
  EXPECT_THAT(refused("bad.parquet", "PAR1 but no more"), HasSubstr("bad.parquet"));
  EXPECT_THAT(refused("ragged.csv", "user,name,time\nu1,buy,2026-03-01\nu1,buy\n"),
              HasSubstr("ragged.csv:3: error: 2 fields, but the header has 3"));
  EXPECT_THAT(refused("quote.csv", "user,name,time\nu1,\"buy,2026-03-01\n"),
              HasSubstr("quote.csv"));
  EXPECT_THAT(refused("empty.csv", ""), HasSubstr("is empty"));
  EXPECT_THAT(refused("bytes.csv", "user,name,time\n\xff,buy,2026-03-01\n"),
              HasSubstr("bytes.csv:2: error: is not UTF-8"));
  EXPECT_THAT(refused("twice.csv", "user,user,name,time\n"), HasSubstr("no name of its own"));
  EXPECT_THAT(refused("x.xlsx", "PK"), HasSubstr("neither .csv"));
  EXPECT_THAT(problems(folder_.file("none.csv"), events_), HasSubstr("there is no file"));
  EXPECT_THAT(
      refused("p.ndjson",
              "{\"unit\":\"u\",\"name\":\"b\",\"time\":\"2026-03-01\",\"properties\":[1]}\n"),
      HasSubstr("not a JSON object"));
  EXPECT_THAT(
      refused("k.csv",
              "user,name,time,properties\n"
              "u,b,2026-03-01,\"{\"\"k\"\":1,\"\"k\"\":2}\"\n"),
      HasSubstr("k.csv:2: error: properties: not a JSON object that names each member once"));
}

TEST_F(FileSource, ManyProblemsAreCounted) {
  std::string text = "user,name,time\n";
  for (int i = 0; i < 50; ++i) text += "u1,buy,never\n";
  EXPECT_THAT(problems(exposures_, folder_.write("many.csv", text)),
              HasSubstr("and 30 more rows that cannot be used"));
}

}  // namespace
}  // namespace assay::io::duckdb
