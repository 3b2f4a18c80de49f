// What requests are answered from while experiments change.
#include <atomic>
#include <thread>

#include <gmock/gmock.h>

#include "assay/serve/streams.h"
#include "assay/serve/testing.h"

namespace assay::serve {
namespace {

// A client of flags that is answered while plans change must not see its counts begin again.
TEST_F(ExperimentsTest, CountsGoOnWhenPlansChange) {
  add_and_start("a", "  traffic: 0.2\n");
  const auto count = [&] {
    const auto served = experiments_->view()->served;
    const auto handle = *served->ofrep.snapshot().find("a");
    served->tally.count({{handle, 1, assign::Reason::kSplit}});
  };
  count();
  add_and_start("b");
  count();
  ASSERT_TRUE(add(plan("a", "  traffic: 0.5\n")));
  count();
  ASSERT_TRUE(experiments_->stop("a", kChange));
  count();
  const auto rows = experiments_->view()->served->tally.rows();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].experiment + "/" + rows[0].variant, "a/treatment");
  EXPECT_EQ(rows[0].count, 4u);
}

// The version of "a" that all parts of the view agree on; 0 where they do not.
std::int64_t version_in(const View& view) {
  const assign::Snapshot& snapshot = view.served->ofrep.snapshot();
  const auto handle = snapshot.find("a");
  if (!handle) return 0;
  const std::int64_t version = snapshot.version(*handle);
  const std::string text = std::to_string(version);
  assign::Context context(snapshot);
  context.set_targeting_key("u");
  const bool is_running = snapshot.evaluate(*handle, context).reason != assign::Reason::kStopped;
  const auto body =
      view.served->ofrep.evaluate_flag("a", R"({"context":{"targetingKey":"u"}})").body;
  const bool agree = is_running && view.known("a")->version == text &&
                     view.find("a")->record.version.number == version &&
                     body.find("\"version\":\"" + text + "\"") != std::string::npos;
  return agree ? version : 0;
}

// Requests are answered while plans change. Whoever holds a view sees one state of everything for
// as long as it holds it, and never an older one after a newer. The `tsan` preset looks for races.
TEST_F(ExperimentsTest, AnswersWhileViewsAreSwapped) {
  constexpr int kChanges = 60;
  add_and_start("a", "  traffic: 0.001\n");
  std::atomic<bool> is_done = false;
  std::atomic<int> asking = 0;
  std::atomic<int> torn = 0;
  std::atomic<int> backwards = 0;
  const auto ask = [&] {
    std::shared_ptr<const View> before = experiments_->view();
    ++asking;
    while (!is_done) {
      const auto view = experiments_->view();
      const std::int64_t old = version_in(*before);
      const std::int64_t version = version_in(*view);
      if (old == 0 || version == 0) ++torn;
      if (version < old) ++backwards;
      before = view;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back(ask);
  while (asking < 3) std::this_thread::yield();
  for (int i = 1; i <= kChanges; ++i) {
    EXPECT_TRUE(add(plan("a", "  traffic: " + std::to_string(0.001 + i * 0.01) + "\n"))) << i;
  }
  is_done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(backwards, 0);
  EXPECT_EQ(version_in(*experiments_->view()), kChanges + 1);
}

// What follows GET /v1/snapshot listens to the flags' stream: a notice for every change of the
// rules, sent when the new rules are already there, and none for a draft.
TEST_F(ExperimentsTest, EveryChangeOfTheRulesIsAnnounced) {
  Streams streams(1);
  streams.changed(*experiments_->view(), Timestamp{0});
  experiments_->on_change([&](const View& view) {
    EXPECT_EQ(rules_of(view).etag, rules_of(*experiments_->view()).etag);
    streams.changed(view, Timestamp{0});
  });
  const auto listening = streams.open_notices({}, Timestamp{60'000'000}).stream;
  ASSERT_NE(listening, nullptr);
  std::string etag = rules_of(*experiments_->view()).etag;
  const auto expect_change = [&](bool is_expected, const std::string& after) {
    const std::string now = rules_of(*experiments_->view()).etag;
    EXPECT_EQ(now != etag, is_expected) << after;
    EXPECT_EQ(listening->take() != nullptr, is_expected) << after;
    etag = now;
  };
  ASSERT_TRUE(add(plan("a", "  traffic: 0.2\n")));
  expect_change(false, "a draft");
  ASSERT_TRUE(experiments_->start("a", kChange));
  expect_change(true, "a start");
  ASSERT_TRUE(add(plan("a", "  traffic: 0.5\n")));
  expect_change(true, "more traffic");
  ASSERT_TRUE(add(plan("a", "  traffic: 0.5\n  overrides: {tester: treatment}\n")));
  expect_change(true, "an override");
  ASSERT_TRUE(add(plan("a", "  traffic: 0.5\n  overrides: {tester: treatment}\n")));
  expect_change(false, "the same plan again");
  ASSERT_TRUE(experiments_->stop("a", kChange));
  expect_change(true, "a stop");
}

}  // namespace
}  // namespace assay::serve
