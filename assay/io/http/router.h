// Router: method and path to handler. Build it before serving; then any thread may call it.
//
//   Router router;
//   router.add("GET", "/v1/experiments/{id}", [](Request request, Respond respond) {
//     respond({.body = show(request.param("id"))});
//   });
//   Server::listen({}, router);
//
// A known path with another method answers 405 with Allow; an unknown path goes to the fallback,
// which answers 404 unless one is set. HEAD is answered by the GET handler (the server leaves the
// body out).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "assay/io/http/message.h"

namespace assay::io::http {

class Router {
 public:
  // Literal segments win over {names}; a {name} matches one non-empty segment.
  void add(std::string_view method, std::string_view pattern, Handler handler);
  void set_fallback(Handler handler) { fallback_ = std::move(handler); }

  void operator()(Request request, Respond respond) const;

 private:
  struct Route {
    std::string method;
    std::vector<std::string> segments;
    Handler handler;
  };
  std::vector<Route> routes_;
  Handler fallback_;
};

}  // namespace assay::io::http
