/* predict.c — the block of rows between decoding and encoding.
 *
 * Rows are gathered row after row in one block of memory that belongs to the worker, predicted on
 * this thread when the block is full, and their scores written at once. A later bad row throws the
 * written text away: a response is either all predictions or one error. */
#include "endpoint/predict.h"

#include "base/alloc.h"
#include "endpoint/decode.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void wf_scratch_dispose(wf_scratch *s) {
  wf_free(s->features);
  wf_free(s->scores);
  wf_free(s->cells);
  wf_free(s->fields);
  wf_free(s->layout);
  wf_free(s->fields_of);
  wf_free(s->members);
  wf_bytes_dispose(&s->text);
  wf_reasoner_dispose(&s->reasoner);
  *s = (wf_scratch){0};
}

static bool fit(void *items, size_t n, size_t size) {
  void *old, *grown;
  memcpy(&old, items, sizeof old);
  grown = wf_realloc_array(old, n, size);
  if (!grown) return false;
  memcpy(items, &grown, sizeof grown);
  return true;
}

static bool fit_fields(wf_scratch *s, size_t n) {
  if (n <= s->n_fields) return true;
  if (!fit(&s->fields, n, sizeof *s->fields) || !fit(&s->layout, n, sizeof *s->layout) ||
      !fit(&s->fields_of, n, sizeof *s->fields_of) || !fit(&s->members, n, sizeof *s->members)) {
    return false;
  }
  s->n_fields = n;
  return true;
}

static bool fit_scratch(wf_scratch *s, const wf_served *served) {
  size_t features = WF_BLOCK_ROWS * served->n_features;
  size_t scores = WF_BLOCK_ROWS * served->n_outputs;
  size_t names = served->n_places > served->n_features ? served->n_places : served->n_features;
  if (features > s->n_features) {
    if (!fit(&s->features, features, sizeof *s->features)) return false;
    s->n_features = features;
  }
  if (scores > s->n_scores) {
    if (!fit(&s->scores, scores, sizeof *s->scores)) return false;
    s->n_scores = scores;
  }
  if (served->n_inputs > s->n_cells) {
    if (!fit(&s->cells, served->n_inputs, sizeof *s->cells)) return false;
    s->n_cells = served->n_inputs;
  }
  return fit_fields(s, names + WF_EXTRA_FIELDS);
}

wf_status wf_block_begin(wf_block *block, wf_error *err) {
  block->n_rows = 0;
  block->row = 1;
  block->syntax = false;
  wf_encoder_begin(block->encoder);
  if (!fit_scratch(block->scratch, block->served)) return wf_fail_nomem(err);
  if (block->encoder->n_reasons == 0) return WF_OK;
  return wf_reasoner_fit(&block->scratch->reasoner, block->served, err);
}

float *wf_block_features(const wf_block *block) {
  return block->scratch->features + block->n_rows * block->served->n_features;
}

/* The block's rows with their reasons, a few at a time. */
static wf_status write_explained(wf_block *block, wf_error *err) {
  const wf_served *served = block->served;
  wf_scratch *s = block->scratch;
  wf_encoder *encoder = block->encoder;
  if (encoder->n_rows + block->n_rows > WF_MAX_REASON_ROWS) {
    return wf_fail(err, WF_LIMIT, "reasons are given for at most %d rows a request",
                   WF_MAX_REASON_ROWS);
  }
  for (size_t row = 0; row < block->n_rows; row += WF_REASON_BLOCK) {
    size_t left = block->n_rows - row, n = left < WF_REASON_BLOCK ? left : WF_REASON_BLOCK;
    const float *features = s->features + row * served->n_features;
    WF_TRY(wf_reasoner_explain(&s->reasoner, served, features, n, err));
    for (size_t i = 0; i < n; i++) {
      const float *scores = s->scores + (row + i) * served->n_outputs;
      wf_why why;
      wf_reasoner_row(&why, &s->reasoner, served, i, scores, encoder->n_reasons);
      wf_encoder_row(encoder, scores, &why);
    }
  }
  return WF_OK;
}

static wf_status flush(wf_block *block, wf_error *err) {
  const wf_served *served = block->served;
  wf_predict_options options = {.kind = WF_PREDICT_VALUE, .n_threads = 1};
  wf_features rows = wf_features_rows(block->scratch->features, block->n_rows, served->n_features);
  if (block->n_rows == 0) return WF_OK;
  WF_TRY(wf_forest_predict(served->forest, &rows, &options, block->scratch->scores, err));
  if (block->encoder->n_reasons) {
    WF_TRY(write_explained(block, err));
  } else {
    wf_encoder_rows(block->encoder, block->scratch->scores, block->n_rows);
  }
  block->n_rows = 0;
  return WF_OK;
}

wf_status wf_block_end_row(wf_block *block, wf_error *err) {
  block->n_rows++;
  block->row++;
  return block->n_rows == WF_BLOCK_ROWS ? flush(block, err) : WF_OK;
}

wf_status wf_block_encode(wf_block *block, const size_t *field_of_input, wf_error *err) {
  wf_error inner = WF_ERROR_INIT;
  wf_status status = wf_recipe_apply_row(block->served->recipe, block->scratch->cells,
                                         wf_block_features(block), &inner);
  if (status == WF_OK) return WF_OK;
  size_t field = inner.column > 0 ? (size_t)inner.column : 0;
  if (field && field_of_input) field = field_of_input[field - 1] + 1;
  return wf_block_fail(block, err, status, field, "%s", inner.message);
}

wf_status wf_block_fail(const wf_block *block, wf_error *err, wf_status status, size_t field,
                        const char *format, ...) {
  char message[WF_ERROR_MESSAGE];
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  int row = block->row < INT32_MAX ? (int)block->row : INT32_MAX;
  if (field == 0) return wf_fail_at(err, status, row, 0, "row %d: %s", row, message);
  return wf_fail_at(err, status, row, (int)field, "row %d, field %zu: %s", row, field, message);
}

static wf_status decode(wf_block *block, wf_format format, wf_view body, wf_error *err) {
  switch (format) {
  case WF_FORMAT_CSV: return wf_decode_csv(block, body, err);
  case WF_FORMAT_JSON: return wf_decode_json(block, body, err);
  case WF_FORMAT_JSONLINES: return wf_decode_jsonlines(block, body, err);
  }
  return WF_OK;
}

wf_status wf_predict_body(const wf_served *served, wf_scratch *scratch, wf_format format,
                          wf_view body, wf_encoder *encoder, size_t *n_rows, bool *syntax,
                          wf_error *err) {
  wf_block block = {.served = served, .scratch = scratch, .encoder = encoder};
  encoder->n_outputs = served->n_outputs;
  WF_TRY(wf_block_begin(&block, err));
  wf_status status = decode(&block, format, body, err);
  *syntax = block.syntax;
  if (status == WF_OK) status = flush(&block, err);
  if (status != WF_OK) return status;
  if (encoder->n_rows == 0) return wf_fail(err, WF_INVALID, "the body holds no rows");
  wf_encoder_end(encoder);
  *n_rows = encoder->n_rows;
  return encoder->out->failed ? wf_fail_nomem(err) : WF_OK;
}
