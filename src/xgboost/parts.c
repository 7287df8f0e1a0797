/* parts.c — feeding libxgboost's data iterator.
 *
 * XGBoost asks for all batches several times: to count, to find quantiles, to bin. It sizes memory
 * by what the first pass saw and does not look again, so a source that gives other rows later would
 * make it write out of bounds: every part's shape and a hash of its values are kept from the first
 * pass, and whatever differs later ends the feeding.
 *
 * The callbacks cannot fail in XGBoost's eyes; an error is kept here, the data end early, and the
 * error is what the caller sees whatever XGBoost made of that. Columns are handed over where they
 * lie. */
#include "xgboost/parts.h"

#include "base/map.h"
#include "base/number.h"
#include "xgboost/data.h"

#include <limits.h>
#include <string.h>

typedef struct seen { /* of a part, in the first pass */
  size_t n_rows;
  uint64_t hash;
} seen;

typedef struct feeding {
  const wf_xgb *xgb;
  const wf_xgboost_parts *parts;
  const wf_xgb_params *params;
  wf_xgb_gathered *out;
  wf_xgb_matrix proxy;
  size_t n_threads, index, row; /* of the next part, and its first row */
  bool complete;                /* a whole pass is over */
  WF_ARRAY(seen) seen;
  wf_status status;
  wf_error err;
} feeding;

void wf_xgb_gathered_dispose(wf_xgb_gathered *gathered) {
  wf_free(gathered->labels.items);
  wf_free(gathered->weights.items);
  wf_matrix_release(gathered->features);
  *gathered = (wf_xgb_gathered){0};
}

/* ---- parameters -------------------------------------------------------------------------------
 */

wf_status wf_xgb_parts_params(wf_xgb_params *params, wf_error *err) {
  const char *method = wf_xgb_params_find(params, "tree_method");
  if (params->has_no_trees) {
    return wf_fail(err, WF_UNSUPPORTED, "booster gblinear cannot be trained in parts");
  }
  if (method && strcmp(method, "hist") != 0) {
    return wf_fail(err, WF_UNSUPPORTED, "training in parts needs tree_method hist, it is '%.40s'",
                   method);
  }
  if (method) return WF_OK;
  wf_xgb_param hist = {"tree_method", wf_strdup("hist")};
  if (hist.value && wf_array_push(&params->items, hist)) return WF_OK;
  wf_free(hist.value);
  return wf_fail_nomem(err);
}

/* ---- parts ------------------------------------------------------------------------------------
 */

static uint64_t hash_of(const wf_xgboost_data *part) {
  wf_features features = wf_matrix_features(part->matrix);
  size_t bytes = features.n_rows * sizeof(float);
  uint64_t hash = wf_hash_bytes(part->labels, bytes, features.n_columns);
  if (part->weights) hash = wf_hash_bytes(part->weights, bytes, hash);
  for (size_t j = 0; j < features.n_columns; j++) {
    hash = wf_hash_bytes(features.data + j * features.column_stride, bytes, hash);
  }
  return hash;
}

static wf_status name_features(wf_matrix **out, const wf_matrix *matrix, wf_error *err) {
  size_t n = wf_matrix_column_count(matrix);
  const char **names = wf_alloc_array(n, sizeof *names);
  if (!names) return wf_fail_nomem(err);
  for (size_t j = 0; j < n; j++) names[j] = wf_matrix_name_at(matrix, j);
  wf_status status = wf_matrix_new(out, 0, n, names, err);
  wf_free(names);
  return status;
}

static wf_status check_features(const wf_matrix *expected, const wf_matrix *matrix, wf_error *err) {
  size_t n = wf_matrix_column_count(expected);
  if (wf_matrix_column_count(matrix) != n) {
    return wf_fail(err, WF_INVALID, "%zu features, the first part has %zu",
                   wf_matrix_column_count(matrix), n);
  }
  for (size_t j = 0; j < n; j++) {
    const char *name = wf_matrix_name_at(matrix, j), *first = wf_matrix_name_at(expected, j);
    if (strcmp(name, first) == 0) continue;
    return wf_fail(err, WF_INVALID, "feature %zu is '%s', in the first part '%s'", j + 1, name,
                   first);
  }
  return WF_OK;
}

static wf_status keep(feeding *f, const wf_xgboost_data *part, wf_error *err) {
  wf_xgb_gathered *out = f->out;
  size_t n = wf_matrix_row_count(part->matrix);
  if (n > INT_MAX - out->labels.count) return wf_fail(err, WF_LIMIT, "more than 2^31 rows");
  if (f->seen.count && (part->weights != NULL) != (out->weights.count > 0)) {
    return wf_fail(err, WF_INVALID, "some parts have weights and some have not");
  }
  if (!wf_array_reserve(&out->labels, n)) return wf_fail_nomem(err);
  if (part->weights && !wf_array_reserve(&out->weights, n)) return wf_fail_nomem(err);
  if (!wf_array_push(&f->seen, ((seen){n, hash_of(part)}))) return wf_fail_nomem(err);
  memcpy(out->labels.items + out->labels.count, part->labels, n * sizeof(float));
  out->labels.count += n;
  if (part->weights) {
    memcpy(out->weights.items + out->weights.count, part->weights, n * sizeof(float));
    out->weights.count += n;
  }
  return WF_OK;
}

