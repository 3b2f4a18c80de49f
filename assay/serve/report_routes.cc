// /v1/scorecards and /v1/verdicts: what is known, from memory; the history from the store.
#include "assay/serve/routes.h"
#include "assay/serve/shapes.h"

namespace assay::serve {
namespace {

using io::http::failure;
using io::http::Handler;
using io::http::Request;
using io::http::Respond;
using io::http::Response;

Response nothing_yet(Backend& backend, const std::string& id, const std::string& what) {
  if (!backend.experiments.view()->find(id)) {
    return failure({Code::kNotFound, "no experiment " + id, "GET /v1/experiments lists them"});
  }
  return failure({Code::kNotFound, "no " + what + " of " + id + " yet",
                  "the first one follows soon after the start"});
}

Response scorecard(Backend& backend, const Request& request) {
  const std::string& id = request.param("id");
  const auto outcome = backend.results.find(id);
  if (!outcome) return nothing_yet(backend, id, "scorecard");
  return io::http::with_etag(request, {.body = outcome->scorecard_json}, outcome->etag);
}

}  // namespace

Handler get_scorecard(Backend& backend) {
  return [&backend](const Request& request, const Respond& respond) {
    const auto fresh = request.query_bool("fresh");
    if (!fresh) return respond(failure(fresh.error()));
    if (!*fresh) return respond(scorecard(backend, request));
    const std::string& id = request.param("id");
    backend.analyst.look_now(id, [&backend, request, respond](const Result<void>& looked) {
      respond(looked ? scorecard(backend, request) : failure(looked.error()));
    });
  };
}

Handler get_history(Backend& backend) {
  return [&backend](const Request& request, const Respond& respond) {
    const std::string& id = request.param("id");
    if (!backend.experiments.view()->find(id)) return respond(nothing_yet(backend, id, "history"));
    const auto points = backend.records.history(id);
    respond(points ? Response{.body = history_json(id, *points)} : failure(points.error()));
  };
}

Handler get_verdict(Backend& backend) {
  return [&backend](const Request& request, const Respond& respond) {
    const std::string& id = request.param("id");
    const auto outcome = backend.results.find(id);
    if (!outcome || outcome->verdict_json.empty()) {
      return respond(nothing_yet(backend, id, "verdict"));
    }
    respond({.body = outcome->verdict_json});
  };
}

}  // namespace assay::serve
