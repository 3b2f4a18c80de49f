// /v1/experiments: the lifecycle.
#include "assay/serve/clock.h"
#include "assay/serve/routes.h"
#include "assay/serve/shapes.h"

namespace assay::serve {
namespace {

using io::http::failure;
using io::http::Handler;
using io::http::Request;
using io::http::Respond;
using io::http::Response;

Response no_experiment(const std::string& id) {
  return failure({Code::kNotFound, "no experiment " + id, "GET /v1/experiments lists them"});
}

Response shown(const Result<std::shared_ptr<const Registered>>& experiment) {
  if (!experiment) return failure(experiment.error());
  return {.body = experiment_json(**experiment)};
}

Response refusal_response(const Refusal& refusal) {
  if (refusal.problems.empty()) return failure(refusal.error);
  return failure("what was sent has problems", refusal.problems);
}

Response add(Backend& backend, const Request& request) {
  const auto start = request.query_bool("start");
  if (!start) return failure(start.error());
  const auto added = backend.experiments.add(request.body, "experiment", {now(), request.actor},
                                             {.start = *start});
  if (!added) return refusal_response(added.error());
  return {.status = added->created ? 201 : 200, .body = experiment_json(*added->experiment)};
}

}  // namespace

Handler get_experiments(Backend& backend) {
  return [&backend](const Request& request, const Respond& respond) {
    std::string body = experiment_list_json(*backend.experiments.view(), backend.results);
    const std::string etag = io::http::etag_of(body);
    respond(io::http::with_etag(request, {.body = std::move(body)}, etag));
  };
}

Handler get_experiment(Backend& backend) {
  return [&backend](const Request& request, const Respond& respond) {
    const std::string& id = request.param("id");
    const auto experiment = backend.experiments.view()->find(id);
    respond(experiment ? Response{.body = experiment_json(*experiment)} : no_experiment(id));
  };
}

Handler post_experiment(Backend& backend) {
  return [&backend](const Request& request, const Respond& respond) {
    if (request.body.size() > define::kMaxFileBytes) {
      return respond(failure(413, {Code::kInvalid, "an experiment file has at most 1 MiB", {}}));
    }
    respond(add(backend, request));
  };
}

Handler post_start(Backend& backend) {
  return [&backend](const Request& request, const Respond& respond) {
    respond(shown(backend.experiments.start(request.param("id"), {now(), request.actor})));
  };
}

Handler post_weights(Backend& backend) {
  return [&backend](const Request& request, const Respond& respond) {
    const auto changed =
        backend.experiments.reweigh(request.param("id"), request.body, {now(), request.actor});
    respond(changed ? Response{.body = experiment_json(**changed)}
                    : refusal_response(changed.error()));
  };
}

Handler post_stop(Backend& backend) {
  return [&backend](const Request& request, const Respond& respond) {
    const std::string& id = request.param("id");
    auto stopped = backend.experiments.stop(id, {now(), request.actor});
    // The last scorecard shows how it ended.
    if (stopped) backend.analyst.look_now(id, [](const Result<void>&) {});
    respond(shown(stopped));
  };
}

}  // namespace assay::serve
