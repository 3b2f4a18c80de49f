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

#include <functional>
#include <map>
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

  void operator()(Request&& request, Respond respond) const;

 private:
  using Methods = std::map<std::string, Handler, std::less<>>;
  struct Pattern {
    std::string literal;                // All before the first /{name}.
    std::vector<std::string> segments;  // From there on.
    Methods methods;
  };
  Pattern& named(std::string_view pattern);

  std::map<std::string, Methods> paths_;  // Those without names.
  std::vector<Pattern> patterns_;         // The others, those with fewer names first.
  Handler fallback_;
};

}  // namespace assay::io::http
