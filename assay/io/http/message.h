// Request and Response: HTTP without a framework. Handlers see only these, so that routing and
// logic are tested without a socket and the library underneath can change.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace assay::io::http {

struct Request {
  std::string method;  // "GET"
  std::string path;    // Decoded, without the query: "/v1/experiments/a b"
  std::vector<std::pair<std::string, std::string>> query;
  std::vector<std::pair<std::string, std::string>> headers;  // Names in lower case.
  std::string body;
  std::string remote;  // Peer address, for logs.
  bool keep_alive = true;

  std::optional<std::string_view> header(std::string_view lower_case_name) const;
  std::optional<std::string_view> query_value(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

// Called exactly once per request, from any thread.
using Respond = std::function<void(Response)>;
using Handler = std::function<void(Request, Respond)>;

}  // namespace assay::io::http
