// Any bytes as a request body, of flags, of assignments and of rankings: a defined answer, and JSON
// whenever there is a body. Half of the experiments remember, switch or fall back.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <nlohmann/json.hpp>

#include "assay/assign/testing.h"
#include "assay/deliver/deliver.h"
#include "assay/deliver/interleavings.h"

namespace {

// Remembers nothing, for the next input must not know this one's.
class NoMemory : public assay::deliver::StickyStore {
 public:
  assay::Result<std::vector<assay::deliver::Memory>> recall(std::string_view kind,
                                                            std::string_view id) override {
    if (kind.empty() || id.empty()) std::abort();
    return std::vector<assay::deliver::Memory>{{"sticky", "treatment", 0}};
  }
  void remember(std::vector<assay::deliver::NewMemory>, Done done) override { done(true); }
};

assay::deliver::Ofrep make_world(NoMemory& store) {
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
  assay::define::Experiment sticky = assay::assign::plan_of("sticky");
  sticky.assignment.sticky = true;
  sticky.assignment.fallback_unit = "device";
  assay::define::Experiment switching = assay::assign::plan_of("switching");
  switching.assignment.switchback =
      assay::define::Switchback{.period_seconds = 60, .burn_in_seconds = 5, .start = {}};
  const std::vector<assay::define::Experiment> plans = {plan, session, sticky, switching};
  return assay::deliver::Ofrep(assay::assign::compile_plans(plans).value(), &store);
}

void must_be_json(const assay::deliver::Answer& answer) {
  if (answer.status == 304 ? !answer.body.empty() : !nlohmann::json::accept(answer.body)) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static NoMemory store;
  static const assay::deliver::Ofrep ofrep = make_world(store);
  const assay::Timestamp now{.micros = 90 * assay::kMicrosPerSecond};
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  must_be_json(ofrep.evaluate_flag("exp", body));
  must_be_json(ofrep.evaluate_flag("sticky", body, now));
  must_be_json(ofrep.evaluate_flag(body, R"({"context":{"targetingKey":"u"}})"));
  const assay::deliver::Answer bulk = ofrep.evaluate_bulk(body, {.now = now});
  must_be_json(bulk);
  const assay::deliver::Answer again =
      ofrep.evaluate_bulk(body, {.if_none_match = bulk.etag, .now = now});
  if (again.status != (bulk.status == 200 ? 304 : bulk.status)) std::abort();
  must_be_json(ofrep.evaluate_bulk(body, {.if_none_match = body, .now = now}));
  const auto rows =
      assay::deliver::answer_assignments(ofrep.snapshot(), body, {.store = &store, .now = now});
  if (rows) must_be_json(*rows);
  const auto list = assay::deliver::interleave_json(body);
  if (list && !nlohmann::json::accept(assay::deliver::to_json(*list))) std::abort();
  return 0;
}
