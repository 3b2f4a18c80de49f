#include "assay/serve/routes.h"

#include "assay/serve/clock.h"

namespace assay::serve {
namespace {

using io::http::failure;
using io::http::Handler;
using io::http::Request;
using io::http::Respond;
using io::http::Response;
using io::http::Router;
using io::http::StaticFiles;

Handler metered(Metrics::Route& meter, Handler handler) {
  return [&meter, handler = std::move(handler)](Request&& request, Respond respond) {
    handler(std::move(request),
            [&meter, watch = Stopwatch(), respond = std::move(respond)](Response&& response) {
              meter.observe(response.status, watch.seconds());
              respond(std::move(response));
            });
  };
}

Handler get_health() {
  return [](const Request&, const Respond& respond) { respond({.body = R"({"status":"ok"})"}); };
}

Handler get_ready(Backend& backend) {
  return [&backend](const Request&, const Respond& respond) {
    if (auto ready = backend.check_stores(); !ready) return respond(failure(ready.error()));
    respond({.body = R"({"status":"ready"})"});
  };
}

Handler get_metrics(Backend& backend) {
  return [&backend](const Request&, const Respond& respond) {
    respond({.content_type = "text/plain; version=0.0.4; charset=utf-8",
             .body = backend.metrics.text(backend.levels(),
                                          backend.experiments.view()->served->tally.rows())});
  };
}

// The dashboard draws with inline styles (its charts are SVG) and loads nothing from elsewhere.
void add_page_headers(Response& response) {
  response.headers.emplace_back(
      "Content-Security-Policy",
      "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
      "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'");
  response.headers.emplace_back("X-Frame-Options", "DENY");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
}

bool is_api(const std::string& path) {
  const auto begins = [&](std::string_view text) { return path.rfind(text, 0) == 0; };
  return begins("/v1/") || begins("/ofrep/") || begins("/api/") || begins("/sub/") || path == "/v1";
}

Handler get_page(const StaticFiles* dashboard) {
  return [dashboard](const Request& request, const Respond& respond) {
    std::optional<Response> page;
    if (dashboard != nullptr && !is_api(request.path)) page = dashboard->find(request);
    if (page) {
      add_page_headers(*page);
      return respond(std::move(*page));
    }
    const bool wants_dashboard = dashboard == nullptr && request.path == "/";
    respond(failure({Code::kNotFound, "nothing is at " + request.path,
                     wants_dashboard ? "assay serve --dashboard DIR shows the dashboard here"
                                     : "routes are described in spec/http/openapi.yaml"}));
  };
}

}  // namespace

Handler on_worker(Worker& worker, Handler handler) {
  return [&worker, handler = std::move(handler)](Request request, const Respond& respond) {
    // Shared, because a std::function must be copyable and bodies are long.
    auto held = std::make_shared<Request>(std::move(request));
    const bool taken =
        worker.post([handler, respond, held] { handler(std::move(*held), respond); });
    if (!taken) respond(failure({Code::kUnavailable, "too many requests wait", "try again soon"}));
  };
}

Router make_router(Backend& backend, Guard& guard, const StaticFiles* dashboard) {
  Router router;
  const auto add = [&](Access access, const char* method, const char* pattern, Handler handler) {
    Metrics::Route& meter = backend.metrics.route(method, pattern);
    router.add(method, pattern, metered(meter, guard.protect(access, std::move(handler))));
  };
  // What pages may ask too; see guard.h.
  const auto add_for_clients = [&](const char* method, const char* pattern, Handler handler) {
    add(Access::kClient, method, pattern, std::move(handler));
    router.add("OPTIONS", pattern,
               metered(backend.metrics.route("OPTIONS", pattern), guard.preflight()));
  };
  const auto slow = [&](Handler handler) { return on_worker(backend.worker, std::move(handler)); };
  // First, for it is asked most, and routes with names in them are tried in turn.
  add_for_clients("POST", "/ofrep/v1/evaluate/flags/{key}", post_flag(backend));
  add(Access::kOpen, "GET", "/healthz", get_health());
  add(Access::kOpen, "GET", "/readyz", slow(get_ready(backend)));
  add(Access::kGuarded, "GET", "/metrics", slow(get_metrics(backend)));
  add(Access::kGuarded, "GET", "/v1/experiments", slow(get_experiments(backend)));
  add(Access::kGuarded, "POST", "/v1/experiments", slow(post_experiment(backend)));
  add(Access::kGuarded, "GET", "/v1/experiments/{id}", get_experiment(backend));
  add(Access::kGuarded, "POST", "/v1/experiments/{id}/start", slow(post_start(backend)));
  add(Access::kGuarded, "POST", "/v1/experiments/{id}/stop", slow(post_stop(backend)));
  add(Access::kGuarded, "POST", "/v1/experiments/{id}/weights", slow(post_weights(backend)));
  add(Access::kGuarded, "GET", "/v1/scorecards/{id}", get_scorecard(backend));
  add(Access::kGuarded, "GET", "/v1/scorecards/{id}/history", slow(get_history(backend)));
  add(Access::kGuarded, "GET", "/v1/verdicts/{id}", get_verdict(backend));
  add(Access::kGuarded, "GET", "/v1/stats", get_methods());
  add(Access::kGuarded, "GET", "/v1/stats/{method}", get_method());
  add(Access::kGuarded, "POST", "/v1/stats/{method}", slow(post_method()));
  add(Access::kGuarded, "GET", "/v1/snapshot", get_snapshot(backend));
  add(Access::kGuarded, "POST", "/v1/assignments", post_assignments(backend));
  add(Access::kGuarded, "POST", "/v1/interleavings", post_interleaving());
  add_for_clients("POST", "/v1/exposures", post_exposures(backend));
  add_for_clients("POST", "/v1/events", post_events(backend));
  add_for_clients("POST", "/ofrep/v1/evaluate/flags", post_flags(backend, guard));
  add_for_clients("GET", "/ofrep/v1/events", get_flag_events(backend));
  add_for_clients("GET", "/api/features/{client_key}", get_growthbook_features(backend));
  add_for_clients("GET", "/sub/{client_key}", get_growthbook_events(backend));
  router.set_fallback(metered(backend.metrics.route("GET", "other"),
                              guard.protect(Access::kOpen, get_page(dashboard))));
  return router;
}

}  // namespace assay::serve
