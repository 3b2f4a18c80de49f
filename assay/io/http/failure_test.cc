#include "assay/io/http/failure.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace assay::io::http {
namespace {

TEST(Failure, TakesItsStatusFromTheCode) {
  const Response response = failure({Code::kNotFound, "no experiment x", "list them"});
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body,
            R"({"code":"not_found","message":"no experiment x","hint":"list them"})");
}

TEST(Failure, UnavailableSaysWhenToRetry) {
  const Response response = failure({Code::kUnavailable, "busy", {}});
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.headers, (Fields{{"Retry-After", "1"}}));
}

TEST(Failure, NamesEveryProblemAndSurvivesBadUtf8) {
  const Problems problems = {{.place = {"exp.yaml", 3, 7},
                              .field = "analysis.alpha",
                              .message = "\xff is no number",
                              .hint = "0.05"},
                             {.message = "odd", .severity = Severity::kWarning}};
  const auto body = nlohmann::json::parse(failure("exp.yaml has problems", problems).body);
  EXPECT_EQ(body["code"], "invalid");
  ASSERT_EQ(body["problems"].size(), 2u);
  EXPECT_EQ(body["problems"][0]["line"], 3);
  EXPECT_EQ(body["problems"][0]["field"], "analysis.alpha");
  EXPECT_EQ(body["problems"][1]["severity"], "warning");
  EXPECT_FALSE(body["problems"][1].contains("file"));
}

}  // namespace
}  // namespace assay::io::http
