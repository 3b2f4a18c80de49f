#include "assay/io/http/server.h"

#include <algorithm>
#include <condition_variable>
#include <new>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <sys/socket.h>

#include "assay/io/http/session.h"

namespace assay::io::http {
namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using BoostError = boost::system::error_code;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

constexpr int kBacklog = 1024;
constexpr std::size_t kMaxRefused = 16;
constexpr std::chrono::milliseconds kRetryAccept{50};

Error bind_failure(const Tcp::endpoint& endpoint, const BoostError& error) {
  const std::string where = fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port());
  if (error == asio::error::address_in_use) {
    return {Code::kConflict, where + " is in use by another process",
            "choose another port, or 0 for any free one"};
  }
  if (error == boost::system::errc::address_not_available) {
    return {Code::kInvalid, where + " is not an address of this machine",
            "127.0.0.1 is this machine only, 0.0.0.0 every interface"};
  }
  if (error == asio::error::access_denied) {
    return {Code::kInvalid, where + " may not be opened by this user",
            "ports below 1024 need privileges; choose a higher one"};
  }
  return {Code::kUnavailable, fmt::format("cannot listen on {}: {}", where, error.message()), {}};
}

BoostError bind(Tcp::acceptor& acceptor, const Tcp::endpoint& endpoint) {
  BoostError error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(Tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  return error;
}

// With SO_REUSEPORT two servers of one user would silently share a port; a plain bind first tells
// whether somebody is there already.
BoostError probe(const Tcp::endpoint& endpoint) {
  asio::io_context loop;
  Tcp::acceptor acceptor(loop);
  BoostError error = bind(acceptor, endpoint);
  if (!error) acceptor.listen(1, error);
  return error;
}

BoostError open_acceptor(Tcp::acceptor& acceptor, const Tcp::endpoint& endpoint) {
  BoostError error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(Tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.set_option(ReusePort(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(kBacklog, error);
  return error;
}

Result<std::unique_ptr<asio::ssl::context>> open_tls(const ServerOptions& options) {
  if (options.tls_certificate_file.empty() && options.tls_key_file.empty()) return nullptr;
  auto tls = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  BoostError error;
  tls->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                   asio::ssl::context::no_tlsv1_1);
  tls->use_certificate_chain_file(options.tls_certificate_file, error);
  if (error) {
    return fail(Code::kInvalid,
                fmt::format("cannot use the TLS certificate '{}': {}", options.tls_certificate_file,
                            error.message()),
                "a PEM file with the certificate and its chain");
  }
  tls->use_private_key_file(options.tls_key_file, asio::ssl::context::pem, error);
  if (error) {
    return fail(
        Code::kInvalid,
        fmt::format("cannot use the TLS key '{}': {}", options.tls_key_file, error.message()),
        "the PEM file with the certificate's private key");
  }
  return tls;
}

// One thread with its event loop, listening socket, and connections.
class Loop {
 public:
  Loop(std::shared_ptr<Shared> shared, asio::ssl::context* tls)
      : shared_(std::move(shared)), tls_(tls) {}

  BoostError listen(const Tcp::endpoint& endpoint) { return open_acceptor(acceptor_, endpoint); }
  Tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

  void start() {
    accept();
    tick();
    thread_ = std::thread([this] { run(context_); });
  }

  // Closes the listening socket and what is idle.
  void wind_down() {
    asio::post(context_, [this] {
      BoostError ignored;
      acceptor_.close(ignored);
      for (const auto& session : snapshot()) session->finish();
    });
  }

  void end() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
    sessions_.clear();
  }

 private:
  std::vector<std::shared_ptr<Session>> snapshot() const {
    return {sessions_.begin(), sessions_.end()};
  }

  void accept() {
    acceptor_.async_accept([this](BoostError error, Tcp::socket socket) {
      if (!acceptor_.is_open()) return;
      if (error) return accept_later();
      try {
        adopt(std::move(socket));
      } catch (const std::bad_alloc&) {
        return accept_later();
      }
      accept();
    });
  }

  // Also telling somebody that there is no room takes a place, for a moment.
  void adopt(Tcp::socket socket) {
    const std::size_t limit = shared_->options.max_connections;
    if (shared_->connections >= limit + kMaxRefused) return;
    const bool refuse = shared_->connections >= limit;
    BoostError error;
    const int fd = socket.release(error);
    if (error) return;
    if (auto session = open_session(context_, fd, tls_, shared_, sessions_, refuse)) {
      session->start();
    }
  }

  // Out of file descriptors, most likely: wait rather than spin.
  void accept_later() {
    retry_.expires_after(kRetryAccept);
    retry_.async_wait([this](BoostError error) {
      if (!error && acceptor_.is_open()) accept();
    });
  }

  void tick() {
    const auto& options = shared_->options;
    const auto shortest = std::min(
        {options.idle_timeout, options.read_timeout, options.write_timeout, options.heartbeat});
    using std::chrono::milliseconds;
    ticker_.expires_after(std::clamp(shortest / 4, milliseconds(10), milliseconds(500)));
    ticker_.async_wait([this](BoostError error) {
      if (error) return;
      tick();
      const auto now = std::chrono::steady_clock::now();
      for (const auto& session : snapshot()) session->check_deadline(now);
    });
  }

  std::shared_ptr<Shared> shared_;
  asio::ssl::context* tls_;
  SessionSet sessions_;
  // One thread runs it, and only posts come from others.
  asio::io_context context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  Tcp::acceptor acceptor_{context_};
  asio::steady_timer ticker_{context_};
  asio::steady_timer retry_{context_};
  std::thread thread_;
};

}  // namespace

class Server::Loops {
 public:
  std::shared_ptr<Shared> shared = std::make_shared<Shared>();
  std::unique_ptr<asio::ssl::context> tls;
  std::vector<std::unique_ptr<Loop>> loops;
  std::uint16_t port = 0;

  Result<void> open(Tcp::endpoint endpoint) {
    if (const BoostError error = probe(endpoint)) {
      return unexpected(bind_failure(endpoint, error));
    }
    const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    const int threads = shared->options.threads > 0 ? shared->options.threads : cores;
    for (int i = 0; i < threads; ++i) {
      loops.push_back(std::make_unique<Loop>(shared, tls.get()));
      if (const BoostError error = loops.back()->listen(endpoint)) {
        return unexpected(bind_failure(endpoint, error));
      }
      endpoint = loops.back()->endpoint();  // With port 0 the first one chooses.
    }
    port = endpoint.port();
    for (auto& loop : loops) loop->start();
    return {};
  }

  void stop(std::chrono::milliseconds limit) {
    if (shared->stopping.exchange(true)) return;
    for (auto& loop : loops) loop->wind_down();
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (shared->connections > 0 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    {
      const std::unique_lock close_gate(shared->gate);
      shared->gate_open = false;
    }
    for (auto& loop : loops) loop->end();
    loops.clear();
    shared->handler = nullptr;
  }
};

Server::Server(std::unique_ptr<Loops> loops) : loops_(std::move(loops)) {}

Server::~Server() { stop(std::chrono::milliseconds(0)); }

Result<std::unique_ptr<Server>> Server::listen(ServerOptions options, Handler handler) {
  BoostError error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error) {
    return fail(Code::kInvalid, "'" + options.address + "' is not an IP address",
                "such as 127.0.0.1, 0.0.0.0 or ::1");
  }
  auto loops = std::make_unique<Loops>();
  ASSAY_TRY(loops->tls, open_tls(options));
  const Tcp::endpoint endpoint(address, options.port);
  loops->shared->options = std::move(options);
  loops->shared->handler = std::move(handler);
  ASSAY_TRY_VOID(loops->open(endpoint));
  return std::make_unique<Server>(std::move(loops));
}

std::uint16_t Server::port() const { return loops_->port; }

std::size_t Server::connections() const { return loops_->shared->connections; }

void Server::stop(std::chrono::milliseconds deadline) { loops_->stop(deadline); }

}  // namespace assay::io::http
