/* assay in C: evaluate a snapshot of experiments inside your own process.
 *
 *   assay_error error = {0};
 *   assay_snapshot* snapshot = assay_snapshot_load(json, &error);     // GET /v1/snapshot
 *   if (snapshot == NULL) return refused(error.message);
 *   assay_context* context = assay_context_new(snapshot);
 *   assay_context_set_key(context, assay_text_of("user_42"));
 *   assay_context_set_text(context, assay_text_of("country"), assay_text_of("IN"));
 *   assay_assignment answer;
 *   if (assay_evaluate(snapshot, assay_text_of("ranker_v2"), context, &answer))
 *     use(answer.variant);
 *
 * Text carries its length and may hold any bytes. An assay_text is borrowed: it belongs to whoever
 * made it. What a snapshot returns lives as long as the snapshot; what is put into a context must
 * live until the context is reset or freed. An assay_owned_text belongs to the caller, who gives it
 * back to assay_text_free. The types differ so that a compiler tells them apart.
 *
 * A snapshot never changes: any number of threads may evaluate it at once, without a lock. To take
 * up a newer one, load it, let new requests use it, and free the old one when no thread or context
 * uses it any more. A context belongs to one thread at a time, and to the snapshot it was made for.
 * Evaluating allocates nothing. No function throws, exits or writes anywhere. NULL may be freed; as
 * anything else but an error or the data of an empty text or ranking it is a mistake of the caller.
 */
#ifndef ASSAY_H
#define ASSAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__)
#define ASSAY_API __attribute__((visibility("default")))
#else
#define ASSAY_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct assay_snapshot assay_snapshot;
typedef struct assay_context assay_context;

typedef struct {
  const char* data;
  size_t size;
} assay_text;

typedef struct {
  char* data;
  size_t size;
} assay_owned_text;

static inline assay_text assay_text_of(const char* text) {
  assay_text borrowed = {text, strlen(text)};
  return borrowed;
}
ASSAY_API void assay_text_free(assay_owned_text text);

typedef enum {
  ASSAY_OK = 0,
  ASSAY_INVALID = 1, /* the input cannot be used: the message says what and where */
  ASSAY_NO_MEMORY = 2
} assay_status;

/* Freed with assay_error_free, which also makes it fit for the next use. */
typedef struct {
  assay_status status;
  assay_owned_text message; /* one sentence for each problem, one line each */
  assay_owned_text place;   /* "ranker_v2.targeting" of the first problem; may be empty */
} assay_error;
ASSAY_API void assay_error_free(assay_error* error);

/* NULL, and why in `error` (which may be NULL), when the JSON is no snapshot, is of a newer format,
 * or holds experiments that do not fit together. */
ASSAY_API assay_snapshot* assay_snapshot_load(assay_text json, assay_error* error);
ASSAY_API void assay_snapshot_free(assay_snapshot* snapshot);

/* Experiments are numbered from 0 in the order of the JSON. */
ASSAY_API uint32_t assay_snapshot_size(const assay_snapshot* snapshot);
ASSAY_API assay_text assay_snapshot_experiment(const assay_snapshot* snapshot, uint32_t number);
/* False when there is no experiment of that id. */
ASSAY_API bool assay_snapshot_find(const assay_snapshot* snapshot, assay_text experiment,
                                   uint32_t* number);

/* NULL when there is no memory. */
ASSAY_API assay_context* assay_context_new(const assay_snapshot* snapshot);
ASSAY_API void assay_context_free(assay_context* context);
ASSAY_API void assay_context_reset(assay_context* context);
/* Also the attribute `targetingKey`, as in a context of JSON. */
ASSAY_API void assay_context_set_key(assay_context* context, assay_text unit_id);
ASSAY_API void assay_context_set_text(assay_context* context, assay_text name, assay_text value);
/* NaN and infinity are no numbers: they set nothing, so that the attribute stays missing. */
ASSAY_API void assay_context_set_number(assay_context* context, assay_text name, double value);
ASSAY_API void assay_context_set_bool(assay_context* context, assay_text name, bool value);
/* The moment of asking, in microseconds since 1970 (UTC). The library reads no clock: without this,
 * switchbacks answer no_unit. Kept over a reset. */
