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
  const assign::Snapshot& snapshot = view.ofrep.snapshot();
  for (const deliver::Evaluation& one : answer.evaluations) {
    view.tally.count(snapshot, one, backend.metrics);
  }
  record(backend, std::move(answer.exposures), asked);
  Response response{.status = answer.status, .body = std::move(answer.body)};
  if (!answer.etag.empty()) response.headers.emplace_back("ETag", std::move(answer.etag));
  return response;
}

struct Asked {
  const View& view;
  const Request& request;
  Timestamp at;
  bool remembers = true;  // False: what needs to be remembered gets no answer.
};
using Evaluate = std::function<deliver::Answer(const Asked&)>;

// Where two requests of one unit cross each other while the weights change, the first one stands.
constexpr int kAttempts = 3;

Error was_not_first() {
  return {Code::kUnavailable, "another answer to one of the units was first",
          "ask again: it will be the same"};
}

// Who asks learns no path of ours; the log does.
Error not_remembered(Backend& backend, const Error& error) {
  backend.failures.warning("answers_not_remembered", to_text(error), now());
  return {Code::kUnavailable, "the answer cannot be remembered, so none is given",
          "try again soon"};
}

void note_unread(Backend& backend, const Error& error) {
  backend.failures.warning("answers_not_recalled", to_text(error), now());
}

// A request for all flags names no key: those that need no memory are answered. OFREP has failures
// of its own form.
Response without_memory(Backend& backend, const Evaluate& evaluate, const Asked& asked,
                        const Error& error) {
  if (asked.request.params.empty()) {
    return response_of(backend, asked.view, evaluate(asked), asked.at);
  }
  Response response = failure(error);
  response.body = deliver::failure_body(asked.request.params.front().second, to_text(error));
  return response;
}

// The answer leaves when what it promises is durable.
void answer(Backend& backend, const Evaluate& evaluate, Request&& request, const Respond& respond,
            int attempt) {
  const auto view = backend.experiments.view();
  const Timestamp asked = now();
  deliver::Answer made = evaluate({*view, request, asked});
  if (made.unread) note_unread(backend, *made.unread);
  if (made.memories.empty()) return respond(response_of(backend, *view, std::move(made), asked));
  std::vector<deliver::NewMemory> memories = std::move(made.memories);
  // Shared, because a std::function must be copyable.
  auto held =
      std::make_shared<std::pair<Request, deliver::Answer>>(std::move(request), std::move(made));
  backend.sticky.remember(std::move(memories), [&backend, evaluate, view, held, respond, attempt,
                                                asked](auto all_stand) {
    if (all_stand && *all_stand) {
      return respond(response_of(backend, *view, std::move(held->second), asked));
    }
    if (all_stand && attempt < kAttempts) {
      return answer(backend, evaluate, std::move(held->first), respond, attempt + 1);
    }
    const Error error = all_stand ? was_not_first() : not_remembered(backend, all_stand.error());
    respond(without_memory(backend, evaluate, {*view, held->first, asked, false}, error));
  });
}

Handler answering(Backend& backend, Evaluate evaluate) {
  return [&backend, evaluate = std::move(evaluate)](Request&& request, const Respond& respond) {
    answer(backend, evaluate, std::move(request), respond, 1);
  };
}

// What the request has wrong is for whoever asks; what the store has wrong is for the log.
Error of_assignments(Backend& backend, Error error) {
  if (error.code == Code::kInvalid || error.code == Code::kNotFound) return error;
  note_unread(backend, error);
  return {Code::kUnavailable, "the store of earlier answers cannot be read", "try again soon"};
}

void assign_units(Backend& backend, Request request, const Respond& respond, bool remembers) {
  const auto view = backend.experiments.view();
  auto assigned =
      deliver::answer_assignments(view->ofrep.snapshot(), request.body,
                                  {.store = &backend.sticky, .now = now(), .remembers = remembers});
  if (!assigned) return respond(failure(of_assignments(backend, std::move(assigned).error())));
  if (assigned->unread) note_unread(backend, *assigned->unread);
  if (assigned->memories.empty() || !remembers) return respond({.body = std::move(assigned->json)});
  std::vector<deliver::NewMemory> memories = std::move(assigned->memories);
  auto held = std::make_shared<std::pair<Request, deliver::Assigned>>(std::move(request),
                                                                      std::move(*assigned));
  backend.sticky.remember(std::move(memories), [&backend, respond, held](auto all_stand) {
    if (all_stand && *all_stand) return respond({.body = std::move(held->second.json)});
    const Error error = all_stand ? was_not_first() : not_remembered(backend, all_stand.error());
    if (!held->second.is_of_all) return respond(failure(error));
    on_worker(backend.worker, [&backend](Request again, const Respond& reply) {
      assign_units(backend, std::move(again), reply, false);
    })(std::move(held->first), respond);
  });
}

}  // namespace

Handler post_flag(Backend& backend) {
  return answering(backend, [](const Asked& asked) {
    return asked.view.ofrep.evaluate_flag(asked.request.param("key"), asked.request.body, asked.at);
  });
}

Handler post_flags(Backend& backend, const Guard& guard) {
  const std::string target = "/ofrep/v1/events" + guard.ticket_query();
  return answering(backend, [target](const Asked& asked) {
    const auto etag = asked.request.header("if-none-match").value_or("");
    return asked.view.ofrep.evaluate_bulk(asked.request.body, {.if_none_match = etag,
                                                               .stream_target = target,
                                                               .now = asked.at,
                                                               .remembers = asked.remembers});
  });
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

// Sticky experiments look up each unit, which is not for an event loop.
Handler post_assignments(Backend& backend) {
  const Handler handler = [&backend](Request request, const Respond& respond) {
    assign_units(backend, std::move(request), respond, true);
  };
  return [&backend, handler, slow = on_worker(backend.worker, handler)](Request request,
                                                                        Respond respond) {
    const bool looks_up = !backend.experiments.view()->ofrep.snapshot().sticky().empty();
    (looks_up ? slow : handler)(std::move(request), std::move(respond));
  };
}

}  // namespace assay::serve
