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
#include <utility>

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
  std::atomic<std::size_t> body_bytes{0};  // Of all long bodies that are not answered yet.
  std::atomic<bool> stopping{false};
  // Held (shared) while a Respond touches a loop; closed for good before the loops are destroyed.
  std::shared_mutex gate;
  bool gate_open = true;
};

// What one long body takes of the bytes that all may take together.
class Share {
 public:
  explicit Share(Shared& shared) : shared_(shared) {}
  ~Share() { give_back(); }
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;
  void give_back() {
    if (held_ > 0) shared_.body_bytes -= std::exchange(held_, 0);
  }
  // False: they are taken.
  bool add(std::size_t bytes) {
    held_ += bytes;
    return (shared_.body_bytes += bytes) <= shared_.options.max_all_body_bytes;
  }

 private:
  Shared& shared_;
  std::size_t held_ = 0;
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
