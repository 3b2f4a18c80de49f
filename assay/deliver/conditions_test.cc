// spec/conformance/conditions.json through the whole way of a request: context as JSON, condition
// compiled, answer by OFREP.
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "assay/assign/assign.h"
#include "assay/define/parse.h"
#include "assay/deliver/ofrep.h"

namespace assay::deliver {
namespace {

using nlohmann::json;

TEST(Conformance, Conditions) {
  std::ifstream file(ASSAY_SOURCE_DIR "/spec/conformance/conditions.json");
  ASSERT_TRUE(file);
  const json cases = json::parse(file)["cases"];
  for (const json& c : cases) {
    const json plan = {{"id", "exp"},
                       {"allocation", {{"control", 1}, {"treatment", 1}}},
                       {"targeting", c["condition"]},
                       {"metrics", {{"primary", {{{"name", "clicks"}, {"type", "count"}}}}}}};
    const auto parsed = define::parse(plan.dump(), {.file = "conditions.json"});
    ASSERT_TRUE(parsed) << to_text(parsed.error()) << c;
    const assign::Running running{.plan = parsed->experiment};
    const auto snapshot = assign::compile(std::span(&running, 1));
    ASSERT_TRUE(snapshot) << to_text(snapshot.error()) << c;
    json context = c["attributes"];
    context["targetingKey"] = "u";
    const Answer answer = Ofrep(*snapshot).evaluate_flag("exp", json{{"context", context}}.dump());
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(json::parse(answer.body)["variant"] != "", c["expect"].get<bool>()) << c;
  }
  EXPECT_GT(cases.size(), 50U);
}

}  // namespace
}  // namespace assay::deliver
