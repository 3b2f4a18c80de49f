/* Evaluates a snapshot inside this process: embed SNAPSHOT COUNTRY UNIT... prints one line for each
 * unit and experiment. A server would fetch the snapshot from assay (GET /v1/snapshot). */
#include <stdio.h>
#include <stdlib.h>

#include "assay.h"

static char* read_file(const char* path, size_t* size) {
  FILE* file = fopen(path, "rb");
  if (file == NULL) return NULL;
  size_t capacity = 1 << 16;
  char* text = malloc(capacity);
  *size = 0;
  for (size_t got; text != NULL && (got = fread(text + *size, 1, capacity - *size, file)) > 0;) {
    *size += got;
    if (*size < capacity) continue;
    capacity *= 2;
    text = realloc(text, capacity);
  }
  fclose(file);
  return text;
}

int main(int argc, char** argv) {
  if (argc < 4) {
    fprintf(stderr, "usage: embed SNAPSHOT COUNTRY UNIT...\n");
    return 2;
  }
  assay_text json = {NULL, 0};
  char* text = read_file(argv[1], &json.size);
  json.data = text;

  assay_error error = {0};
  assay_snapshot* snapshot = assay_snapshot_load(json, &error);
  free(text); /* The snapshot keeps nothing of it. */
  if (snapshot == NULL) {
    fprintf(stderr, "%s\n", error.message.data == NULL ? "no memory" : error.message.data);
    assay_error_free(&error);
    return 1;
  }

  assay_context* context = assay_context_new(snapshot);
  for (int i = 3; i < argc; ++i) {
    assay_context_reset(context);
    assay_context_set_key(context, assay_text_of(argv[i]));
    assay_context_set_text(context, assay_text_of("country"), assay_text_of(argv[2]));
    for (uint32_t number = 0; number < assay_snapshot_size(snapshot); ++number) {
      assay_assignment answer = assay_evaluate_number(snapshot, number, context);
      assay_text id = assay_snapshot_experiment(snapshot, number);
      assay_owned_text why = assay_explain(snapshot, number, context);
      printf("%s %.*s %.*s (%s)\n", argv[i], (int)id.size, id.data,
             answer.variant_number < 0 ? 1 : (int)answer.variant.size,
             answer.variant_number < 0 ? "-" : answer.variant.data, why.data);
      assay_text_free(why);
    }
  }
  assay_context_free(context);
  assay_snapshot_free(snapshot);
  return 0;
}
