// Worker: one thread for what would block an event loop (SQLite, password hashing, long bodies).
// Jobs run in order; when too many wait, new ones are turned away so that memory stays bounded.
//
//   if (!worker.post([=] { respond(slow_answer()); })) respond(busy());
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace assay::serve {

class Worker {
 public:
  explicit Worker(std::size_t max_waiting = 1000);
  ~Worker();  // Runs what waits, then ends.

  bool post(std::function<void()> job);  // False when too many wait.

 private:
  void run();

  const std::size_t max_waiting_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace assay::serve
