#include "assay/serve/worker.h"

#include <future>
#include <new>
#include <vector>

#include <gtest/gtest.h>

namespace assay::serve {
namespace {

TEST(Worker, RunsJobsInOrderAndFinishesThemAtTheEnd) {
  std::vector<int> done;
  {
    Worker worker;
    for (int i = 0; i < 100; ++i) {
      EXPECT_TRUE(worker.post([&done, i] { done.push_back(i); }));
    }
  }
  ASSERT_EQ(done.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(done[static_cast<std::size_t>(i)], i);
}

TEST(Worker, TurnsJobsAwayWhenTooManyWait) {
  std::promise<void> begun, release;  // Outlive the worker, whose last job uses them.
  Worker worker(2);
  worker.post([&] {
    begun.set_value();
    release.get_future().wait();
  });
  begun.get_future().wait();
  EXPECT_TRUE(worker.post([] {}));
  EXPECT_TRUE(worker.post([] {}));
  EXPECT_FALSE(worker.post([] {}));
  release.set_value();
}

TEST(Worker, AJobThatFindsNoMemoryEndsNoOtherOne) {
  std::promise<void> done;
  Worker worker;
  worker.post([] { throw std::bad_alloc(); });
  worker.post([&] { done.set_value(); });
  done.get_future().wait();
}

}  // namespace
}  // namespace assay::serve