ASSAY_API void assay_context_set_time(assay_context* context, int64_t unix_micros);

/* For plans with `sticky`: what this unit was answered before, with the epoch of that answer. The
 * unit keeps it, unless the plan was reshuffled since; the reason is then "sticky". Remembering is
 * yours: keep `variant` and `epoch` of an answer whose reason is "split". Of several for one
 * experiment the first that holds counts. False when the snapshot has no such experiment or
 * variant (then there is nothing to keep), or when there is no memory. Dropped by a reset. */
ASSAY_API bool assay_context_remember(assay_context* context, assay_text experiment,
                                      assay_text variant, int64_t epoch);

typedef struct {
  assay_text variant;      /* its key; no data when the unit is not assigned */
  assay_text payload_json; /* no data when the variant has none */
  assay_text unit_kind;    /* of whom this is the answer: the plan's unit, or its fallback_unit */
  assay_text reason;       /* "split", "targeting", …: spec/http/openapi.yaml lists them */
  double propensity;       /* of this variant among the units in the experiment; 0: not assigned */
  int64_t epoch;
  uint32_t version;
  int32_t variant_number; /* in the order of the plan; -1: not assigned */
} assay_assignment;

/* False, and `out` as it was, when there is no such experiment. */
ASSAY_API bool assay_evaluate(const assay_snapshot* snapshot, assay_text experiment,
                              const assay_context* context, assay_assignment* out);
/* The same without the look-up by id; `number` must be below assay_snapshot_size. */
ASSAY_API assay_assignment assay_evaluate_number(const assay_snapshot* snapshot, uint32_t number,
                                                 const assay_context* context);
/* Every experiment, into out[0 … assay_snapshot_size). Allocates when a context is first used so;
 * ASSAY_NO_MEMORY leaves `out` as it was. */
ASSAY_API assay_status assay_evaluate_all(const assay_snapshot* snapshot, assay_context* context,
                                          assay_assignment* out);
/* Of a context as a JSON object, as OFREP has it: {"targetingKey": "user_42", "country": "IN",
 * "device": {"os": "ios"}, "groups": ["a", "b"]}. False, and why in `error` (which may be NULL). */
ASSAY_API bool assay_evaluate_json(const assay_snapshot* snapshot, assay_text experiment,
                                   assay_text context_json, assay_assignment* out,
                                   assay_error* error);
/* The same at a moment, in microseconds since 1970 (UTC), which switchbacks need. */
ASSAY_API bool assay_evaluate_json_at(const assay_snapshot* snapshot, assay_text experiment,
                                      assay_text context_json, int64_t unix_micros,
                                      assay_assignment* out, assay_error* error);
/* Why, as one sentence for people ("country is missing"); no data when there is no memory. */
ASSAY_API assay_owned_text assay_explain(const assay_snapshot* snapshot, uint32_t number,
                                         const assay_context* context);

/* One list out of two rankings, for tests that interleave rankers: docs/guides/interleaving.md. */
typedef enum { ASSAY_TEAM_DRAFT = 0, ASSAY_BALANCED = 1 } assay_interleaving;
typedef enum { ASSAY_NOBODY = 0, ASSAY_CONTROL = 1, ASSAY_TREATMENT = 2 } assay_team;
typedef struct {
  const assay_text* items; /* best first, each once */
  size_t size;
} assay_ranking;
typedef struct {
  assay_text item;       /* the caller's own text */
  assay_team team;       /* team draft: whose item it is */
  uint32_t control_rank; /* balanced: from 1; 0: not ranked there, or not to be counted */
  uint32_t treatment_rank;
} assay_shown_item;
/* At most `length` items into `out`; how many into `shown`. The same request (which names the
 * impression) and salt (which names the test) give the same list. False, and every problem in
 * `error` (which may be NULL), when a ranking has an item twice, or request, salt or length is
 * missing. */
ASSAY_API bool assay_interleave(assay_interleaving scheme, assay_text request, assay_text salt,
                                assay_ranking control, assay_ranking treatment,
                                assay_shown_item* out, size_t length, size_t* shown,
                                assay_error* error);

#ifdef __cplusplus
}
#endif

#endif /* ASSAY_H */
