#include "assay/serve/guard.h"

#include <algorithm>
#include <cctype>
#include <memory>

#include "assay/base/ascii.h"
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

// The text of a credential, in whichever header it came.
std::optional<std::string_view> credential(const Request& request) {
  const auto token = bearer(request.header("authorization"));
  return token ? token : request.header("x-api-key");
}

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool changes_something(const Request& request) {
  return request.method != "GET" && request.method != "HEAD";
}

}  // namespace

Guard::Guard(Options options, Tokens& tokens, Worker& verifier)
    : options_(std::move(options)), tokens_(tokens), verifier_(verifier) {
  for (std::string& host : options_.allowed_hosts) host = lower(host);
  std::string purpose = "event streams";
  for (const std::string& key : options_.client_keys) purpose += "\n" + key;
  ticket_ = tokens_.ticket(purpose);
}

// What stands behind a colon is a port, or all of it is no name.
std::string_view host_name(std::string_view host) {
  const bool is_v6 = host.starts_with('[');
  const std::size_t end = std::min(is_v6 ? host.find(']') : host.find(':'), host.size());
  std::string_view rest = host.substr(end);
  if (is_v6 && rest.empty()) return host;  // Not closed.
  if (is_v6) rest.remove_prefix(1);
  const bool is_port =
      rest.empty() || (rest.front() == ':' && std::ranges::all_of(rest.substr(1), is_digit));
  if (!is_port) return host;
  return is_v6 ? host.substr(1, end - 1) : host.substr(0, end);
}

bool is_origin(std::string_view text) {
  if (text == "*") return true;
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos || scheme == 0) return false;
  const std::string_view rest = text.substr(scheme + 3);
  return !rest.empty() && rest.find_first_of("/ ?#*,") == std::string_view::npos;
}

bool is_client_key(std::string_view text) {
  return text.size() >= 8 && text.size() <= 128 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
         });
}

// Digits and dots only: 127.example.org is a name, and whoever owns it says where it leads.
bool is_loopback_name(std::string_view name) {
  if (!name.starts_with("127.")) return name == "localhost" || name == "::1";
  return std::ranges::all_of(name, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

bool Guard::is_known_host(std::string_view host) const {
  if (!options_.listens_on_loopback || is_loopback_name(host_name(host))) return true;
  const std::string name = lower(host_name(host));
  return is_loopback_name(name) || contains(options_.allowed_hosts, name);
}

bool Guard::allows_origin(std::string_view origin) const {
  const auto& allowed = options_.allowed_origins;
  if (contains(allowed, "*") || contains(allowed, origin)) return true;
  const std::size_t scheme = origin.find("://");
  return options_.listens_on_loopback && scheme != std::string_view::npos &&
         is_loopback_name(host_name(origin.substr(scheme + 3)));
}

// A token is sent by programs that mean it; only what browsers do by themselves needs this check.
bool Guard::is_foreign(Access access, const Request& request) const {
  const auto origin = request.header("origin");
  if (!origin || tokens_.any() || !changes_something(request)) return false;
  if (access == Access::kClient && allows_origin(*origin)) return false;
  const std::size_t scheme = origin->find("://");
  if (scheme == std::string_view::npos) return true;
  const std::string_view host = origin->substr(scheme + 3);
  return host != request.header("host") && !contains(options_.allowed_hosts, host_name(host));
}

// Client keys are no secrets: they are compared as they are.
bool Guard::is_client(const Request& request) const {
  const auto given = credential(request);
  if (given && contains(options_.client_keys, *given)) return true;
  const auto ticket = request.query_value("ticket");
  if (ticket && !changes_something(request) && same_secret(*ticket, ticket_)) return true;
  return std::any_of(request.params.begin(), request.params.end(), [this](const auto& param) {
    return param.first == "client_key" && contains(options_.client_keys, param.second);
  });
}

std::string Guard::ticket_query() const { return tokens_.any() ? "?ticket=" + ticket_ : ""; }

Respond Guard::with_cors(const Request& request, Respond respond) const {
  const auto origin = request.header("origin");
  if (!origin && changes_something(request)) return respond;
  // A cache must not give a page what it kept of an answer to somebody else.
  return [respond = std::move(respond), is_allowed = origin && allows_origin(*origin),
          origin = std::string(origin.value_or(""))](Response&& response) {
    response.headers.emplace_back("Vary", "Origin");
    if (is_allowed) {
      response.headers.emplace_back("Access-Control-Allow-Origin", origin);
      response.headers.emplace_back("Access-Control-Expose-Headers",
                                    "ETag, Retry-After, X-SSE-Support");
    }
    respond(std::move(response));
  };
}

Handler Guard::preflight() const {
  return [this](const Request& request, const Respond& respond) {
    const auto origin = request.header("origin");
    if (!is_known_host(request.header("host").value_or("")) || !origin || !allows_origin(*origin)) {
      return respond(failure(403, {Code::kInvalid, "pages of this origin may not ask",
                                   "--allow-origin ORIGIN lets them"}));
    }
    Response response{.status = 204, .content_type = {}};
    response.headers = {
        {"Vary", "Origin"},
        {"Access-Control-Allow-Origin", std::string(*origin)},
        {"Access-Control-Allow-Methods", "GET, POST"},
        {"Access-Control-Allow-Headers",
         "Content-Type, Authorization, X-API-Key, If-None-Match, Cache-Control, Last-Event-ID"},
        {"Access-Control-Max-Age", "600"}};
    respond(std::move(response));
  };
}

void Guard::authenticate(Request&& request, Respond respond, const Handler& handler) {
  const auto token = credential(request);
  if (!token) return respond(unauthorized());
  if (auto name = tokens_.recall(*token)) {
    request.actor = std::move(*name);
    return handler(std::move(request), std::move(respond));
  }
  auto held = std::make_shared<Request>(std::move(request));
  const auto verify = [this, held, respond, handler] {
    auto name = tokens_.verify(*credential(*held));
    if (!name) return respond(unauthorized());
    held->actor = std::move(*name);
    handler(std::move(*held), respond);
  };
  if (!verifier_.post(verify)) {
    respond(failure({Code::kUnavailable, "too many requests wait", "try again soon"}));
  }
}

Handler Guard::protect(Access access, Handler handler) {
  return [this, access, handler = std::move(handler)](Request&& request, Respond respond) {
    if (access == Access::kClient) respond = with_cors(request, std::move(respond));
    if (!is_known_host(request.header("host").value_or(""))) {
      return respond(failure(421, {Code::kInvalid, "this server does not answer for that host",
                                   "--allow-host NAME lets it"}));
    }
    if (is_foreign(access, request)) {
      return respond(failure(
          403, {Code::kInvalid, "a page of another site may not ask this",
                access == Access::kClient ? "--allow-origin ORIGIN lets pages of that origin"
                                          : "--allow-host NAME lets pages of that host"}));
    }
    request.actor = "anyone";
    if (access == Access::kOpen || !tokens_.any() ||
        (access == Access::kClient && is_client(request))) {
      return handler(std::move(request), std::move(respond));
    }
    authenticate(std::move(request), std::move(respond), handler);
  };
}

}  // namespace assay::serve
