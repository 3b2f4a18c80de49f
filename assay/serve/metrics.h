// Metrics: what /metrics shows, in the text format of Prometheus. Any thread. Labels are names of
// experiments, variants, reasons and routes, never of units: their number stays bounded.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "assay/serve/tally.h"

namespace assay::serve {

class Metrics {
 public:
  Metrics();
  ~Metrics();

  // Bound once per route; observing is then cheap.
  class Route {
   public:
    virtual ~Route() = default;
    virtual void observe(int status, double seconds) = 0;
  };
  Route& route(const std::string& method, const std::string& pattern);

  // `kind` is "event" or "exposure"; `result` "stored", "duplicate", "rejected" or "failed".
  void taken_in(const char* kind, const char* result, std::int64_t rows);
  // Exposures that name another variant than the one assigned.
  void differing(std::int64_t exposures);
  void analyzed(double seconds, bool succeeded);

  // Read when somebody asks.
  struct Levels {
    std::int64_t queued_rows = 0;
    std::int64_t stored_events = 0;
    std::int64_t stored_exposures = 0;
    std::int64_t id_bytes = 0;
    std::int64_t connections = 0;
    std::int64_t streams = 0;
  };
  std::string text(const Levels& levels, const std::vector<Tally::Row>& evaluations);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace assay::serve
