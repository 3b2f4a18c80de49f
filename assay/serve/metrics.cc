#include "assay/serve/metrics.h"

#include <array>
#include <map>
#include <mutex>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace assay::serve {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

const Histogram::BucketBoundaries kRequestSeconds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                                     0.01,   0.025,   0.05,   0.1,   0.25,   1.0};
const Histogram::BucketBoundaries kAnalysisSeconds = {0.001, 0.005, 0.01, 0.05, 0.1,  0.25,
                                                      0.5,   1.0,   2.5,  5.0,  15.0, 60.0};

class BoundRoute final : public Metrics::Route {
 public:
  BoundRoute(Family<Counter>& requests, Family<Histogram>& seconds, const std::string& method,
             const std::string& pattern)
      : seconds_(seconds.Add({{"route", pattern}, {"method", method}}, kRequestSeconds)) {
    for (std::size_t i = 0; i < requests_.size(); ++i) {
      requests_[i] = &requests.Add(
          {{"route", pattern}, {"method", method}, {"status", std::to_string(i + 1) + "xx"}});
    }
  }
  void observe(int status, double seconds) override {
    const auto hundreds = static_cast<std::size_t>(status / 100);
    if (hundreds >= 1 && hundreds <= requests_.size()) requests_[hundreds - 1]->Increment();
    seconds_.Observe(seconds);
  }

 private:
  std::array<Counter*, 5> requests_{};
  Histogram& seconds_;
};

prometheus::MetricFamily family_of(const std::vector<Tally::Row>& evaluations) {
  prometheus::MetricFamily family{"assay_evaluations_total",
                                  "Evaluations by experiment, variant and reason.",
                                  prometheus::MetricType::Counter,
                                  {}};
  family.metric.reserve(evaluations.size());
  for (const Tally::Row& row : evaluations) {
    prometheus::ClientMetric& metric = family.metric.emplace_back();
    metric.label = {{"experiment", row.experiment},
                    {"reason", std::string(reason_name(row.reason))},
                    {"variant", row.variant}};
    metric.counter.value = static_cast<double>(row.count);
  }
  return family;
}

}  // namespace

class Metrics::Impl {
 public:
  prometheus::Registry registry;
  Family<Counter>& requests = counter("assay_http_requests_total", "Requests by route and status.");
  Family<Histogram>& request_seconds = prometheus::BuildHistogram()
                                           .Name("assay_http_request_seconds")
                                           .Help("From the last byte of the request to the answer.")
                                           .Register(registry);
  Family<Counter>& rows = counter("assay_events_total", "Events and exposures by result.");
  Counter& differing = counter("assay_exposures_differing_total",
                               "Exposures of another variant than the one assigned.")
                           .Add({});
  Counter& analysis_errors =
      counter("assay_analysis_errors_total", "Analyses that failed.").Add({});
  Histogram& analysis_seconds = prometheus::BuildHistogram()
                                    .Name("assay_analysis_seconds")
                                    .Help("Time to analyze one experiment.")
                                    .Register(registry)
                                    .Add({}, kAnalysisSeconds);
  Gauge& queued_rows = gauge("assay_store_queued_rows", "Rows accepted and not yet stored.");
  Gauge& stored_events = gauge("assay_store_events", "Distinct events stored.");
  Gauge& stored_exposures = gauge("assay_store_exposures", "Distinct exposures stored.");
  Gauge& id_bytes = gauge("assay_store_id_bytes", "Memory of the ids seen.");
  Gauge& connections = gauge("assay_http_connections", "Open connections.");
  Gauge& streams = gauge("assay_http_streams", "Open event streams.");

  std::mutex routes_mutex;
  std::map<std::string, std::unique_ptr<BoundRoute>> routes;

 private:
  Family<Counter>& counter(const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
  }
  Gauge& gauge(const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
  }
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Metrics::Route& Metrics::route(const std::string& method, const std::string& pattern) {
  const std::scoped_lock lock(impl_->routes_mutex);
  auto& route = impl_->routes[method + " " + pattern];
  if (!route) {
    route = std::make_unique<BoundRoute>(impl_->requests, impl_->request_seconds, method, pattern);
  }
  return *route;
}

void Metrics::taken_in(const char* kind, const char* result, std::int64_t rows) {
  if (rows == 0) return;
  impl_->rows.Add({{"kind", kind}, {"result", result}}).Increment(static_cast<double>(rows));
}

void Metrics::differing(std::int64_t exposures) {
  impl_->differing.Increment(static_cast<double>(exposures));
}

void Metrics::analyzed(double seconds, bool succeeded) {
  impl_->analysis_seconds.Observe(seconds);
  if (!succeeded) impl_->analysis_errors.Increment();
}

std::string Metrics::text(const Levels& levels, const std::vector<Tally::Row>& evaluations) {
  const auto set = [](Gauge& gauge, std::int64_t value) { gauge.Set(static_cast<double>(value)); };
  set(impl_->queued_rows, levels.queued_rows);
  set(impl_->stored_events, levels.stored_events);
  set(impl_->stored_exposures, levels.stored_exposures);
  set(impl_->id_bytes, levels.id_bytes);
  set(impl_->connections, levels.connections);
  set(impl_->streams, levels.streams);
  std::vector<prometheus::MetricFamily> families = impl_->registry.Collect();
  families.push_back(family_of(evaluations));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace assay::serve
