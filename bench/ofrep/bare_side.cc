// A bare POST on assay's own HTTP layer: the body is read, a fixed answer of the size of an OFREP
// one is sent. What bench/ofrep/run measures the flag routes against. Prints its port, serves until
// its input ends.
#include <iostream>
#include <string>

#include "assay/io/http/http.h"

int main() {
  using namespace assay::io;
  http::Router router;
  router.add("POST", "/bare", [](const http::Request&, const http::Respond& respond) {
    respond({.body = R"({"key":"experiment_0","value":"treatment","variant":"treatment",)"
                     R"("reason":"SPLIT","metadata":{"version":1,"epoch":1}})"});
  });
  const auto server = http::Server::listen({.port = 0, .threads = 1}, router);
  if (!server) {
    std::cerr << to_text(server.error()) << '\n';
    return 1;
  }
  std::cout << (*server)->port() << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
  }
  (*server)->stop(std::chrono::milliseconds(0));
}
