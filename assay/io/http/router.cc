#include "assay/io/http/router.h"

#include <algorithm>

#include "assay/base/check.h"
#include "assay/io/http/failure.h"

namespace assay::io::http {
namespace {

std::vector<std::string> split(std::string_view path) {
  ASSAY_CHECK(!path.empty() && path.front() == '/');
  std::vector<std::string> segments;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    segments.emplace_back(path.substr(0, end));
    path.remove_prefix(end);
  }
  return segments;
}

bool is_param(std::string_view segment) { return !segment.empty() && segment.front() == '{'; }

// Walks pattern and path side by side: nothing is allocated unless the route matches.
bool matches(const std::vector<std::string>& segments, std::string_view path) {
  for (const std::string& segment : segments) {
    if (path.empty()) return false;
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    if (is_param(segment) ? part.empty() : part != segment) return false;
    path.remove_prefix(end);
  }
  return path.empty();
}

Fields params(const std::vector<std::string>& segments, std::string_view path) {
  Fields found;
  for (const std::string& segment : segments) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    if (is_param(segment)) {
      found.emplace_back(segment.substr(1, segment.size() - 2), path.substr(0, end));
    }
    path.remove_prefix(end);
  }
  return found;
}

Response not_allowed(const Request& request, const std::string& allow) {
  Response response =
      failure(405, {Code::kInvalid, request.method + " is not allowed here", "allowed: " + allow});
  response.headers.emplace_back("Allow", allow);
  return response;
}

Response not_found(const Request& request) {
  return failure({Code::kNotFound, "nothing is at " + request.path,
                  "routes are described in spec/http/openapi.yaml"});
}

}  // namespace

void Router::add(std::string_view method, std::string_view pattern, Handler handler) {
  Route route{std::string(method), split(pattern), std::move(handler)};
  // Routes with fewer {names} first, so that literals win.
  const auto names = [](const Route& r) {
    return std::count_if(r.segments.begin(), r.segments.end(),
                         [](const std::string& s) { return is_param(s); });
  };
  const auto at = std::find_if(routes_.begin(), routes_.end(),
                               [&](const Route& r) { return names(r) > names(route); });
  routes_.insert(at, std::move(route));
}

void Router::operator()(Request request, Respond respond) const {
  const std::string_view wanted =
      request.method == "HEAD" ? "GET" : std::string_view(request.method);
  std::string allow;
  for (const Route& route : routes_) {
    if (!matches(route.segments, request.path)) continue;
    if (route.method == wanted) {
      request.params = params(route.segments, request.path);
      return route.handler(std::move(request), std::move(respond));
    }
    allow += (allow.empty() ? "" : ", ") + route.method;
  }
  if (!allow.empty()) return respond(not_allowed(request, allow));
  if (fallback_) return fallback_(std::move(request), std::move(respond));
  respond(not_found(request));
}

}  // namespace assay::io::http
