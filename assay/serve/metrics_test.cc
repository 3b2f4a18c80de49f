#include "assay/serve/metrics.h"

#include <gmock/gmock.h>

namespace assay::serve {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Metrics, CountByNameAndResult) {
  Metrics metrics;
  metrics.taken_in("event", "stored", 5);
  metrics.taken_in("event", "rejected", 0);
  metrics.route("GET", "/healthz").observe(200, 0.0002);
  metrics.route("GET", "/healthz").observe(503, 0.5);
  metrics.analyzed(0.02, true);
  metrics.analyzed(0.02, false);
  const std::string text =
      metrics.text({.queued_rows = 7}, {{"ranker", "treatment", assign::Reason::kSplit, 2},
                                        {"\"", "", assign::Reason::kTraffic, 10'000'000'000}});
  EXPECT_THAT(
      text,
      HasSubstr(
          R"(assay_evaluations_total{experiment="ranker",reason="split",variant="treatment"} 2)"));
  EXPECT_THAT(
      text,
      HasSubstr(
          R"(assay_evaluations_total{experiment="\"",reason="traffic",variant=""} 10000000000)"));
  EXPECT_THAT(text, HasSubstr("# TYPE assay_evaluations_total counter\n"));
  EXPECT_THAT(text, HasSubstr(R"(assay_events_total{kind="event",result="stored"} 5)"));
  EXPECT_THAT(text, Not(HasSubstr(R"(result="rejected")")));
  EXPECT_THAT(
      text,
      HasSubstr(R"(assay_http_requests_total{method="GET",route="/healthz",status="5xx"} 1)"));
  EXPECT_THAT(text, HasSubstr("assay_analysis_errors_total 1"));
  EXPECT_THAT(text, HasSubstr("assay_analysis_seconds_count 2"));
  EXPECT_THAT(text, HasSubstr("assay_store_queued_rows 7"));
}

}  // namespace
}  // namespace assay::serve
