/* What the conformance test asks, written in C11: the only code that touches assay.h. */
#ifndef ASSAY_THROUGH_C_H
#define ASSAY_THROUGH_C_H

#include "bindings/c/assay.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Copies, so that the test sees nothing borrowed. */
typedef struct {
  char variant[160];
  char unit_kind[32];
  char reason[32];
  char explanation[256];
} c_answer;

/* NULL, and the error's message and place in `why`. */
assay_snapshot* c_load(const char* json, size_t size, char why[1024]);
/* False, and why. Asks with the context as JSON; at a moment, unless it is NULL. */
bool c_ask(const assay_snapshot* snapshot, const char* experiment, const char* context_json,
           const int64_t* unix_micros, c_answer* answer, char why[1024]);
/* The same with a key alone, through a context. */
void c_ask_key_at(const assay_snapshot* snapshot, const char* experiment, assay_text key,
                  const int64_t* unix_micros, c_answer* answer);
/* Experiment 0, of a unit whose attributes may be NULL, with what is remembered of it; the epoch of
 * the answer in `epoch`. False when the snapshot does not know a remembered variant. */
typedef struct {
  const char* variant;
  int64_t epoch;
} c_memory;
bool c_ask_remembering(const assay_snapshot* snapshot, const char* key, const char* device,
                       const c_memory* memories, size_t count, c_answer* answer, int64_t* epoch);
/* Asks experiment 0 with a key alone, through a context and through all of them at once, which must
 * agree; the variant's number, or -1. */
int c_ask_key(const assay_snapshot* snapshot, const char* key, size_t size);
/* Text, number and boolean attributes through a context; the reason's text. */
void c_ask_attributes(const assay_snapshot* snapshot, const char* experiment, const char* country,
                      double age, bool beta, c_answer* answer);
/* False, and why. `out` has room for `length` items. */
bool c_interleave(assay_interleaving scheme, assay_text request, assay_text salt,
                  assay_ranking control, assay_ranking treatment, assay_shown_item* out,
                  size_t length, size_t* shown, char why[1024]);

#ifdef __cplusplus
}
#endif

#endif
