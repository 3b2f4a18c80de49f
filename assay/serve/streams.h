// Streams: tells whoever listens that the flags changed, as server-sent events. OFREP 0.3 sends
// only the notice, after which the client fetches again.
//
//   Streams streams(1000);
//   streams.changed(*view, now());              // after every change, and once at the start
//   respond(streams.open_notices(request, now()));
//
// A change between a client's fetch and the opening of its stream would go unnoticed: a stream that
// opens soon after a change or a start is told of it, and so is one that comes back with the id of
// an older state. Any thread.
#pragma once

#include <mutex>
#include <string>

#include "assay/base/time.h"
#include "assay/io/http/http.h"
#include "assay/serve/experiments.h"

namespace assay::serve {

class Streams {
 public:
  // So many of either kind.
  explicit Streams(std::size_t max_streams)
      : notices_({.max_subscribers = max_streams}), features_({.max_subscribers = max_streams}) {}

  void changed(const View& view, Timestamp now);
  // 503 when there are too many streams already.
  io::http::Response open_notices(const io::http::Request& request, Timestamp now);
  // GET /api/features/{client_key} and /sub/{client_key}, as GrowthBook's SDKs ask for them. The
  // header X-Assay-Left-Out counts experiments that these SDKs cannot answer
  // (deliver/growthbook.h).
  io::http::Response growthbook_features(const io::http::Request& request) const;
  io::http::Response open_growthbook();
  std::size_t open() const { return notices_.subscribers() + features_.subscribers(); }

 private:
  io::http::Channel notices_;
  io::http::Channel features_;
  mutable std::mutex mutex_;  // Guards what follows.
  std::string state_;
  std::string notice_;
  Timestamp changed_at_;
  std::string growthbook_json_;
  std::size_t left_out_ = 0;
};

// Names the flags' definitions as they stand: another text after every change of an answer's cause.
std::string flag_state(const View& view);

}  // namespace assay::serve
