#include "assay/io/duckdb/event_store.h"

#include <filesystem>
#include <fstream>
#include <future>
#include <string>

#include <gtest/gtest.h>

#include "assay/io/duckdb/test_folder.h"

namespace assay::io::duckdb {
namespace {

collect::Event event(const std::string& id) {
  return {.id = id, .time = {1'000'000}, .name = "click", .units = {{"user", "u1"}}, .value = 1.0,
          .properties_json = "{}"};
}

Result<collect::Appended> append(EventStore& store, collect::Batch batch) {
  std::promise<Result<collect::Appended>> promise;
  auto future = promise.get_future();
  store.append(std::move(batch),
               [&](Result<collect::Appended> done) { promise.set_value(std::move(done)); });
  return future.get();
}

TEST(EventStore, CountsAnIdOnce) {
  TestFolder folder;
  auto store = EventStore::open(folder.file("events.duckdb"), {}).value();
  auto first = append(*store, {.events = {event("a"), event("b"), event("a")}});
  ASSERT_TRUE(first) << to_text(first.error());
  EXPECT_EQ(first->stored, 2);
  EXPECT_EQ(first->duplicates, 1);
  EXPECT_EQ(append(*store, {.events = {event("b")}})->duplicates, 1);
  ASSERT_TRUE(store->close());
  store = EventStore::open(folder.file("events.duckdb"), {}).value();
  EXPECT_EQ(store->status().events, 2);
  EXPECT_EQ(append(*store, {.events = {event("b"), event("c")}})->stored, 1);
}

}  // namespace
}  // namespace assay::io::duckdb
