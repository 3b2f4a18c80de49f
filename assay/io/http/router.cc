#include "assay/io/http/router.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "assay/base/check.h"
#include "assay/io/http/failure.h"

namespace assay::io::http {
namespace {

std::vector<std::string> split(std::string_view path) {
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
    if (path.empty() || path.front() != '/') return false;
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
      found.emplace_back(segment.substr(1, segment.size() - 2), segment_text(path.substr(0, end)));
    }
    path.remove_prefix(end);
  }
  return found;
}

Response not_allowed(const Request& request, const std::set<std::string_view>& methods) {
  const std::string allow = fmt::format("{}", fmt::join(methods, ", "));
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
  ASSAY_CHECK(!pattern.empty() && pattern.front() == '/');
  const bool has_names = pattern.find("/{") != std::string_view::npos;
  Methods& methods = has_names ? named(pattern).methods : paths_[std::string(pattern)];
  methods.emplace(method, std::move(handler));
}

Router::Pattern& Router::named(std::string_view pattern) {
  const std::string_view literal = pattern.substr(0, pattern.find("/{"));
  Pattern wanted{std::string(literal), split(pattern.substr(literal.size())), {}};
  const auto names = [](const Pattern& p) {
    return std::count_if(p.segments.begin(), p.segments.end(),
                         [](const std::string& s) { return is_param(s); });
  };
  const auto same = std::find_if(patterns_.begin(), patterns_.end(), [&](const Pattern& p) {
    return p.literal == wanted.literal && p.segments == wanted.segments;
  });
  if (same != patterns_.end()) return *same;
  const auto at = std::find_if(patterns_.begin(), patterns_.end(),
                               [&](const Pattern& p) { return names(p) > names(wanted); });
  return *patterns_.insert(at, std::move(wanted));
}

void Router::operator()(Request&& request, Respond respond) const {
  const std::string_view wanted =
      request.method == "HEAD" ? "GET" : std::string_view(request.method);
  std::set<std::string_view> others;
  const auto find = [&](const Methods& methods) -> const Handler* {
    const auto at = methods.find(wanted);
    if (at != methods.end()) return &at->second;
    for (const auto& [method, handler] : methods) others.insert(method);
    return nullptr;
  };
  if (const auto at = paths_.find(request.path); at != paths_.end()) {
    if (const Handler* handler = find(at->second)) {
      return (*handler)(std::move(request), std::move(respond));
    }
  }
  for (const Pattern& pattern : patterns_) {
    if (!request.path.starts_with(pattern.literal)) continue;
    const std::string_view rest = std::string_view(request.path).substr(pattern.literal.size());
    if (!matches(pattern.segments, rest)) continue;
    if (const Handler* handler = find(pattern.methods)) {
      request.params = params(pattern.segments, rest);
      return (*handler)(std::move(request), std::move(respond));
    }
  }
  if (!others.empty()) return respond(not_allowed(request, others));
  if (fallback_) return fallback_(std::move(request), std::move(respond));
  respond(not_found(request));
}

}  // namespace assay::io::http
