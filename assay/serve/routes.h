// Routes: spec/http/openapi.yaml, as a table of handlers. A handler only translates between HTTP
// and the parts behind it; what would block an event loop runs on the worker.
#pragma once

#include <functional>

#include "assay/collect/collect.h"
#include "assay/io/http/http.h"
#include "assay/io/sqlite/records.h"
#include "assay/serve/analyst.h"
#include "assay/serve/experiments.h"
#include "assay/serve/guard.h"
#include "assay/serve/log.h"
#include "assay/serve/metrics.h"
#include "assay/serve/results.h"
#include "assay/serve/streams.h"
#include "assay/serve/worker.h"

namespace assay::serve {

// What handlers work with; all of it outlives the HTTP server.
struct Backend {
  Experiments& experiments;
  Results& results;
  Analyst& analyst;
  Metrics& metrics;
  Worker& worker;
  Streams& streams;
  io::sqlite::Records& records;
  deliver::StickyStore& sticky;
  collect::EventLog& log;
  SeldomLog& failures;
  std::function<Metrics::Levels()> levels;
  std::function<Result<void>()> check_stores;  // May block.
};

// `dashboard` may be null.
io::http::Router make_router(Backend& backend, Guard& guard,
                             const io::http::StaticFiles* dashboard);

// Runs a handler on the worker; 503 when too much waits there.
io::http::Handler on_worker(Worker& worker, io::http::Handler handler);

// experiment_routes.cc
io::http::Handler get_experiments(Backend& backend);
io::http::Handler get_experiment(Backend& backend);
io::http::Handler post_experiment(Backend& backend);
io::http::Handler post_start(Backend& backend);
io::http::Handler post_stop(Backend& backend);
io::http::Handler post_weights(Backend& backend);

// report_routes.cc
io::http::Handler get_scorecard(Backend& backend);
io::http::Handler get_history(Backend& backend);
io::http::Handler get_verdict(Backend& backend);

// flag_routes.cc
io::http::Handler post_flag(Backend& backend);
io::http::Handler get_snapshot(Backend& backend);
io::http::Handler post_flags(Backend& backend, const Guard& guard);
io::http::Handler get_flag_events(Backend& backend);
io::http::Handler get_growthbook_features(Backend& backend);
io::http::Handler get_growthbook_events(Backend& backend);
io::http::Handler post_assignments(Backend& backend);

// intake_routes.cc
io::http::Handler post_exposures(Backend& backend);
io::http::Handler post_events(Backend& backend);

// interleaving_routes.cc
io::http::Handler post_interleaving();

// stats_routes.cc
io::http::Handler get_methods();
io::http::Handler get_method();
io::http::Handler post_method();

}  // namespace assay::serve
