// /v1/exposures and /v1/events: answered when the rows are durable.
#include <map>
#include <optional>

#include "assay/serve/assigned.h"
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

// How many name another variant than the plan gives their unit (assigned.h).
std::int64_t count_differing(const View& view, const std::vector<collect::Exposure>& exposures) {
  struct Plan {
    std::shared_ptr<const Registered> experiment;
    std::optional<assign::Context> context;
  };
  std::map<std::string_view, Plan> plans;
  std::int64_t differing = 0;
  for (const collect::Exposure& exposure : exposures) {
    const auto [at, is_new] = plans.try_emplace(exposure.experiment);
    auto& [experiment, context] = at->second;
    if (is_new) experiment = view.find(exposure.experiment);
    if (exposure.is_override || !experiment || !experiment->by_id) continue;
    if (!context) context.emplace(*experiment->by_id);
    const auto drawn =
        drawn_variant(*experiment, *context,
                      {exposure.unit_kind, exposure.unit_id, exposure.variant, exposure.time});
    if (drawn && *drawn != exposure.variant) ++differing;
  }
  return differing;
}

// What DuckDB has wrong names files of ours, which is for the log; what we say has a hint.
io::http::Response not_stored(Backend& backend, const Error& error) {
  if (!error.hint.empty()) return failure(error);
  backend.failures.warning("rows_not_stored", to_text(error), now());
  return failure({error.code, "the event store could not take it; the server's log says why",
                  "send it again: an id counts once"});
}

struct Intake {
  collect::Batch batch;
  std::vector<Rejected> rejected;
  std::int64_t differing = 0;
};

void take_in(Backend& backend, const char* kind, Intake intake, const Respond& respond) {
  const auto refused = static_cast<std::int64_t>(intake.rejected.size());
  backend.metrics.taken_in(kind, "rejected", refused);
  const std::size_t rows = intake.batch.events.size() + intake.batch.exposures.size();
  if (rows == 0) {
    const int status = intake.rejected.empty() ? 200 : 400;
    return respond({.status = status, .body = receipt_json({}, intake.rejected)});
  }
  backend.metrics.differing(intake.differing);
  auto done = [&backend, kind, rows, respond, differing = intake.differing,
               rejected = std::move(intake.rejected)](const Result<collect::Appended>& appended) {
    if (!appended) {
      backend.metrics.taken_in(kind, "failed", static_cast<std::int64_t>(rows));
      return respond(not_stored(backend, appended.error()));
    }
    backend.metrics.taken_in(kind, "stored", appended->stored);
    backend.metrics.taken_in(kind, "duplicate", appended->duplicates);
    respond({.body = receipt_json(*appended, rejected, differing)});
  };
  backend.log.append(std::move(intake.batch), std::move(done));
}

Handler by_length(Backend& backend, const Handler& handler) {
  return [handler, slow = on_worker(backend.worker, handler)](Request request, Respond respond) {
    const bool is_long = request.body.size() > kLongBodyBytes;
    (is_long ? slow : handler)(std::move(request), std::move(respond));
  };
}

}  // namespace

Handler post_exposures(Backend& backend) {
  return by_length(backend, [&backend](const Request& request, const Respond& respond) {
    const auto view = backend.experiments.view();
    const auto event = cloud_event_of(request);
    auto parsed = collect::parse_exposures(
        event ? *event : request.body, request.header("content-type").value_or(""), now(), *view);
    Intake intake{.batch = {.exposures = std::move(parsed.exposures)},
                  .rejected = std::move(parsed.rejected)};
    intake.differing = count_differing(*view, intake.batch.exposures);
    take_in(backend, "exposure", std::move(intake), respond);
  });
}

Handler post_events(Backend& backend) {
  return by_length(backend, [&backend](const Request& request, const Respond& respond) {
    const auto event = cloud_event_of(request);
    auto parsed = collect::parse_events(event ? *event : request.body,
                                        request.header("content-type").value_or(""), now());
    Intake intake{.batch = {.events = std::move(parsed.events)},
                  .rejected = std::move(parsed.rejected)};
    take_in(backend, "event", std::move(intake), respond);
  });
}

}  // namespace assay::serve
