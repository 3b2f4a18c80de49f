// The C face of assign. Handles are the C++ objects themselves; no exception passes this file, and
// the only one that can come up is of an allocation that failed.
#include "bindings/c/assay.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assay/assign/assign.h"
#include "assay/deliver/request.h"

using assay::assign::Assignment;
using assay::assign::Context;
using assay::assign::Handle;
using assay::assign::Snapshot;

struct assay_snapshot {
  std::shared_ptr<const Snapshot> compiled;
};

struct assay_context {
  explicit assay_context(const Snapshot& made_for) : snapshot(made_for), context(made_for) {}
  const Snapshot& snapshot;
  Context context;
  std::vector<Assignment> all;
};

namespace {

std::string_view view(assay_text text) { return {text.data, text.data == nullptr ? 0 : text.size}; }
assay_text borrowed(std::string_view text) { return {text.data(), text.size()}; }

// No data where there is no memory, for then there is nothing else to say either.
assay_owned_text owned(std::string_view text) {
  auto* data = static_cast<char*>(std::malloc(text.size() + 1));
  if (data == nullptr) return {nullptr, 0};
  if (!text.empty()) std::memcpy(data, text.data(), text.size());
  data[text.size()] = '\0';
  return {data, text.size()};
}

void report(assay_error* error, std::string_view message, std::string_view place = {}) {
  if (error != nullptr) *error = {ASSAY_INVALID, owned(message), owned(place)};
}
// A sentence for each problem, a line each, and the first one's place.
void report(assay_error* error, const assay::Problems& problems) {
  std::string text;
  for (const assay::Problem& one : problems) {
    if (!text.empty()) text += '\n';
    if (!one.field.empty()) text += one.field + ": ";
    text += to_text(assay::Error{assay::Code::kInvalid, one.message, one.hint});
  }
  report(error, text, problems.front().field);
}
void report_no_memory(assay_error* error) {
  if (error != nullptr) *error = {ASSAY_NO_MEMORY, {nullptr, 0}, {nullptr, 0}};
}

assay_assignment answer(const Snapshot& snapshot, Handle experiment, const Assignment& from) {
  assay_assignment out = {};
  out.unit_kind = borrowed(snapshot.unit_kind(experiment, from));
  out.reason = borrowed(reason_name(from.reason));
  out.propensity = from.propensity;
  out.epoch = from.epoch;
  out.version = from.version;
  out.variant_number = from.variant;
  if (!from.assigned()) return out;
  const auto variant = static_cast<std::size_t>(from.variant);
  out.variant = borrowed(snapshot.variant_key(experiment, variant));
  const std::string_view payload = snapshot.payload_json(experiment, variant);
  if (!payload.empty()) out.payload_json = borrowed(payload);
  return out;
}

bool evaluate_json(const Snapshot& snapshot, std::string_view experiment, std::string_view json,
                   std::optional<assay::Timestamp> now, assay_assignment* out,
                   assay_error* error) try {
  const auto handle = snapshot.find(experiment);
  if (!handle) {
    report(error, "no experiment " + std::string(experiment) + " is in the snapshot", experiment);
    return false;
  }
  Context context(snapshot);
  if (now) context.set_time(*now);
  const auto read = assay::deliver::read_bare_context(json, context);
  if (!read) {
    report(error, to_text(read.error().error), read.error().place);
    return false;
  }
  *out = answer(snapshot, *handle, snapshot.evaluate(*handle, context));
  return true;
} catch (const std::bad_alloc&) {
  report_no_memory(error);
  return false;
}

std::vector<std::string_view> views(assay_ranking ranking) {
  std::vector<std::string_view> items;
  for (size_t i = 0; i < ranking.size; ++i) items.push_back(view(ranking.items[i]));
  return items;
}

}  // namespace

void assay_text_free(assay_owned_text text) { std::free(text.data); }

void assay_error_free(assay_error* error) {
  if (error == nullptr) return;
  assay_text_free(error->message);
  assay_text_free(error->place);
  *error = {};
}

assay_snapshot* assay_snapshot_load(assay_text json, assay_error* error) try {
  auto compiled = assay::assign::load_snapshot(view(json));
  if (!compiled) {
    report(error, compiled.error());
    return nullptr;
  }
  return new assay_snapshot{std::move(*compiled)};
} catch (const std::bad_alloc&) {
  report_no_memory(error);
  return nullptr;
}

void assay_snapshot_free(assay_snapshot* snapshot) { delete snapshot; }

uint32_t assay_snapshot_size(const assay_snapshot* snapshot) {
  return static_cast<uint32_t>(snapshot->compiled->size());
}

assay_text assay_snapshot_experiment(const assay_snapshot* snapshot, uint32_t number) {
  return borrowed(snapshot->compiled->id(Handle{number}));
}

