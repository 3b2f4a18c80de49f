#include "assay/serve/worker.h"

#include <exception>
#include <utility>

#include "assay/serve/log.h"

namespace assay::serve {

Worker::Worker(std::size_t max_waiting) : max_waiting_(max_waiting), thread_([this] { run(); }) {}

Worker::~Worker() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

bool Worker::post(std::function<void()> job) {
  {
    const std::scoped_lock lock(mutex_);
    if (jobs_.size() >= max_waiting_) return false;
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
  return true;
}

void Worker::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    const std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    try {
      job();
    } catch (const std::exception& thrown) {  // Out of memory: whoever waits for it is told so.
      log_warning("job_failed", {{"error", thrown.what()}});
    }
    lock.lock();
  }
}

}  // namespace assay::serve
