// The members of a plan, named once for every JSON form: `fields(io, thing)` calls io("name",
// member) for each, and io is a writer or a reader. What one writes the other therefore reads.
// Internal to the JSON forms: canonical.cc here, snapshot_json.cc in assign.
#pragma once

#include <concepts>
#include <type_traits>

#include "assay/define/experiment.h"

namespace assay::define {

template <typename A, typename B>
concept Is = std::same_as<std::remove_const_t<A>, B>;

void fields(auto& io, Is<SlotRange> auto& x) {
  io("begin", x.begin);
  io("end", x.end);
}

void fields(auto& io, Is<Holdout> auto& x) {
  io("name", x.name);
  io("unit", x.unit);
  io("share_ppm", x.share_ppm);
}

void fields(auto& io, Is<Prerequisite> auto& x) {
  io("experiment", x.experiment);
  io("variants", x.variants);
  io.unless_empty("or_outside", x.or_outside);
}

void fields(auto& io, Is<Namespace> auto& x) {
  io("hash", x.hash);
  io("salt", x.salt);
  io("unit", x.unit);
  io("ranges", x.ranges);
}

void fields(auto& io, Is<Switchback> auto& x) {
  io("period_seconds", x.period_seconds);
  io("burn_in_seconds", x.burn_in_seconds);
  io("start", x.start);
}

void fields(auto& io, Is<Override> auto& x) {
  io("unit_id", x.unit_id);
  io("variant", x.variant);
}

void fields(auto& io, Is<Variant> auto& x) {
  io("key", x.key);
  io("weight", x.weight);
  io.embedded("payload", x.payload_json);
  io("endpoint", x.endpoint);
}

void fields(auto& io, Is<Condition> auto& x) {
  io("op", x.op);
  io("attribute", x.attribute);
  io("values", x.values);
  io("children", x.children);
}

void fields(auto& io, Is<Forced> auto& x) {
  io("variant", x.variant);
  io("when", x.when);
  io.unless_empty("prerequisites", x.prerequisites);
}

void fields(auto& io, Is<Assignment> auto& x) {
  io("unit", x.unit);
  io.unless_empty("fallback_unit", x.fallback_unit);
  io("layer", x.layer);
  io("slots", x.slots);
  io("share_ppm", x.share_ppm);
  io("traffic_ppm", x.traffic_ppm);
  io("salt", x.salt);
  io("hash", x.hash);
  io("reshuffle", x.reshuffle);
  io.unless_empty("sticky", x.sticky);
  io("adaptive_floor_ppm", x.adaptive_floor_ppm);
  io("expose_on_evaluation", x.expose_on_evaluation);
  io.unless_empty("holdouts", x.holdouts);
  io.unless_empty("prerequisites", x.prerequisites);
  io.unless_empty("namespaces", x.namespaces);
  io("switchback", x.switchback);
  io("targeting", x.targeting);
  io("overrides", x.overrides);
  io.unless_empty("forced", x.forced);
}

void fields(auto& io, Is<Measure> auto& x) {
  io("event", x.event);
  io("aggregate", x.aggregation);
  io("field", x.field);
  io("where", x.where);
}

void fields(auto& io, Is<Window> auto& x) {
  io("begin_seconds", x.begin_seconds);
  io("end_seconds", x.end_seconds);
}

void fields(auto& io, Is<Cap> auto& x) {
  io("value", x.value);
  io("percentile", x.percentile);
}

void fields(auto& io, Is<MetricDefinition> auto& x) {
  io("name", x.name);
  io("type", x.type);
  io("numerator", x.numerator);
  io("denominator", x.denominator);
  io("quantile", x.quantile);
  io("window", x.window);
  io("cap", x.cap);
}

void fields(auto& io, Is<PlannedMetric> auto& x) {
  io("name", x.name);
  io("role", x.role);
  io("direction", x.direction);
  io("mde_relative", x.mde_relative);
  io("threshold", x.threshold);
  io("must_not_worsen", x.must_not_worsen);
  io("margin_relative", x.margin_relative);
  io("definition", x.definition);
}

void fields(auto& io, Is<Analysis> auto& x) {
  io("method", x.method);
  io("alpha", x.alpha);
  io("power", x.power);
  io("mde_relative", x.mde_relative);
  io("variance_reduction", x.variance_reduction);
  io("covariate", x.covariate);
  io("covariate_name", x.covariate_name);
  io("correction", x.correction);
  io("prior_sd_relative", x.prior_sd_relative);
  io("ship_probability", x.ship_probability);
  io("srm_alpha", x.srm_alpha);
}

void fields(auto& io, Is<Schedule> auto& x) {
  io("start", x.start);
  io("min_runtime_days", x.min_runtime_days);
  io("max_runtime_days", x.max_runtime_days);
  io("sample_size_per_variant", x.sample_size_per_variant);
}

void fields(auto& io, Is<Experiment> auto& x) {
  io("id", x.id);
  io("name", x.name);
  io("hypothesis", x.hypothesis);
  io("variants", x.variants);
  io("control", x.control);
  io("assignment", x.assignment);
  io("metrics", x.metrics);
  io("segments", x.segments);
  io("analysis", x.analysis);
  io("schedule", x.schedule);
}

}  // namespace assay::define
