#include "assay/io/sqlite/sticky_store.h"

#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "assay/io/sqlite/database.h"

namespace assay::io::sqlite {
namespace {

using deliver::NewMemory;

std::string fresh_path(const std::string& name) {
  const std::string path = testing::TempDir() + "assay_sticky_" + name + ".sqlite";
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
  return path;
}

std::unique_ptr<StickyStore> open(const std::string& path) {
  auto store = StickyStore::open(path);
  EXPECT_TRUE(store) << to_text(store.error());
  return std::move(*store);
}

NewMemory memory(const std::string& unit, const std::string& experiment, const std::string& variant,
                 std::int64_t epoch = 0, std::int64_t first_epoch = 0) {
  return {.unit_kind = "user",
          .unit_id = unit,
          .memory = {experiment, variant, epoch},
          .first_epoch = first_epoch};
}

Result<bool> remember(StickyStore& store, std::vector<NewMemory> memories) {
  std::promise<Result<bool>> promise;
  store.remember(std::move(memories), [&](Result<bool> done) { promise.set_value(done); });
  return promise.get_future().get();
}

// "exp=variant@epoch …"
std::string recalled(StickyStore& store, const std::string& unit,
                     const std::string& kind = "user") {
  const auto memories = store.recall(kind, unit);
  EXPECT_TRUE(memories) << to_text(memories.error());
  std::string text;
  for (const auto& one : *memories) {
    text += one.experiment + "=" + one.variant + "@" + std::to_string(one.epoch) + " ";
  }
  return text;
}

TEST(StickyStore, RemembersByUnitThroughAReopening) {
  const std::string path = fresh_path("reopen");
  {
    auto store = open(path);
    EXPECT_EQ(recalled(*store, "u1"), "");
    EXPECT_TRUE(remember(*store, {memory("u1", "b", "treatment", 3), memory("u1", "a", "control"),
                                  memory("u2", "a", "x")})
                    .value());
    EXPECT_EQ(recalled(*store, "u1"), "a=control@0 b=treatment@3 ");
    EXPECT_EQ(recalled(*store, "u1", "device"), "") << "another unit of the same name";
  }
  EXPECT_EQ(recalled(*open(path), "u1"), "a=control@0 b=treatment@3 ");
}

TEST(StickyStore, TheFirstAnswerStandsUntilItDoesNotHoldAnyMore) {
  auto store = open(fresh_path("first"));
  EXPECT_TRUE(remember(*store, {memory("u", "a", "control", 1)}).value());
  EXPECT_TRUE(remember(*store, {memory("u", "a", "control", 1)}).value()) << "says the same";
  EXPECT_FALSE(remember(*store, {memory("u", "a", "treatment", 2)}).value());
  EXPECT_FALSE(remember(*store, {memory("u", "a", "control", 2)}).value()) << "of another draw";
  EXPECT_EQ(recalled(*store, "u"), "a=control@1 ");
  EXPECT_TRUE(remember(*store, {memory("u", "a", "treatment", 2, 2)}).value()) << "reshuffled";
  EXPECT_EQ(recalled(*store, "u"), "a=treatment@2 ");
}

TEST(StickyStore, AnAnswerIsRememberedUnderAllOfItsUnitsOrNone) {
  auto store = open(fresh_path("whole"));
  EXPECT_TRUE(remember(*store, {memory("device", "a", "control")}).value());
  // Whoever logged in at the same moment asks again, and keeps the variant of the device.
  EXPECT_FALSE(remember(*store, {memory("user", "a", "treatment"),
                                 memory("device", "a", "treatment"), memory("other", "b", "x")})
                   .value());
  EXPECT_EQ(recalled(*store, "user"), "");
  EXPECT_EQ(recalled(*store, "device"), "a=control@0 ");
  EXPECT_EQ(recalled(*store, "other"), "");
  EXPECT_TRUE(
      remember(*store, {memory("user", "a", "control"), memory("other", "b", "x")}).value());
  EXPECT_EQ(recalled(*store, "user") + recalled(*store, "other"), "a=control@0 b=x@0 ");
}

TEST(StickyStore, ManyThreadsAgreeOnOneAnswer) {
  auto store = open(fresh_path("threads"));
  std::vector<std::thread> threads;
  std::atomic<int> stand = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const auto one = memory("u" + std::to_string(i), "a", "variant" + std::to_string(t));
        if (remember(*store, {one}).value()) ++stand;
        EXPECT_NE(recalled(*store, one.unit_id), "");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(stand, 50) << "one thread each";
}

TEST(StickyStore, TurnsAwayWhatIsTooMuchAndWhatComesAfterTheEnd) {
  auto store = open(fresh_path("full"));
  const auto refused =
      remember(*store, std::vector<NewMemory>(StickyStore::kMaxWaiting + 1, memory("u", "a", "b")));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  EXPECT_TRUE(remember(*store, {memory("u", "a", "b")}).value());
  store->close();
  EXPECT_FALSE(remember(*store, {memory("u", "c", "b")}));
  EXPECT_EQ(recalled(*store, "u"), "a=b@0 ");
}

TEST(StickyStore, SaysWhenItCannotWriteAndRecovers) {
  const std::string path = fresh_path("locked");
  auto store = open(path);
  auto other = Database::open(path).value();
  ASSERT_TRUE(other.execute("BEGIN EXCLUSIVE"));
  const auto refused = remember(*store, {memory("u", "a", "b")});  // After a second.
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  EXPECT_EQ(refused.error().hint, "end the other program that holds this file");
  EXPECT_EQ(recalled(*store, "u"), "") << "whoever reads does not wait for it";
  ASSERT_TRUE(other.execute("ROLLBACK"));
  EXPECT_TRUE(remember(*store, {memory("u", "a", "b")}).value());
}

// While the disk is slow, what waits is bounded; and each request hears of its own memories.
TEST(StickyStore, BoundsWhatWaitsAndAnswersEachRequestForItself) {
  const std::string path = fresh_path("waits");
  auto store = StickyStore::open(path, {.writing = std::chrono::minutes(5)}).value();
  EXPECT_TRUE(remember(*store, {memory("u0", "a", "old")}).value());
  auto other = Database::open(path).value();
  ASSERT_TRUE(other.execute("BEGIN EXCLUSIVE"));
  std::mutex mutex;
  std::vector<std::string> heard;
  const auto send = [&](const std::string& name, std::vector<NewMemory> memories) {
    store->remember(std::move(memories), [&heard, &mutex, name](const Result<bool>& done) {
      const std::lock_guard lock(mutex);
      heard.push_back(name + (!done ? ":refused" : *done ? ":stands" : ":not first"));
    });
    const std::lock_guard lock(mutex);
    return heard.empty() || heard.back() != name + ":refused";
  };
  EXPECT_TRUE(send("held", {memory("u9", "a", "b")}));  // The writer takes it, and is held up.
  while (!send("many", std::vector<NewMemory>(StickyStore::kMaxWaiting, memory("u1", "a", "b")))) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_FALSE(send("more", {memory("u2", "a", "b")}));
  ASSERT_TRUE(other.execute("ROLLBACK"));
  while (!send("two", {memory("u3", "a", "b"), memory("u0", "a", "new")})) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_TRUE(send("last", {memory("u4", "a", "b")}));
  store->close();
  std::erase_if(heard, [](const std::string& one) { return one.ends_with(":refused"); });
  EXPECT_EQ(heard, (std::vector<std::string>{"held:stands", "many:stands", "two:not first",
                                             "last:stands"}));
}

TEST(StickyStore, RefusesOtherFiles) {
  const std::string newer = fresh_path("newer");
  ASSERT_TRUE(Database::open(newer).value().execute("PRAGMA user_version = 2"));
  EXPECT_EQ(StickyStore::open(newer).error().code, Code::kConflict);
  const std::string foreign = fresh_path("foreign");
  ASSERT_TRUE(Database::open(foreign).value().execute("CREATE TABLE t (x)"));
  EXPECT_EQ(StickyStore::open(foreign).error().code, Code::kCorrupt);
  const std::string garbage = fresh_path("garbage");
  std::ofstream(garbage) << std::string(5000, 'x');
  EXPECT_EQ(StickyStore::open(garbage).error().code, Code::kCorrupt);
  EXPECT_EQ(StickyStore::open(testing::TempDir() + "no/such/folder").error().code,
            Code::kUnavailable);
}

// What was acknowledged is there after kill -9.
TEST(StickyStore, SurvivesBeingKilled) {
  const std::string path = fresh_path("killed");
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto store = StickyStore::open(path).value();
    for (int i = 0;; ++i) {
      if (!remember(*store, {memory("u" + std::to_string(i), "a", "b")})) _exit(1);
      if (write(pipe_ends[1], &i, sizeof i) != sizeof i) _exit(1);
    }
  }
  close(pipe_ends[1]);
  int last = -1;
  while (last < 20 && read(pipe_ends[0], &last, sizeof last) == sizeof last) continue;
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  while (read(pipe_ends[0], &last, sizeof last) == sizeof last) continue;
  close(pipe_ends[0]);
  ASSERT_GE(last, 20);
  auto store = open(path);
  for (int i = 0; i <= last; ++i) ASSERT_NE(recalled(*store, "u" + std::to_string(i)), "") << i;
}

}  // namespace
}  // namespace assay::io::sqlite
