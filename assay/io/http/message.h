// Request and Response: HTTP without a framework. Handlers see only these, so that routing and
// logic are tested without a socket and the library underneath can change.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "assay/base/expected.h"

namespace assay::io::http {

class Subscription;

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;  // "GET"
  // Decoded, without the query: "/v1/experiments/a b". Only a slash and a percent sign that were
  // encoded stay so, as %2F, which separates nothing, and %25: see segment_text.
  std::string path;
  Fields query;
  Fields headers;  // Names in lower case.
  Fields params;   // What the route's {names} matched; filled in by the router.
  std::string body;
  std::string remote;  // Peer address, for logs.
  std::string actor;   // Who asks; filled in by whoever checks that.
  bool keep_alive = true;

  std::optional<std::string_view> header(std::string_view lower_case_name) const;
  std::optional<std::string_view> query_value(std::string_view name) const;
  // Whether the query has name=true (or 1); without it, false. kInvalid for any other value but
  // false and 0.
  Result<bool> query_bool(std::string_view name) const;
  // The value of {name} in the matched route; asking for another name is our bug.
  const std::string& param(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string_view content_type = "application/json";  // A literal.
  Fields headers;
  std::string body;
  // Not null: the body is only the beginning, and messages follow until either side closes
  // (channel.h).
  std::shared_ptr<Subscription> stream = nullptr;
};

// Called exactly once per request, from any thread.
using Respond = std::function<void(Response&&)>;
// Moves from what it gets where that must outlive the call.
using Handler = std::function<void(Request&&, Respond)>;

// Splits a request target ("/a%20b?x=1") into path and query and decodes both. False when it is
// malformed: a broken escape, a NUL, or no leading slash.
bool parse_target(std::string_view target, Request& request);

// What a segment of Request::path stands for: "a/b" of "a%2Fb", "%2F" of "%252F".
std::string segment_text(std::string_view segment);

// The host that a target of absolute form ("http://host/path", as proxies send it) names; empty for
// the usual form.
std::string_view authority_of(std::string_view target);

// The status line and headers of a response, ready to send.
void append_head(const Response& response, bool keep_alive, std::string_view date,
                 std::string& head);

std::string_view reason_phrase(int status);

// Now, as the Date header says it; made once a second and thread.
const std::string& http_date();

// The ETag of a body, with its quotes: a hash.
std::string etag_of(std::string_view body);

// Does the If-None-Match header of `request` name `etag` (or "*")? Weak comparison, RFC 9110.
bool matches_etag(const Request& request, std::string_view etag);

// 304 when the client has `etag` already, otherwise `response` with the ETag header.
Response with_etag(const Request& request, Response response, const std::string& etag);

}  // namespace assay::io::http
