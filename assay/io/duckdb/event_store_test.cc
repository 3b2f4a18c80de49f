#include "assay/io/duckdb/event_store.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <future>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "assay/io/duckdb/connection.h"
#include "assay/io/duckdb/test_folder.h"

namespace assay::io::duckdb {
namespace {

using testing::HasSubstr;

collect::Event event(const std::string& id) {
  return {.id = id,
          .time = {1'000'000},
          .name = "click",
          .units = {{"user", "u1"}},
          .value = 1.0,
          .properties_json = "{}"};
}

Result<collect::Appended> append(EventStore& store, collect::Batch batch) {
  std::promise<Result<collect::Appended>> promise;
  auto future = promise.get_future();
  store.append(std::move(batch),
               [&](Result<collect::Appended> done) { promise.set_value(std::move(done)); });
  return future.get();
}

Result<collect::Appended> append(EventStore& store, const std::string& id) {
  return append(store, {.events = {event(id)}, .exposures = {}});
}

Error open_error(const std::string& path) {
  const auto opened = EventStore::open(path, {});
  return opened ? Error{} : opened.error();
}

void run_sql(const std::string& path, const std::string& sql) {
  const auto connection = Database::open(path, {}).value()->connect().value();
  const auto done = connection->run(sql);
  ASSERT_TRUE(done) << to_text(done.error());
}

TEST(EventStore, CountsAnIdOnceForEver) {
  TestFolder folder;
  auto store = EventStore::open(folder.file("events.duckdb"), {}).value();
  const auto first =
      append(*store, {.events = {event("a"), event("b"), event("a")}, .exposures = {}});
  ASSERT_TRUE(first) << to_text(first.error());
  EXPECT_EQ(first->stored, 2);
  EXPECT_EQ(first->duplicates, 1);
  EXPECT_EQ(append(*store, "b")->duplicates, 1);
  ASSERT_TRUE(store->close());
  store = EventStore::open(folder.file("events.duckdb"), {}).value();
  EXPECT_EQ(store->status().events, 2);
  EXPECT_EQ(append(*store, "b")->stored, 0);
  EXPECT_EQ(append(*store, "c")->stored, 1);
}

TEST(EventStore, AnEventAndAnExposureMayShareAnId) {
  TestFolder folder;
  auto store = EventStore::open(folder.file("events.duckdb"), {}).value();
  const collect::Exposure exposure{.id = "a",
                                   .time = {1},
                                   .experiment = "e",
                                   .variant = "v",
                                   .unit_id = "u",
                                   .properties_json = "{}"};
  EXPECT_EQ(append(*store, {.events = {event("a")}, .exposures = {exposure, exposure}})->stored, 2);
  EXPECT_EQ(store->status().exposures, 1);
}

TEST(EventStore, AnEventOfTwoUnitsCountsOnce) {
  TestFolder folder;
  auto store = EventStore::open(folder.file("events.duckdb"), {}).value();
  collect::Event both = event("a");
  both.units.emplace_back("session", "s1");
  EXPECT_EQ(append(*store, {.events = {both}, .exposures = {}})->stored, 1);
  EXPECT_EQ(append(*store, {.events = {both}, .exposures = {}})->duplicates, 1);
  EXPECT_EQ(store->status().events, 1);
}

TEST(EventStore, ABadBatchFailsAloneAndAFullQueueRefuses) {
  TestFolder folder;
  auto store = EventStore::open(folder.file("events.duckdb"), {.queued_rows_max = 10}).value();
  collect::Event broken = event("bad");
  broken.name = "\xff";
  const auto bad = append(*store, {.events = {broken}, .exposures = {}});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, Code::kInvalid);
  broken = event("unitless");
  broken.units.clear();
  EXPECT_FALSE(append(*store, {.events = {broken}, .exposures = {}}));

