// Guard: who may ask what. Stands before every route:
//
//   - A page on some other site may resolve its own name to this machine (DNS rebinding) and then
//     read and write as if it were ours: on a loopback address the Host must be a loopback name or
//     one that was allowed.
//   - A page may also post here blindly: without tokens, a request that changes something and
//     carries an Origin must come from the same host.
//   - Where tokens exist, a request needs one, except on open routes. The first use of a token is
//     verified on a worker, for that takes milliseconds: one of its own, so that whoever sends
//     wrong ones keeps nobody waiting who was let in.
//   - What an application in a browser needs (flags, exposures, events) is on client routes: a
//     client key opens them too, and nothing else, so that it may be known to everybody. Pages of
//     allowed origins may ask there (CORS); of a server on loopback, pages that come from this
//     machine may without being named.
#pragma once

#include <string>
#include <vector>

#include "assay/io/http/message.h"
#include "assay/serve/tokens.h"
#include "assay/serve/worker.h"

namespace assay::serve {

enum class Access { kOpen, kClient, kGuarded };

class Guard {
 public:
  struct Options {
    bool listens_on_loopback = true;
    std::vector<std::string> allowed_hosts;    // Without port.
    std::vector<std::string> allowed_origins;  // "https://shop.example"; "*" is every origin.
    std::vector<std::string> client_keys;
  };
  Guard(Options options, Tokens& tokens, Worker& verifier);

  io::http::Handler protect(Access access, io::http::Handler handler);
  // Answers a browser that asks whether a page may (OPTIONS).
  io::http::Handler preflight() const;
  // What the path of an event stream must say, because a browser's EventSource sends no headers:
  // "?ticket=…", good while tokens and client keys stay as they are. Empty where everybody may
  // listen.
  std::string ticket_query() const;

 private:
  bool allows_origin(std::string_view origin) const;
  bool is_client(const io::http::Request& request) const;
  io::http::Respond with_cors(const io::http::Request& request, io::http::Respond respond) const;
  bool is_known_host(std::string_view host) const;
  bool is_foreign(Access access, const io::http::Request& request) const;
  void authenticate(io::http::Request&& request, io::http::Respond respond,
                    const io::http::Handler& handler);

  Options options_;
  Tokens& tokens_;
  Worker& verifier_;
  std::string ticket_;
};

// "https://shop.example:8443" or "*", as --allow-origin takes it.
bool is_origin(std::string_view text);
// What a client key may look like: it travels in paths and headers.
bool is_client_key(std::string_view text);
// "example.com:8080" and "[::1]:8080" without the port.
std::string_view host_name(std::string_view host);
bool is_loopback_name(std::string_view name);

}  // namespace assay::serve
