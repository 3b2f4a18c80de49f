// Results: the newest scorecard and verdict of each experiment, in memory, so that requests never
// wait for a store. Any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "assay/base/expected.h"
#include "assay/io/sqlite/records.h"

namespace assay::serve {

struct Outcome {
  std::string scorecard_json;
  std::string verdict_json;
  std::string etag;  // Of the scorecard, with quotes.
  // Taken from the scorecard, for the list of experiments.
  std::int64_t units = 0;
  bool trusted = true;
  bool withheld = false;     // A fixed-horizon plan before its sample size.
  std::string units_json;    // {"control": 120, "treatment": 118}
  std::string primary_json;  // The first primary comparison; empty where there is none.
};

// kCorrupt when the scorecard is not JSON of ours.
Result<Outcome> read_outcome(std::string scorecard_json, std::string verdict_json);

class Results {
 public:
  // What the store remembers of earlier runs.
  static Result<std::unique_ptr<Results>> load(io::sqlite::Records& records);

  std::shared_ptr<const Outcome> find(std::string_view experiment) const;  // May be null.
  void put(const std::string& experiment, Outcome outcome);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Outcome>, std::less<>> outcomes_;
};

}  // namespace assay::serve
