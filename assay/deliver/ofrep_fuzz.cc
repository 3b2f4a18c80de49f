// Any bytes as a request body: a defined answer, and JSON whenever there is a body.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <nlohmann/json.hpp>

#include "assay/assign/testing.h"
#include "assay/deliver/deliver.h"

namespace {

assay::deliver::Ofrep make_world() {
  using assay::assign::leaf;
  using assay::define::Op;
  assay::define::Experiment plan = assay::assign::plan_of("exp");
  plan.assignment.expose_on_evaluation = true;
  plan.assignment.targeting = assay::assign::tree(
      Op::kAny, {leaf(Op::kIn, "country", {std::string("IN"), 5.0, true}),
                 leaf(Op::kSemver, "app.version", {std::string("^1.4")}),
                 leaf(Op::kContains, "tags", {std::string("a")}), leaf(Op::kLess, "age", {18.0})});
  assay::define::Experiment session = assay::assign::plan_of("by_session");
  session.assignment.unit = "session";
  return assay::deliver::Ofrep(assay::assign::compile_plans({plan, session}).value());
}

void must_be_json(const assay::deliver::Answer& answer) {
  if (answer.status == 304 ? !answer.body.empty() : !nlohmann::json::accept(answer.body)) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const assay::deliver::Ofrep ofrep = make_world();
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  must_be_json(ofrep.evaluate_flag("exp", body));
  must_be_json(ofrep.evaluate_flag(body, R"({"context":{"targetingKey":"u"}})"));
  const assay::deliver::Answer bulk = ofrep.evaluate_bulk(body);
  must_be_json(bulk);
  must_be_json(ofrep.evaluate_bulk(body, {.if_none_match = bulk.etag}));
  const auto rows = assay::deliver::answer_assignments(ofrep.snapshot(), body);
  if (rows && !nlohmann::json::accept(*rows)) std::abort();
  return 0;
}