static wf_status check_first_time(feeding *f, const wf_xgboost_data *part, wf_error *err) {
  wf_status status = wf_xgb_data_check(part, "train", false, f->params, f->n_threads, err);
  if (status == WF_OK && !f->out->features) {
    status = name_features(&f->out->features, part->matrix, err);
  }
  if (status == WF_OK) status = check_features(f->out->features, part->matrix, err);
  if (status == WF_OK) status = keep(f, part, err);
  if (status == WF_OK) return WF_OK;
  return wf_fail_within(err, status, "part %zu, behind row %zu", f->index + 1, f->row);
}

static wf_status check_again(const feeding *f, const wf_xgboost_data *part, wf_error *err) {
  size_t n = wf_matrix_row_count(part->matrix);
  if (f->index < f->seen.count && f->seen.items[f->index].n_rows == n &&
      wf_matrix_column_count(part->matrix) == wf_matrix_column_count(f->out->features) &&
      f->seen.items[f->index].hash == hash_of(part)) {
    return WF_OK;
  }
  return wf_fail(err, WF_INVALID, "part %zu is not what it was when it was first read",
                 f->index + 1);
}

static wf_status hand_over(feeding *f, const wf_xgboost_data *part, wf_error *err) {
  wf_features features = wf_matrix_features(part->matrix);
  size_t n = features.n_rows;
  WF_TRY(wf_xgb_proxy_set(f->xgb, f->proxy, features.data, n, features.n_columns, 1,
                          features.column_stride, err));
  WF_TRY(wf_xgb_matrix_set(f->xgb, f->proxy, "label", part->labels, n, err));
  if (!part->weights) return WF_OK;
  return wf_xgb_matrix_set(f->xgb, f->proxy, "weight", part->weights, n, err);
}

/* The next part that has rows. */
static wf_status feed(feeding *f, bool *more, wf_error *err) {
  wf_xgboost_data part = {0};
  do {
    WF_TRY(f->parts->next(f->parts->context, &part, more, err));
  } while (*more && wf_matrix_row_count(part.matrix) == 0);
  if (!*more && f->complete && f->index < f->seen.count) {
    return wf_fail(err, WF_INVALID, "there are fewer parts than when they were first read");
  }
  if (!*more) return WF_OK;
  WF_TRY(f->complete ? check_again(f, &part, err) : check_first_time(f, &part, err));
  WF_TRY(hand_over(f, &part, err));
  f->row += wf_matrix_row_count(part.matrix);
  f->index++;
  return WF_OK;
}

/* ---- callbacks --------------------------------------------------------------------------------
 */

static int next_batch(void *context) {
  feeding *f = context;
  bool more = false;
  if (f->status == WF_OK) f->status = feed(f, &more, &f->err);
  if (f->status != WF_OK) return 0;
  if (!more) f->complete = true;
  return more;
}

static void begin_again(void *context) {
  feeding *f = context;
  if (f->index == 0 || f->status != WF_OK) return;
  f->complete = true;
  f->index = f->row = 0;
  f->status = f->parts->rewind(f->parts->context, &f->err);
}

static wf_status load(wf_xgb_matrix *out, feeding *f, wf_error *err) {
  wf_xgb_batches batches = {
      f,    begin_again,    next_batch, f->proxy, wf_xgb_params_max_bin(f->params),
      NULL, f->parts->cache};
  wf_xgb_matrix matrix = NULL;
  WF_TRY(f->parts->rewind(f->parts->context, err));
  wf_error theirs = WF_ERROR_INIT;
  wf_status status = wf_xgb_matrix_of_batches(&matrix, f->xgb, &batches, f->n_threads, &theirs);
  if (f->status == WF_OK && f->seen.count == 0) {
    f->status = wf_fail(&f->err, WF_INVALID, "there are no rows to train on");
  }
  if (f->status == WF_OK && status == WF_OK) {
    f->status = wf_xgb_labels_check(f->out->labels.items, f->out->labels.count, &f->err);
  }
  if (f->status == WF_OK && status == WF_OK) {
    *out = matrix;
    return WF_OK;
  }
  if (err) *err = f->status != WF_OK ? f->err : theirs;
  if (status == WF_OK) wf_xgb_matrix_free(f->xgb, matrix);
  return f->status != WF_OK ? f->status : status;
}

wf_status wf_xgb_parts_load(wf_xgb_matrix *out, wf_xgb_gathered *gathered, const wf_xgb *xgb,
                            const wf_xgboost_parts *parts, const wf_xgb_params *params,
                            size_t n_threads, wf_error *err) {
  feeding f = {
      .xgb = xgb, .parts = parts, .params = params, .out = gathered, .n_threads = n_threads};
  WF_TRY(wf_xgb_proxy_new(&f.proxy, xgb, err));
  wf_status status = load(out, &f, err);
  wf_xgb_matrix_free(xgb, f.proxy);
  wf_free(f.seen.items);
  return status;
}