  std::vector<std::future<Result<collect::Appended>>> answers;
  for (int i = 0; i < 100; ++i) {
    auto promise = std::make_shared<std::promise<Result<collect::Appended>>>();
    answers.push_back(promise->get_future());
    store->append({.events = {event(std::to_string(i))}, .exposures = {}},
                  [promise](auto done) { promise->set_value(std::move(done)); });
  }
  int stored = 0;
  for (auto& answer : answers) {
    const auto done = answer.get();
    if (done) {
      ++stored;
    } else {
      EXPECT_EQ(done.error().code, Code::kUnavailable);
    }
  }
  EXPECT_GE(stored, 10);
  EXPECT_LT(stored, 100);
  EXPECT_EQ(store->status().events, stored);
  EXPECT_EQ(store->status().queued_rows, 0);
}

TEST(EventStore, ClosingStoresWhatIsQueuedAndRefusesTheRest) {
  TestFolder folder;
  auto store = EventStore::open(folder.file("events.duckdb"), {}).value();
  std::promise<bool> stored;
  store->append({.events = {event("a")}, .exposures = {}},
                [&](const auto& done) { stored.set_value(done.has_value()); });
  EXPECT_TRUE(store->close());
  EXPECT_TRUE(stored.get_future().get());
  EXPECT_TRUE(store->close()) << "twice does no harm";
  EXPECT_EQ(append(*store, "b").error().code, Code::kUnavailable);
}

TEST(EventStore, AStoreWithoutPropensitiesGetsTheColumn) {
  TestFolder folder;
  const std::string path = folder.file("old.duckdb");
  const auto expose = [](EventStore& store, const std::string& id,
                         std::optional<double> propensity) {
    std::promise<bool> stored;
    collect::Batch batch;
    batch.exposures.push_back({.id = id,
                               .time = {1'800'000'000'000'000},
                               .experiment = "e",
                               .variant = "a",
                               .unit_id = id,
                               .version = "1",
                               .propensity = propensity,
                               .properties_json = "{}"});
    store.append(std::move(batch), [&](auto done) { stored.set_value(done.has_value()); });
    return stored.get_future().get();
  };
  ASSERT_TRUE(expose(*EventStore::open(path, {}).value(), "before", std::nullopt));
  run_sql(path, "ALTER TABLE exposures DROP COLUMN propensity");
  run_sql(path, "UPDATE meta SET schema_version = 1");
  ASSERT_TRUE(expose(*EventStore::open(path, {}).value(), "after", 0.25));
  run_sql(path,
          "SELECT CASE WHEN count(*) = 2 AND count(propensity) = 1 AND sum(propensity) = 0.25 "
          "THEN 1 ELSE error('not logged') END FROM exposures");
}

TEST(EventStore, OpeningSaysWhatIsWrong) {
  TestFolder folder;
  EXPECT_EQ(open_error(folder.file("missing/events.duckdb")).code, Code::kInvalid);
  EXPECT_EQ(open_error(folder.write("text", std::string(9'000, 'x'))).code, Code::kCorrupt);
  const std::string other = folder.file("other.duckdb");
  run_sql(other, "CREATE TABLE sales (amount DOUBLE)");
  EXPECT_THAT(open_error(other).message, HasSubstr("not an event store"));
  const std::string newer = folder.file("newer.duckdb");
  ASSERT_TRUE(EventStore::open(newer, {}));
  run_sql(newer, "UPDATE meta SET schema_version = 99");
  EXPECT_EQ(open_error(newer).code, Code::kConflict);
  EXPECT_THAT(open_error(newer).message, HasSubstr("version 99"));
  run_sql(newer, "DELETE FROM meta");
  EXPECT_EQ(open_error(newer).code, Code::kCorrupt);
}

// --- Processes that die ---

class Writer {
 public:
  Writer(const std::string& path, const std::string& limit) {
    const std::string command =
        "exec " ASSAY_STORE_WRITER " '" + path + "' " + limit + " & echo $!";
    pipe_ = popen(("exec 2>&1; " + command + "; wait").c_str(), "r");
    pid_ = std::stoi(line());
  }
  ~Writer() { pclose(pipe_); }
  std::string line() {
    char text[4096] = "";
    return std::fgets(text, sizeof text, pipe_) == nullptr ? "" : text;
  }
  void kill() const { ::kill(pid_, SIGKILL); }

 private:
  FILE* pipe_;
  int pid_ = 0;
};

// The numbers of the batches whose ten events are all there, once; fails on any other batch.
std::set<long> stored_batches(const std::string& path) {
  const auto connection = Database::open(path, {}).value()->connect().value();
  auto rows = connection->query(
      Sql("SELECT epoch_us(time), count(*), count(DISTINCT id_high) FROM events GROUP BY time"));
  std::set<long> batches;
  while (rows && rows->next()) {
    for (std::size_t row = 0; row < rows->size(); ++row) {
      EXPECT_EQ(rows->integer(1, row), 10);
      EXPECT_EQ(rows->integer(2, row), 10);
      batches.insert(rows->integer(0, row));
    }
  }
  return batches;
}

TEST(EventStore, WhatWasAcknowledgedSurvivesKill9) {
  TestFolder folder;
  const std::string path = folder.file("events.duckdb");
  long acknowledged = -1;
  for (const int lines : {1, 7, 40}) {
    Writer writer(path, "");
    int seen = 0;
    for (std::string line = writer.line(); !line.empty(); line = writer.line()) {
      long number = -1;
      ASSERT_EQ(std::sscanf(line.c_str(), "stored %ld", &number), 1) << line;
      acknowledged = std::max(acknowledged, number);
      if (++seen == lines) writer.kill();
    }
    ASSERT_GE(seen, lines);
  }
  const std::set<long> stored = stored_batches(path);
  for (long number = 0; number <= acknowledged; ++number) EXPECT_TRUE(stored.contains(number));
  EXPECT_LE(static_cast<long>(stored.size()), acknowledged + 3) << "one unacknowledged per kill";
  EXPECT_EQ(EventStore::open(path, {}).value()->status().events,
            static_cast<std::int64_t>(stored.size()) * 10);
}

TEST(EventStore, AFullDiskRefusesBatchesAndLosesNone) {
  TestFolder folder;
  const std::string path = folder.file("events.duckdb");
  std::set<long> acknowledged;
  {
    Writer writer(path, "200000");
    std::string refusal;
    for (std::string line = writer.line(); !line.empty(); line = writer.line()) {
      long number = -1;
      if (std::sscanf(line.c_str(), "stored %ld", &number) == 1) {
        acknowledged.insert(number);
      } else {
        refusal += line;
      }
    }
    EXPECT_THAT(refusal, HasSubstr("refused")) << "the limit was never met";
    EXPECT_THAT(refusal, HasSubstr("File too large"));
  }
  EXPECT_GT(acknowledged.size(), 5U);
  EXPECT_EQ(stored_batches(path), acknowledged);
}

TEST(EventStore, ASecondProcessIsTurnedAway) {
  TestFolder folder;
  const std::string path = folder.file("events.duckdb");
  const auto store = EventStore::open(path, {}).value();
  Writer second(path, "");
  EXPECT_THAT(second.line(), HasSubstr("is open in another process"));
}

}  // namespace
}  // namespace assay::io::duckdb
