// Server: HTTP/1.1 over TCP, optionally with TLS. One event loop per thread, each with a listening
// socket of its own (SO_REUSEPORT: the kernel spreads connections; 1.7 times a shared pool here).
// Requests of one connection are answered in order.
//
//   auto server = Server::listen({.port = 0}, router);
//   if (!server) return print(server.error());
//   …
//   (*server)->stop(std::chrono::seconds(10));
//
// Handlers run on the loops' threads and must not block: answer later, from any thread, instead.
// The server itself answers 400 (not HTTP), 408 (too slow), 413 (body), 431 (headers), 503 (too
// many connections or long bodies) and 500 (a handler that threw or forgot to answer).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "assay/base/expected.h"
#include "assay/io/http/message.h"

namespace assay::io::http {

struct ServerOptions {
  std::string address = "127.0.0.1";  // An IP address; "0.0.0.0" or "::" for all.
  std::uint16_t port = 8080;          // 0: any free one, see Server::port.
  int threads = 0;                    // 0: one per core.
  std::size_t max_connections = 10'000;
  std::size_t max_header_bytes = 16 << 10;
  std::size_t max_body_bytes = 8 << 20;
  std::size_t max_all_body_bytes = 1 << 30;         // Of all connections, until they are answered.
  std::chrono::milliseconds idle_timeout{75'000};   // Between requests.
  std::chrono::milliseconds read_timeout{30'000};   // For one whole request, first byte to last.
  std::chrono::milliseconds write_timeout{30'000};  // For one whole response or message.
  std::chrono::milliseconds heartbeat{15'000};      // A stream says something this often.
  std::string tls_certificate_file;                 // PEM chain; empty: plain HTTP.
  std::string tls_key_file;                         // PEM.
};

class Server {
 public:
  // Serves from here on. kConflict: the port is taken; kInvalid: the address is not ours or the
  // certificate cannot be used.
  static Result<std::unique_ptr<Server>> listen(ServerOptions options, Handler handler);
  ~Server();  // stop(0)

  std::uint16_t port() const;
  std::size_t connections() const;

  // Stops accepting, closes idle connections at once, lets running requests finish until the
  // deadline, then closes what is left. Returns when all threads have ended; call it once, and
  // not from a handler.
  void stop(std::chrono::milliseconds deadline);

  class Loops;
  explicit Server(std::unique_ptr<Loops> loops);

 private:
  std::unique_ptr<Loops> loops_;
};

}  // namespace assay::io::http
