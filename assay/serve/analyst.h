// Analyst: one thread that draws the scorecard of every running experiment again and again, and
// asks for the verdict. Looks never overlap. A look that fails is logged and counted, and the next
// one tries again. The always-valid p-values of the last look are carried forward, also over a
// restart: they are part of the stored scorecard.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "assay/io/duckdb/event_store.h"
#include "assay/io/sqlite/records.h"
#include "assay/serve/experiments.h"
#include "assay/serve/metrics.h"
#include "assay/serve/results.h"

namespace assay::serve {

class Analyst {
 public:
  struct Parts {
    Experiments& experiments;
    Results& results;
    Metrics& metrics;
    io::sqlite::Records& records;
    io::duckdb::EventStore& events;
  };
  Analyst(Parts parts, std::chrono::milliseconds interval);
  ~Analyst();  // Lets a look under way finish.

  // Looks at one experiment as soon as possible, then calls `done` from the analyst's thread.
  void look_now(const std::string& id, std::function<void(Result<void>)> done);

 private:
  struct Wish {
    std::string id;
    std::function<void(Result<void>)> done;
  };
  void run();
  void grant(const Wish& wish);
  Result<void> look(const Registered& experiment);
  Result<void> try_look(const Registered& experiment);
  bool ending();

  Parts parts_;
  const std::chrono::milliseconds interval_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Wish> wishes_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace assay::serve
