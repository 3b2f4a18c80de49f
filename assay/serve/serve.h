// The front door of serve: one process that owns a data directory and answers for it over HTTP.
//
//   return run({.data_directory = "./data", .listen = "127.0.0.1:8080"}, announce);
//
// The composition root: opens the stores, loads the experiments, starts the analyst and the HTTP
// server, waits for SIGTERM or SIGINT, and takes everything down in the opposite order, so that
// whatever was acknowledged is stored. Only cli calls it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "assay/base/expected.h"

namespace assay::serve {

struct ServeOptions {
  std::string data_directory = "data";
  std::string listen = "127.0.0.1:8080";  // ADDRESS:PORT; port 0 takes any free one.
  std::string dashboard_directory;        // Empty: no dashboard.
  std::string catalogue_file;             // Metric definitions shared by experiments; may be empty.
  std::chrono::milliseconds analyze_every{60'000};
  int threads = 0;  // Of HTTP; 0: one per core.
  std::string tls_certificate_file;
  std::string tls_key_file;
  bool allow_insecure = false;             // Listen off loopback although there is no token.
  std::vector<std::string> allowed_hosts;  // Further names this server is known by.
  // Pages of these origins may ask for flags and report: "https://shop.example", "*".
  std::vector<std::string> allowed_origins;
  std::vector<std::string> client_keys;  // Open the same routes where tokens exist; no secrets.
  std::size_t max_streams = 1000;        // Event streams open at a time.
  std::string log_level = "info";
};

// Serves until SIGTERM or SIGINT. `announce` gets the address once requests are answered:
// "http://127.0.0.1:8080".
Result<void> run(const ServeOptions& options,
                 const std::function<void(const std::string& url)>& announce);

// Makes an access token and returns it; it is shown once and cannot be read again.
Result<std::string> create_token(const std::string& data_directory, const std::string& name);

struct ListenAddress {
  std::string address;  // "127.0.0.1", "::1"
  std::uint16_t port = 0;
};
// "127.0.0.1:8080", "[::1]:8080", "localhost:8080", ":8080" (every interface).
Result<ListenAddress> parse_listen(const std::string& text);

}  // namespace assay::serve
