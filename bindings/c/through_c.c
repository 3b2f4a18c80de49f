#include "bindings/c/through_c.h"

#include <stdio.h>
#include <stdlib.h>

static void copy(assay_text from, char* to, size_t size) {
  snprintf(to, size, "%.*s", (int)from.size, from.data == NULL ? "" : from.data);
}

static void take(assay_error* error, char why[1024]) {
  snprintf(why, 1024, "%d %s [%s]", (int)error->status, error->message.data, error->place.data);
  assay_error_free(error);
}

static void take_answer(const assay_assignment* from, c_answer* to) {
  copy(from->variant, to->variant, sizeof to->variant);
  copy(from->unit_kind, to->unit_kind, sizeof to->unit_kind);
  copy(from->reason, to->reason, sizeof to->reason);
}

assay_snapshot* c_load(const char* json, size_t size, char why[1024]) {
  assay_error error = {0};
  assay_text text = {json, size};
  assay_snapshot* snapshot = assay_snapshot_load(text, &error);
  if (snapshot == NULL) take(&error, why);
  return snapshot;
}

bool c_ask(const assay_snapshot* snapshot, const char* experiment, const char* context_json,
           const int64_t* unix_micros, c_answer* answer, char why[1024]) {
  assay_error error = {0};
  assay_assignment out;
  assay_text id = assay_text_of(experiment);
  assay_text json = assay_text_of(context_json);
  const bool known = unix_micros == NULL
                         ? assay_evaluate_json(snapshot, id, json, &out, &error)
                         : assay_evaluate_json_at(snapshot, id, json, *unix_micros, &out, &error);
  if (!known) {
    take(&error, why);
    return false;
  }
  take_answer(&out, answer);
  return true;
}

void c_ask_key_at(const assay_snapshot* snapshot, const char* experiment, assay_text key,
                  const int64_t* unix_micros, c_answer* answer) {
  assay_context* context = assay_context_new(snapshot);
  assay_assignment out;
  if (unix_micros != NULL) assay_context_set_time(context, *unix_micros);
  assay_context_reset(context); /* Keeps the time. */
  assay_context_set_key(context, key);
  if (assay_evaluate(snapshot, assay_text_of(experiment), context, &out)) take_answer(&out, answer);
  assay_context_free(context);
}

bool c_ask_remembering(const assay_snapshot* snapshot, const char* key, const char* device,
                       const c_memory* memories, size_t count, c_answer* answer, int64_t* epoch) {
  assay_context* context = assay_context_new(snapshot);
  const assay_text experiment = assay_snapshot_experiment(snapshot, 0);
  bool known = true;
  if (key != NULL) assay_context_set_key(context, assay_text_of(key));
  if (device != NULL)
    assay_context_set_text(context, assay_text_of("device"), assay_text_of(device));
  for (size_t i = 0; i < count; ++i) {
    known = known && assay_context_remember(context, experiment, assay_text_of(memories[i].variant),
                                            memories[i].epoch);
  }
  const assay_assignment out = assay_evaluate_number(snapshot, 0, context);
  take_answer(&out, answer);
  *epoch = out.epoch;
  assay_context_free(context);
  return known;
}

int c_ask_key(const assay_snapshot* snapshot, const char* key, size_t size) {
  assay_context* context = assay_context_new(snapshot);
  assay_text unit = {key, size};
  assay_context_set_key(context, unit);
  const assay_assignment one = assay_evaluate_number(snapshot, 0, context);
  assay_assignment* all = calloc(assay_snapshot_size(snapshot), sizeof *all);
  const assay_status status = assay_evaluate_all(snapshot, context, all);
  const bool agree = status == ASSAY_OK && all[0].variant_number == one.variant_number;
  free(all);
  assay_context_free(context);
  return agree ? one.variant_number : -2;
}

void c_ask_attributes(const assay_snapshot* snapshot, const char* experiment, const char* country,
                      double age, bool beta, c_answer* answer) {
  assay_context* context = assay_context_new(snapshot);
  assay_assignment out;
  uint32_t number = 0;
  assay_context_set_key(context, assay_text_of("dropped by the reset"));
  assay_context_reset(context);
  assay_context_set_key(context, assay_text_of("u"));
  assay_context_set_text(context, assay_text_of("country"), assay_text_of(country));
  assay_context_set_number(context, assay_text_of("age"), age);
  assay_context_set_bool(context, assay_text_of("beta"), beta);
  if (assay_evaluate(snapshot, assay_text_of(experiment), context, &out) &&
      assay_snapshot_find(snapshot, assay_text_of(experiment), &number)) {
    take_answer(&out, answer);
    assay_owned_text why = assay_explain(snapshot, number, context);
    snprintf(answer->explanation, sizeof answer->explanation, "%s", why.data);
    assay_text_free(why);
  }
  assay_context_free(context);
}

bool c_interleave(assay_interleaving scheme, assay_text request, assay_text salt,
                  assay_ranking control, assay_ranking treatment, assay_shown_item* out,
                  size_t length, size_t* shown, char why[1024]) {
  assay_error error = {0};
  if (assay_interleave(scheme, request, salt, control, treatment, out, length, shown, &error)) {
    return true;
  }
  take(&error, why);
  return false;
}
