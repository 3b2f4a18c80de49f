// Session: one connection, from accept to close. Internal to io/http; see server.h.
//
// Lives on one event loop: every function is called on that loop's thread, except a Respond, which
// hops to it. The loop's SessionSet owns sessions; a late Respond finds its session gone and does
// nothing.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_set>

#include "assay/io/http/server.h"

namespace boost::asio {
class io_context;
namespace ssl {
class context;
}
}  // namespace boost::asio

namespace assay::io::http {

class Session {
 public:
  virtual ~Session() = default;
  virtual void start() = 0;
  // Closes now when no request is under way, else after its response.
  virtual void finish() = 0;
  // Closes when the deadline of the current step has passed.
  virtual void check_deadline(std::chrono::steady_clock::time_point now) = 0;
};

// What all sessions of a server share.
struct Shared {
  ServerOptions options;
  Handler handler;
  std::atomic<std::size_t> connections{0};
  std::atomic<bool> stopping{false};
  // Held (shared) while a Respond touches a loop; closed for good before the loops are destroyed.
  std::shared_mutex gate;
  bool gate_open = true;
};

// Runs the loop on this thread until it is stopped.
void run(boost::asio::io_context& loop);

using SessionSet = std::unordered_set<std::shared_ptr<Session>>;

// Takes over the connected socket `fd`. `tls` may be null. `refuse`: only say 503 and close.
std::shared_ptr<Session> open_session(boost::asio::io_context& loop, int fd,
                                      boost::asio::ssl::context* tls,
                                      std::shared_ptr<Shared> shared, SessionSet& owner,
                                      bool refuse);

}  // namespace assay::io::http
