// OFREP, GrowthBook's payload and /v1/assignments: which variant, from the compiled snapshot.
#include "assay/serve/clock.h"
#include "assay/serve/log.h"
#include "assay/serve/routes.h"

namespace assay::serve {
namespace {

using io::http::failure;
using io::http::Handler;
using io::http::Request;
using io::http::Respond;
using io::http::Response;

// Where a plan says that an answer is an exposure. The answer does not wait for the store: asking
// again gives the same exposure, under the same id.
void record(Backend& backend, std::vector<deliver::Exposure> exposures) {
  if (exposures.empty()) return;
  collect::Batch batch;
  for (deliver::Exposure& from : exposures) {
    collect::Exposure exposure;
    exposure.id = std::move(from.id);
    exposure.time = now();
    exposure.experiment = std::move(from.experiment);
    exposure.variant = std::move(from.variant);
    exposure.unit_kind = std::move(from.unit_kind);
    exposure.unit_id = std::move(from.unit_id);
    exposure.version = std::to_string(from.version);
    exposure.epoch = from.epoch;
    exposure.is_override = from.is_override;
    exposure.properties_json = "{}";
    batch.exposures.push_back(std::move(exposure));
  }
  const auto rows = static_cast<std::int64_t>(batch.exposures.size());
  backend.log.append(std::move(batch), [&backend, rows](const Result<collect::Appended>& done) {
    if (!done) {
      log_warning("exposures_lost", {{"error", to_text(done.error())}});
      return backend.metrics.taken_in("exposure", "failed", rows);
    }
    backend.metrics.taken_in("exposure", "stored", done->stored);
    backend.metrics.taken_in("exposure", "duplicate", done->duplicates);
  });
}

Response respond_with(Backend& backend, const View& view, deliver::Answer answer) {
  const assign::Snapshot& snapshot = view.ofrep.snapshot();
  for (const deliver::Evaluation& one : answer.evaluations) {
    const std::string_view variant =
        one.variant < 0
            ? std::string_view()
            : snapshot.variant_key(one.experiment, static_cast<std::size_t>(one.variant));
    backend.metrics.evaluated(snapshot.id(one.experiment), variant, reason_name(one.reason));
  }
  record(backend, std::move(answer.exposures));
  Response response{.status = answer.status, .body = std::move(answer.body)};
  if (!answer.etag.empty()) response.headers.emplace_back("ETag", std::move(answer.etag));
  return response;
}

}  // namespace

Handler post_flag(Backend& backend) {
  return [&backend](Request request, Respond respond) {
    const auto view = backend.experiments.view();
    auto answer = view->ofrep.evaluate_flag(request.param("key"), request.body);
    respond(respond_with(backend, *view, std::move(answer)));
  };
}

Handler post_flags(Backend& backend, const Guard& guard) {
  return [&backend, target = "/ofrep/v1/events" + guard.ticket_query()](Request request,
                                                                        Respond respond) {
    const auto view = backend.experiments.view();
    const auto etag = request.header("if-none-match").value_or("");
    auto answer =
        view->ofrep.evaluate_bulk(request.body, {.if_none_match = etag, .stream_target = target});
    respond(respond_with(backend, *view, std::move(answer)));
  };
}

Handler get_snapshot(Backend& backend) {
  return [&backend](const Request& request, const Respond& respond) {
    const auto view = backend.experiments.view();
    respond(io::http::with_etag(request, {.body = view->rules.json}, view->rules.etag));
  };
}

Handler get_flag_events(Backend& backend) {
  return [&backend](const Request& request, const Respond& respond) {
    respond(backend.streams.open_notices(request, now()));
  };
}

Handler get_growthbook_features(Backend& backend) {
  return [&backend](const Request& request, const Respond& respond) {
    respond(backend.streams.growthbook_features(request));
  };
}

Handler get_growthbook_events(Backend& backend) {
  return [&backend](const Request&, const Respond& respond) {
    respond(backend.streams.open_growthbook());
  };
}

Handler post_assignments(Backend& backend) {
  return [&backend](Request request, Respond respond) {
    const auto view = backend.experiments.view();
    auto answer = deliver::answer_assignments(view->ofrep.snapshot(), request.body);
    respond(answer ? Response{.body = std::move(*answer)} : failure(answer.error()));
  };
}

}  // namespace assay::serve
