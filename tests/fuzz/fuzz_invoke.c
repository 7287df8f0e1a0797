/* fuzz_invoke.c — bodies of invocations, in every format, with and without reasons.
 *
 * The first byte says which model, which format in and out, and how many reasons; the rest is the
 * body. A body is answered with predictions or with one error that has a message, reasons or not;
 * asking for reasons changes no score, and what is written as JSON is JSON. */
#include "endpoint/predict.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { N_MODELS = 2 };

static struct {
  wf_served *served[N_MODELS];
  wf_scratch scratch;
  wf_bytes plain, explained;
} state;

static void require(bool ok, const char *what) {
  if (ok) return;
  fprintf(stderr, "%s\n", what);
  abort();
}

static void load(wf_served **out, const char *path) {
  char *bytes;
  size_t size;
  wf_error err = WF_ERROR_INIT;
  require(wf_file_read(path, 0, &bytes, &size, &err) == WF_OK, err.message);
  require(wf_served_load(out, bytes, size, NULL, &err) == WF_OK, err.message);
  wf_free(bytes);
}

static void load_once(void) {
  if (state.served[0]) return;
  load(&state.served[0], WF_FUZZ_PACKAGES "/tiny.tar.gz");
  load(&state.served[1], WF_FUZZ_PACKAGES "/three.tar.gz");
}

static wf_status ask(const wf_served *served, wf_format in, wf_format out, size_t n_reasons,
                     wf_view body, wf_bytes *reply, size_t *n_rows) {
  wf_encoder encoder = {.out = reply, .format = out, .n_reasons = n_reasons};
  wf_error err = WF_ERROR_INIT;
  bool syntax;
  *n_rows = 0;
  wf_bytes_clear(reply);
  wf_status status =
      wf_predict_body(served, &state.scratch, in, body, &encoder, n_rows, &syntax, &err);
  require(status == WF_OK || err.message[0] != '\0', "an error without a message");
  return status;
}

/* Every line of the plain answer begins the same line of the other; the models' names are plain. */
static void check_lines(const wf_bytes *plain, const wf_bytes *explained) {
  const char *a = plain->data, *b = explained->data;
  while (*a) {
    size_t size = strcspn(a, "\n");
    require(strncmp(a, b, size) == 0 && b[size] == ',', "scores differ");
    a += size + 1;
    b += strcspn(b, "\n") + 1;
  }
  require(*b == '\0', "more rows with reasons than without");
}

static void check_json(const wf_bytes *reply) {
  json_t *root;
  wf_view text = {reply->data, reply->size};
  require(wf_json_parse(&root, text, "reply", NULL) == WF_OK, "the answer is not JSON");
  json_decref(root);
}

static void check_answers(wf_format out) {
  if (out == WF_FORMAT_CSV) check_lines(&state.plain, &state.explained);
  if (out != WF_FORMAT_JSON) return;
  check_json(&state.plain);
  check_json(&state.explained);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  load_once();
  if (size == 0) return 0;
  unsigned what = data[0];
  wf_format in = (wf_format)(what % 3), out = (wf_format)(what / 3 % 3);
  const wf_served *served = state.served[what / 9 % N_MODELS];
  size_t n_reasons = 1 + what / 18 % 5, n_plain, n_explained;
  wf_view body = {(const char *)data + 1, size - 1};
  wf_status plain = ask(served, in, out, 0, body, &state.plain, &n_plain);
  wf_status explained = ask(served, in, out, n_reasons, body, &state.explained, &n_explained);
  if (n_plain > WF_MAX_REASON_ROWS) return 0;
  require(plain == explained || explained == WF_LIMIT, "an answer depends on the reasons");
  if (plain == WF_OK && explained == WF_OK) check_answers(out);
  return 0;
}
