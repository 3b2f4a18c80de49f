#include "assay/serve/guard.h"

#include <algorithm>
#include <memory>

#include "assay/io/http/failure.h"

namespace assay::serve {
namespace {

using io::http::failure;
using io::http::Handler;
using io::http::Request;
using io::http::Respond;
using io::http::Response;

Response unauthorized() {
  Response response = failure(
      401, {Code::kInvalid, "a valid token is needed",
            "send 'Authorization: Bearer TOKEN'; assay serve --create-token NAME makes one"});
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

bool changes_something(const Request& request) {
  return request.method != "GET" && request.method != "HEAD";
}

}  // namespace

std::string_view host_name(std::string_view host) {
  if (!host.empty() && host.front() == '[') {
    const std::size_t end = host.find(']');
    return end == std::string_view::npos ? host : host.substr(1, end - 1);
  }
  return host.substr(0, host.find(':'));
}

// Digits and dots only: 127.example.org is a name, and whoever owns it says where it leads.
bool is_loopback_name(std::string_view name) {
  const bool is_number = name.find_first_not_of("0123456789.") == std::string_view::npos;
  return name == "localhost" || name == "::1" || (is_number && name.substr(0, 4) == "127.");
}

bool Guard::is_known_host(std::string_view host) const {
  if (!options_.listens_on_loopback || is_loopback_name(host_name(host))) return true;
  const auto& allowed = options_.allowed_hosts;
  return std::find(allowed.begin(), allowed.end(), host_name(host)) != allowed.end();
}

// A token is sent by programs that mean it; only what browsers do by themselves needs this check.
bool Guard::is_foreign(const Request& request) const {
  const auto origin = request.header("origin");
  if (!origin || tokens_.any() || !changes_something(request)) return false;
  const std::size_t scheme = origin->find("://");
  if (scheme == std::string_view::npos) return true;
  const std::string_view host = origin->substr(scheme + 3);
  const auto& allowed = options_.allowed_hosts;
  return host != request.header("host") &&
         std::find(allowed.begin(), allowed.end(), host_name(host)) == allowed.end();
}

void Guard::authenticate(Request request, Respond respond, const Handler& handler) {
  const auto token = bearer(request.header("authorization"));
  if (!token) return respond(unauthorized());
  if (auto name = tokens_.recall(*token)) {
    request.actor = std::move(*name);
    return handler(std::move(request), std::move(respond));
  }
  auto held = std::make_shared<Request>(std::move(request));
  const auto verify = [this, held, respond, handler] {
    auto name = tokens_.verify(*bearer(held->header("authorization")));
    if (!name) return respond(unauthorized());
    held->actor = std::move(*name);
    handler(std::move(*held), respond);
  };
  if (!worker_.post(verify)) {
    respond(failure({Code::kUnavailable, "too many requests wait", "try again soon"}));
  }
}

Handler Guard::protect(Access access, Handler handler) {
  return [this, access, handler = std::move(handler)](Request request, Respond respond) {
    if (!is_known_host(request.header("host").value_or(""))) {
      return respond(failure(421, {Code::kInvalid, "this server does not answer for that host",
                                   "--allow-host NAME lets it"}));
    }
    if (is_foreign(request)) {
      return respond(failure(403, {Code::kInvalid, "a page of another site may not change things",
                                   "--allow-host NAME lets pages of that host"}));
    }
    request.actor = "anyone";
    if (access == Access::kOpen || !tokens_.any()) {
      return handler(std::move(request), std::move(respond));
    }
    authenticate(std::move(request), std::move(respond), handler);
  };
}

}  // namespace assay::serve
