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
void record(Backend& backend, std::vector<deliver::Exposure> exposures, Timestamp asked) {
  if (exposures.empty()) return;
  collect::Batch batch;
  for (deliver::Exposure& from : exposures) {
    collect::Exposure exposure;
    exposure.id = std::move(from.id);
    exposure.time = asked;
    exposure.experiment = std::move(from.experiment);
    exposure.variant = std::move(from.variant);
    exposure.unit_kind = std::move(from.unit_kind);
    exposure.unit_id = std::move(from.unit_id);
    exposure.version = std::to_string(from.version);
    exposure.epoch = from.epoch;
    exposure.is_override = from.is_override;
    exposure.propensity = from.propensity;
    exposure.properties_json = "{}";
    batch.exposures.push_back(std::move(exposure));
  }
  const auto rows = static_cast<std::int64_t>(batch.exposures.size());
  backend.log.append(std::move(batch), [&backend, rows](const Result<collect::Appended>& done) {
    if (!done) {
      backend.failures.warning("exposures_lost", to_text(done.error()), now());
      return backend.metrics.taken_in("exposure", "failed", rows);
    }
    backend.metrics.taken_in("exposure", "stored", done->stored);
    backend.metrics.taken_in("exposure", "duplicate", done->duplicates);
  });
}

Response response_of(Backend& backend, const View& view, deliver::Answer answer, Timestamp asked) {
  view.served->tally.count(answer.evaluations);
  record(backend, std::move(answer.exposures), asked);
  Response response{.status = answer.status, .body = std::move(answer.body)};
  if (answer.status == 503) {
    response.headers.emplace_back("Retry-After", io::http::kRetryAfterSeconds);
  }
  if (!answer.etag.empty()) response.headers.emplace_back("ETag", std::move(answer.etag));
  return response;
}

struct Asked {
  const View& view;
  const Request& request;
  Timestamp at;
  deliver::StoreFault fault;  // When it was to remember the answer before.
};

struct Door {
  std::function<Result<deliver::Answer>(const Asked&)> evaluate;
  bool is_long = false;  // Not for a thread that others wait for.
};

// Where two requests of one unit cross each other, the first one stands. A list may meet many.
constexpr int kAttempts = 10;

// The answer leaves when what it promises is durable.
void answer(Backend& backend, const Door& door, Request&& request, const Respond& respond,
            int attempt = 1, deliver::StoreFault fault = deliver::StoreFault::kNone) {
  using deliver::StoreFault;
  const auto view = backend.experiments.view();
  const Timestamp asked = now();
  auto made = door.evaluate({*view, request, asked, fault});
  if (!made) return respond(failure(made.error()));
  if (made->memories.empty() || fault != StoreFault::kNone) {
    return respond(response_of(backend, *view, std::move(*made), asked));
  }
  std::vector<deliver::NewMemory> memories = std::move(made->memories);
  // Shared, because a std::function must be copyable.
  auto held =
      std::make_shared<std::pair<Request, deliver::Answer>>(std::move(request), std::move(*made));
  backend.sticky.remember(std::move(memories), [&backend, door, view, held, respond, attempt,
                                                asked](const Result<bool>& all_stand) {
    if (all_stand && *all_stand) {
      return respond(response_of(backend, *view, std::move(held->second), asked));
    }
    const StoreFault why = !all_stand            ? StoreFault::kNotRemembered
                           : attempt < kAttempts ? StoreFault::kNone
                                                 : StoreFault::kOvertaken;
    Handler again = [&backend, door, attempt, why](Request&& same, const Respond& reply) {
      answer(backend, door, std::move(same), reply, attempt + 1, why);
    };
    if (door.is_long) again = on_worker(backend.worker, std::move(again));
    again(std::move(held->first), respond);
  });
}

Handler answering(Backend& backend, Door door) {
  return [&backend, door = std::move(door)](Request&& request, const Respond& respond) {
    answer(backend, door, std::move(request), respond);
  };
}

}  // namespace

Handler post_flag(Backend& backend) {
  const auto evaluate = [](const Asked& asked) {
    return asked.view.served->ofrep.evaluate_flag(asked.request.param("key"), asked.request.body,
                                                  asked.at, asked.fault);
  };
  return answering(backend, {evaluate});
}

Handler post_flags(Backend& backend, const Guard& guard) {
  const std::string target = "/ofrep/v1/events" + guard.ticket_query();
  const auto evaluate = [target](const Asked& asked) {
    const auto etag = asked.request.header("if-none-match").value_or("");
    return asked.view.served->ofrep.evaluate_bulk(
        asked.request.body,
        {.if_none_match = etag, .stream_target = target, .now = asked.at, .fault = asked.fault});
  };
  return answering(backend, {evaluate});
}

Handler get_snapshot(Backend& backend) {
  struct Kept {
    std::weak_ptr<const Served> of;
    Rules rules;
  };
  return on_worker(backend.worker, [&backend, kept = std::make_shared<Kept>()](
                                       const Request& request, const Respond& respond) {
    const auto view = backend.experiments.view();
    if (kept->of.lock() != view->served) *kept = {view->served, rules_of(*view)};
    Response response;
    if (!io::http::matches_etag(request, kept->rules.etag)) response.body = kept->rules.json;
    respond(io::http::with_etag(request, std::move(response), kept->rules.etag));
  });
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

// Sticky experiments look up each unit, which is not for an event loop.
Handler post_assignments(Backend& backend) {
  const auto evaluate = [&backend](const Asked& asked) {
    return deliver::answer_assignments(
        asked.view.served->ofrep.snapshot(), asked.request.body,
        {.store = &backend.sticky, .now = asked.at, .fault = asked.fault});
  };
  const Handler handler = answering(backend, {.evaluate = evaluate, .is_long = true});
  return [&backend, handler, slow = on_worker(backend.worker, handler)](Request request,
                                                                        Respond respond) {
    const bool looks_up = !backend.experiments.view()->served->ofrep.snapshot().sticky().empty();
    (looks_up ? slow : handler)(std::move(request), std::move(respond));
  };
}

}  // namespace assay::serve
