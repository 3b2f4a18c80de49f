// Guard: who may ask what. Stands before every route:
//
//   - A page on some other site may resolve its own name to this machine (DNS rebinding) and then
//     read and write as if it were ours: on a loopback address the Host must be a loopback name or
//     one that was allowed.
//   - A page may also post here blindly: without tokens, a request that changes something and
//     carries an Origin must come from the same host.
//   - Where tokens exist, a request needs one, except on open routes. The first use of a token is
//     verified on the worker, for that takes milliseconds.
#pragma once

#include <string>
#include <vector>

#include "assay/io/http/message.h"
#include "assay/serve/tokens.h"
#include "assay/serve/worker.h"

namespace assay::serve {

enum class Access { kOpen, kGuarded };

class Guard {
 public:
  struct Options {
    bool listens_on_loopback = true;
    std::vector<std::string> allowed_hosts;  // Without port.
  };
  Guard(Options options, Tokens& tokens, Worker& worker)
      : options_(std::move(options)), tokens_(tokens), worker_(worker) {}

  io::http::Handler protect(Access access, io::http::Handler handler);

 private:
  bool is_known_host(std::string_view host) const;
  bool is_foreign(const io::http::Request& request) const;
  void authenticate(io::http::Request request, io::http::Respond respond,
                    const io::http::Handler& handler);

  Options options_;
  Tokens& tokens_;
  Worker& worker_;
};

// "example.com:8080" and "[::1]:8080" without the port.
std::string_view host_name(std::string_view host);
bool is_loopback_name(std::string_view name);

}  // namespace assay::serve
