// /v1/exposures and /v1/events: answered when the rows are durable.
#include <optional>

#include "assay/serve/clock.h"
#include "assay/serve/routes.h"
#include "assay/serve/shapes.h"

namespace assay::serve {
namespace {

using collect::Rejected;
using io::http::failure;
using io::http::Handler;
using io::http::Request;
using io::http::Respond;

// Longer bodies are read on the worker, so that flags on the same event loop do not wait for them.
constexpr std::size_t kLongBodyBytes = 256 << 10;

// A CloudEvent in binary mode, whose headers say what an envelope says otherwise.
std::optional<std::string> cloud_event_of(const Request& request) {
  if (!request.header("ce-specversion")) return std::nullopt;
  const auto value = [&](const char* name) { return request.header(name).value_or(""); };
  return collect::cloud_event_json({.id = value("ce-id"),
                                    .source = value("ce-source"),
                                    .type = value("ce-type"),
                                    .time = value("ce-time")},
                                   request.body);
}

struct Intake {
  collect::Batch batch;
  std::vector<Rejected> rejected;
};

void take_in(Backend& backend, const char* kind, Intake intake, Respond respond) {
  const auto refused = static_cast<std::int64_t>(intake.rejected.size());
  backend.metrics.taken_in(kind, "rejected", refused);
  const std::size_t rows = intake.batch.events.size() + intake.batch.exposures.size();
  if (rows == 0) {
    const int status = intake.rejected.empty() ? 200 : 400;
    return respond({.status = status, .body = receipt_json({}, intake.rejected)});
  }
  auto done = [&backend, kind, rows, respond,
               rejected = std::move(intake.rejected)](const Result<collect::Appended>& appended) {
    if (!appended) {
      backend.metrics.taken_in(kind, "failed", static_cast<std::int64_t>(rows));
      return respond(failure(appended.error()));
    }
    backend.metrics.taken_in(kind, "stored", appended->stored);
    backend.metrics.taken_in(kind, "duplicate", appended->duplicates);
    respond({.body = receipt_json(*appended, rejected)});
  };
  backend.log.append(std::move(intake.batch), std::move(done));
}

Handler by_length(Backend& backend, Handler handler) {
  return [&backend, handler, slow = on_worker(backend.worker, handler)](Request request,
                                                                        Respond respond) {
    const bool is_long = request.body.size() > kLongBodyBytes;
    (is_long ? slow : handler)(std::move(request), std::move(respond));
  };
}

}  // namespace

Handler post_exposures(Backend& backend) {
  return by_length(backend, [&backend](Request request, Respond respond) {
    const auto view = backend.experiments.view();
    const auto event = cloud_event_of(request);
    auto parsed =
        collect::parse_exposures(event ? *event : request.body,
                                 request.header("content-type").value_or(""), now(), view->known);
    Intake intake{.batch = {.exposures = std::move(parsed.exposures)},
                  .rejected = std::move(parsed.rejected)};
    take_in(backend, "exposure", std::move(intake), std::move(respond));
  });
}

Handler post_events(Backend& backend) {
  return by_length(backend, [&backend](Request request, Respond respond) {
    const auto event = cloud_event_of(request);
    auto parsed = collect::parse_events(event ? *event : request.body,
                                        request.header("content-type").value_or(""), now());
    Intake intake{.batch = {.events = std::move(parsed.events)},
                  .rejected = std::move(parsed.rejected)};
    take_in(backend, "event", std::move(intake), std::move(respond));
  });
}

}  // namespace assay::serve
