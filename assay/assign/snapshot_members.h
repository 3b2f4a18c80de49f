// Which members a running experiment has in JSON, named once for the writer (snapshot_json.cc) and
// for its readers (snapshot_reader.cc). Internal to the two.
#pragma once

#include <string>
#include <string_view>

#include "assay/assign/snapshot.h"
#include "assay/define/members.h"

namespace assay::assign {

// What assignment needs of a plan.
void rules(auto& io, auto& plan) {
  io("id", plan.id);
  io("control", plan.control);
  io("variants", plan.variants);
  io("assignment", plan.assignment);
}

void members(auto& io, auto& running) {
  rules(io, running.plan);
  io("version", running.version);
  io("epoch", running.epoch);
  io("stopped", running.is_stopped);
  io.unless_empty("earlier", running.earlier);
}

void fields(auto& io, define::Is<Cohort> auto& x) {
  io("epoch", x.epoch);
  io("traffic_ppm", x.traffic_ppm);
  io("weights", x.weights);
}

// In quotes; escapes as nlohmann's, which writes the plans.
void append_json_text(std::string_view text, std::string& out);

}  // namespace assay::assign