bool assay_snapshot_find(const assay_snapshot* snapshot, assay_text experiment, uint32_t* number) {
  const auto handle = snapshot->compiled->find(view(experiment));
  if (handle) *number = handle->index;
  return handle.has_value();
}

assay_context* assay_context_new(const assay_snapshot* snapshot) try {
  return new assay_context(*snapshot->compiled);
} catch (const std::bad_alloc&) {
  return nullptr;
}

void assay_context_free(assay_context* context) { delete context; }
void assay_context_reset(assay_context* context) { context->context.reset(); }
void assay_context_set_key(assay_context* context, assay_text unit_id) {
  context->context.set_targeting_key(view(unit_id));
}
void assay_context_set_text(assay_context* context, assay_text name, assay_text value) {
  context->context.set_text(view(name), view(value));
}
void assay_context_set_number(assay_context* context, assay_text name, double value) {
  if (std::isfinite(value)) context->context.set_number(view(name), value);
}
void assay_context_set_bool(assay_context* context, assay_text name, bool value) {
  context->context.set_bool(view(name), value);
}
void assay_context_set_time(assay_context* context, int64_t unix_micros) {
  context->context.set_time({.micros = unix_micros});
}

bool assay_context_remember(assay_context* context, assay_text experiment, assay_text variant,
                            int64_t epoch) try {
  const Snapshot& snapshot = context->snapshot;
  const auto handle = snapshot.find(view(experiment));
  const auto number = handle ? snapshot.find_variant(*handle, view(variant)) : std::nullopt;
  if (number) {
    context->context.remember({.experiment = *handle, .variant = *number, .epoch = epoch});
  }
  return number.has_value();
} catch (const std::bad_alloc&) {
  return false;
}

bool assay_evaluate(const assay_snapshot* snapshot, assay_text experiment,
                    const assay_context* context, assay_assignment* out) {
  const auto handle = snapshot->compiled->find(view(experiment));
  if (handle) *out = assay_evaluate_number(snapshot, handle->index, context);
  return handle.has_value();
}

assay_assignment assay_evaluate_number(const assay_snapshot* snapshot, uint32_t number,
                                       const assay_context* context) {
  const Handle handle{number};
  return answer(*snapshot->compiled, handle,
                snapshot->compiled->evaluate(handle, context->context));
}

assay_status assay_evaluate_all(const assay_snapshot* snapshot, assay_context* context,
                                assay_assignment* out) try {
  context->all.resize(snapshot->compiled->size());
  snapshot->compiled->evaluate_all(context->context, context->all);
  for (uint32_t i = 0; i < context->all.size(); ++i) {
    out[i] = answer(*snapshot->compiled, Handle{i}, context->all[i]);
  }
  return ASSAY_OK;
} catch (const std::bad_alloc&) {
  return ASSAY_NO_MEMORY;
}

bool assay_evaluate_json(const assay_snapshot* snapshot, assay_text experiment,
                         assay_text context_json, assay_assignment* out, assay_error* error) {
  return evaluate_json(*snapshot->compiled, view(experiment), view(context_json), {}, out, error);
}

bool assay_evaluate_json_at(const assay_snapshot* snapshot, assay_text experiment,
                            assay_text context_json, int64_t unix_micros, assay_assignment* out,
                            assay_error* error) {
  const assay::Timestamp now{.micros = unix_micros};
  return evaluate_json(*snapshot->compiled, view(experiment), view(context_json), now, out, error);
}

assay_owned_text assay_explain(const assay_snapshot* snapshot, uint32_t number,
                               const assay_context* context) try {
  return owned(
      snapshot->compiled->explain(snapshot->compiled->evaluate(Handle{number}, context->context)));
} catch (const std::bad_alloc&) {
  return {nullptr, 0};
}

bool assay_interleave(assay_interleaving scheme, assay_text request, assay_text salt,
                      assay_ranking control, assay_ranking treatment, assay_shown_item* out,
                      size_t length, size_t* shown, assay_error* error) try {
  using assay::assign::InterleavingScheme;
  const std::vector<std::string_view> a = views(control), b = views(treatment);
  if (scheme != ASSAY_TEAM_DRAFT && scheme != ASSAY_BALANCED) {
    report(error, "there is no such scheme of interleaving", "scheme");
    return false;
  }
  const auto merged = assay::assign::interleave(
      {a, b}, {.scheme = scheme == ASSAY_TEAM_DRAFT ? InterleavingScheme::kTeamDraft
                                                    : InterleavingScheme::kBalanced,
               .request = view(request),
               .salt = view(salt),
               .length = length});
  if (!merged) {
    report(error, merged.error());
    return false;
  }
  for (const assay::assign::ShownItem& one : *merged) {
    *out++ = {borrowed(one.item), static_cast<assay_team>(one.team), one.control_rank,
              one.treatment_rank};
  }
  *shown = merged->size();
  return true;
} catch (const std::bad_alloc&) {
  report_no_memory(error);
  return false;
}
